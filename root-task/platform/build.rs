//! Finds the folder of the board: `HYPOS_PLATFORM`, of the form ARCH/BOARD, or else `x86_64/pc99`.

use std::{env, fs, path::Path};

fn main() {
    println!("cargo::rerun-if-env-changed=HYPOS_PLATFORM");
    let name = env::var("HYPOS_PLATFORM").unwrap_or_else(|_| "x86_64/pc99".into());
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let file = top.join(&name).join("platform.rs");
    assert!(
        file.is_file(),
        "no board {name}: {} does not exist; a board is a folder ARCH/BOARD",
        file.display()
    );
    println!("cargo::rerun-if-changed={}", file.display());
    let out = Path::new(&env::var("OUT_DIR").expect("cargo sets OUT_DIR")).join("board.rs");
    let path = fs::canonicalize(file).expect("the file exists");
    fs::write(out, format!("#[path = {:?}]\nmod board;\n", path.display().to_string()))
        .expect("OUT_DIR is writable");
}

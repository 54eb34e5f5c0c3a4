//! Puts the services' programs into the root task: `HYPOS_SERVICES` is the folder of their ELF files, and
//! `HYPOS_PLATFORM` tells the architecture, whose `arch.rs` becomes a module.

use std::{env, fmt::Write, fs, path::Path};

fn main() {
    println!("cargo::rerun-if-env-changed=HYPOS_SERVICES");
    println!("cargo::rerun-if-env-changed=HYPOS_PLATFORM");
    let platform = env::var("HYPOS_PLATFORM").unwrap_or_else(|_| "x86_64/pc99".into());
    let arch = platform.split('/').next().unwrap_or_default();
    let arch = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(arch).join("arch.rs");
    println!("cargo::rerun-if-changed={}", arch.display());
    let out = env::var("OUT_DIR").expect("cargo sets OUT_DIR");
    let path = fs::canonicalize(&arch).unwrap_or_else(|e| panic!("{}: {e}", arch.display()));
    let module = format!("#[path = {:?}]\nmod arch;\n", path.display().to_string());
    fs::write(Path::new(&out).join("arch.rs"), module).expect("OUT_DIR is writable");

    // On the host only the library is built, and that needs no programs.
    let mut table = String::from("const PROGRAMS: &[(&str, &[u8])] = &[\n");
    if let Ok(folder) = env::var("HYPOS_SERVICES") {
        let mut files: Vec<_> = fs::read_dir(&folder)
            .unwrap_or_else(|e| panic!("{folder}: {e}; run scripts/build.sh"))
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.extension().is_some_and(|extension| extension == "elf"))
            .collect();
        files.sort();
        println!("cargo::rerun-if-changed={folder}");
        for file in files {
            println!("cargo::rerun-if-changed={}", file.display());
            let name = file.file_stem().unwrap_or_default().display().to_string();
            writeln!(table, "    ({name:?}, include_bytes!({:?})),", file.display().to_string())
                .expect("a String takes all");
        }
    }
    table += "];\n";
    fs::write(Path::new(&out).join("programs.rs"), table).expect("OUT_DIR is writable");
}

//! Links the program at the board's load address.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=loader.ld");
    println!("cargo::rerun-if-env-changed=HYPOS_PLATFORM");
    if env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "none") {
        let Some(load) = platform::PLATFORM.load else { return };
        let folder = env::var("CARGO_MANIFEST_DIR").expect("cargo sets it");
        println!("cargo::rustc-link-arg-bins=-T{folder}/loader.ld");
        println!("cargo::rustc-link-arg-bins=--defsym=LOAD_ADDRESS={load:#x}");
    }
}

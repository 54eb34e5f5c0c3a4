//! Chooses the interpreter's form. The fast one lives on calls in tail position becoming jumps, which LLVM does from opt-level
//! 1 on; where size counts (opt-level s or z) the slow form alone is far less text.
fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(sibling_calls)");
    if std::env::var("OPT_LEVEL").is_ok_and(|level| !["0", "s", "z"].contains(&level.as_str())) {
        println!("cargo::rustc-cfg=sibling_calls");
    }
}

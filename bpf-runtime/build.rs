//! Says whether calls in tail position become jumps, which the interpreter's fast form lives on: LLVM does it from
//! opt-level 1 on.
fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(sibling_calls)");
    if std::env::var("OPT_LEVEL").is_ok_and(|level| level != "0") {
        println!("cargo::rustc-cfg=sibling_calls");
    }
}

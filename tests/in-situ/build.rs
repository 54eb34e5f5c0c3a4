//! Keeps the linker from dropping the section of tests, to which nothing but its start and end symbols refers.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "none") {
        println!("cargo::rustc-link-arg-bins=-znostart-stop-gc");
    }
}

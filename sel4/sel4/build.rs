//! Tells this crate's source the generation of the kernel, which the build script of `sel4-sys` found out.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(sel4_generation, values(\"v5\", \"v13\"))");
    println!("cargo::rustc-check-cfg=cfg(sel4_tcb_flags)");
    let generation = std::env::var("DEP_SEL4_GENERATION").expect("sel4-sys says it");
    println!("cargo::rustc-cfg=sel4_generation={generation:?}");
    if std::env::var("DEP_SEL4_TCB_FLAGS").is_ok_and(|flags| flags == "true") {
        println!("cargo::rustc-cfg=sel4_tcb_flags");
    }
}

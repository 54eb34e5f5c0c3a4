//! Generates the bindings of the kernel that `SEL4_PREFIX` names.

use std::path::{Path, PathBuf};
use std::{env, fs};

use anyhow::{Context, Result, bail};

fn main() -> Result<()> {
    println!("cargo::rerun-if-env-changed=SEL4_PREFIX");
    let Some(prefix) = env::var_os("SEL4_PREFIX") else {
        bail!(
            "SEL4_PREFIX is not set. It names the folder of a built kernel; scripts/build.sh builds one and sets \
             it. By hand: export SEL4_PREFIX=$(cargo run -p kernel-config -- --platform x86_64/pc99 --config debug)"
        );
    };
    let prefix = PathBuf::from(prefix);
    if prefix.is_relative() {
        bail!("SEL4_PREFIX={} is relative; cargo builds in many folders: make it absolute", prefix.display());
    }
    let generated = sel4_sys_gen::generate(&prefix)?;
    for input in &generated.inputs {
        println!("cargo::rerun-if-changed={}", input.display());
    }
    let kernel = generated.settings.word("SEL4_ARCH").unwrap_or_default();
    let target = env::var("CARGO_CFG_TARGET_ARCH").context("run by cargo")?;
    if kernel != target {
        bail!("SEL4_PREFIX={} is a kernel for {kernel}, not for {target}", prefix.display());
    }
    // For this crate, and by way of `links` for the build scripts of those that use it.
    println!("cargo::rustc-check-cfg=cfg(sel4_generation, values(\"v5\", \"v13\"))");
    println!("cargo::rustc-cfg=sel4_generation={:?}", generated.generation);
    println!("cargo::metadata=generation={}", generated.generation);
    println!("cargo::metadata=tcb_flags={}", generated.tcb_flags);
    let out = env::var_os("OUT_DIR").context("run by cargo")?;
    fs::write(Path::new(&out).join("bindings.rs"), generated.rust).context("write bindings.rs")
}

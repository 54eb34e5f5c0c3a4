//! The kernel's source: the folder `seL4/` of the Rust package `sel4-sys` 0.0.28. Cargo fetches it
//! and checks it against the checksum in `source/Cargo.lock`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::{platform, tools};

/// The package's name; its version is pinned by the manifest.
const PACKAGE: &str = "sel4-sys";
/// The version of the kernel inside.
pub const VERSION: &str = "5.0.0";

/// The folder with the manifest that pins the package.
pub fn manifest_dir() -> PathBuf {
    platform::repository().join("kernel-config/source")
}

/// Brings the package, if it is not here yet, and returns the kernel's folder, which must not be written to.
///
/// # Errors
///
/// The registry is out of reach, the checksum is not the pinned one, or the package is not what it was.
pub fn fetch(log: &Path) -> Result<PathBuf> {
    let manifest = manifest_dir().join("Cargo.toml");
    let mut cargo = cargo();
    cargo.args(["fetch", "--locked", "--manifest-path"]).arg(&manifest);
    tools::run(&mut cargo, log).with_context(|| advice(&tools::tail(log)))?;
    let folder = package_folder(&manifest)?.join("seL4");
    let version = fs::read_to_string(folder.join("VERSION")).context("the package holds no seL4/VERSION")?;
    if version.trim() != VERSION {
        bail!("the package holds seL4 {}, not {VERSION}", version.trim());
    }
    Ok(folder)
}

/// What to do about a failed fetch.
fn advice(output: &str) -> &'static str {
    if output.contains("checksum") {
        "the package's checksum is not the pinned one; nothing was installed. \
         Remove it from cargo's registry folder and try again, or ask who changed it"
    } else {
        "the kernel's source could not be fetched from the package registry; \
         check the network (or cargo's registry settings) and try again"
    }
}

/// Asks cargo where it unpacked the package.
fn package_folder(manifest: &Path) -> Result<PathBuf> {
    let output = cargo()
        .args(["metadata", "--locked", "--offline", "--format-version=1", "--manifest-path"])
        .arg(manifest)
        .output()
        .context("start cargo metadata")?;
    if !output.status.success() {
        bail!("cargo metadata: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    let metadata: Value = serde_json::from_slice(&output.stdout).context("cargo metadata")?;
    let packages = metadata["packages"].as_array().context("cargo metadata lists no packages")?;
    let package = packages.iter().find(|package| package["name"] == PACKAGE);
    let manifest = package.and_then(|package| package["manifest_path"].as_str());
    let manifest = manifest.with_context(|| format!("cargo metadata does not know {PACKAGE}"))?;
    Ok(Path::new(manifest).parent().context("a manifest without a folder")?.to_path_buf())
}

/// The cargo that runs this tool, or else the one in the path.
fn cargo() -> Command {
    Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advice_tells_a_wrong_checksum_from_a_missing_network() {
        assert!(advice("error: failed to verify the checksum of `sel4-sys v0.0.28`").contains("pinned"));
        assert!(advice("error: failed to get `sel4-sys`: Could not resolve host").contains("network"));
    }
}

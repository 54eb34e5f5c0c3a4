//! What a prefix was built from. The same stamp means that there is nothing to do.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::{fs, path::Path, process::Command};

use anyhow::{Context, Result};

use crate::arch::Arch;
use crate::platform::Platform;
use crate::{Config, source};

/// The stamp's file inside a prefix.
pub const FILE: &str = ".stamp";

/// Hashes the settings, this tool's source and what it adds to the kernel's, the pinned package and Python packages, and the compiler.
///
/// # Errors
///
/// Names the input that can't be read.
pub fn of(platform: &Platform, arch: &Arch, config: Config) -> Result<String> {
    let mut hasher = DefaultHasher::new();
    (&platform.autoconf, config.name(), env!("KERNEL_CONFIG_SOURCE")).hash(&mut hasher);
    for name in ["Cargo.lock", "requirements.txt"] {
        let path = source::manifest_dir().join(name);
        fs::read(&path).with_context(|| format!("read {}", path.display()))?.hash(&mut hasher);
    }
    // No compiler is an input like another here: a prefix that is up to date needs none.
    let compiler = Command::new(format!("{}gcc", arch.tool_prefix)).arg("-dumpfullversion").output();
    compiler.map(|output| output.stdout).unwrap_or_default().hash(&mut hasher);
    Ok(format!("{:016x}\n", hasher.finish()))
}

/// Whether the prefix carries this stamp.
pub fn matches(prefix: &Path, stamp: &str) -> bool {
    fs::read_to_string(prefix.join(FILE)).is_ok_and(|text| text == stamp)
}

//! Kernel generations: which files a prefix has, and how they say what they say.
//!
//! The generation is told by the file `VERSION`, which kernel-config writes; an installed seL4 (13 and later)
//! has none. Whoever installs one may add it.

mod condition;
mod interface;
mod v13;
mod v5;

use std::fs;
use std::path::Path;

use anyhow::{Result, bail};

use crate::model::Api;
use crate::{Prefix, Settings};

/// Reads the prefix in its generation's dialect, whose name comes first.
///
/// # Errors
///
/// No dialect for this generation, or a file that its dialect does not understand.
pub fn read(prefix: &Path, files: &mut Prefix, settings: &Settings) -> Result<(&'static str, Api)> {
    let file = prefix.join("VERSION");
    let text = fs::read_to_string(&file).unwrap_or_default();
    files.inputs.push(file);
    let version = text.trim();
    let major = version.split('.').next().unwrap_or_default().parse::<u32>();
    let (generation, names) = match (version, major) {
        ("5.0.0", _) => ("v5", &v5::FILES),
        ("", _) | (_, Ok(13..=16)) => ("v13", &v13::FILES),
        _ => bail!("{}: seL4 {version} can't be used, only 5.0.0 and 13 to 16", prefix.display()),
    };
    if settings.defined("KERNEL_MCS") {
        bail!("{}: a kernel with KERNEL_MCS can't be used: build it with KernelIsMCS OFF", prefix.display());
    }
    let mut api = interface::read(files, settings, names)?;
    api.version = if version.is_empty() { v13::version(&api).into() } else { version.into() };
    Ok((generation, api))
}

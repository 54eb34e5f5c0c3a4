//! Kernel generations: which files a prefix has, and how they say what they say.
//!
//! The generation is told by the file `VERSION`, which kernel-config writes; an installed seL4 (13 and later)
//! has none.

mod v5;

use std::fs;
use std::path::Path;

use anyhow::{Result, bail};

use crate::model::Api;
use crate::{Prefix, Settings};

/// Reads the prefix in its generation's dialect.
///
/// # Errors
///
/// No dialect for this generation, or a file that its dialect does not understand.
pub fn read(prefix: &Path, files: &mut Prefix, settings: &Settings) -> Result<Api> {
    let version = prefix.join("VERSION");
    let text = fs::read_to_string(&version).unwrap_or_default();
    files.inputs.push(version);
    match text.trim() {
        "5.0.0" => v5::read(files, settings),
        "" => bail!("{}: an installed seL4 (13 and later) can't be used yet, only 5.0.0", prefix.display()),
        other => bail!("{}: seL4 {other} can't be used, only 5.0.0", prefix.display()),
    }
}

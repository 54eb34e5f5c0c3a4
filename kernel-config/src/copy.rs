//! Copies of folders: the package's files may be read-only, ours are not.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

/// Copies the files below `from` into `to`, folder by folder, leaving out what `skip` names.
///
/// # Errors
///
/// Names the file that can't be read or written.
pub fn tree(from: &Path, to: &Path, skip: fn(&str) -> bool) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("create {}", to.display()))?;
    for entry in fs::read_dir(from).with_context(|| format!("read {}", from.display()))? {
        let entry = entry?;
        let name = entry.file_name();
        let target = to.join(&name);
        if entry.file_type()?.is_dir() {
            tree(&entry.path(), &target, skip)?;
        } else if !skip(&name.to_string_lossy()) {
            file(&entry.path(), &target)?;
        }
    }
    Ok(())
}

/// Copies the files below `from` into `to`, of which none may be there yet.
///
/// # Errors
///
/// Names the file that can't be read or written, or is there.
pub fn add(from: &Path, to: &Path) -> Result<()> {
    for entry in fs::read_dir(from).with_context(|| format!("read {}", from.display()))? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            add(&entry.path(), &target)?;
        } else if target.exists() {
            bail!("{}: would take the place of one of the kernel's files", entry.path().display());
        } else {
            file(&entry.path(), &target)?;
        }
    }
    Ok(())
}

/// Copies one file, making the folder that it goes to.
///
/// # Errors
///
/// Names the file.
pub fn file(from: &Path, to: &Path) -> Result<()> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder).with_context(|| format!("create {}", folder.display()))?;
    }
    fs::copy(from, to).with_context(|| format!("copy {} to {}", from.display(), to.display()))?;
    Ok(())
}

//! A Python environment with what the kernel's generators import, made from pinned, hashed packages.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::{source, tools};

/// Makes the environment below `out` once per requirements and returns its `bin` folder.
///
/// # Errors
///
/// The environment can't be made, a package can't be had, or an import still fails: named each.
pub fn environment(out: &Path, log: &Path) -> Result<PathBuf> {
    let requirements = source::manifest_dir().join("requirements.txt");
    let wanted = fs::read_to_string(&requirements).context("read requirements.txt")?;
    let folder = out.join(".python");
    let installed = folder.join("installed.txt");
    let bin = folder.join("bin");
    if fs::read_to_string(&installed).is_ok_and(|text| text == wanted) && bin.join("python").exists() {
        return Ok(bin);
    }
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("remove {}", folder.display()))?;
    }
    tools::run(Command::new("python3").args(["-m", "venv"]).arg(&folder), log)
        .context("python3 can't make an environment; on Debian: apt-get install python3-venv")?;
    let mut pip = Command::new(bin.join("python"));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]);
    pip.args(["--only-binary", ":all:", "--require-hashes", "-r"]).arg(&requirements);
    tools::run(&mut pip, log)
        .context("the Python packages of kernel-config/source/requirements.txt could not be installed")?;
    for module in ["tempita", "ply.yacc", "six.moves"] {
        tools::run(Command::new(bin.join("python")).args(["-c", &format!("import {module}")]), log)
            .with_context(|| format!("the Python module {module} is missing"))?;
    }
    fs::write(&installed, wanted).with_context(|| format!("write {}", installed.display()))?;
    Ok(bin)
}

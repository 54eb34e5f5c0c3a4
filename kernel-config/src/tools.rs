//! The programs that a kernel build calls: found or refused by name, run with their output in a log.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::arch::Arch;

/// A program of this machine and the Debian package that has it.
const NEEDED: [(&str, &str); 5] = [
    ("cpp", "cpp"),
    ("make", "make"),
    ("xmllint", "libxml2-utils"),
    ("python3", "python3"),
    ("bash", "bash"),
];
/// Of the architecture: in the package of its compiler, or one that comes with that.
const OF_ARCH: [&str; 3] = ["gcc", "ld", "objcopy"];

/// Checks that every program of a kernel build can be found.
///
/// # Errors
///
/// Names each program that is missing and the packages to install.
pub fn check(arch: &Arch) -> Result<()> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = |tool: &str| std::env::split_paths(&path).any(|dir| dir.join(tool).is_file());
    let of_arch = OF_ARCH.map(|tool| (format!("{}{tool}", arch.tool_prefix), arch.package));
    let needed = NEEDED.map(|(tool, package)| (tool.to_owned(), package));
    let missing: Vec<_> = of_arch.into_iter().chain(needed).filter(|(tool, _)| !found(tool)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let tools: Vec<_> = missing.iter().map(|(tool, _)| tool.as_str()).collect();
    let mut packages: Vec<_> = missing.iter().map(|(_, package)| *package).collect();
    packages.dedup();
    bail!("{} not found; on Debian: apt-get install {}", tools.join(", "), packages.join(" "));
}

/// Says on standard error what a step does and how long it took.
///
/// # Errors
///
/// Those of `work`, named by `what`.
pub fn step<T>(what: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    eprintln!("  {what} ...");
    let start = Instant::now();
    let result = work().with_context(|| what.to_string())?;
    eprintln!("  {what}: {:.1} s", start.elapsed().as_secs_f32());
    Ok(result)
}

/// Runs a command with both outputs in `log`.
///
/// # Errors
///
/// It can't be started, or it fails: then the last lines of the log and its path.
pub fn run(command: &mut Command, log: &Path) -> Result<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    let file = File::create(log).with_context(|| format!("create {}", log.display()))?;
    let status = command
        .stdin(Stdio::null())
        .stderr(file.try_clone()?)
        .stdout(file)
        .status()
        .with_context(|| format!("start {name}"))?;
    if status.success() {
        return Ok(());
    }
    bail!("{name}: {status}\n{}\n(all of it in {})", tail(log), log.display());
}

/// The last lines of a log.
pub fn tail(log: &Path) -> String {
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(15)..].join("\n")
}

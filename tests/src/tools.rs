//! Paths and programs of the tree.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

use anyhow::{Context, Result};

/// The board that is tested: `HYPOS_PLATFORM`, or `x86_64/pc99`.
pub fn board() -> String {
    std::env::var("HYPOS_PLATFORM").unwrap_or_else(|_| "x86_64/pc99".into())
}

/// The top of the tree.
pub fn top() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// The folder of the images of an installed kernel, if they are to be tested: `HYPOS_IMAGES`.
pub fn installed() -> Option<PathBuf> {
    std::env::var_os("HYPOS_IMAGES").map(PathBuf::from)
}

/// The folder of the board's images.
pub fn images() -> PathBuf {
    installed().unwrap_or_else(|| top().join("target/images").join(board().replace('/', "-")))
}

/// How the name of the kernel begins.
pub fn kernel() -> &'static str {
    if installed().is_some() { "seL4 1" } else { "seL4 5.0.0" }
}

/// Runs `hypctl` against a control socket.
///
/// # Errors
/// It can't be started.
pub fn hypctl(socket: &Path, args: &[&str]) -> Result<Output> {
    let program = top().join("target/bin/hypctl");
    Command::new(&program)
        .arg("--device")
        .arg(socket)
        .args(args)
        .current_dir(top())
        .output()
        .with_context(|| format!("{}; run scripts/build.sh", program.display()))
}

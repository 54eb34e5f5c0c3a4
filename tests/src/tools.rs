//! Paths and programs of the tree.

use std::{
    fs,
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
    std::env::var_os("HYPOS_IMAGES").filter(|folder| !folder.is_empty()).map(PathBuf::from)
}

/// The folder of the board's images.
pub fn images() -> PathBuf {
    installed().unwrap_or_else(|| top().join("target/images").join(board().replace('/', "-")))
}

/// How the name of the kernel begins.
pub fn kernel() -> &'static str {
    if installed().is_some() { "seL4 1" } else { "seL4 5.0.0" }
}

/// The kernel of the board's image with its symbols, as it was built.
pub fn kernel_elf() -> PathBuf {
    images().join("kernel.symbols")
}

/// The lines of one of the board's files that are no comment.
///
/// # Errors
/// The board has no such file.
pub fn board_lines(file: &str) -> Result<Vec<String>> {
    let path = top().join(board()).join(file);
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    Ok(text
        .lines()
        .filter(|line| !line.starts_with('#') || line.starts_with("#define"))
        .map(str::to_owned)
        .collect())
}

/// The memory in MiB that the kernel in a folder of images is built for, if it can't have another: an installed one's stands
/// beside it, the board's own in its settings.
pub fn fixed_memory(images: &Path) -> Option<u32> {
    if let Ok(text) = fs::read_to_string(images.join("memory")) {
        return text.trim().parse().ok();
    }
    let lines = board_lines("autoconf.h").ok()?;
    let value = lines.iter().find_map(|line| line.strip_prefix("#define CONFIG_QEMU_RAM_MB ("))?;
    value.trim_end_matches(')').parse().ok()
}

/// The files that the board's image consists of, in a folder of images.
///
/// # Errors
/// The board has no `qemu` file.
pub fn image_files(images: &Path) -> Result<Vec<PathBuf>> {
    let words = board_lines("qemu")?;
    Ok(words.iter().filter_map(|word| Some(images.join(word.strip_prefix("@IMAGES@/")?))).collect())
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

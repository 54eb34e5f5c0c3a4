//! `loader-image`: makes one bootable image out of loader, kernel and root task (which holds the services).
//!
//! The root task goes to the first page behind the kernel. What would overlap, is not aligned, or is for another machine
//! is refused here, by name: the loader has no means to check it.
#![forbid(unsafe_code)]

mod image;
mod program;
#[cfg(test)]
mod tests;

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;

use program::Program;

/// Makes one bootable image.
#[derive(Parser)]
#[command(version)]
struct Options {
    /// The loader's ELF file.
    #[arg(long)]
    loader: PathBuf,
    /// The kernel's.
    #[arg(long)]
    kernel: PathBuf,
    /// The root task's.
    #[arg(long)]
    user: PathBuf,
    /// The image to write.
    #[arg(long)]
    out: PathBuf,
}

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("loader-image: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<()> {
    let read = |path: &PathBuf| fs::read(path).with_context(|| format!("read {}", path.display()));
    let files = [read(&options.loader)?, read(&options.kernel)?, read(&options.user)?];
    let parse = |index: usize, name| Program::parse(name, &files[index]);
    let image = image::make(&parse(0, "loader")?, &parse(1, "kernel")?, &parse(2, "root task")?)?;
    fs::write(&options.out, image).with_context(|| format!("write {}", options.out.display()))
}

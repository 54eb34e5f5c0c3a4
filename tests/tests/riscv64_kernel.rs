//! Checks of the kernel's riscv64 layer: a root task that does nothing else (`tests/riscv64-kernel`), on the kernel alone.

use std::{fs, process::Command};

use anyhow::{Context, Result, ensure};
use hypos_tests::{Options, System, tools};

/// Checks that there are at least, so that none gets lost.
const CHECKS: u32 = 220;

#[test]
fn the_kernel_passes_its_checks() -> Result<()> {
    if !tools::board().starts_with("riscv64/") {
        eprintln!("skipped: {} is another architecture", tools::board());
        return Ok(());
    }
    let dir = tempfile::tempdir()?;
    let target = tools::top().join("target/riscv64imac-unknown-none-elf/release");
    let made = Command::new(tools::top().join("target/bin/loader-image"))
        .arg("--loader")
        .arg(target.join("loader"))
        .arg("--kernel")
        .arg(tools::kernel_elf())
        .arg("--user")
        .arg(target.join("riscv64-kernel"))
        .arg("--out")
        .arg(dir.path().join("image.bin"))
        .status()
        .context("target/bin/loader-image; run scripts/test.sh")?;
    ensure!(made.success(), "no image; run scripts/test.sh");
    ensure!(fs::metadata(dir.path().join("image.bin"))?.len() > 0, "an empty image");

    let images = dir.path().into();
    let mut system = System::start(&Options { images, ..Options::default() })?;
    let status = system.wait_for_exit()?;
    let console = system.wait_until("the end of the checks", |console| console.contains(" passed, "));
    let console = console.unwrap_or_else(|_| system.console());
    // The fuzzer's seed and what it did, for whoever reads the log.
    console.lines().filter(|line| line.starts_with("note")).for_each(|line| println!("{line}"));
    let end = console.lines().find_map(|line| line.strip_prefix("checks ")).context(console.clone())?;
    let (passed, failed) = end.trim().split_once(" passed, ").context("the last line")?;
    ensure!(failed == "0 failed" && status == Some(0), "{end}, status {status:?}\n{console}");
    ensure!(passed.parse::<u32>()? >= CHECKS, "only {passed} checks\n{console}");
    Ok(())
}

//! The tests that run on the kernel, each listed here as one test for the debug and one for the release kernel, or for the
//! installed one.
//! What a run prints is described in `sel4/sel4-test-harness`.

use std::{os::unix::fs::symlink, path::PathBuf, process::ExitCode, thread};

use anyhow::{Context, Result, bail};
use hypos_tests::{Options, System, tools};
use libtest_mimic::{Arguments, Failed, Trial};

/// QEMU's exit status when all tests passed: 2 * 16 + 1 (`tests/in-situ`, `isa-debug-exit`).
const ALL_PASSED: i32 = 33;
/// The kernels: configurations of `kernel-config`, or the installed one.
fn kernels() -> Vec<(&'static str, PathBuf)> {
    if tools::installed().is_some() {
        return vec![("installed", tools::images().join("kernel.elf"))];
    }
    let prefixes = tools::top().join("target/sel4").join(tools::board().replace('/', "-"));
    let kernel = |name| (name, prefixes.join(name).join("bin/kernel32.elf"));
    ["debug", "release"].map(kernel).into()
}

fn main() -> ExitCode {
    let runs = kernels().into_iter().map(|(kernel, path)| (kernel, thread::spawn(move || run(path))));
    // All are started before the first is waited for.
    let runs: Vec<_> = runs.collect();
    let trials = runs.into_iter().flat_map(|(kernel, run)| match run.join() {
        Ok(Ok((console, status))) => trials(kernel, &console, status),
        Ok(Err(error)) => vec![trial(kernel, "run", Err(format!("{error:#}").into()))],
        Err(_) => vec![trial(kernel, "run", Err("the runner panicked".into()))],
    });
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit_code()
}

/// Boots the tests' image on a kernel; gives the console and QEMU's exit status.
fn run(kernel: PathBuf) -> Result<(String, Option<i32>)> {
    let dir = tempfile::tempdir()?;
    for (file, name) in [(kernel, "kernel.elf"), (tools::images().join("in-situ.elf"), "root-task.elf")] {
        let file = file.canonicalize().with_context(|| format!("{}: run scripts/test.sh", file.display()))?;
        symlink(file, dir.path().join(name))?;
    }
    let args = ["-device", "isa-debug-exit,iobase=0xf4,iosize=4"].map(String::from).into();
    let images = dir.path().into();
    let mut system = System::start(&Options { images, args, ..Options::default() })?;
    let status = system.wait_for_exit()?;
    // The last bytes may still be on their way through the pipe.
    let console = system.wait_until("end of the tests", |console| console.contains("\x02end "));
    Ok((console.unwrap_or_else(|_| system.console()), status))
}

fn trial(kernel: &str, name: &str, verdict: Result<(), Failed>) -> Trial {
    Trial::test(format!("{kernel}::{name}"), move || verdict)
}

/// One trial for each test that began, and one for the run as a whole.
fn trials(kernel: &str, console: &str, status: Option<i32>) -> Vec<Trial> {
    let mut trials = Vec::new();
    let mut names = Vec::new();
    for piece in console.split("\x02begin ").skip(1) {
        let name = piece.split('\x03').next().unwrap_or_default();
        names.push(name);
        trials.push(trial(kernel, name, verdict(name, piece).map_err(Failed::from)));
    }
    let whole = complete(console, &names, status).map_err(|error| format!("{error:#}\n{console}").into());
    trials.push(trial(kernel, "all_ran", whole));
    trials
}

/// What a test's piece of the console says; what it printed, if it failed.
fn verdict(name: &str, piece: &str) -> Result<(), String> {
    let ends: Vec<_> =
        piece.split('\x02').skip(1).filter_map(|frame| Some(frame.split_once('\x03')?.0)).collect();
    match ends.first() {
        Some(end) if *end == format!("ok {name}") => Ok(()),
        Some(end) => Err(format!("{end}\n{piece}")),
        None => Err(format!("it stopped the run\n{piece}")),
    }
}

/// Checks what the run says of itself.
fn complete(console: &str, names: &[&str], status: Option<i32>) -> Result<()> {
    let frame = |name: &str| {
        let rest = console.split_once(&format!("\x02{name} "))?.1;
        Some(rest.split_once('\x03')?.0)
    };
    let announced: usize = frame("tests").context("no number of tests")?.parse()?;
    if announced == 0 || names.len() != announced {
        bail!("{announced} tests were announced, {} began", names.len());
    }
    let end = frame("end").context("the run broke off")?;
    if end != format!("{announced} 0") || status != Some(ALL_PASSED) {
        bail!("the run ended with {end:?} (passed, failed) and status {status:?}");
    }
    Ok(())
}

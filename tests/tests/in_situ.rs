//! The tests that run on the kernel, each listed here as one test for the debug and one for the release kernel, or for the
//! installed one.
//! What a run prints is described in `sel4/sel4-test-harness`.

use std::{process::ExitCode, thread};

use anyhow::{Context, Result, bail, ensure};
use hypos_tests::{Options, System, tools};
use libtest_mimic::{Arguments, Failed, Trial};

/// QEMU's exit status when all tests passed (`tests/in-situ/src/console.rs`).
const ALL_PASSED: i32 = 33;
/// The kernels, of each of which there is an image (`build_in_situ` in `scripts/lib.sh`).
fn kernels() -> &'static [&'static str] {
    if tools::installed().is_some() { &["installed"] } else { &["debug", "release"] }
}

/// What QEMU needs for the tests to end it.
fn way_out() -> &'static [&'static str] {
    match tools::board().split('/').next() {
        Some("x86_64") => &["-device", "isa-debug-exit,iobase=0xf4,iosize=4"],
        Some("aarch64") => &["-semihosting-config", "enable=on,userspace=on,target=native"],
        // The machine has a device for it.
        _ => &[],
    }
}

fn main() -> ExitCode {
    let runs = kernels().iter().map(|kernel| (*kernel, thread::spawn(|| run(kernel))));
    // All are started before the first is waited for.
    let runs: Vec<_> = runs.collect();
    let trials = runs.into_iter().flat_map(|(kernel, run)| match run.join() {
        Ok(Ok((console, status))) => trials(kernel, &console, status),
        Ok(Err(error)) => vec![trial(kernel, "run", Err(format!("{error:#}").into()))],
        Err(_) => vec![trial(kernel, "run", Err("the runner panicked".into()))],
    });
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit_code()
}

/// Boots the tests' image of a kernel; gives the console and QEMU's exit status.
fn run(kernel: &str) -> Result<(String, Option<i32>)> {
    let images = tools::images().join("in-situ").join(kernel);
    ensure!(images.is_dir(), "no {}: run scripts/test.sh", images.display());
    let args = way_out().iter().map(ToString::to_string).collect();
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

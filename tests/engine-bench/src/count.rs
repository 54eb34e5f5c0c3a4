//! Counts the machine instructions of what [`measure`](crate::measure) and [`cost`] time, under valgrind's callgrind:
//! a figure that no other load on the machine changes.
//!
//! `engine-bench count [PART]...` runs itself under valgrind, once with a few runs and once with more, and divides the
//! difference; only for kernels, engines and ways of preparing whose names contain each PART.
use std::{env, hint::black_box, process::Command};

use anyhow::{Context, Result, anyhow, bail};

use crate::{cost, kernels, measure};

/// The argument by which it runs itself.
const ONCE: &str = "--once";

/// As `engine-bench count ARGUMENTS`.
pub fn count(arguments: &[String]) -> Result<()> {
    if let [once, what, runs] = arguments
        && once == ONCE
    {
        return execute(what, runs.parse()?);
    }
    let ways = cost::WAYS.map(|way| (format!("preparing: {way}"), cost::instructions(way), 20));
    let kernels = kernels::all().into_iter().flat_map(|kernel| {
        // valgrind can't follow native code that is written as it runs without being told, so only what is not.
        let few = if kernel.name == kernels::PACKET { 1000 } else { 1 };
        measure::ENGINES[..3].iter().map(move |engine| (format!("{}: {engine}", kernel.name), 0, few))
    });
    for (what, instructions, few) in ways.into_iter().chain(kernels) {
        if !arguments.iter().all(|part| what.contains(part.as_str())) {
            continue;
        }
        let instructions = match instructions {
            0 => executed(&what)?,
            known => known as u64,
        };
        let [one, two] = [few, 2 * few].map(|runs| collected(&what, runs));
        let count = (two? - one?) as f64 / (u64::from(few) * instructions) as f64;
        println!("{what}: {count:.2} machine instructions for each of {instructions}");
    }
    Ok(())
}

/// Machine instructions of the whole process that makes `runs` runs.
fn collected(what: &str, runs: u32) -> Result<u64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(env::current_exe()?)
        .args(["count", ONCE, what, &runs.to_string()])
        .output()
        .context("starting valgrind, Debian's package of that name")?;
    let text = String::from_utf8_lossy(&output.stderr);
    let line = text.lines().find_map(|line| line.split_once("Collected : "));
    let (_, number) = line.with_context(|| format!("{what} under valgrind: {text}"))?;
    number.trim().parse().with_context(|| format!("valgrind's count {number}"))
}

/// Executed eBPF instructions of a kernel's run.
fn executed(what: &str) -> Result<u64> {
    measure::with_engines(&kernel(what)?.0, |bench| Ok(bench.instructions))
}

/// The kernel of that name, and the number of the engine.
fn kernel(what: &str) -> Result<(kernels::Kernel, usize)> {
    let (kernel, engine) =
        what.split_once(": ").with_context(|| format!("{what} is no kernel on an engine"))?;
    let number = measure::ENGINES.iter().position(|name| *name == engine);
    let kernel = kernels::all().into_iter().find(|one| one.name == kernel);
    kernel.zip(number).ok_or_else(|| anyhow!("there is no {what}"))
}

fn execute(what: &str, runs: u32) -> Result<()> {
    if let Some(way) = what.strip_prefix("preparing: ") {
        return cost::with_ways(|ways| {
            let Some(at) = cost::WAYS.iter().position(|name| *name == way) else {
                bail!("there is no {way}")
            };
            (0..runs).try_for_each(|_| ways[at].1())
        });
    }
    let (kernel, engine) = kernel(what)?;
    measure::with_engines(&kernel, |mut bench| {
        for _ in 0..runs {
            bench.memory.copy_from_slice(&bench.fresh);
            black_box(bench.engines[engine](bench.memory)?);
        }
        Ok(())
    })
}

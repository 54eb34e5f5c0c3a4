//! Services that fault: reported, restarted with a back-off, in the end left stopped; the rest goes on.

mod again;
mod once;

use std::{thread, time::Duration};

use anyhow::{Context, Result, bail};
use hypos_tests::{Options, System, fault, qemu::PATIENCE};
use serde_json::Value;

/// A small system, quick to search, with the program `tick` running.
fn ticking() -> Result<System> {
    let system = System::boot(&Options { memory: 16, ..Options::default() })?;
    start_tick(&system)?;
    Ok(system)
}

fn start_tick(system: &System) -> Result<()> {
    system.hypctl(&["prog", "load", "examples/tick.bpf.o"])?;
    system.hypctl(&["prog", "attach", "tick", "timer", "--period", "10ms"])?;
    system.counts_up("tick")
}

/// Breaks a service and gives it something to do, until the console says so for the `count`-th time.
fn break_until(system: &mut System, service: &str, count: usize) -> Result<String> {
    fault::break_code(system, service)?;
    let report = format!("{service} faulted: ");
    let attempts = PATIENCE.as_millis() / 50;
    for _ in 0..attempts {
        system.type_in(b"x")?;
        // The agent's work; its answer, if there is one, is not waited for.
        let _ = system.hypctl(&["--timeout", "50ms", "status"]);
        let console = system.console();
        if console.matches(&report).count() >= count {
            return Ok(console);
        }
    }
    bail!("{service} was broken for the {count}. time, and nothing was reported:\n{}", system.console())
}

/// What `services` says of one of them.
fn service(system: &System, name: &str) -> Result<Value> {
    let list = system.json(&["services"])?;
    list.as_array()
        .into_iter()
        .flatten()
        .find(|s| s["name"] == name)
        .cloned()
        .context("it is not in the list")
}

/// A program on the console's hook sees what is typed.
fn typing_counts(system: &mut System) -> Result<()> {
    system.hypctl(&["prog", "load", "examples/console.bpf.o"])?;
    system.hypctl(&["prog", "attach", "console", "serial"])?;
    for _ in 0..50 {
        system.type_in(b"abc")?;
        if system.runs("console")? > 0 {
            return Ok(());
        }
        thread::sleep(Duration::from_millis(100));
    }
    bail!("nothing that was typed was seen\n{}", system.console())
}

/// Waits for the metrics' next sample, which a signal of the timer tells.
fn samples_go_on(system: &System) -> Result<()> {
    let samples = || anyhow::Ok(service(system, "metrics")?["counters"]["samples"]["value"].as_u64());
    let first = samples()?;
    for _ in 0..50 {
        if samples()? > first {
            return Ok(());
        }
        thread::sleep(Duration::from_millis(100));
    }
    bail!("no new sample\n{}", system.console())
}

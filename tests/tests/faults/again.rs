//! Each service faults again and again: it waits ever longer, then it stays stopped.

use std::{thread, time::Duration};

use anyhow::{Result, ensure};
use hypos_tests::{Options, System, fault, qemu::ICOUNT};

use crate::{break_until, samples_go_on, service, start_tick, ticking, typing_counts};

/// Restarts before a service stays stopped, and the delay before the second one, which then doubles: `RESTART` of
/// `root-task/system/src/table.rs`.
const RESTARTS: usize = 8;
const BACKOFF_MS: u64 = 20;

/// Breaks a service again and again, until it is left stopped; checks that it waited ever longer.
fn stops(name: &str) -> Result<System> {
    let mut system = ticking()?;
    for count in 1..=RESTARTS {
        break_until(&mut system, name, count)?;
        let again = format!("root: {name} runs again");
        system.wait_until(&again, |console| console.matches(&again).count() == count)?;
    }
    break_until(&mut system, name, RESTARTS + 1)?;
    let console = system.wait_for(&format!("{name} faulted {} times; it stays stopped", RESTARTS + 1))?;
    // The last fault has no time if it is the serial driver's: then the root task prints it.
    let faulted = times(&console, &format!("root: error: {name} faulted: "));
    let restarted = times(&console, &format!("root: {name} restarted"));
    ensure!(faulted.len() >= RESTARTS && restarted.len() == RESTARTS, "{console}");
    for (index, (fault, restart)) in faulted.iter().zip(&restarted).enumerate().skip(1) {
        // The root task counts by the kernel's estimate of the processor's clock, the console by the timer's.
        let least = (BACKOFF_MS << (index - 1)) * 9 / 10;
        ensure!(restart - fault >= least, "restart {} after {} ms\n{console}", index + 1, restart - fault);
    }
    Ok(system)
}

/// When lines with this text were printed, in milliseconds.
fn times(console: &str, text: &str) -> Vec<u64> {
    let lines = console.lines().filter(|line| line.contains(text));
    let stamp = |line: &str| line.strip_prefix('[')?.split_once(']')?.0.trim().replace('.', "").parse().ok();
    lines.filter_map(stamp).map(|us: u64| us / 1000).collect()
}

/// Another service can still fault and is restarted: for systems that no longer answer `hypctl`.
fn supervises_on(system: &mut System, other: &str) -> Result<()> {
    break_until(system, other, 1)?;
    system.wait_for(&format!("root: {other} runs again"))?;
    Ok(())
}

#[test]
fn tick_stays_stopped_and_the_rest_goes_on() -> Result<()> {
    let system = stops("tick")?;
    ensure!(service(&system, "tick")?["state"] == "stopped");
    samples_go_on(&system)
}

#[test]
fn timer_stays_stopped_and_the_rest_goes_on() -> Result<()> {
    let mut system = stops("timer")?;
    ensure!(service(&system, "timer")?["state"] == "stopped");
    typing_counts(&mut system)
}

#[test]
fn serial_stays_stopped_and_the_root_task_prints() -> Result<()> {
    supervises_on(&mut stops("serial")?, "metrics")
}

#[test]
fn metrics_stays_stopped_and_the_rest_goes_on() -> Result<()> {
    let system = stops("metrics")?;
    ensure!(service(&system, "metrics")?["state"] == "stopped");
    system.counts_up("tick")
}

#[test]
fn agent_stays_stopped_and_the_rest_goes_on() -> Result<()> {
    supervises_on(&mut stops("agent")?, "serial")
}

/// What it called goes while it waits to be built again: the Call that it says it is in is not completed for it, or it would
/// fault once more, and count for one that faulted twice.
#[test]
fn one_that_fell_in_a_call_waits_for_its_time() -> Result<()> {
    let mut system = ticking()?;
    let (falls, faulted, restarted) = (7, "tick faulted: ", "root: tick restarted");
    // So often that it has to wait longer than `hypctl` takes.
    for count in 1..falls {
        break_until(&mut system, "tick", count)?;
        let again = "root: tick runs again";
        system.wait_until(again, |console| console.matches(again).count() == count)?;
    }
    // It waits for its cell, which the watchdog stops; then it goes on, and falls.
    fault::hang_code(&system, "cell")?;
    thread::sleep(Duration::from_millis(30));
    fault::break_code(&system, "tick")?;
    system.wait_until(faulted, |console| console.matches(faulted).count() == falls)?;
    system.hypctl(&["prog", "detach", "tick"])?;
    let console = system.wait_until(restarted, |console| console.matches(restarted).count() == falls)?;
    ensure!(console.matches(faulted).count() == falls, "{console}");
    Ok(())
}

/// Signs of life are not all: who keeps others from running falls, not they.
#[test]
fn one_that_is_always_busy_falls_and_not_who_starves() -> Result<()> {
    // In the machine's own time: a busy host lets everybody starve.
    let args = ["-icount", ICOUNT].map(String::from).into();
    let system = System::boot(&Options { memory: 16, args, ..Options::default() })?;
    start_tick(&system)?;
    fault::busy_code(&system, "tick")?;
    let console = system.wait_for("root: tick runs again")?;
    ensure!(console.contains("tick faulted: busy: it keeps others from running"), "{console}");
    ensure!(console.matches(" faulted: ").count() == 1, "{console}");
    samples_go_on(&system)?;
    system.counts_up("tick")
}

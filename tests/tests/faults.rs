//! Services that fault: reported, restarted with a back-off, in the end left stopped; the rest goes on.

use std::{thread, time::Duration};

use anyhow::{Context, Result, bail, ensure};
use hypos_tests::{Options, System, fault, qemu::PATIENCE};
use serde_json::{Value, json};

/// Restarts before a service stays stopped, and the delay before the second one, which then doubles: `RESTART` of
/// `root-task/system/src/table.rs`.
const RESTARTS: usize = 8;
const BACKOFF_MS: u64 = 20;

/// Registers of a report.
const REGISTERS: [&str; 19] = [
    "rip", "rsp", "rflags", "rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "r8", "r9", "r10", "r11", "r12",
    "r13", "r14", "r15", "tls_base",
];

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

/// Checks the report of a fault: kind, address, and all registers.
fn check_report(console: &str, service: &str) -> Result<()> {
    let (_, rest) = console.split_once(&format!("root: error: {service} faulted: ")).context("no report")?;
    let (fault, rest) = rest.split_once('\n').context("a line")?;
    let ip = fault
        .strip_prefix("UserException: general protection (13), code 0x0, ip 0x")
        .and_then(|rest| rest.split(',').next())
        .with_context(|| format!("another fault: {fault}"))?;
    let lines: Vec<_> = rest.lines().map_while(|line| line.split_once("root: error:   ")).collect();
    let words: Vec<_> = lines.iter().flat_map(|(_, line)| line.split_whitespace()).collect();
    let names: Vec<_> = words.iter().step_by(2).copied().collect();
    ensure!(names == REGISTERS, "registers {names:?}");
    ensure!(words[1] == format!("0x{ip}"), "ip 0x{ip} and rip {}", words[1]);
    Ok(())
}

/// Breaks a service once: reported, restarted, all is well.
fn restarts(name: &str) -> Result<System> {
    let mut system = ticking()?;
    break_until(&mut system, name, 1)?;
    let console = system.wait_for(&format!("root: {name} runs again"))?;
    check_report(&console, name).with_context(|| console.clone())?;
    for other in ["cell", "timer", "serial", "metrics", "agent"] {
        let health = service(&system, other)?;
        ensure!(health["state"] == "running", "{health}\n{}", system.console());
        ensure!(health["restarts"] == u64::from(other == name), "{health}\n{}", system.console());
        let fault = health["last_fault"].as_str().unwrap_or_default();
        ensure!((other == name) == fault.starts_with("UserException: general protection (13)"), "{health}");
    }
    Ok(system)
}

#[test]
fn cell_restarts_and_programs_go_on() -> Result<()> {
    restarts("cell")?.counts_up("tick")
}

#[test]
fn timer_restarts_and_its_programs_go_on() -> Result<()> {
    let system = restarts("timer")?;
    system.counts_up("tick")?;
    samples_go_on(&system)
}

#[test]
fn serial_restarts_and_both_lines_go_on() -> Result<()> {
    let mut system = restarts("serial")?;
    system.counts_up("tick")?;
    typing_counts(&mut system)
}

#[test]
fn metrics_restarts_and_counts_on() -> Result<()> {
    let system = restarts("metrics")?;
    system.counts_up("tick")?;
    samples_go_on(&system)
}

/// The agent keeps what is loaded in its own memory: a new one begins without.
#[test]
fn agent_restarts_without_programs_and_takes_new_ones() -> Result<()> {
    let system = restarts("agent")?;
    let (before, status) = (system.json(&["status"])?, |s: &Value, name: &str| s[name].clone());
    for count in ["programs", "maps", "attachments"] {
        ensure!(status(&before, count) == 0, "{before}");
    }
    ensure!(system.json(&["prog", "list"])? == json!([]));
    thread::sleep(Duration::from_millis(100));
    let after = system.json(&["status"])?;
    ensure!(status(&before, "events") == status(&after, "events"), "a program of before still runs: {after}");
    start_tick(&system)
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
fn cell_stays_stopped_and_the_rest_goes_on() -> Result<()> {
    let system = stops("cell")?;
    ensure!(service(&system, "cell")?["state"] == "stopped");
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

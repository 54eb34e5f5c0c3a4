//! Each service faults once: reported, restarted, and the system works.

use anyhow::{Context, Result, ensure};
use hypos_tests::{System, tools};
use serde_json::json;

use crate::{break_until, samples_go_on, service, start_tick, ticking, typing_counts};

/// What the report of a service's fault says on the board's architecture: the fault, up to the instruction's address,
/// and the names of the registers, the program counter first.
fn expected() -> (&'static str, &'static str) {
    match tools::board().split('/').next() {
        Some("aarch64") => (
            "UserException: undefined instruction, ip 0x",
            "pc sp spsr x0 x1 x2 x3 x4 x5 x6 x7 x8 x9 x10 x11 x12 x13 x14 x15 x16 x17 x18 x19 x20 x21 x22 x23 x24 \
             x25 x26 x27 x28 x29 x30",
        ),
        Some("riscv64") => (
            "UserException: illegal instruction (2), code 0x0, ip 0x",
            "pc ra sp gp tp a0 a1 a2 a3 a4 a5 a6 a7 t0 t1 t2 t3 t4 t5 t6 s0 s1 s2 s3 s4 s5 s6 s7 s8 s9 s10 s11",
        ),
        _ => (
            "UserException: general protection (13), code 0x0, ip 0x",
            "rip rsp rflags rax rbx rcx rdx rsi rdi rbp r8 r9 r10 r11 r12 r13 r14 r15 tls_base",
        ),
    }
}

/// Checks the report of a fault: kind, address, and all registers.
fn check_report(console: &str, service: &str) -> Result<()> {
    let (_, rest) = console.split_once(&format!("root: error: {service} faulted: ")).context("no report")?;
    let (fault, rest) = rest.split_once('\n').context("a line")?;
    let (prefix, registers) = expected();
    let ip = fault
        .strip_prefix(prefix)
        .and_then(|rest| rest.split(',').next())
        .with_context(|| format!("another fault: {fault}"))?;
    let lines: Vec<_> = rest.lines().map_while(|line| line.split_once("root: error:   ")).collect();
    let words: Vec<_> = lines.iter().flat_map(|(_, line)| line.split_whitespace()).collect();
    let names: Vec<_> = words.iter().step_by(2).copied().collect();
    ensure!(names.join(" ") == registers, "registers {names:?}");
    ensure!(words[1] == format!("0x{ip}"), "ip 0x{ip} and {} {}", names[0], words[1]);
    Ok(())
}

/// Breaks a service once: reported, restarted, all is well.
fn restarts(name: &str) -> Result<System> {
    let mut system = ticking()?;
    break_until(&mut system, name, 1)?;
    let console = system.wait_for(&format!("root: {name} runs again"))?;
    check_report(&console, name).with_context(|| console.clone())?;
    for other in ["timer", "tick", "serial", "metrics", "agent"] {
        let health = service(&system, other)?;
        ensure!(health["state"] == "running", "{health}\n{}", system.console());
        ensure!(health["restarts"] == u64::from(other == name), "{health}\n{}", system.console());
        let fault = health["last_fault"].as_str().unwrap_or_default();
        let kind = expected().0.split(',').next().unwrap_or_default();
        ensure!((other == name) == fault.starts_with(kind), "{health}");
    }
    Ok(system)
}

#[test]
fn tick_restarts_and_its_programs_go_on() -> Result<()> {
    restarts("tick")?.counts_up("tick")
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

/// Programs run on in their cells, and the new agent knows them.
#[test]
fn agent_restarts_and_programs_maps_and_attachments_are_there() -> Result<()> {
    let system = restarts("agent")?;
    let status = system.json(&["status"])?;
    for count in ["programs", "attachments"] {
        ensure!(status[count] == 1, "{status}");
    }
    system.counts_up("tick")?;
    system.hypctl(&["prog", "detach", "tick"])?;
    system.hypctl(&["prog", "unload", "tick"])?;
    ensure!(system.json(&["map", "list"])? == json!([]));
    start_tick(&system)
}

//! Several programs on one hook, and contexts that are larger than an event's words.

use std::{thread, time::Duration};

use anyhow::{Context, Result, ensure};
use hypos_tests::{Options, System, bpf};

/// On the hook `serial`: takes events that begin with an `x`, passes the others on.
const FIRST: &str = "SEC(\"serial\") int first(struct hypos_serial *ctx)\n\
    { return ctx->data[0] == 'x' ? HYPOS_TAKEN : HYPOS_PASS; }\n";
/// Uses up its instructions.
const ENDLESS: &str = "SEC(\"serial\") int endless(void *ctx) { unsigned long i = bpf_ktime_get_ns();\n\
    while (i != 1) { i = i * 3 + 1; asm volatile(\"\" : \"+r\"(i)); } return 1; }\n";
const LAST: &str = "SEC(\"serial\") int last(void *ctx) { return 0; }\n";

/// Loads a program and puts it behind all others on the hook `serial`.
fn attach(system: &System, name: &str, source: &str) -> Result<()> {
    let dir = tempfile::tempdir()?;
    let object = bpf::compile(dir.path(), name, source)?;
    system.hypctl(&["prog", "load", &object.to_string_lossy()])?;
    system.hypctl(&["prog", "attach", name, "serial"])?;
    Ok(())
}

/// Types so that each byte is an event of its own: the driver has taken one before the next comes.
fn type_bytes(system: &mut System, text: &str) -> Result<()> {
    for byte in text.bytes() {
        let before = received(system)?;
        system.type_in(&[byte])?;
        for _ in 0..200 {
            if received(system)? > before {
                break;
            }
            thread::sleep(Duration::from_millis(10));
        }
        ensure!(received(system)? > before, "{} did not arrive", char::from(byte));
    }
    Ok(())
}

fn received(system: &System) -> Result<u64> {
    counter(system, "console_in")
}

fn counter(system: &System, name: &str) -> Result<u64> {
    let serial = &system.json(&["services", "serial"])?[0];
    serial["counters"][name]["value"].as_u64().with_context(|| format!("no counter {name}: {serial}"))
}

#[test]
fn a_program_that_takes_an_event_keeps_it_from_those_behind_it() -> Result<()> {
    let mut system = System::boot(&Options::default())?;
    attach(&system, "first", FIRST)?;
    attach(&system, "last", LAST)?;
    type_bytes(&mut system, "axxb")?;
    ensure!((system.runs("first")?, system.runs("last")?) == (4, 2));
    ensure!(counter(&system, "hook_taken")? == 2);
    // Attached anew it comes after the other one, and keeps nothing from it.
    system.hypctl(&["prog", "detach", "first"])?;
    system.hypctl(&["prog", "attach", "first", "serial"])?;
    type_bytes(&mut system, "xx")?;
    ensure!((system.runs("first")?, system.runs("last")?) == (6, 4));
    system.check_sound()
}

#[test]
fn a_program_that_gives_no_verdict_passes_on() -> Result<()> {
    let mut system = System::boot(&Options::default())?;
    attach(&system, "endless", ENDLESS)?;
    attach(&system, "last", LAST)?;
    type_bytes(&mut system, "abcde")?;
    ensure!(system.runs("last")? == 5, "{}", system.runs("last")?);
    ensure!(counter(&system, "hook_failures")? > 0);
    Ok(())
}

/// Its context is pages, which the program finds in its cell.
#[test]
fn the_rates_of_all_counters_are_the_context_of_the_hook_metrics() -> Result<()> {
    let system = System::running("tick.bpf.o", &["tick", "timer", "--period", "10ms"])?;
    system.hypctl(&["prog", "load", "examples/peak.bpf.o"])?;
    system.hypctl(&["prog", "attach", "peak", "metrics"])?;
    for _ in 0..3 {
        system.counts_up("peak")?;
    }
    let peaks = system.json(&["map", "dump", "peaks"])?;
    // The second source is `tick`, which had 100 events a second.
    let peak = peaks[1]["formatted"]["value"].as_u64();
    ensure!(peak.is_some_and(|rate| (50..=150).contains(&rate)), "{peaks}");
    system.check_sound()
}

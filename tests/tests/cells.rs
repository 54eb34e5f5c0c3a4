//! Programs in cells of their own: what one does hurts no other, and it is replaced between two events.

use std::{thread, time::Duration};

use anyhow::{Context, Result, ensure};
use hypos_tests::{Options, System, bpf, fault};
use serde_json::{Value, json};

/// A loop whose end nothing proves: it runs until its instructions are used up.
const ENDLESS: &str = "SEC(\"timer\") int endless(void *ctx) { unsigned long i = bpf_ktime_get_ns();\n\
    while (i != 1) { i = i * 3 + 1; asm volatile(\"\" : \"+r\"(i)); } return 0; }\n";

/// What `prog list` says of a program.
fn program(system: &System, name: &str) -> Result<Value> {
    Ok(system.json(&["prog", "list", name])?[0].clone())
}

/// Waits until `prog list` says so of a program.
fn until(system: &System, name: &str, what: impl Fn(&Value) -> bool) -> Result<Value> {
    for _ in 0..100 {
        let now = program(system, name)?;
        if what(&now) {
            return Ok(now);
        }
        thread::sleep(Duration::from_millis(50));
    }
    anyhow::bail!("{}\n{}", program(system, name)?, system.console())
}

#[test]
fn a_program_over_its_budget_is_stopped_and_the_others_go_on() -> Result<()> {
    let system = System::running("tick.bpf.o", &["tick", "timer", "--period", "10ms"])?;
    let dir = tempfile::tempdir()?;
    let object = bpf::compile(dir.path(), "endless", ENDLESS)?;
    system.hypctl(&["prog", "load", &object.to_string_lossy()])?;
    system.hypctl(&["prog", "attach", "endless", "timer", "--period", "20ms"])?;
    // Three times it is built again; then it stays stopped.
    let stopped = until(&system, "endless", |p| p["state"] == "stopped")?;
    ensure!(stopped["faults"] == 4, "{stopped}");
    ensure!(stopped["last_fault"] == "over its budget of 1000000 instructions", "{stopped}");
    system.wait_for("(endless) was stopped 4 times; it stays so")?;
    system.counts_up("tick")?;
    // It has left its hook, by itself.
    until(&system, "endless", |p| p["attached"] == false)?;
    ensure!(system.status("attachments")? == 1);
    let events = system.hypctl(&["events"])?;
    ensure!(events.contains("its cell stays stopped"), "{events}");
    let refused = system.hypctl_fails(&["prog", "attach", "endless", "timer", "--period", "20ms"])?;
    ensure!(refused.contains("stays stopped"), "{refused}");
    let failures = || -> Result<Value> {
        let services = system.json(&["services"])?;
        let tick = services.as_array().into_iter().flatten().find(|service| service["name"] == "tick");
        Ok(tick.context("tick")?["counters"]["hook_failures"]["value"].clone())
    };
    let before = failures()?;
    system.counts_up("tick")?;
    system.counts_up("tick")?;
    ensure!(failures()? == before, "an event pays for it: {before}");
    // A better one takes its place in a cell with all its lives.
    let object = bpf::compile(dir.path(), "mended", "SEC(\"timer\") int endless(void *ctx) { return 0; }\n")?;
    system.hypctl(&["prog", "replace", "endless", &object.to_string_lossy()])?;
    system.hypctl(&["prog", "attach", "endless", "timer", "--period", "20ms"])?;
    system.counts_up("endless")?;
    system.hypctl(&["prog", "detach", "endless"])?;
    system.hypctl(&["prog", "unload", "endless"])?;
    // It was a fault of nobody else's.
    for service in system.json(&["services"])?.as_array().context("a list")? {
        ensure!(service["restarts"] == 0 && service["state"] == "running", "{service}");
    }
    Ok(())
}

/// What all cells run does nothing any more, for ever.
#[test]
fn a_cell_that_never_answers_is_stopped_by_the_watchdog_and_whole_when_it_is_back() -> Result<()> {
    let system = System::boot(&Options { memory: 16, ..Options::default() })?;
    system.hypctl(&["prog", "load", "examples/tick.bpf.o"])?;
    system.hypctl(&["prog", "attach", "tick", "timer", "--period", "10ms"])?;
    system.counts_up("tick")?;
    fault::hang_code(&system, "cell")?;
    let stopped = until(&system, "tick", |p| p["faults"] != 0)?;
    ensure!(stopped["last_fault"] == "over its time: the watchdog saw no answer", "{stopped}");
    until(&system, "tick", |p| p["state"] == "running")?;
    system.counts_up("tick")?;
    let events = system.hypctl(&["events"])?;
    ensure!(events.contains("over its time"), "{events}");
    Ok(())
}

/// Those who wait for a cell that faults are answered, and it is built again at once.
#[test]
fn a_cell_that_faults_is_built_again_and_its_maps_go_on() -> Result<()> {
    let system = System::boot(&Options { memory: 16, ..Options::default() })?;
    system.hypctl(&["prog", "load", "examples/tick.bpf.o"])?;
    system.hypctl(&["prog", "attach", "tick", "timer", "--period", "10ms"])?;
    system.counts_up("tick")?;
    let before = system.status("memory_used")?;
    fault::break_code(&system, "cell")?;
    let stopped = until(&system, "tick", |p| p["faults"] != 0)?;
    ensure!(stopped["last_fault"].as_str().is_some_and(|why| why.starts_with("UserException")), "{stopped}");
    until(&system, "tick", |p| p["state"] == "running")?;
    system.counts_up("tick")?;
    ensure!(system.status("memory_used")? == before);
    for service in system.json(&["services"])?.as_array().context("a list")? {
        ensure!(service["restarts"] == 0, "{service}");
    }
    Ok(())
}

#[test]
fn a_cell_takes_memory_from_its_quota_and_gives_all_of_it_back() -> Result<()> {
    let system = System::boot(&Options::default())?;
    let used = || system.status("memory_used");
    let before = used()?;
    for _ in 0..3 {
        for object in ["tick.bpf.o", "console.bpf.o", "beat.o"] {
            system.hypctl(&["prog", "load", &format!("examples/{object}")])?;
        }
        ensure!(used()? == before + 3 * (64 << 10), "{} {before}", used()?);
        for name in ["tick", "console", "beat"] {
            system.hypctl(&["prog", "unload", name])?;
        }
        ensure!(used()? == before);
    }
    system.check_sound()
}

#[test]
fn there_is_room_for_64_cells() -> Result<()> {
    let system = System::boot(&Options::default())?;
    let dir = tempfile::tempdir()?;
    for n in 0..64 {
        let name = format!("p{n}");
        let source = format!("SEC(\"timer\") int {name}(void *ctx) {{ return {n}; }}\n");
        let object = bpf::compile(dir.path(), &name, &source)?;
        system.hypctl(&["prog", "load", &object.to_string_lossy()])?;
        if n < 16 {
            system.hypctl(&["prog", "attach", &name, "timer", "--period", "5ms"])?;
        }
    }
    let all = system.json(&["prog", "list"])?;
    ensure!(all.as_array().map(Vec::len) == Some(64), "{all}");
    ensure!(all.as_array().into_iter().flatten().all(|p| p["state"] == "running"), "{all}");
    for n in [0, 15] {
        system.counts_up(&format!("p{n}"))?;
    }
    system.check_sound()
}

/// A counter that marks each count with the program's own number, to be found in the same map.
fn counter(n: u32) -> String {
    format!(
        "struct {{ __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 2); __type(key, __u32);\n\
         __type(value, __u64); }} seen SEC(\".maps\");\n\
         SEC(\"timer\") int count(struct hypos_timer *ctx) {{ __u32 key = 0, last = 1; __u64 *n, *number;\n\
         n = bpf_map_lookup_elem(&seen, &key); number = bpf_map_lookup_elem(&seen, &last);\n\
         if (!n || !number) return 0; ++*n; *number = {n}; return 0; }}\n"
    )
}

#[test]
fn a_program_is_replaced_between_two_events_a_thousand_times() -> Result<()> {
    let system = System::boot(&Options::default())?;
    let dir = tempfile::tempdir()?;
    let objects: Vec<_> = (1..=2)
        .map(|n| bpf::compile(dir.path(), &format!("count{n}"), &counter(n)))
        .collect::<Result<_>>()?;
    let object = |n: usize| objects[n % 2].to_string_lossy().into_owned();
    system.hypctl(&["prog", "load", &object(0)])?;
    system.hypctl(&["prog", "attach", "count", "timer", "--period", "1ms"])?;
    for n in 1..=1000 {
        // Not to be asked twice: a busy host has its time.
        system.hypctl(&["--timeout", "30s", "prog", "replace", "count", &object(n)])?;
    }
    let counters = || anyhow::Ok(system.json(&["services", "tick"])?[0]["counters"].clone());
    system.hypctl(&["prog", "detach", "count"])?;
    let (sent, failed) =
        (counters()?["hook_events"]["value"].clone(), counters()?["hook_failures"]["value"].clone());
    ensure!(failed == 0, "{failed}");
    // At 1 kHz each replacement takes longer than an event: all of them met events.
    ensure!(sent.as_u64().is_some_and(|sent| sent > 1000), "{sent}");
    let dump = system.json(&["map", "dump", "seen"])?;
    let value = |i: usize| {
        let bytes = dump[i]["value"].as_array()?.iter().map(|byte| byte.as_str());
        let bytes = bytes.map(|byte| u8::from_str_radix(byte?.trim_start_matches("0x"), 16).ok());
        bytes.collect::<Option<Vec<u8>>>()?.try_into().map(u64::from_le_bytes).ok()
    };
    // Each event was counted once, by the old one or the new one.
    ensure!(value(0).map(|n| json!(n)) == Some(sent.clone()), "{dump} {sent}");
    ensure!(value(1) == Some(1), "the last one is the first build again: {dump}");
    system.check_sound()
}

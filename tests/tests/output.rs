//! What hypctl shows of a system: for people and as JSON.

use std::{thread, time::Duration};

use anyhow::{Context, Result};
use hypos_tests::{System, tools};
use serde_json::{Value, json};

/// Whether an object has exactly these fields.
fn has_fields(value: &Value, fields: &[&str]) {
    let mut found: Vec<_> =
        value.as_object().map(|o| o.keys().map(String::as_str).collect()).unwrap_or_default();
    let mut wanted = fields.to_vec();
    found.sort_unstable();
    wanted.sort_unstable();
    assert_eq!(found, wanted, "{value}");
}

#[test]
fn lists_have_their_fields() -> Result<()> {
    let system = System::running("tick.bpf.o", &["tick", "timer", "--period", "10ms"])?;
    let programs = system.json(&["prog", "list"])?;
    let fields = [
        "id",
        "name",
        "hook",
        "tag",
        "attached",
        "period_ns",
        "instructions",
        "instruction_bound",
        "stack_bytes",
        "map_ids",
        "runs",
        "run_ns",
        "state",
        "faults",
        "last_fault",
        "loaded_at_ns",
    ];
    has_fields(&programs[0], &fields);
    let tick = &programs[0];
    assert_eq!(
        (&tick["hook"], &tick["period_ns"], &tick["attached"]),
        (&json!("timer"), &json!([10_000_000]), &json!(true))
    );
    assert_eq!(tick["faults"], json!(0));
    let maps = system.json(&["map", "list"])?;
    let names: Vec<_> = maps.as_array().context("a list")?.iter().map(|m| (&m["name"], &m["type"])).collect();
    assert!(names.contains(&(&json!("counts"), &json!("array"))), "{maps}");
    assert!(names.contains(&(&json!("events"), &json!("ringbuf"))), "{maps}");
    has_fields(
        &system.json(&["status"])?,
        &[
            "version",
            "platform",
            "kernel",
            "uptime_ns",
            "boot_ns",
            "memory_total",
            "memory_used",
            "programs",
            "maps",
            "attachments",
            "program_memory_free",
            "map_memory_free",
            "frames_ok",
            "frames_bad",
            "events",
        ],
    );
    let status = system.json(&["status"])?;
    assert_eq!(status["platform"], json!(tools::board()));
    assert!(status["kernel"].as_str().is_some_and(|kernel| kernel.starts_with(tools::kernel())), "{status}");
    Ok(())
}

#[test]
fn services_tell_what_they_do() -> Result<()> {
    let system = System::running("tick.bpf.o", &["tick", "timer", "--period", "5ms"])?;
    system.counts_up("tick")?;
    let services = system.json(&["services"])?;
    let services = services.as_array().context("a list")?;
    let names: Vec<_> = services.iter().filter_map(|s| s["name"].as_str()).collect();
    assert_eq!(names, ["timer", "tick", "serial", "metrics", "agent"]);
    for service in services {
        has_fields(
            service,
            &["name", "state", "priority", "restarts", "strikes", "last_fault", "memory_bytes", "counters"],
        );
        assert_eq!((&service["state"], &service["restarts"]), (&json!("running"), &json!(0)), "{service}");
    }
    // The sampler looks once a second.
    let rate = |system: &System| {
        Ok::<_, anyhow::Error>(
            system.json(&["services", "tick"])?[0]["counters"]["hook_events"]["per_second"].as_u64(),
        )
    };
    let end = std::time::Instant::now() + Duration::from_secs(20);
    while rate(&system)?.is_none_or(|rate| rate < 20) {
        assert!(std::time::Instant::now() < end, "no rate: {}", system.hypctl(&["services", "--counters"])?);
        thread::sleep(Duration::from_millis(100));
    }
    Ok(())
}

#[test]
fn tables_for_people_fit_a_terminal() -> Result<()> {
    let system = System::running("tick.bpf.o", &["tick", "timer", "--period", "10ms"])?;
    for command in [
        &["prog", "list"][..],
        &["map", "list"],
        &["map", "dump", "counts"],
        &["status"],
        &["services"],
        &["services", "timer"],
        &["services", "--counters"],
        &["caps"],
    ] {
        let printed = system.hypctl(command)?;
        let longest = printed.lines().map(str::len).max().unwrap_or(0);
        assert!((10..=115).contains(&longest), "{command:?}: {longest} columns:\n{printed}");
        assert!(printed.lines().all(|line| line == line.trim_end()), "{command:?} ends lines with spaces");
    }
    Ok(())
}

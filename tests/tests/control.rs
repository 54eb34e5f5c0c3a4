//! What the host does to a running system beside loading programs: services are restarted at its wish, and what
//! happened is told.

use std::{thread, time::Duration};

use anyhow::{Context, Result, bail, ensure};
use hypos_tests::{Options, System, fault};
use serde_json::{Value, json};

/// What `services` says of one of them.
fn service(system: &System, name: &str) -> Result<Value> {
    let list = system.json(&["services"])?;
    let found = list.as_array().into_iter().flatten().find(|s| s["name"] == name).cloned();
    found.with_context(|| format!("no {name} in {list}"))
}

#[test]
fn each_service_is_restarted_at_the_hosts_wish_and_the_rest_goes_on() -> Result<()> {
    let system = System::running("tick.bpf.o", &["tick", "timer", "--period", "10ms"])?;
    for name in ["metrics", "serial", "timer", "tick", "timer"] {
        let before = service(&system, name)?["restarts"].as_u64().context("a number")?;
        assert_eq!(system.hypctl(&["service", "restart", name])?, format!("{name} restarted\n"));
        let after = service(&system, name)?;
        ensure!(after["restarts"] == before + 1 && after["state"] == "running", "{after}");
        ensure!(after["last_fault"] == "", "{after}");
        system.counts_up("tick")?;
    }
    for (name, restarts) in [("tick", 1), ("timer", 2), ("serial", 1), ("metrics", 1), ("agent", 0)] {
        ensure!(service(&system, name)?["restarts"] == restarts, "{name}");
    }
    system.wait_for("root: timer is to be restarted, agent asks")?;
    system.check_sound()
}

/// The answer comes first, then the agent goes; a new one answers from then on.
#[test]
fn the_agent_passes_the_answer_on_before_it_is_restarted() -> Result<()> {
    let system = System::boot(&Options::default())?;
    for restarts in 1..=12 {
        assert_eq!(system.hypctl(&["service", "restart", "agent"])?, "agent restarted\n");
        // Twelve times in a row are no strikes: a service that faulted so often would stay stopped.
        ensure!(service(&system, "agent")?["restarts"] == restarts, "{}", system.console());
    }
    ensure!(system.json(&["status"])?["frames_bad"] == 0);
    system.hypctl(&["prog", "load", "examples/tick.bpf.o"])?;
    system.hypctl(&["prog", "attach", "tick", "timer", "--period", "10ms"])?;
    system.counts_up("tick")?;
    system.check_sound()
}

#[test]
fn a_service_that_is_none_is_refused_with_those_that_are() -> Result<()> {
    let system = System::boot(&Options::default())?;
    let error = system.hypctl_fails(&["service", "restart", "tiner"])?;
    assert_eq!(error, "hypctl: no service tiner; there are: timer, tick, serial, metrics, agent\n");
    assert_eq!(system.json(&["services"])?[0]["restarts"], json!(0));
    system.check_sound()
}

/// `subject kind` of all events so far, and that their times go up.
fn events(system: &System) -> Result<Vec<String>> {
    let list = system.json(&["events"])?;
    let list = list.as_array().context("a list")?;
    ensure!(list.is_sorted_by_key(|event| event["time_ns"].as_u64()), "{list:?}");
    let word = |event: &Value, name: &str| event[name].as_str().unwrap_or("?").to_owned();
    Ok(list.iter().map(|event| format!("{} {}", word(event, "subject"), word(event, "kind"))).collect())
}

#[test]
fn events_tell_what_happened_in_its_order_over_restarts_of_the_agent() -> Result<()> {
    let system = System::boot(&Options { memory: 16, ..Options::default() })?;
    assert_eq!(events(&system)?, [""; 0]);
    system.hypctl(&["prog", "load", "examples/tick.bpf.o"])?;
    system.hypctl(&["prog", "attach", "tick", "timer", "--period", "10ms"])?;
    system.hypctl_fails(&["prog", "attach", "tick", "serial"])?;
    system.hypctl(&["service", "restart", "metrics"])?;
    system.hypctl_fails(&["service", "restart", "nobody"])?;
    let mut expected = vec![
        "tick loaded",
        "tick attached",
        "tick refused",
        "metrics asked",
        "metrics restart",
        "metrics running",
        "nobody refused",
    ];
    assert_eq!(events(&system)?, expected);
    system.hypctl(&["service", "restart", "agent"])?;
    expected.extend(["agent asked", "agent restart", "agent running"]);
    assert_eq!(events(&system)?, expected);
    fault::break_code(&system, "timer")?;
    system.wait_for("root: timer runs again")?;
    expected.extend(["timer fault", "timer restart", "timer running"]);
    for _ in 0..50 {
        if events(&system)? == expected {
            let said = system.hypctl(&["events"])?;
            let line = said.lines().find(|line| line.contains("] timer: fault: ")).context("a line")?;
            ensure!(line.contains(fault::said()), "{line}");
            // A fault is a strike, a restart at the host's wish is none.
            for (name, strikes) in [("timer", 1), ("metrics", 0), ("agent", 0)] {
                let service = service(&system, name)?;
                ensure!(service["restarts"] == 1 && service["strikes"] == strikes, "{service}");
            }
            return Ok(());
        }
        thread::sleep(Duration::from_millis(20));
    }
    bail!("{:?}\n{}", events(&system)?, system.console())
}

#[test]
fn what_was_overwritten_is_counted() -> Result<()> {
    let system = System::boot(&Options::default())?;
    // Each is one event of the agent's log, which holds fewer.
    for _ in 0..80 {
        system.hypctl_fails(&["prog", "unload", "none"])?;
    }
    let output = hypos_tests::tools::hypctl(&system.socket(), &["events"])?;
    let kept = String::from_utf8(output.stdout)?.lines().count();
    ensure!((40..80).contains(&kept), "{kept}");
    assert_eq!(
        String::from_utf8(output.stderr)?,
        format!("hypctl: {} earlier events were overwritten\n", 80 - kept)
    );
    Ok(())
}

/// A map that programs and the host change side by side.
#[test]
fn entries_are_read_set_and_deleted_beside_a_running_program() -> Result<()> {
    let mut system = System::running("console.bpf.o", &["console", "serial"])?;
    system.hypctl(&["map", "set", "bytes", "97", "1000"])?;
    system.hypctl(&["map", "set", "bytes", "98", "5", "--only", "new"])?;
    let exists = system.hypctl_fails(&["map", "set", "bytes", "98", "6", "--only", "new"])?;
    assert_eq!(exists, "hypctl: the key is in bytes already\n");
    system.type_in(b"aaa")?;
    let value =
        |key: &str| anyhow::Ok(system.json(&["map", "get", "bytes", key])?["formatted"]["value"].clone());
    for _ in 0..200 {
        if value("97")? == 1003 {
            break;
        }
        thread::sleep(Duration::from_millis(20));
    }
    assert_eq!((value("97")?, value("98")?), (json!(1003), json!(5)), "the program counted on from there");
    assert_eq!(system.hypctl(&["map", "delete", "bytes", "98"])?, "deleted from bytes\n");
    assert_eq!(system.hypctl_fails(&["map", "get", "bytes", "98"])?, "hypctl: no such key in bytes\n");
    assert_eq!(system.json(&["map", "dump", "bytes"])?.as_array().map(Vec::len), Some(1));
    system.check_sound()
}

#[test]
fn maps_that_the_host_may_not_change_say_why() -> Result<()> {
    // So seldom that on a busy host too no tick is late by more than a period: the program counts those.
    let system = System::running("tick.bpf.o", &["tick", "timer", "--period", "1s"])?;
    let ring = system.hypctl_fails(&["map", "set", "events", "[]", "[]"])?;
    assert_eq!(ring, "hypctl: events is a ringbuf: hypctl trace takes its records\n");
    system.hypctl(&["map", "set", "counts", "1", "-1"])?;
    assert_eq!(system.json(&["map", "get", "counts", "1"])?["formatted"]["value"], json!(u64::MAX));
    let array = system.hypctl_fails(&["map", "delete", "counts", "1"])?;
    assert_eq!(array, "hypctl: counts is an array: its entries stay, set one to 0 instead\n");
    let read_only = system.json(&["map", "list"])?;
    let read_only = read_only.as_array().into_iter().flatten().find(|map| map["read_only"] == true);
    let id = read_only.context("tick has a format text")?["id"].to_string();
    let bytes = read_only.context("tick has a format text")?["bytes_value"].as_u64().context("a size")?;
    let value = format!("hex:{}", "00".repeat(usize::try_from(bytes)?));
    let said = system.hypctl_fails(&["map", "set", "id", &id, "0", &value])?;
    ensure!(said.contains("is read-only: its programs were verified with what it holds"), "{said}");
    system.check_sound()
}

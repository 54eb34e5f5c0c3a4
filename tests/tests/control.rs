//! What the host does to a running system beside loading programs: services are restarted at its wish.

use anyhow::{Context, Result, ensure};
use hypos_tests::{Options, System};
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

//! What `status`, `services`, `caps` and `completions` print.

mod common;
#[path = "common/fake.rs"]
mod fake;

use std::fs;

use common::{hypctl_in, text};
use fake::{Fake, json, ok};
use proto::host::{Cap, Caps, Counter, Service, ServiceState, Services, Status, response::Body};
use serde_json::json;

#[test]
fn status_is_a_list_of_facts() {
    let status = Status {
        version: "0.1.0".into(),
        platform: "x86_64/pc99".into(),
        kernel: "seL4 5.0.0".into(),
        uptime_ns: 61_000_000_000,
        boot_ns: 1_500_000,
        memory_total: 16 << 20,
        memory_used: 3 << 20,
        programs: 2,
        maps: 3,
        attachments: 1,
        frames_ok: 9,
        frames_bad: 1,
        program_memory_free: 64 << 10,
        map_memory_free: 1 << 20,
        events: 6100,
    };
    let device = Fake::answering(Body::Status(status));
    let expected = "\
version   hypOS 0.1.0
platform  x86_64/pc99
kernel    seL4 5.0.0
up        61s, booted in 1.5ms
memory    3MiB of 16MiB used
programs  2, 1 attached, 64KiB free
maps      3, 1MiB free
events    6100
frames    9 good, 1 bad
";
    assert_eq!(ok(&device, &["status"]), expected);
    assert_eq!(json(&device, &["status"])["uptime_ns"], json!(61_000_000_000_u64));
}

#[test]
fn services_show_state_and_counters() {
    let counter = |name: &str, value, per_second| Counter { name: name.into(), value, per_second };
    let service = Service {
        name: "timer".into(),
        state: ServiceState::Running.into(),
        priority: 200,
        restarts: 1,
        last_fault: "read of 0x10".into(),
        memory_bytes: 40960,
        counters: vec![counter("ticks", 6100, 100), counter("late", 0, 0)],
    };
    let device = Fake::answering(Body::Services(Services { services: vec![service], next: 0 }));
    let expected = "\
NAME   STATE    PRIORITY  RESTARTS  MEMORY  COUNTERS                    LAST FAULT
timer  running  200       1         40KiB   ticks 6100 (100/s), late 0  read of 0x10
";
    assert_eq!(ok(&device, &["services"]), expected);
    let listed = json(&device, &["services"]);
    assert_eq!(listed[0]["counters"]["ticks"], json!({"value": 6100, "per_second": 100}));
    assert_eq!(listed[0]["state"], "running");
}

#[test]
fn caps_show_who_holds_what() {
    let cap = Cap {
        service: "timer".into(),
        slot: 4,
        name: "HPET".into(),
        kind: "frame".into(),
        object: "hpet".into(),
        rights: "rw".into(),
        badge: 0x10,
    };
    let device = Fake::answering(Body::Caps(Caps { caps: vec![cap], next: 0 }));
    let expected = "\
SERVICE  SLOT  NAME  TYPE   OBJECT  RIGHTS  BADGE
timer    4     HPET  frame  hpet    rw      0x10
";
    assert_eq!(ok(&device, &["caps"]), expected);
    assert_eq!(json(&device, &["caps"])[0]["badge"], 16);
}

#[test]
fn completions_are_printed() {
    let dir = tempfile::TempDir::new().expect("temporary folder");
    let output = hypctl_in(dir.path(), &["completions", "bash"]);
    assert!(output.status.success() && text(&output.stdout).contains("complete -F"));
    assert!(fs::read_dir(dir.path()).expect("reads").next().is_none());
}

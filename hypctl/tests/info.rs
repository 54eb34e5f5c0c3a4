//! What `status`, `services`, `caps` and `completions` print.

mod common;
#[path = "common/fake.rs"]
mod fake;

use std::fs;

use common::{hypctl_in, text};
use fake::{Fake, err, json, ok};
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

/// A device with two services, of which one counts.
fn with_services() -> Fake {
    let counter = |name: &str, value, per_second| Counter { name: name.into(), value, per_second };
    let timer = Service {
        name: "timer".into(),
        state: ServiceState::Running.into(),
        priority: 200,
        restarts: 4,
        strikes: 1,
        last_fault: "read of 0x10".into(),
        memory_bytes: 40960,
        counters: vec![counter("ticks", 6100, 100), counter("late", 0, 0), counter("late_ns_max", 1500, 9)],
    };
    let agent = Service { name: "agent".into(), state: ServiceState::Stopped.into(), ..Service::default() };
    Fake::answering(Body::Services(Services { services: vec![timer, agent], next: 0 }))
}

#[test]
fn services_show_their_state() {
    let device = with_services();
    let expected = "\
NAME   STATE    PRIORITY  RESTARTS  STRIKES  MEMORY  LAST FAULT
timer  running  200       4         1        40KiB   read of 0x10
agent  stopped  0         0         0        0B
";
    assert_eq!(ok(&device, &["services"]), expected);
    let listed = json(&device, &["services"]);
    assert_eq!(listed[0]["counters"]["ticks"], json!({"value": 6100, "per_second": 100}));
    assert_eq!(listed[0]["counters"]["late_ns_max"], json!({"value": 1500, "per_second": null}));
    assert_eq!(listed[0]["state"], "running");
}

#[test]
fn services_show_what_they_count() {
    let device = with_services();
    let counters = "\
SERVICE  COUNTER      VALUE  RATE
timer    ticks        6100   100/s
timer    late         0
timer    late_ns_max  1.5us
";
    assert_eq!(ok(&device, &["services", "--counters"]), counters);
    let one = "\
NAME   STATE    PRIORITY  RESTARTS  STRIKES  MEMORY  LAST FAULT
timer  running  200       4         1        40KiB   read of 0x10

";
    assert_eq!(ok(&device, &["services", "timer"]), format!("{one}{counters}"));
    assert_eq!(json(&device, &["services", "timer"]).as_array().map(Vec::len), Some(1));
    assert_eq!(err(&device, &["services", "none"]), "hypctl: no service none; there are: timer, agent\n");
}

#[test]
fn caps_show_who_holds_what() {
    let cap = Cap {
        service: "timer".into(),
        slot: 4,
        name: "cell".into(),
        kind: "call".into(),
        object: "cell".into(),
        rights: "-wg".into(),
        badge: 0x10,
        address: 0,
    };
    let (badge, kind) = (0, "memory".into());
    let memory = Cap { slot: 0, name: "hook".into(), kind, badge, address: 0x1020_0000, ..cap.clone() };
    let device = Fake::answering(Body::Caps(Caps { caps: vec![cap, memory], next: 0 }));
    let expected = "\
SERVICE  AT          NAME  TYPE    OBJECT  RIGHTS  BADGE
timer    slot 4      cell  call    cell    -wg     0x10
timer    0x10200000  hook  memory  cell    -wg
";
    assert_eq!(ok(&device, &["caps"]), expected);
    let listed = json(&device, &["caps"]);
    assert_eq!((&listed[0]["slot"], &listed[0]["badge"]), (&json!(4), &json!(16)));
    assert_eq!((&listed[1]["slot"], &listed[1]["address"]), (&json!(null), &json!(0x1020_0000)));
}

#[test]
fn completions_are_printed() {
    let dir = tempfile::TempDir::new().expect("temporary folder");
    let output = hypctl_in(dir.path(), &["completions", "bash"]);
    assert!(output.status.success() && text(&output.stdout).contains("complete -F"));
    assert!(fs::read_dir(dir.path()).expect("reads").next().is_none());
}

//! What `events` asks the device and prints.

mod common;
#[path = "common/fake.rs"]
mod fake;

use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
};

use common::{hypctl, hypctl_in, text};
use fake::{Fake, Reply, greeting, json, ok};
use proto::host::{Event, EventKind, Events, EventsRequest, request, response::Body};
use serde_json::json;

fn event(time_ns: u64, kind: EventKind, subject: &str, text: &str) -> Event {
    Event { time_ns, kind: kind.into(), subject: subject.into(), text: text.into() }
}

/// A device with two pages of events; later ones come when the first are asked for once more.
fn device() -> Fake {
    Fake::new(|n, body| {
        let request::Body::Events(EventsRequest { next_root, next_agent }) = body else {
            return Reply::Answer(if n == 0 { greeting() } else { Body::Done(proto::host::Done {}) });
        };
        let (events, next_root, next_agent, more) = match (next_root, next_agent) {
            (0, 0) => {
                (vec![event(1_500_000_000, EventKind::Fault, "timer", "VmFault: \u{1b}[2J")], 2, 1, true)
            }
            (2, 1) => (vec![event(1_600_000_000, EventKind::OverBudget, "cell tick/4", "")], 2, 2, false),
            (2, 2) => (
                vec![Event { kind: 99, ..event(2_000_000_000, EventKind::Fault, "x", "later") }],
                3,
                2,
                false,
            ),
            (a, b) => (vec![], *a, *b, false),
        };
        Reply::Answer(Body::Events(Events { events, next_root, next_agent, lost: 0, more }))
    })
}

#[test]
fn all_pages_are_printed_and_control_characters_are_not() {
    let expected = "\
[    1.500000] timer: fault: VmFault: \u{fffd}[2J
[    1.600000] cell tick/4: over budget
";
    assert_eq!(ok(&device(), &["events"]), expected);
    let listed = json(&device(), &["events"]);
    assert_eq!(listed.as_array().map(Vec::len), Some(2));
    let second =
        json!({"time_ns": 1_600_000_000, "subject": "cell tick/4", "kind": "over_budget", "text": ""});
    assert_eq!(listed[1], second);
}

#[test]
fn events_of_a_later_version_are_followed_too_until_ctrl_c() {
    let device = device();
    let mut child = Command::new(hypctl())
        .args(["events", "-f", "--json"])
        .current_dir(device.folder())
        .env_remove("HYPOS_DEVICE")
        .stdout(Stdio::piped())
        .spawn()
        .expect("runs");
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    let mut kind = || {
        let line = lines.next().expect("a line").expect("UTF-8");
        serde_json::from_str::<serde_json::Value>(&line).expect("JSON")["kind"].clone()
    };
    assert_eq!([kind(), kind(), kind()], ["fault", "over_budget", "kind_99"]);
    let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("runs");
    assert!(killed.success());
    assert_eq!(child.wait().expect("ends").code(), Some(0));
}

#[test]
fn what_was_lost_is_told() {
    let device = Fake::answering(Body::Events(Events { lost: 7, ..Events::default() }));
    let output = hypctl_in(device.folder(), &["events"]);
    assert_eq!(text(&output.stderr), "hypctl: 7 earlier events were overwritten\n");
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(0), ""));
}

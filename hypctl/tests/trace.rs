//! What `trace` prints, and how it ends.

mod common;
#[path = "common/fake.rs"]
mod fake;

use std::process::Command;

use common::{hypctl_in, text};
use fake::{Fake, Reply, greeting, ok};
use proto::host::{TraceRecord, TraceRecords, response::Body, trace_record};
use serde_json::{Value, json};

fn record(source: &str, body: trace_record::Body, size: u32) -> TraceRecord {
    TraceRecord { time_ns: 12_345_678_901, source: source.into(), body: Some(body), size }
}

/// A device with four records in three answers; some were lost before and in between.
fn tracing() -> Fake {
    Fake::new(|n, _| {
        let text = |text: &str| record("tick", trace_record::Body::Text(text.into()), text.len() as u32);
        let data = record("events", trace_record::Body::Data(vec![5, 0, 0, 0]), 4);
        let cut = record("events", trace_record::Body::Data(vec![1, 2, 3]), 600);
        let (records, lost, more) = match n {
            0 => return Reply::Answer(greeting()),
            1 => (vec![text("one\n"), data], 3, true),
            2 => (vec![], 3, false),
            _ => (vec![cut, text("\x1b[2Jtwo")], 5, false),
        };
        Reply::Answer(Body::Trace(TraceRecords { records, lost, more }))
    })
}

#[test]
fn trace_prints_texts_and_records() {
    let device = tracing();
    let output = hypctl_in(device.folder(), &["trace", "--count", "4"]);
    assert!(output.status.success());
    let expected = "\
[   12.345678] tick: one
[   12.345678] events: 05 00 00 00 (5)
[   12.345678] events: 01 02 03 ... of 600 bytes
[   12.345678] tick: \u{fffd}[2Jtwo
";
    assert_eq!(text(&output.stdout), expected);
    assert_eq!(text(&output.stderr), "hypctl: 2 records were lost: the device's ring was full\n");
    let one = ok(&tracing(), &["trace", "-n", "1"]);
    assert_eq!(one.lines().count(), 1);
}

#[test]
fn trace_as_json_is_an_object_a_line() {
    let output = hypctl_in(tracing().folder(), &["trace", "--json", "--count", "3"]);
    let lines: Vec<Value> =
        text(&output.stdout).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(
        lines[0],
        json!({"time_ns": 12_345_678_901_u64, "source": "tick", "size": 4, "text": "one\n"})
    );
    assert_eq!((lines.len(), &lines[1]["data"]), (3, &json!(["0x05", "0x00", "0x00", "0x00"])));
}

#[test]
fn trace_ends_cleanly_on_interrupt() {
    let device = Fake::new(|n, _| {
        let records =
            if n == 1 { vec![record("tick", trace_record::Body::Text("on".into()), 2)] } else { vec![] };
        let empty = TraceRecords { records, ..TraceRecords::default() };
        Reply::Answer(if n == 0 { greeting() } else { Body::Trace(empty) })
    });
    let mut child = Command::new(common::hypctl())
        .arg("trace")
        .current_dir(device.folder())
        .env_remove("HYPOS_DEVICE")
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("runs");
    let mut first = [0; 8];
    std::io::Read::read_exact(child.stdout.as_mut().expect("piped"), &mut first).expect("a line");
    let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("runs");
    assert!(killed.success());
    assert_eq!(child.wait().expect("ends").code(), Some(0));
}

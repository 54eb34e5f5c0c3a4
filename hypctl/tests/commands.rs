//! What each command asks the device and prints.

mod common;
#[path = "common/fake.rs"]
mod fake;

use std::{fs, process::Command};

use bpf_runtime::bundle::Bundle;
use common::{LIBBPF, compile, have_clang, hypctl_in, text};
use fake::{Fake, Reply, greeting};
use proto::host::{
    Attachment, Attachments, Cap, Caps, Counter, Done, LoadResponse, Loaded, Map, MapEntries, MapEntry, Maps,
    Program, Programs, Service, ServiceState, Services, Status, TraceRecord, TraceRecords, request,
    response::Body, trace_record,
};
use serde_json::{Value, json};

/// A command's output; it must succeed and say nothing else.
fn ok(device: &Fake, args: &[&str]) -> String {
    let output = hypctl_in(device.folder(), args);
    assert!(output.status.success(), "{args:?}: {}", text(&output.stderr));
    assert_eq!(text(&output.stderr), "");
    text(&output.stdout).to_owned()
}

/// A command's output as JSON.
fn json(device: &Fake, args: &[&str]) -> Value {
    let printed = ok(device, &[args, &["--json"]].concat());
    serde_json::from_str(&printed).unwrap_or_else(|e| panic!("{args:?}: {e}: {printed}"))
}

/// A command's error; it must fail and print nothing else.
fn err(device: &Fake, args: &[&str]) -> String {
    let output = hypctl_in(device.folder(), args);
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(1), ""), "{args:?}");
    text(&output.stderr).to_owned()
}

fn program(id: u32, name: &str) -> Program {
    Program {
        id,
        name: name.into(),
        hook: "timer".into(),
        instructions: 52,
        instruction_bound: 80,
        stack_bytes: 16,
        map_ids: vec![1, 2],
        runs: 1000,
        run_ns: 1_500_000,
        tag: 0xabc,
        attached: id == 1,
        ..Program::default()
    }
}

/// Two programs in two pages, the first attached.
fn two_programs() -> Fake {
    Fake::new(|_, body| {
        Reply::Answer(match body {
            request::Body::Programs(page) if page.next == 0 => {
                Body::Programs(Programs { programs: vec![program(1, "tick")], next: 7 })
            }
            request::Body::Programs(page) if page.next == 7 => {
                Body::Programs(Programs { programs: vec![program(2, "beat")], next: 0 })
            }
            request::Body::Attachments(_) => {
                let one = Attachment {
                    program_id: 1,
                    period_ns: 10_000_000,
                    hook: "timer".into(),
                    ..Default::default()
                };
                Body::Attachments(Attachments { attachments: vec![one], next: 0 })
            }
            _ => greeting(),
        })
    })
}

#[test]
fn prog_list_prints_an_aligned_table() {
    let device = two_programs();
    let expected = "\
ID  NAME  HOOK   ATTACHED    INSNS  AT MOST  STACK  MAPS  RUNS  PER RUN  FAULTS
1   tick  timer  every 10ms  52     80       16B    1,2   1000  1.5us    0
2   beat  timer  no          52     80       16B    1,2   1000  1.5us    0
";
    assert_eq!(ok(&device, &["prog", "list"]), expected);
    assert_eq!(ok(&device, &["prog", "show"]), expected);
}

#[test]
fn prog_show_takes_what_bpftool_takes() {
    let device = two_programs();
    for args in [&["beat"][..], &["name", "beat"], &["id", "2"]] {
        let shown = json(&device, &[&["prog", "show"], args].concat());
        assert_eq!(shown[0]["name"], "beat", "{args:?}");
        assert_eq!(
            (shown[0]["tag"].as_str(), shown.as_array().map(Vec::len)),
            (Some("0000000000000abc"), Some(1))
        );
    }
    assert_eq!(err(&device, &["prog", "show", "none"]), "hypctl: no program none: prog list shows all\n");
    assert!(err(&device, &["prog", "show", "id", "x"]).contains("id x: not a number above 0"));
    assert!(err(&device, &["prog", "show", "a/b"]).contains("is no name"));
}

#[test]
fn prog_list_as_json_has_numbers() {
    let listed = json(&two_programs(), &["prog", "list"]);
    assert_eq!(listed[0]["period_ns"], json!([10_000_000]));
    assert_eq!(listed[0]["map_ids"], json!([1, 2]));
    assert_eq!((&listed[0]["runs"], &listed[1]["attached"]), (&json!(1000), &json!(false)));
}

#[test]
fn an_empty_list_says_what_to_do_and_is_an_empty_array() {
    let none = Fake::new(|_, body| {
        Reply::Answer(match body {
            request::Body::Programs(_) => Body::Programs(Programs::default()),
            request::Body::Attachments(_) => Body::Attachments(Attachments::default()),
            _ => greeting(),
        })
    });
    assert_eq!(ok(&none, &["prog", "list"]), "no programs: load one with prog load FILE.o\n");
    assert_eq!(json(&none, &["prog", "list"]), json!([]));
}

#[test]
fn prog_load_sends_the_bundle_in_pieces() {
    if !have_clang() {
        return;
    }
    let device = Fake::new(|n, body| {
        let loaded = Loaded { id: 3, name: "big".into(), instruction_bound: 0, stack_bytes: 24 };
        Reply::Answer(match body {
            _ if n == 0 => greeting(),
            request::Body::Load(_) => Body::Load(LoadResponse { programs: vec![loaded] }),
            _ => Body::Done(Done {}),
        })
    });
    let table = "static volatile const int t[900] = {1, 2, 3};";
    let source =
        format!("{LIBBPF}{table} SEC(\"timer\") int big(__u32 *c) {{ return c[0] < 900 ? t[c[0]] : 0; }}");
    let file = compile(device.folder(), "big", &source).display().to_string();
    let load = ["prog", "load", &file, "--no-verify", "--object-version", "5"];
    assert_eq!(
        ok(&device, &load),
        "ID  NAME  INSTRUCTIONS AT MOST  STACK\n3   big   -                     24B\n"
    );
    let (mut bundle, mut size) = (Vec::new(), 0);
    for body in device.bodies() {
        match body {
            request::Body::Upload(piece) => {
                assert_eq!(piece.offset as usize, bundle.len());
                assert!((1..=1024).contains(&piece.data.len()));
                bundle.extend(piece.data);
            }
            request::Body::Load(load) => size = load.size as usize,
            other => panic!("{other:?}"),
        }
    }
    assert!(bundle.len() > 3600 && bundle.len() == size);
    let bundle = Bundle::parse(&bundle).expect("parses");
    assert_eq!((bundle.name(), bundle.version()), ("big.o", 5));
    assert_eq!(bundle.maps().next().map(|m| (m.name, m.initial[4])), Some((".rodata", 2)));
    let args = ["prog", "load", &file, "--no-verify"];
    assert_eq!(
        json(&device, &args),
        json!([{"id": 3, "name": "big", "instruction_bound": null, "stack_bytes": 24}])
    );
}

#[test]
fn prog_attach_detach_unload_ask_and_confirm() {
    let device = Fake::new(|n, _| Reply::Answer(if n == 0 { greeting() } else { Body::Done(Done {}) }));
    let said = ok(&device, &["prog", "attach", "tick", "timer", "--period", "10ms"]);
    assert_eq!(said, "tick attached to timer every 10ms\n");
    assert_eq!(ok(&device, &["prog", "attach", "id", "4", "serial"]), "id 4 attached to serial\n");
    assert_eq!(ok(&device, &["prog", "detach", "name", "tick"]), "tick detached\n");
    assert_eq!(json(&device, &["prog", "unload", "tick"]), json!({"done": "tick unloaded"}));
    let requests = device.requests.lock().expect("no panic");
    let bodies: Vec<_> = requests.iter().filter_map(|r| r.body.as_ref()).collect();
    let request::Body::Attach(attach) = bodies[1] else { panic!("{bodies:?}") };
    let program = attach.program.as_ref().map(|p| (p.id, p.name.as_str()));
    assert_eq!((program, attach.hook.as_str(), attach.period_ns), (Some((0, "tick")), "timer", 10_000_000));
    let request::Body::Attach(attach) = bodies[3] else { panic!("{bodies:?}") };
    assert_eq!((attach.program.as_ref().map(|p| p.id), attach.period_ns), (Some(4), 0));
    assert!(matches!(bodies[5], request::Body::Detach(p) if p.name == "tick"));
    assert!(matches!(bodies[7], request::Body::Unload(p) if p.name == "tick"));
    drop(requests);
    assert!(err(&device, &["prog", "attach", "id", "4"]).contains("say which hook"));
    let output = hypctl_in(device.folder(), &["prog", "attach", "tick", "timer", "--period", "10"]);
    assert!(text(&output.stderr).contains("give a number with ns, us, ms or s"), "{}", text(&output.stderr));
}

fn counts() -> Map {
    Map {
        id: 1,
        name: "counts".into(),
        kind: 2,
        key_size: 4,
        value_size: 8,
        max_entries: 2,
        ..Map::default()
    }
}

fn entry(key: &[u8], value: &[u8], offset: u32) -> MapEntry {
    MapEntry { key: key.into(), value: value.into(), offset }
}

/// A device whose one map has these entries, in pages of one.
fn with_entries(map: Map, entries: Vec<MapEntry>) -> Fake {
    Fake::new(move |n, body| {
        Reply::Answer(match body {
            _ if n == 0 => greeting(),
            request::Body::MapDump(asked) => {
                let next = asked.cursor + 1;
                let next = if (next as usize) < entries.len() { next } else { 0 };
                let entries = entries.get(asked.cursor as usize).cloned().into_iter().collect();
                Body::MapEntries(MapEntries { map: Some(map.clone()), entries, next })
            }
            _ => Body::Maps(Maps { maps: vec![map.clone()], next: 0 }),
        })
    })
}

#[test]
fn map_dump_shows_bytes_and_numbers() {
    let value = 1000_u64.to_le_bytes();
    let device = with_entries(counts(), vec![entry(&[0; 4], &value, 0), entry(&[1, 0, 0, 0], &[0; 8], 0)]);
    let expected = "\
KEY              VALUE
00 00 00 00 (0)  e8 03 00 00 00 00 00 00 (1000)
01 00 00 00 (1)  00 00 00 00 00 00 00 00 (0)
Found 2 elements
";
    for args in [&["counts"][..], &["name", "counts"], &["id", "1"]] {
        assert_eq!(ok(&device, &[&["map", "dump"], args].concat()), expected);
    }
    let dumped = json(&device, &["map", "dump", "counts"]);
    assert_eq!(dumped[0]["formatted"], json!({"key": 0, "value": 1000}));
    assert_eq!(dumped[0]["value"][0], "0xe8");
}

#[test]
fn map_dump_puts_long_values_together() {
    let parts = vec![entry(&[7], &[1; 256], 0), entry(&[7], &[2; 44], 256), entry(&[8], &[3], 0)];
    let device = with_entries(counts(), parts);
    let dumped = json(&device, &["map", "dump", "counts"]);
    assert_eq!(dumped.as_array().map(Vec::len), Some(2));
    assert_eq!(dumped[0]["value"].as_array().map(Vec::len), Some(300));
    let gap = with_entries(counts(), vec![entry(&[7], &[1; 16], 0), entry(&[7], &[2], 20)]);
    assert!(err(&gap, &["map", "dump", "counts"]).contains("left out a part of a value"));
}

#[test]
fn map_dump_of_what_holds_nothing() {
    let ring = Map { kind: 27, ..counts() };
    let said = ok(&with_entries(ring, vec![]), &["map", "dump", "counts"]);
    assert_eq!(said, "a ring buffer's records are taken by hypctl trace\n");
    assert_eq!(ok(&with_entries(counts(), vec![]), &["map", "dump", "counts"]), "Found 0 elements\n");
}

#[test]
fn map_list_names_kinds() {
    let device = with_entries(Map { entries: 2, memory_bytes: 4096, ..counts() }, vec![]);
    let expected = "\
ID  NAME    TYPE   KEY  VALUE  ENTRIES  MAX  MEMORY  ACCESS
1   counts  array  4B   8B     2        2    4KiB    read-write
";
    assert_eq!(ok(&device, &["map", "list"]), expected);
    assert_eq!(json(&device, &["map", "show", "id", "1"])[0]["type"], "array");
    assert!(err(&device, &["map", "show", "none"]).contains("no map none"));
}

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
    let mut child = Command::new(env!("CARGO_BIN_EXE_hypctl"))
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

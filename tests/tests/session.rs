//! A user's sessions: programs are loaded, run, looked at and removed.

use std::{thread, time::Duration};

use anyhow::{Context, Result};
use hypos_tests::{Options, System, bpf};
use serde_json::{Value, json};

/// The value under an integer key, as `map dump --json` has it.
fn value(system: &System, map: &str, key: u64) -> Result<u64> {
    let dumped = system.json(&["map", "dump", map])?;
    let entry = dumped.as_array().context("a list")?.iter().find(|e| e["formatted"]["key"] == json!(key));
    Ok(entry.map_or(0, |entry| entry["formatted"]["value"].as_u64().unwrap_or(0)))
}

#[test]
fn tick_counts_from_attach_to_detach() -> Result<()> {
    let system = System::running("tick.bpf.o", &["tick", "timer", "--period", "10ms"])?;
    system.counts_up("tick")?;
    let first = value(&system, "counts", 0)?;
    thread::sleep(Duration::from_millis(500));
    let second = value(&system, "counts", 0)?;
    // 50 on an idle host; a busy one delays the whole machine, never hurries it.
    assert!((10..=70).contains(&(second - first)), "{} ticks of 10 ms in half a second", second - first);
    assert_eq!(system.hypctl(&["prog", "detach", "tick"])?, "tick detached\n");
    let last = value(&system, "counts", 0)?;
    let runs = system.runs("tick")?;
    assert_eq!(runs, last, "each run counted once");
    thread::sleep(Duration::from_millis(200));
    assert_eq!((value(&system, "counts", 0)?, system.runs("tick")?), (last, runs), "detached");
    system.hypctl(&["prog", "attach", "tick", "timer", "--period", "1ms"])?;
    system.counts_up("tick")?;
    system.hypctl(&["prog", "detach", "tick"])?;
    assert_eq!(system.hypctl(&["prog", "unload", "tick"])?, "tick unloaded\n");
    assert_eq!(system.json(&["prog", "list"])?, json!([]));
    assert_eq!(system.json(&["map", "list"])?, json!([]));
    system.check_sound()
}

#[test]
fn trace_shows_what_tick_prints_and_sends() -> Result<()> {
    let system = System::running("tick.bpf.o", &["tick", "timer", "--period", "1ms"])?;
    let printed = system.hypctl(&["trace", "--count", "60"])?;
    assert_eq!(printed.lines().count(), 60);
    assert!(
        printed.lines().any(|line| line.contains("] tick: tick ") && line.ends_with(" ns late")),
        "{printed}"
    );
    assert!(printed.lines().any(|line| line.contains("] events: ")), "{printed}");
    let records = system.hypctl(&["trace", "-n", "20", "--json"])?;
    let mut last = 0;
    for record in records.lines() {
        let record: Value = serde_json::from_str(record)?;
        if record["source"] == "events" {
            // Each tenth tick, its number in the record's second word.
            let bytes = record["data"].as_array().context("data")?;
            assert_eq!((bytes.len(), &record["size"]), (16, &json!(16)));
            let byte = |i: usize| u64::from_str_radix(&bytes[i].as_str().unwrap_or("0x")[2..], 16);
            let count = byte(8)? | byte(9)? << 8;
            assert!(count % 10 == 0 && count > last, "{count} after {last}");
            last = count;
        }
    }
    assert!(last > 0, "{records}");
    system.check_sound()
}

#[test]
fn console_counts_the_bytes_that_are_typed() -> Result<()> {
    let mut system = System::running("console.bpf.o", &["console", "serial"])?;
    assert_eq!(system.json(&["map", "dump", "bytes"])?, json!([]));
    system.type_in(b"hello, hypOS! llll")?;
    let end = std::time::Instant::now() + Duration::from_secs(20);
    while value(&system, "bytes", u64::from(b'l'))? < 6 && std::time::Instant::now() < end {
        thread::sleep(Duration::from_millis(20));
    }
    for (byte, count) in [(b'l', 6), (b'h', 2), (b'O', 1), (b' ', 2), (b'x', 0)] {
        assert_eq!(value(&system, "bytes", u64::from(byte))?, count, "{:?}", char::from(byte));
    }
    system.hypctl(&["prog", "detach", "console"])?;
    system.type_in(b"lll")?;
    thread::sleep(Duration::from_millis(200));
    assert_eq!(value(&system, "bytes", u64::from(b'l'))?, 6, "detached");
    system.check_sound()
}

#[test]
fn a_program_in_rust_runs() -> Result<()> {
    let system = System::running("beat.o", &["beat", "timer", "--period", "2ms"])?;
    let printed = system.hypctl(&["trace", "--count", "1"])?;
    assert!(printed.contains("] beat: beat at "), "{printed}");
    assert!(value(&system, "beats", 0)? >= 100);
    system.check_sound()
}

#[test]
fn all_examples_run_side_by_side() -> Result<()> {
    let mut system = System::running("tick.bpf.o", &["tick", "timer", "--period", "5ms"])?;
    for (object, attach) in
        [("console.bpf.o", &["console", "serial"][..]), ("beat.o", &["id", "6", "timer", "--period", "7ms"])]
    {
        system.hypctl(&["prog", "load", &format!("examples/{object}")])?;
        let list = system.json(&["prog", "list"])?;
        let id = list.as_array().and_then(|l| l.last()).context("a program")?["id"].to_string();
        let attach: Vec<_> =
            attach.iter().map(|word| if *word == "6" { id.as_str() } else { word }).collect();
        system.hypctl(&[&["prog", "attach"], &attach[..]].concat())?;
    }
    system.type_in(b"abc")?;
    for program in ["tick", "beat"] {
        system.counts_up(program)?;
    }
    let status = system.json(&["status"])?;
    assert_eq!((&status["programs"], &status["attachments"]), (&json!(3), &json!(3)));
    for program in ["tick", "console", "beat"] {
        system.hypctl(&["prog", "detach", program])?;
        system.hypctl(&["prog", "unload", program])?;
    }
    assert_eq!(system.status("maps")?, 0);
    system.check_sound()
}

#[test]
fn an_object_of_libbpf_headers_alone_runs() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let source = "#include <linux/bpf.h>\n#include <bpf/bpf_helpers.h>\nint seen;\n\
                  SEC(\"timer\") int plain(void *ctx) { seen++; return 0; }\n";
    let object = bpf::compile_plain(dir.path(), "plain", source)?;
    let system = System::boot(&Options::default())?;
    system.hypctl(&["prog", "load", &object.to_string_lossy()])?;
    system.hypctl(&["prog", "attach", "plain", "timer", "--period", "5ms"])?;
    system.counts_up("plain")?;
    let seen = value(&system, ".bss", 0)?;
    assert!(seen > 0 && seen <= system.runs("plain")?);
    Ok(())
}

#[test]
fn many_values_and_long_ones_are_dumped() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let source = "struct long_value { unsigned char bytes[1000]; };\n\
        struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 100); __type(key, __u32); __type(value, __u64); } many SEC(\".maps\");\n\
        struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 3); __type(key, __u32); __type(value, struct long_value); } longs SEC(\".maps\");\n\
        SEC(\"timer\") int filler(void *ctx) {\n\
        for (__u32 i = 0; i < 100; i++) { __u32 key = i; __u64 *v = bpf_map_lookup_elem(&many, &key); if (v) *v = i * 3; }\n\
        __u32 two = 2; struct long_value *l = bpf_map_lookup_elem(&longs, &two);\n\
        if (l) for (__u32 i = 0; i < 1000; i++) l->bytes[i] = i % 251;\n\
        return 0; }\n";
    let object = bpf::compile(dir.path(), "filler", source)?;
    let system = System::boot(&Options::default())?;
    system.hypctl(&["prog", "load", &object.to_string_lossy()])?;
    system.hypctl(&["prog", "attach", "filler", "timer", "--period", "20ms"])?;
    system.counts_up("filler")?;
    let many = system.json(&["map", "dump", "many"])?;
    let values: Vec<_> =
        many.as_array().context("a list")?.iter().filter_map(|e| e["formatted"]["value"].as_u64()).collect();
    assert_eq!(values, (0..100).map(|i| i * 3).collect::<Vec<_>>());
    let longs = system.json(&["map", "dump", "longs"])?;
    let bytes = longs[2]["value"].as_array().context("a value")?;
    assert_eq!(bytes.len(), 1000);
    for (i, byte) in bytes.iter().enumerate() {
        assert_eq!(byte, &json!(format!("{:#04x}", i % 251)), "byte {i}");
    }
    Ok(())
}

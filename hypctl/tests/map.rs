//! What the commands on maps ask the device and print.

mod common;
#[path = "common/fake.rs"]
mod fake;

use fake::{Fake, Reply, err, greeting, json, ok};
use proto::host::{Map, MapEntries, MapEntry, Maps, request, response::Body};
use serde_json::json;

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
    let long = || Map { value_size: 300, ..counts() };
    let first = [entry(&[7], &[1; 256], 0), entry(&[7], &[2; 44], 256)];
    // Of 8 the end, of 9 the beginning went meanwhile.
    let gone = [entry(&[8], &[3; 256], 0), entry(&[9], &[4; 44], 256)];
    let device = with_entries(long(), [first.clone(), gone, first].concat());
    let dumped = json(&device, &["map", "dump", "counts"]);
    assert_eq!(dumped.as_array().map(Vec::len), Some(2));
    assert_eq!(dumped[0]["value"].as_array().map(Vec::len), Some(300));
    let gap = with_entries(long(), vec![entry(&[7], &[1; 16], 0), entry(&[7], &[2], 20)]);
    assert!(err(&gap, &["map", "dump", "counts"]).contains("left out a part of a value"));
}

#[test]
fn map_dump_of_what_holds_nothing() {
    let ring = Map { kind: 27, ..counts() };
    let said = ok(&with_entries(ring, vec![]), &["map", "dump", "counts"]);
    assert_eq!(said, "a ring buffer's records are taken by hypctl trace\n");
    let perf = Map { kind: 4, ..counts() };
    let said = ok(&with_entries(perf, vec![]), &["map", "dump", "counts"]);
    assert_eq!(said, "a perf event array's samples are taken by hypctl trace\n");
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
    let names = [(3, "prog_array"), (4, "perf_event_array"), (5, "percpu_hash"), (9, "lru_hash"), (8, "8")];
    for (kind, name) in names {
        let device = with_entries(Map { kind, ..counts() }, vec![]);
        assert_eq!(json(&device, &["map", "list"])[0]["type"], name);
    }
    assert_eq!(json(&device, &["map", "show", "id", "1"])[0]["type"], "array");
    assert!(err(&device, &["map", "show", "none"]).contains("no map none"));
}

//! What `map get`, `set` and `delete` ask the device and print.

mod common;
#[path = "common/fake.rs"]
mod fake;

use fake::{Fake, Reply, err, greeting, json, ok};
use proto::host::{
    Done, Map, MapDeleteRequest, MapEntries, MapEntry, MapFlag, MapKey, MapUpdateRequest, Maps, request,
    response::Body,
};
use serde_json::json;

fn map(id: u32, name: &str, value_size: u32) -> Map {
    Map { id, name: name.into(), kind: 2, key_size: 4, value_size, max_entries: 2, ..Map::default() }
}

/// A device with three maps; values hold 7s and come in pieces of 256 bytes, four at a time.
fn device() -> Fake {
    let maps = vec![
        map(1, "counts", 8),
        map(2, "long", 1500),
        map(3, "twice", 8),
        map(4, "twice", 8),
        map(5, "huge", 4096),
    ];
    Fake::new(move |n, body| {
        Reply::Answer(match body {
            _ if n == 0 => greeting(),
            request::Body::Maps(_) => Body::Maps(Maps { maps: maps.clone(), next: 0 }),
            request::Body::MapLookup(asked) => {
                let key = asked.key.clone().expect("a key");
                let size = maps.iter().find(|map| map.id == key.id).expect("by its id").value_size;
                let ends = (asked.offset..size).step_by(256).take(4);
                let piece = |offset: u32| MapEntry {
                    key: key.key.clone(),
                    value: vec![7; (size - offset).min(256) as usize],
                    offset,
                };
                let entries: Vec<_> = ends.map(piece).collect();
                let end = entries.last().map_or(0, |last| last.offset + last.value.len() as u32);
                Body::MapEntries(MapEntries { map: None, entries, next: if end < size { end } else { 0 } })
            }
            _ => Body::Done(Done {}),
        })
    })
}

fn key(id: u32, key: [u8; 4]) -> MapKey {
    MapKey { id, name: String::new(), key: key.into() }
}

#[test]
fn get_prints_as_dump_does() {
    let expected = "\
KEY              VALUE
01 00 00 00 (1)  07 07 07 07 07 07 07 07 (506381209866536711)
";
    for words in [&["counts", "1"][..], &["name", "counts", "0x1"], &["id", "1", "hex:01000000"]] {
        assert_eq!(ok(&device(), &[&["map", "get"], words].concat()), expected);
    }
    let got = json(&device(), &["map", "get", "counts", "[1,0,0,0]"]);
    assert_eq!(got["formatted"], json!({"key": 1, "value": 506_381_209_866_536_711_u64}));
    let long = json(&device(), &["map", "get", "long", "0"]);
    assert_eq!(long["value"].as_array().map(Vec::len), Some(1500));
}

#[test]
fn set_and_delete_ask_by_the_maps_id() {
    let device = device();
    assert_eq!(ok(&device, &["map", "set", "counts", "1", "-2"]), "counts set\n");
    assert_eq!(ok(&device, &["map", "set", "counts", "1", "3", "--only", "new"]), "counts set\n");
    assert_eq!(ok(&device, &["map", "set", "id", "1", "-1", "3", "--only", "existing"]), "counts set\n");
    assert_eq!(ok(&device, &["map", "delete", "counts", "1"]), "deleted from counts\n");
    let update = |k, value: i64, flag: MapFlag| {
        request::Body::MapUpdate(MapUpdateRequest {
            key: Some(key(1, k)),
            value: value.to_le_bytes().into(),
            flag: flag.into(),
        })
    };
    let changes: Vec<_> = device
        .bodies()
        .into_iter()
        .filter(|b| matches!(b, request::Body::MapUpdate(_) | request::Body::MapDelete(_)))
        .collect();
    let expected = [
        update([1, 0, 0, 0], -2, MapFlag::Any),
        update([1, 0, 0, 0], 3, MapFlag::Noexist),
        update([0xff; 4], 3, MapFlag::Exist),
        request::Body::MapDelete(MapDeleteRequest { key: Some(key(1, [1, 0, 0, 0])) }),
    ];
    assert_eq!(changes, expected);
}

#[test]
fn what_is_wrong_is_said_before_the_device_is_asked() {
    let cases: [(&[&str], &str); 7] = [
        (&["get", "none", "1"], "no map none: map list shows all"),
        (&["get", "twice", "1"], "several maps are named twice: name one by its id, 3 or 4"),
        (&["get", "counts", "4294967296"], "key 4294967296: does not fit 4 bytes"),
        (&["get", "counts", "1", "2"], "give a map and a key: hypctl map get counts KEY"),
        (&["set", "counts", "1", "[1]"], "value [1]: 1 bytes, the map's has 8"),
        (&["set", "id", "1", "1"], "give a map, a key and a value: hypctl map set counts KEY VALUE"),
        (&["set", "huge", "1", "1"], "huge: a value of 4096 bytes is too long to be set, 2048 are not"),
    ];
    for (words, message) in cases {
        let device = device();
        assert_eq!(err(&device, &[&["map"], words].concat()), format!("hypctl: {message}\n"));
        assert!(device.bodies().iter().all(|body| matches!(body, request::Body::Maps(_))));
    }
}

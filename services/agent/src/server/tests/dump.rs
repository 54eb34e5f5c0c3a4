//! Dumps of maps.
use std::{vec, vec::Vec};

use bpf_runtime::{
    bundle::{Contents, MapContents},
    map::{ANY, MapKind},
};
use proto::device::{ErrorCode, MapDumpRequest, Request_::Body as Asked, Response_::Body as Answer};

use super::device::{Device, array, map, name, spec, tiny, told};

fn with(maps: Vec<MapContents>) -> Device {
    let mut device = Device::new();
    device.load(&Contents { maps, ..tiny(&["p"]) }).unwrap();
    device
}

/// All pieces of all pages: key, offset, value.
fn all(device: &mut Device, map: &str) -> Vec<(Vec<u8>, u32, Vec<u8>)> {
    let (mut out, mut cursor) = (vec![], 0);
    loop {
        let page = device.dump(map, cursor).unwrap();
        out.extend(page.entries.iter().map(|e| (e.key.to_vec(), e.offset, e.value.to_vec())));
        cursor = page.next;
        if cursor == 0 {
            return out;
        }
    }
}

#[test]
fn an_array_is_dumped_page_by_page() {
    let mut device = with(vec![MapContents { initial: (0..96).collect(), ..array("counts", 8, 12) }]);
    let entries = all(&mut device, "counts");
    assert_eq!(entries.len(), 12);
    for (i, (key, offset, value)) in entries.iter().enumerate() {
        assert_eq!(key[..], (i as u32).to_le_bytes());
        assert_eq!((*offset, value[0], value.len()), (0, 8 * i as u8, 8));
    }
    let page = device.dump("counts", 0).unwrap();
    assert_eq!(page.map().unwrap().max_entries, 12);
}

#[test]
fn a_long_value_comes_in_pieces() {
    let contents: Vec<u8> = (0..1400_u32).map(|i| (i / 7) as u8).collect();
    let mut device = with(vec![MapContents { initial: contents.clone(), ..array("long", 700, 2) }]);
    let pieces = all(&mut device, "long");
    let offsets: Vec<_> = pieces.iter().map(|(key, offset, value)| (key[0], *offset, value.len())).collect();
    assert_eq!(
        offsets,
        [(0, 0, 256), (0, 256, 256), (0, 512, 188), (1, 0, 256), (1, 256, 256), (1, 512, 188)]
    );
    let joined: Vec<u8> = pieces.into_iter().flat_map(|(_, _, value)| value).collect();
    assert_eq!(joined, contents);
}

#[test]
fn the_longest_keys_and_odd_sizes_are_dumped() {
    let mut device = with(vec![map("h", spec(MapKind::Hash, 512, 257, 8))]);
    let entry = device.agent.maps.iter().flatten().next().unwrap();
    for i in 0..8 {
        let (key, value) = ([i; 512], [i; 257]);
        entry.map.update(key[..].into(), value[..].into(), ANY).unwrap();
    }
    let pieces = all(&mut device, "h");
    assert_eq!(pieces.len(), 16);
    for pair in pieces.chunks(2) {
        assert_eq!((pair[0].1, pair[0].2.len(), pair[1].1, pair[1].2.len()), (0, 256, 256, 1));
        assert_eq!(pair[0].0, pair[1].0);
        assert!(pair.iter().all(|(key, _, value)| value.iter().all(|byte| *byte == key[0])));
    }
}

#[test]
fn an_entry_that_is_gone_meanwhile_is_left_out() {
    let mut device = with(vec![map("h", spec(MapKind::Hash, 4, 600, 4))]);
    let update = |device: &Device, i: u8| {
        let entry = device.agent.maps.iter().flatten().next().unwrap();
        entry.map.update((&[i; 4]).into(), (&[i; 600]).into(), ANY).unwrap();
    };
    (0..4).for_each(|i| update(&device, i));
    let page = device.dump("h", 0).unwrap();
    // The page ends inside its second entry.
    let last = page.entries.last().unwrap();
    assert_eq!((page.entries.len(), last.offset), (5, 256));
    let key = last.key.clone();
    let entry = device.agent.maps.iter().flatten().next().unwrap();
    entry.map.delete(key[..].into()).unwrap();
    let rest = device.dump("h", page.next).unwrap();
    assert_eq!(rest.entries[0].offset, 0, "the next entry from its beginning");
    assert_ne!(rest.entries[0].key, key);
}

#[test]
fn a_ring_buffer_has_no_entries_and_any_cursor_is_taken() {
    let mut device = with(vec![map("ring", spec(MapKind::RingBuf, 0, 0, 4096)), array("long", 700, 2)]);
    for cursor in [0, 1, 5, 6, 4096, u32::MAX - 1, u32::MAX] {
        assert_eq!(device.dump("ring", cursor).unwrap().entries.len(), 0);
        assert!(device.dump("long", cursor).unwrap().entries.len() <= 5);
    }
}

#[test]
fn a_map_is_named_by_id_where_its_name_is_not_its_own() {
    let mut device = with(vec![array("m", 8, 1)]);
    device.load(&Contents { maps: vec![array("m", 4, 1)], ..tiny(&["q"]) }).unwrap();
    let words = "several maps are named m: ids 1, 3; name one by its id";
    assert_eq!(told(device.dump("m", 0)), (ErrorCode::Invalid, words.into()));
    assert_eq!(told(device.dump("x", 0)), (ErrorCode::NotFound, "no map x; see: map list".into()));
    let mut by_id = |id| device.ask(Asked::MapDump(MapDumpRequest { id, name: name(""), cursor: 0 }));
    let Answer::MapEntries(page) = by_id(3) else { panic!("no dump") };
    assert_eq!(page.entries[0].value.len(), 4);
    let Answer::Error(error) = by_id(2) else { panic!("a program was dumped") };
    assert_eq!((error.code, error.message.as_str()), (ErrorCode::NotFound, "no map with id 2"));
}

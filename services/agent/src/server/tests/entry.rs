//! Single entries of maps.
use std::{vec, vec::Vec};

use bpf_runtime::{
    bundle::{Contents, MapContents},
    map::{MapKind, RDONLY_PROG},
};
use proto::device::{
    Error, ErrorCode, MapDeleteRequest, MapFlag, MapKey, MapLookupRequest, MapUpdateRequest,
    Request_::Body as Asked, Response_::Body as Answer,
};

use super::device::{Device, array, map, name, spec, tiny, told};

fn with(maps: Vec<MapContents>) -> Device {
    let mut device = Device::new();
    device.load(&Contents { maps, ..tiny(&["p"]) }).unwrap();
    device
}

fn hash(entries: u32) -> MapContents {
    map("h", spec(MapKind::Hash, 4, 8, entries))
}

fn key(map: &str, key: &[u8]) -> MapKey {
    MapKey { id: 0, name: name(map), key: key.try_into().unwrap() }
}

/// The value, asked for piece by piece.
fn get(device: &mut Device, map: &str, bytes: &[u8]) -> Result<Vec<u8>, Error> {
    let (mut value, mut offset) = (vec![], 0);
    loop {
        let mut asked = MapLookupRequest { offset, ..MapLookupRequest::default() };
        asked.set_key(key(map, bytes));
        let page = match device.ask(Asked::MapLookup(asked)) {
            Answer::MapEntries(page) => page,
            Answer::Error(error) => return Err(error),
            other => panic!("{other:?}"),
        };
        for piece in &page.entries {
            assert_eq!((piece.offset as usize, &piece.key[..]), (value.len(), bytes));
            value.extend(&piece.value);
        }
        offset = page.next;
        if offset == 0 {
            return Ok(value);
        }
    }
}

fn set(device: &mut Device, map: &str, bytes: &[u8], value: &[u8], flag: MapFlag) -> Result<(), Error> {
    let mut asked =
        MapUpdateRequest { value: value.try_into().unwrap(), flag, ..MapUpdateRequest::default() };
    asked.set_key(key(map, bytes));
    device.act(Asked::MapUpdate(asked))
}

fn delete(device: &mut Device, map: &str, bytes: &[u8]) -> Result<(), Error> {
    let mut asked = MapDeleteRequest::default();
    asked.set_key(key(map, bytes));
    device.act(Asked::MapDelete(asked))
}

#[test]
fn entries_come_change_and_go() {
    let mut device = with(vec![hash(2), array("a", 4, 3)]);
    assert_eq!(told(get(&mut device, "h", &[1; 4])), (ErrorCode::NotFound, "no such key in h".into()));
    set(&mut device, "h", &[1; 4], &[7; 8], MapFlag::Noexist).unwrap();
    set(&mut device, "h", &[1; 4], &[8; 8], MapFlag::Exist).unwrap();
    assert_eq!(get(&mut device, "h", &[1; 4]), Ok(vec![8; 8]));
    let exists = set(&mut device, "h", &[1; 4], &[9; 8], MapFlag::Noexist);
    assert_eq!(told(exists), (ErrorCode::Exists, "the key is in h already".into()));
    let gone = set(&mut device, "h", &[2; 4], &[9; 8], MapFlag::Exist);
    assert_eq!(told(gone).0, ErrorCode::NotFound);
    set(&mut device, "h", &[2; 4], &[9; 8], MapFlag::Any).unwrap();
    let full = set(&mut device, "h", &[3; 4], &[9; 8], MapFlag::Any);
    assert_eq!(told(full), (ErrorCode::NoMemory, "h is full (2 entries); delete one first".into()));
    delete(&mut device, "h", &[1; 4]).unwrap();
    assert_eq!(told(delete(&mut device, "h", &[1; 4])).0, ErrorCode::NotFound);
    set(&mut device, "a", &[2, 0, 0, 0], &[5; 4], MapFlag::Any).unwrap();
    assert_eq!(get(&mut device, "a", &[2, 0, 0, 0]), Ok(vec![5; 4]));
    for wrong in [
        set(&mut device, "a", &[3, 0, 0, 0], &[5; 4], MapFlag::Any),
        get(&mut device, "a", &[3; 4]).map(drop),
    ] {
        assert_eq!(told(wrong), (ErrorCode::NotFound, "a has the indexes 0 to 2".into()));
    }
    let message = "a is an array: its entries stay, set one to 0 instead";
    assert_eq!(told(delete(&mut device, "a", &[2, 0, 0, 0])), (ErrorCode::Invalid, message.into()));
}

#[test]
fn a_long_value_is_read_in_pieces() {
    let contents: Vec<u8> = (0..4000_u32).map(|i| (i / 7) as u8).collect();
    let mut device = with(vec![MapContents { initial: contents.clone(), ..array("long", 2000, 2) }]);
    assert_eq!(get(&mut device, "long", &[1, 0, 0, 0]), Ok(contents[2000..].to_vec()));
    set(&mut device, "long", &[0; 4], &[3; 2000], MapFlag::Any).unwrap();
    assert_eq!(get(&mut device, "long", &[0; 4]), Ok(vec![3; 2000]));
}

#[test]
fn other_sizes_flags_and_maps_are_refused() {
    let mut device = with(vec![hash(2)]);
    let said = told(get(&mut device, "h", &[1; 3]));
    assert_eq!(said, (ErrorCode::Invalid, "a key of h has 4 bytes, not 3".into()));
    let said = told(set(&mut device, "h", &[1; 4], &[1; 9], MapFlag::Any));
    assert_eq!(said, (ErrorCode::Invalid, "a value of h has 8 bytes, not 9".into()));
    let said = told(set(&mut device, "h", &[1; 4], &[1; 8], MapFlag(3)));
    assert_eq!(said, (ErrorCode::Invalid, "unknown flag 3".into()));
    assert_eq!(told(get(&mut device, "x", &[1; 4])).0, ErrorCode::NotFound);
    assert_eq!(told(device.act(Asked::MapDelete(MapDeleteRequest::default()))).0, ErrorCode::Invalid);
    assert_eq!(told(get(&mut device, "h", &[0; 4])).0, ErrorCode::NotFound, "nothing was set");
}

#[test]
fn what_the_host_may_not_change_stays() {
    let mut read_only = array("ro", 4, 1);
    read_only.spec.flags = RDONLY_PROG;
    let ring = map("ring", spec(MapKind::RingBuf, 0, 0, 4096));
    let programs = map("jumps", spec(MapKind::ProgArray, 4, 4, 2));
    let mut device = with(vec![read_only, ring, programs]);
    let message = "ro is read-only: its programs were verified with what it holds";
    for said in [set(&mut device, "ro", &[0; 4], &[1; 4], MapFlag::Any), delete(&mut device, "ro", &[0; 4])] {
        assert_eq!(told(said), (ErrorCode::Refused, message.into()));
    }
    assert_eq!(get(&mut device, "ro", &[0; 4]), Ok(vec![0; 4]));
    let message = "ring is a ringbuf: hypctl trace takes its records";
    for said in [get(&mut device, "ring", &[]).map(drop), set(&mut device, "ring", &[], &[], MapFlag::Any)] {
        assert_eq!(told(said), (ErrorCode::Unsupported, message.into()));
    }
    let said = set(&mut device, "jumps", &[0; 4], &[1; 4], MapFlag::Any);
    assert_eq!(told(said).1, "jumps is a program array: its values are programs, not bytes");
}

use std::format;

use super::*;

#[test]
fn what_is_no_map_is_not_opened() {
    let words = words(&HASH);
    let memory = Shm::from_words(&words);
    assert_eq!(Map::open(memory).map(|_| ()), Err(MapError::NotAMap));
    Map::create(memory, &HASH).unwrap();
    memory.store(24, 4, 0).unwrap();
    assert!(Map::open(memory).is_err(), "for no CPU");
    memory.store(24, 4, 1).unwrap();
    memory.store(16, 4, 1 << 10).unwrap();
    assert!(matches!(Map::open(memory), Err(MapError::Memory { .. })), "entries that the memory can't hold");
    memory.store(16, 4, 0).unwrap();
    assert!(matches!(Map::open(memory), Err(MapError::Spec(SpecError::Entries(0)))));
    assert!(Map::open(memory.slice(0, 10).unwrap()).is_err());
    assert!(Map::create(memory.slice(4, 64).unwrap(), &HASH).is_err());
}

#[test]
fn kinds_have_their_numbers() {
    for kind in MapKind::ALL {
        assert_eq!(MapKind::from_number(*kind as u32), Some(*kind));
    }
    assert_eq!(MapKind::from_number(8), None);
    assert_eq!(MapKind::from_number(9).map(MapKind::name), Some("lru_hash"));
}

#[test]
fn specs_are_checked() {
    let cases = [
        (MapSpec { key_size: 8, ..ARRAY }, "key size 8: an array's key is a __u32, 4 bytes"),
        (MapSpec { key_size: 0, ..HASH }, "key size 0: a hash map's key has 1 to 512 bytes"),
        (MapSpec { key_size: 513, ..HASH }, "key size 513: a hash map's key has 1 to 512 bytes"),
        (MapSpec { value_size: 0, ..HASH }, "value size 0: a value has 1 to 1048576 bytes"),
        (MapSpec { value_size: u32::MAX, ..ARRAY }, "value size 4294967295: a value has 1 to 1048576 bytes"),
        (MapSpec { max_entries: 0, ..ARRAY }, "max_entries 0: a map has 1 to 4194304 entries"),
        (MapSpec { max_entries: u32::MAX, ..HASH }, "max_entries 4294967295: a map has 1 to 4194304 entries"),
        (MapSpec { flags: 8, ..HASH }, "map flags 0x8 are not supported"),
        (
            MapSpec { max_entries: 100, ..RING },
            "max_entries 100: a ring buffer's size is a power of two of at least 64",
        ),
        (
            MapSpec { key_size: 8, ..PERF },
            "key or value size 8: both are a __u32 in a perf event array, 4 bytes",
        ),
        (
            MapSpec { value_size: 0, ..PERF },
            "key or value size 0: both are a __u32 in a perf event array, 4 bytes",
        ),
        (MapSpec { max_entries: 0, ..PERF }, "max_entries 0: a map has 1 to 4194304 entries"),
        (
            MapSpec { kind: MapKind::ProgArray, value_size: 8, ..PERF },
            "value size 8: a program array's value is a __u32, 4 bytes",
        ),
        (
            MapSpec { kind: MapKind::ProgArray, key_size: 8, ..PERF },
            "key size 8: an array's key is a __u32, 4 bytes",
        ),
        (
            MapSpec { kind: MapKind::LruHash, key_size: 0, ..HASH },
            "key size 0: a hash map's key has 1 to 512 bytes",
        ),
        (MapSpec { key_size: 4, ..RING }, "key or value size 4: a ring buffer has neither, leave both 0"),
        (
            MapSpec { value_size: 1 << 20, max_entries: 16, ..ARRAY },
            "the map would take 16777280 bytes, a map has 16777216 at most",
        ),
    ];
    for (spec, message) in cases {
        assert_eq!(format!("{}", spec.check().unwrap_err()), message);
    }
    for spec in [HASH, ARRAY, RING, PERF] {
        assert_eq!(spec.check(), Ok(()));
    }
}

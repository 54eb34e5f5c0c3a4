extern crate std;
use core::sync::atomic::AtomicU64;
use std::{vec, vec::Vec};

use shm::Shm;

use super::*;

const HASH: MapSpec = MapSpec { kind: MapKind::Hash, key_size: 5, value_size: 12, max_entries: 40, flags: 0 };
const ARRAY: MapSpec = MapSpec { kind: MapKind::Array, key_size: 4, value_size: 6, max_entries: 3, flags: 0 };
const PERF: MapSpec =
    MapSpec { kind: MapKind::PerfEventArray, key_size: 4, value_size: 4, max_entries: 4, flags: 0 };
const RING: MapSpec =
    MapSpec { kind: MapKind::RingBuf, key_size: 0, value_size: 0, max_entries: 256, flags: 0 };

fn words(spec: &MapSpec) -> Vec<AtomicU64> {
    (0..spec.memory_bytes().div_ceil(8)).map(|_| AtomicU64::new(u64::MAX)).collect()
}

fn key(n: u32) -> [u8; 5] {
    let b = n.to_le_bytes();
    [b[0], b[1], b[2], b[3], 7]
}

fn dump(map: &Map<'_>) -> Vec<(Vec<u8>, Vec<u8>)> {
    let (mut cursor, mut all) = (0, vec![]);
    let mut key = vec![0; map.spec().key_size as usize];
    let mut value = vec![0; map.spec().value_size as usize];
    while let Some(next) = map.next(cursor, &mut key, &mut value) {
        all.push((key.clone(), value.clone()));
        cursor = next;
    }
    all
}

#[test]
fn array_values_by_index() {
    let words = words(&ARRAY);
    let map = Map::create(Shm::from_words(&words), &ARRAY).unwrap();
    let set = |i: u32, v: &[u8; 6], flags| map.update((&i.to_le_bytes()).into(), v.into(), flags);
    assert_eq!(map.lookup((&3u32.to_le_bytes()).into()), None);
    assert_eq!(map.lookup((&u32::MAX.to_le_bytes()).into()), None);
    assert_eq!(set(3, b"abcdef", ANY), Err(Errno::E2BIG));
    assert_eq!(set(1, b"abcdef", NOEXIST), Err(Errno::EEXIST));
    assert_eq!(set(1, b"abcdef", 4), Err(Errno::EINVAL));
    assert_eq!(set(1, b"abcdef", EXIST), Ok(()));
    assert_eq!(map.delete((&1u32.to_le_bytes()).into()), Err(Errno::EINVAL));
    assert_eq!(map.entries(), 3);
    assert_eq!(dump(&map)[1], (vec![1, 0, 0, 0], b"abcdef".to_vec()));
    assert_eq!(dump(&map)[2].1, [0; 6]);
    map.set_contents(b"0123456789").unwrap();
    assert_eq!(dump(&map)[1].1, *b"6789ef");
    assert_eq!(map.set_contents(&[0; 19]), Err(MapError::Contents));
    assert_eq!(map.value(1).unwrap().load(0, 4), Ok(u64::from(u32::from_le_bytes(*b"6789"))));
    assert!(map.value(3).is_none());
    assert!(map.place(0, 3, 4).is_none(), "over the value's end, though inside the map");
    assert!(map.place(0, u32::MAX, 8).is_none());
}

#[test]
fn hash_inserts_finds_and_deletes() {
    let words = words(&HASH);
    let map = Map::create(Shm::from_words(&words), &HASH).unwrap();
    let value = |n: u32| [n as u8; 12];
    for n in 0..40 {
        map.update((&key(n)).into(), (&value(n)).into(), NOEXIST).unwrap();
    }
    assert_eq!(map.entries(), 40);
    assert_eq!(map.update((&key(40)).into(), (&value(0)).into(), ANY), Err(Errno::E2BIG));
    assert_eq!(map.update((&key(1)).into(), (&value(0)).into(), NOEXIST), Err(Errno::EEXIST));
    assert_eq!(map.update((&key(41)).into(), (&value(0)).into(), EXIST), Err(Errno::ENOENT));
    assert_eq!(map.update((&key(1)).into(), (&[0; 11]).into(), ANY), Err(Errno::EINVAL));
    map.update((&key(1)).into(), (&value(99)).into(), EXIST).unwrap();
    let entry = map.lookup((&key(1)).into()).unwrap();
    assert_eq!(map.value(entry).unwrap().load(8, 4), Ok(0x6363_6363));
    assert_eq!(map.delete((&key(7)).into()), Ok(()));
    assert_eq!(map.delete((&key(7)).into()), Err(Errno::ENOENT));
    assert_eq!(map.lookup((&key(7)).into()), None);
    assert_eq!(dump(&map).len(), 39);
    let other = Map::open(Shm::from_words(&words)).unwrap();
    assert_eq!(other.lookup((&key(8)).into()), map.lookup((&key(8)).into()));
}

#[test]
fn hash_places_are_used_again_and_again() {
    let words = words(&HASH);
    let map = Map::create(Shm::from_words(&words), &HASH).unwrap();
    for n in 0..10_000 {
        map.update((&key(n)).into(), (&[1; 12]).into(), ANY).unwrap();
        if n >= 30 {
            map.delete((&key(n - 30)).into()).unwrap();
        }
    }
    assert_eq!(map.entries(), 30);
    assert_eq!(dump(&map).len(), 30);
    assert!((9_970..10_000).all(|n| map.lookup((&key(n)).into()).is_some()));
}

#[test]
fn an_insertion_cut_in_the_middle_blocks_its_key_only() {
    let words = words(&HASH);
    let map = Map::create(Shm::from_words(&words), &HASH).unwrap();
    map.update((&key(5)).into(), (&[1; 12]).into(), ANY).unwrap();
    let place = HEADER_BYTES + map.lookup((&key(5)).into()).unwrap() as usize * map.stride;
    let state = map.memory.load(place, 4).unwrap();
    map.memory.store(place, 4, state ^ 3).unwrap();
    assert_eq!(map.lookup((&key(5)).into()), None, "FULL became BUSY: not to be seen");
    assert_eq!(map.update((&key(5)).into(), (&[1; 12]).into(), ANY), Err(Errno::EBUSY));
    for n in 6..40 {
        map.update((&key(n)).into(), (&[2; 12]).into(), ANY).unwrap();
    }
    assert_eq!(dump(&map).len(), 34);
    assert_eq!(map.recover(1), 0, "0 has died, not 1");
    assert_eq!(map.recover(0), 1);
    assert_eq!(map.update((&key(5)).into(), (&[1; 12]).into(), ANY), Ok(()));
    assert_eq!((map.entries(), dump(&map).len()), (35, 35));
}

#[test]
fn a_full_lru_map_forgets_what_was_not_used_for_longest() {
    let spec = MapSpec { kind: MapKind::LruHash, ..HASH };
    let words = words(&spec);
    let map = Map::create(Shm::from_words(&words), &spec).unwrap();
    let put = |n: u32, flags| map.update((&key(n)).into(), (&[n as u8; 12]).into(), flags);
    let there = |n: u32| dump(&map).iter().any(|(k, _)| *k == key(n));
    for n in 0..40 {
        put(n, NOEXIST).unwrap();
    }
    assert!(map.lookup((&key(0)).into()).is_some(), "a lookup is a use");
    put(1, EXIST).unwrap();
    assert!(there(2), "a dump is none");
    put(40, ANY).unwrap();
    put(41, ANY).unwrap();
    assert_eq!((there(0), there(1), there(2), there(3), there(4)), (true, true, false, false, true));
    assert_eq!(map.delete((&key(4)).into()), Ok(()));
    put(42, ANY).unwrap();
    assert!(there(5), "there was room");
    assert_eq!(map.entries(), 40);
}

#[test]
fn a_large_lru_map_keeps_what_is_used_all_the_time() {
    let spec = MapSpec { kind: MapKind::LruPercpuHash, max_entries: 1000, ..HASH };
    let words = words(&spec);
    let map = Map::create(Shm::from_words(&words), &spec).unwrap();
    for n in 0..20_000 {
        map.update((&key(n)).into(), (&[1; 12]).into(), NOEXIST).unwrap();
        for hot in 0..10.min(n) {
            assert!(map.lookup((&key(hot)).into()).is_some(), "{hot} of {n}");
        }
    }
    let all = dump(&map);
    let number = |k: &[u8]| u32::from_le_bytes([k[0], k[1], k[2], k[3]]);
    let oldest = all.iter().map(|(k, _)| number(k)).filter(|n| *n >= 10).min().unwrap();
    assert_eq!((all.len(), map.entries()), (1000, 1000));
    assert!(oldest > 16_000, "{oldest}: far older than the last thousand");
}

#[test]
fn per_cpu_maps_have_one_value_for_each_cpu() {
    for (kind, plain) in [(MapKind::PercpuHash, HASH), (MapKind::PercpuArray, ARRAY)] {
        let spec = MapSpec { kind, ..plain };
        const { assert!(CPUS == 1, "with more, the sizes below differ") };
        assert_eq!(spec.memory_bytes(), plain.memory_bytes());
        let words = words(&spec);
        let map = Map::create(Shm::from_words(&words), &spec).unwrap();
        let (key, value) = ([1, 0, 0, 0, 0], [9; 12]);
        let (key, value) = (&key[..spec.key_size as usize], &value[..spec.value_size as usize]);
        map.update(key.into(), value.into(), ANY).unwrap();
        let entry = map.lookup(key.into()).unwrap();
        assert_eq!(map.value(entry).unwrap().load(0, 4), Ok(0x0909_0909));
        assert_eq!(map.set_contents(&[1]), Err(MapError::Contents));
        map.memory.store(24, 4, 2).unwrap();
        assert!(Map::open(Shm::from_words(&words)).is_err(), "made for two CPUs");
    }
}

#[test]
fn corrupted_memory_misleads_answers_not_accesses() {
    for spec in [HASH, MapSpec { kind: MapKind::LruHash, ..HASH }] {
        corrupt(&spec);
    }
}

fn corrupt(spec: &MapSpec) {
    let words = words(spec);
    let memory = Shm::from_words(&words);
    let map = Map::create(memory, spec).unwrap();
    let mut seed = 1u64;
    for round in 0..3_000u32 {
        for _ in 0..4 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            memory.store((seed >> 33) as usize % memory.len(), 1, seed >> 50).unwrap();
        }
        let _ = map.update((&key(round % 60)).into(), (&[3; 12]).into(), ANY);
        let _ = map.lookup((&key(round % 50)).into());
        let _ = map.delete((&key(round % 70)).into());
        if round % 64 == 0 {
            assert!(map.recover((round / 64) as u8) <= map.slots);
        }
        assert!(dump(&map).len() <= map.slots as usize);
        assert!(map.entries() <= 40);
    }
}

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
        assert_eq!(std::format!("{}", spec.check().unwrap_err()), message);
    }
    for spec in [HASH, ARRAY, RING, PERF] {
        assert_eq!(spec.check(), Ok(()));
    }
}

#[test]
fn ring_records_in_order_across_the_end() {
    let words = words(&RING);
    let ring = Map::create(Shm::from_words(&words), &RING).unwrap().ring().unwrap();
    let reader = Map::open(Shm::from_words(&words)).unwrap().ring().unwrap();
    for n in 0..500usize {
        let data = vec![n as u8; n % 100];
        ring.output(data.as_slice().into()).unwrap();
        let mut got = [0; 120];
        assert_eq!(reader.consume(&mut got), Some(data.len()), "record {n}");
        assert_eq!(&got[..data.len()], data);
    }
    assert_eq!(reader.consume(&mut []), None);
    assert_eq!(ring.query(0), 0);
    assert_eq!(ring.query(1), 256);
}

#[test]
fn ring_waits_for_the_first_reserved_record() {
    let words = words(&RING);
    let ring = Map::create(Shm::from_words(&words), &RING).unwrap().ring().unwrap();
    let first = ring.reserve(8).unwrap();
    ring.output(b"later".into()).unwrap();
    assert_eq!(ring.consume(&mut [0; 8]), None, "records keep their order");
    ring.record(first).unwrap().store(0, 8, 77).unwrap();
    ring.commit(first, false);
    let mut got = [0; 8];
    assert_eq!(ring.consume(&mut got), Some(8));
    assert_eq!(got[0], 77);
    let dropped = ring.reserve(3).unwrap();
    ring.commit(dropped, true);
    ring.output(b"last".into()).unwrap();
    assert_eq!(ring.consume(&mut got), Some(5));
    assert_eq!(ring.consume(&mut got), Some(4), "the discarded one is skipped");
    assert_eq!(&got[..4], b"last");
}

#[test]
fn a_full_ring_refuses_and_counts() {
    let words = words(&RING);
    let ring = Map::create(Shm::from_words(&words), &RING).unwrap().ring().unwrap();
    assert_eq!(ring.reserve(121), Err(Errno::E2BIG));
    assert_eq!(ring.reserve(usize::MAX), Err(Errno::E2BIG));
    ring.output((&[1; 120]).into()).unwrap();
    ring.output((&[2; 120]).into()).unwrap();
    assert_eq!(ring.output((&[3; 1]).into()), Err(Errno::EAGAIN));
    assert_eq!(ring.lost(), 1);
    assert_eq!(ring.query(0), 256);
}

#[test]
fn a_corrupted_ring_goes_on() {
    let words = words(&RING);
    let memory = Shm::from_words(&words);
    let ring = Map::create(memory, &RING).unwrap().ring().unwrap();
    let mut seed = 7u64;
    for _ in 0..5_000 {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        memory.store(32 + (seed >> 33) as usize % (memory.len() - 32), 1, seed >> 50).unwrap();
        let _ = ring.output((&[9; 30]).into());
        let _ = ring.consume(&mut [0; 64]);
        let _ = ring.recover(seed as u8);
    }
    memory.store(32, 8, 24).unwrap();
    memory.store(40, 8, 1 << 40).unwrap();
    assert_eq!(ring.consume(&mut [0; 64]), None);
    ring.output(b"fine".into()).unwrap();
    assert_eq!(ring.consume(&mut [0; 64]), Some(4));
}

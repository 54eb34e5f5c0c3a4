//! Maps in private memory, with one user at a time.
extern crate std;
use core::sync::atomic::AtomicU64;
use std::{vec, vec::Vec};

use shm::Shm;

use super::*;

mod hash;
mod lpm;
mod ring;
mod spec;

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
    assert!(map.value(0).unwrap().load(3, 4).is_err(), "over the value's end, though inside the map");
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

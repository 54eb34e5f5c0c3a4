use super::*;

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

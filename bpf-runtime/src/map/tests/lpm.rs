use super::*;

const ROUTES: MapSpec =
    MapSpec { kind: MapKind::LpmTrie, key_size: 8, value_size: 4, max_entries: 8, flags: 1 };

/// The key of an IPv4 prefix.
fn prefix(bits: u32, address: [u8; 4]) -> [u8; 8] {
    let mut key = [0; 8];
    key[..4].copy_from_slice(&bits.to_le_bytes());
    key[4..].copy_from_slice(&address);
    key
}

#[test]
fn the_longest_prefix_is_found() {
    let words = words(&ROUTES);
    let map = Map::create(Shm::from_words(&words), &ROUTES).unwrap();
    let set = |bits, address, value: u32| {
        map.update((&prefix(bits, address)).into(), (&value.to_le_bytes()).into(), ANY)
    };
    let get = |bits, address| {
        let entry = map.lookup((&prefix(bits, address)).into())?;
        map.value(entry).unwrap().load(0, 4).ok()
    };
    assert_eq!(get(32, [10, 1, 2, 3]), None);
    // Bits beyond the prefix do not count: 10.0.0.0/8 twice.
    assert_eq!((set(8, [10, 9, 9, 9], 1), set(8, [10, 0, 0, 0], 8)), (Ok(()), Ok(())));
    assert_eq!(map.entries(), 1);
    assert_eq!((set(15, [10, 2, 0, 0], 15), set(32, [10, 1, 2, 3], 32)), (Ok(()), Ok(())));
    assert_eq!((get(32, [10, 1, 2, 3]), get(32, [10, 1, 2, 4])), (Some(32), Some(8)));
    assert_eq!((get(32, [10, 3, 0, 1]), get(32, [10, 4, 0, 1])), (Some(15), Some(8)));
    assert_eq!((get(31, [10, 1, 2, 3]), get(7, [10, 0, 0, 0])), (Some(8), None));
    assert_eq!(get(32, [11, 0, 0, 0]), None);
    assert_eq!(set(0, [1, 2, 3, 4], 0), Ok(()));
    assert_eq!(get(32, [11, 0, 0, 0]), Some(0));
    assert_eq!(map.delete((&prefix(8, [10, 7, 7, 7])).into()), Ok(()));
    assert_eq!(map.delete((&prefix(9, [10, 0, 0, 0])).into()), Err(Errno::ENOENT));
    assert_eq!(get(32, [10, 4, 0, 1]), Some(0));
    assert_eq!((set(33, [1, 2, 3, 4], 0), get(33, [1, 2, 3, 4])), (Err(Errno::EINVAL), None));
    assert_eq!(map.delete((&prefix(33, [1, 2, 3, 4])).into()), Err(Errno::EINVAL));
}

#[test]
fn keys_have_a_length_and_data() {
    for (key_size, fits) in [(4, false), (5, true), (20, true), (36, true), (37, false)] {
        assert_eq!(MapSpec { key_size, ..ROUTES }.check().is_ok(), fits, "{key_size}");
    }
}

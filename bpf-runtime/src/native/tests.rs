//! Helpers on real memory, called as compiled code calls them.
use core::sync::atomic::AtomicU64;
use std::{boxed::Box, string::String, vec::Vec};

use shm::Shm;

use super::*;
use crate::map::MapSpec;

#[derive(Default)]
struct World(Vec<String>);

impl Env for World {
    fn now_ns(&mut self) -> u64 {
        77
    }

    fn random_u32(&mut self) -> u32 {
        4
    }

    fn cpu(&mut self) -> u32 {
        0
    }

    fn trace(&mut self, text: &[u8]) {
        self.0.push(String::from_utf8_lossy(text).into_owned());
    }
}

fn map(kind: MapKind, key_size: u32, value_size: u32, max_entries: u32) -> Map<'static> {
    let spec = MapSpec { kind, key_size, value_size, max_entries, flags: 0 };
    let words: Vec<_> = (0..spec.memory_bytes().div_ceil(8)).map(|_| AtomicU64::new(0)).collect();
    Map::create(Shm::from_words(Box::leak(words.into_boxed_slice())), &spec).unwrap()
}

/// A host over a hash map, an array and a ring; the function calls a helper.
fn with_host(
    test: impl FnOnce(&dyn Fn(u32, [u64; 5]) -> u64, &[Map<'static>], &mut dyn FnMut() -> Vec<String>),
) {
    let maps = [map(MapKind::Hash, 4, 8, 8), map(MapKind::Array, 4, 16, 2), map(MapKind::RingBuf, 0, 0, 128)];
    let host = core::cell::RefCell::new(Host::new(&maps, World::default(), (0, 0)));
    let call = |number: u32, args: [u64; 5]| {
        let mut run = Run::new(0, &[], &[]);
        let mut host = host.borrow_mut();
        run.data = core::ptr::from_mut(&mut *host).expose_provenance() as u64;
        let function = Host::<World>::FUNCTIONS[number as usize].expect("a helper of this number");
        let [r1, r2, r3, r4, r5] = args;
        // SAFETY: the tests hand over addresses of what lives.
        unsafe { function(r1, r2, r3, r4, r5, &mut run) }
    };
    let mut printed = || core::mem::take(&mut host.borrow_mut().env.0);
    test(&call, &maps, &mut printed);
}

fn address<T>(value: &T) -> u64 {
    core::ptr::from_ref(value).expose_provenance() as u64
}

#[test]
fn every_helper_has_a_function_and_nothing_else_has_one() {
    for number in 0..HELPERS as u32 {
        let known = crate::helper::find(number).is_some();
        assert_eq!(Host::<World>::FUNCTIONS[number as usize].is_some(), known, "helper {number}");
    }
    assert_eq!(crate::helper::HELPERS.last().map(|h| h.number as usize + 1), Some(HELPERS));
}

#[test]
fn maps_are_read_and_written_through_addresses() {
    with_host(|call, maps, _| {
        let (key, value) = (7_u32, 0x1234_5678_9abc_def0_u64);
        assert_eq!(call(number::MAP_LOOKUP_ELEM, [0, address(&key), 0, 0, 0]), 0);
        assert_eq!(call(number::MAP_UPDATE_ELEM, [0, address(&key), address(&value), 0, 0]), 0);
        let found = call(number::MAP_LOOKUP_ELEM, [0, address(&key), 0, 0, 0]);
        assert_eq!(bytes(found, 8).word(0), value);
        assert_eq!(call(number::MAP_DELETE_ELEM, [0, address(&key), 0, 0, 0]), 0);
        assert_eq!(call(number::MAP_DELETE_ELEM, [0, address(&key), 0, 0, 0]), Errno::ENOENT.to_r0());
        // An array's values lie one behind the other.
        let (zero, one) = (0_u32, 1_u32);
        let first = call(number::MAP_LOOKUP_ELEM, [1, address(&zero), 0, 0, 0]);
        assert_eq!(call(number::MAP_LOOKUP_ELEM, [1, address(&one), 0, 0, 0]), first + 16);
        assert_eq!(first, maps[1].memory().as_ptr().addr() as u64 + maps[1].first_value() as u64);
        assert_eq!(
            call(number::MAP_LOOKUP_PERCPU_ELEM, [1, address(&zero), 1, 0, 0]),
            0,
            "no such processor"
        );
        assert_eq!(call(number::MAP_LOOKUP_ELEM, [9, address(&zero), 0, 0, 0]), 0, "no such map");
    });
}

#[test]
fn records_are_the_rings_own_and_given_back_once() {
    with_host(|call, maps, _| {
        let record = call(number::RINGBUF_RESERVE, [2, 16, 0, 0, 0]);
        let inside = maps[2].memory().as_ptr().addr() as u64..;
        assert!(inside.contains(&record));
        assert_eq!(call(number::RINGBUF_SUBMIT, [record + 8, 0, 0, 0, 0]), 0, "nothing happens");
        call(number::RINGBUF_DISCARD, [record, 0, 0, 0, 0]);
        assert_ne!(call(number::RINGBUF_RESERVE, [2, 56, 0, 0, 0]), 0);
        assert_eq!(call(number::RINGBUF_RESERVE, [2, 56, 0, 0, 0]), 0, "full");

        assert_eq!(call(number::RINGBUF_RESERVE, [0, 8, 0, 0, 0]), 0, "no ring");
    });
}

#[test]
fn prints_read_strings_of_the_programs_memory_only() {
    with_host(|call, maps, printed| {
        maps[1].set_contents(b"hello\0").unwrap();
        let text = maps[1].memory().as_ptr().addr() as u64 + maps[1].first_value() as u64;
        let format = *b"%d %s\0";
        call(number::TRACE_PRINTK, [address(&format), 6, 5, text, 0]);
        call(number::TRACE_PRINTK, [address(&format), 6, 6, 64, 0]);
        assert_eq!(printed(), ["5 hello", "6 (fault)"]);
    });
}

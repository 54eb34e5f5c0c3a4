//! The ledger, in memory that the tests make.
extern crate std;
use core::sync::atomic::AtomicU64;
use std::vec::Vec;

use super::*;

fn words(bytes: usize) -> Vec<AtomicU64> {
    (0..bytes / 8).map(|_| AtomicU64::new(0)).collect()
}

fn program() -> Program {
    let meta = Meta {
        id: 5,
        insns: 9,
        bound: 1 << 40,
        tag: 77,
        loaded_at_ns: 1 << 35,
        stack_bytes: 64,
        name: *b"tick\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
    };
    let mut program = Program {
        hook: 1,
        image: IMAGES as u32,
        image_bytes: 600,
        out: Grant { offset: 4096, bytes: 4096, access: Access::Write },
        flags: CLOCK,
        maps: 2,
        map: [Grant::default(); image::MAPS],
        meta,
    };
    program.map[0] = Grant { offset: 8192, bytes: 8192, access: Access::Write };
    program.map[1] = Grant { offset: 0, bytes: 4096, access: Access::Read };
    program
}

#[test]
fn programs_are_read_as_written_and_nonsense_is_not_read() {
    let words = words(IMAGES + 4096);
    let ledger = Ledger(Shm::from_words(&words));
    assert_eq!(ledger.program(CELLS - 1), None);
    ledger.set_program(CELLS - 1, &program()).unwrap();
    assert_eq!(ledger.program(CELLS - 1), Some(program()));
    assert_eq!(ledger.map(0), None, "entries keep clear of each other");
    ledger.clear_program(CELLS - 1);
    assert_eq!(ledger.program(CELLS - 1), None);
    for bad in [
        Program { image: 0, ..program() },
        Program { image: u32::MAX, ..program() },
        Program { image_bytes: 5000, ..program() },
        Program { image_bytes: 8, ..program() },
        Program { maps: image::MAPS as u32 + 1, ..program() },
    ] {
        ledger.set_program(0, &bad).unwrap();
        assert_eq!(ledger.program(0), None, "{bad:?}");
    }
    assert!(ledger.set_program(CELLS, &program()).is_err());
}

#[test]
fn maps_are_read_as_written() {
    let words = words(IMAGES);
    let ledger = Ledger(Shm::from_words(&words));
    let map = Map { id: 3, offset: 4096, bytes: 8192, name: [b'x'; NAME], spec: [1, 2, 3, 4] };
    ledger.set_map(MAPS - 1, Some(&map)).unwrap();
    assert_eq!((ledger.map(MAPS - 1), ledger.map(0)), (Some(map), None));
    ledger.set_map(MAPS - 1, None).unwrap();
    assert_eq!(ledger.map(MAPS - 1), None);
    assert!(ledger.set_map(MAPS, Some(&map)).is_err());
}

#[test]
fn a_grant_is_whole_pages_inside_the_memory() {
    let grant = |offset, bytes| Grant { offset, bytes, access: Access::Write };
    assert_eq!(grant(4096, 8192).pages(3), Some(1..3));
    for bad in [grant(4096, 12288), grant(1, 4096), grant(0, 0), grant(0, 100), grant(u32::MAX - 4095, 8192)]
    {
        assert_eq!(bad.pages(3), None, "{bad:?}");
    }
}

//! An agent that starts anew, on the memory and the cells that an earlier one left.
use std::vec;

use bpf_runtime::map::MapKind;
use proto::device::{ErrorCode, Request_::Body as Asked};
use report::control::Request;

use super::device::{Device, array, by_name, map, spec, tiny, told};

const MS: u64 = 1_000_000;

/// Two programs with maps, of which one is attached.
fn used() -> Device {
    let mut device = Device::new();
    let mut contents = tiny(&["a", "b"]);
    contents.maps = vec![array("counts", 8, 2), map("h", spec(MapKind::Hash, 4, 8, 4))];
    device.load(&contents).unwrap();
    device.attach("a", "timer", 10 * MS).unwrap();
    device
}

#[test]
fn programs_maps_and_attachments_go_on() {
    let mut device = used();
    let (before, status) = (device.snapshot(), device.status());
    let mut next = Device::on(device.memory, device.board.clone());
    assert_eq!(next.snapshot(), before);
    let now = next.status();
    assert_eq!((now.programs, now.maps, now.attachments), (status.programs, status.maps, status.attachments));
    assert_eq!(now.map_memory_free, status.map_memory_free);
    // What is new gets numbers that nothing had.
    let loaded = next.load(&tiny(&["c"])).unwrap();
    assert!(loaded.programs[0].id > 4, "{loaded:?}");
    next.detach("a").unwrap();
    for name in ["a", "b", "c"] {
        next.unload(name).unwrap();
    }
    assert_eq!(next.snapshot(), Device::new().snapshot());
}

#[test]
fn what_was_half_done_is_undone() {
    let device = used();
    // An agent that died while it unloaded b: the entry is gone, the cell is not.
    device.agent.ledger.clear_program(1);
    // And one that died while it made a map.
    let stray = cell::ledger::Map {
        id: 77,
        offset: 8 * 4096,
        bytes: 4096,
        name: [b'x'; 32],
        spec: spec(MapKind::Array, 4, 8, 1).to_words(),
    };
    device.agent.ledger.set_map(9, Some(&stray)).unwrap();
    let mut next = Device::on(device.memory, device.board.clone());
    assert_eq!(next.board.0.borrow().cells, [0]);
    assert_eq!(told(next.unload("b")), (ErrorCode::NotFound, "no program b; see: prog list".into()));
    next.detach("a").unwrap();
    next.unload("a").unwrap();
    assert_eq!(next.snapshot(), Device::new().snapshot());
}

#[test]
fn maps_whose_memory_a_program_wrote_over_are_known_again() {
    let mut device = used();
    let before = device.status();
    for place in 0..2 {
        let map = device.agent.ledger.map(place).unwrap();
        let memory = device.memory.maps.slice(map.offset as usize, map.bytes as usize).unwrap();
        for at in (0..memory.len()).step_by(8) {
            memory.store(at, 8, 0x5a5a_5a5a_5a5a_5a5a).unwrap();
        }
    }
    let mut next = Device::on(device.memory, device.board.clone());
    let now = next.status();
    assert_eq!((now.programs, now.maps, now.attachments), (before.programs, before.maps, before.attachments));
}

#[test]
fn a_cell_that_is_missing_is_made_again() {
    let device = used();
    device.board.0.borrow_mut().cells.clear();
    let next = Device::on(device.memory, device.board.clone());
    assert_eq!(next.board.0.borrow().cells, [0, 1]);
}

#[test]
fn attachments_of_what_is_not_there_go() {
    let device = used();
    device.agent.ledger.clear_program(0);
    let mut next = Device::on(device.memory, device.board.clone());
    assert_eq!(next.status().attachments, 0);
    assert!(!cell::hook::Hook::new(next.memory.hooks, 1).unwrap().is_armed());
    next.act(Asked::Unload(by_name("b"))).unwrap();
}

#[test]
fn pages_that_two_entries_claim_are_given_to_one() {
    let device = used();
    let ledger = device.agent.ledger;
    let a = ledger.program(0).unwrap();
    ledger.set_program(5, &a).unwrap();
    let next = Device::on(device.memory, device.board.clone());
    assert!(ledger.program(5).is_none() && ledger.program(0).is_some());
    assert_eq!(next.board.0.borrow().cells, [0, 1]);
}

#[test]
fn the_root_task_is_asked_for_little() {
    let device = Device::new();
    let next = crate::server::Agent::new(device.memory, device.board.clone()).unwrap();
    assert_eq!(next.board.0.borrow().asked_root, [Request::Retain { low: 0, high: 0 }]);
}

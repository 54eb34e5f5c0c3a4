//! Attaching and detaching.
use std::{format, string::String, vec, vec::Vec};

use bpf_runtime::bundle::Contents;
use proto::device::{AttachRequest, ErrorCode, ProgramRequest, Request_::Body as Asked};

use report::{
    State,
    cells::Cells,
    control::Request,
    events::{Kind, Log},
};

use super::device::{Device, by_name, code, name, program, tiny, told};

const MS: u64 = 1_000_000;

fn loaded() -> Device {
    let mut device = Device::new();
    let programs = vec![program("tick", "timer", code(2)), program("echo", "serial", code(2))];
    device.load(&Contents { programs, ..tiny(&[]) }).unwrap();
    device
}

#[test]
fn a_program_is_attached_to_its_hook_until_it_is_detached() {
    let mut device = loaded();
    device.attach("tick", "timer", 10 * MS).unwrap();
    device.attach("echo", "serial", 0).unwrap();
    let timer = cell::hook::Hook::new(device.memory.hooks, 1).unwrap();
    let attachment = timer.iter().next().unwrap().1;
    assert_eq!((attachment.program, attachment.period_ns), (0, 10 * MS));
    assert!(cell::hook::Hook::new(device.memory.hooks, 2).unwrap().is_armed());
    assert_eq!(device.status().attachments, 2);
    let words = "tick is attached already; detach it first";
    assert_eq!(told(device.attach("tick", "timer", MS)), (ErrorCode::Exists, words.into()));
    let words = "tick is attached; detach it first: prog detach tick";
    assert_eq!(told(device.unload("tick")), (ErrorCode::Busy, words.into()));
    device.detach("tick").unwrap();
    assert!(!timer.is_armed());
    assert_eq!(told(device.detach("tick")), (ErrorCode::NotFound, "tick is not attached".into()));
    assert_eq!(device.board.0.borrow().hooks_changed, [1, 2, 1]);
    device.unload("tick").unwrap();
}

#[test]
fn a_program_whose_cell_stays_stopped_leaves_its_hook() {
    let mut device = loaded();
    device.attach("tick", "timer", 10 * MS).unwrap();
    device.attach("echo", "serial", 0).unwrap();
    device.board.0.borrow_mut().asked_root.clear();
    let cells = Cells(device.memory.cells);
    cells.set_state(0, Some(State::Waiting), 2).unwrap();
    device.agent.detach_stopped();
    assert_eq!(device.status().attachments, 2, "it is to be built again");
    for _ in 0..2 {
        cells.set_state(0, Some(State::Stopped), 4).unwrap();
        device.agent.detach_stopped();
    }
    assert!(!cell::hook::Hook::new(device.memory.hooks, 1).unwrap().is_armed());
    assert_eq!(device.status().attachments, 1, "the other one goes on");
    let notes = device.board.0.borrow();
    assert_eq!(notes.asked_root, [Request::Detach { hook: 1, place: 0 }]);
    assert_eq!(notes.hooks_changed, [1, 2, 1]);
    drop(notes);
    let own = Log::new(device.memory.events_own).unwrap();
    let last = own.get(*own.numbers().end()).unwrap();
    assert_eq!(last.kind, Kind::Detached as u32);
    assert_eq!((last.subject.as_str(), last.text.as_str()), ("tick", "its cell stays stopped"));
    let words = "tick faulted too often and stays stopped; replace it, or unload it and load it again";
    assert_eq!(told(device.attach("tick", "timer", MS)), (ErrorCode::Invalid, words.into()));
    device.unload("tick").unwrap();
}

#[test]
fn what_does_not_fit_is_refused_by_name() {
    let mut device = loaded();
    let cases = [
        ("tick", "xdp", 0, ErrorCode::NotFound, "no hook xdp; there are: timer, serial, metrics"),
        ("tick", "serial", 0, ErrorCode::Invalid, "tick is made for the hook timer, not serial"),
        ("tock", "timer", MS, ErrorCode::NotFound, "no program tock; see: prog list"),
        ("echo", "serial", MS, ErrorCode::Invalid, "the hook serial takes no period"),
    ];
    for (program, hook, period, code, words) in cases {
        assert_eq!(told(device.attach(program, hook, period)), (code, words.into()), "{program} to {hook}");
    }
    let words = "the hook timer takes a period of 100us to 24h, e.g. --period 10ms";
    for period in [0, 99_999, 86_400_000_000_001, u64::MAX] {
        assert_eq!(told(device.attach("tick", "timer", period)), (ErrorCode::Invalid, words.into()));
    }
    assert_eq!(told(device.act(Asked::Attach(AttachRequest::default()))).0, ErrorCode::NotFound);
    assert_eq!(device.board.0.borrow().hooks_changed, [], "nothing changed");
}

#[test]
fn the_shortest_and_the_longest_period_are_taken() {
    for period in [100_000, 86_400_000_000_000] {
        loaded().attach("tick", "timer", period).unwrap();
    }
}

#[test]
fn an_id_names_a_program_too() {
    let mut device = loaded();
    let mut attach = AttachRequest { hook: name("serial"), ..AttachRequest::default() };
    attach.set_program(ProgramRequest { id: 2, name: name("ignored") });
    device.act(Asked::Attach(attach)).unwrap();
    device.detach("echo").unwrap();
    let unknown = Asked::Unload(ProgramRequest { id: 99, name: name("") });
    assert_eq!(told(device.act(unknown)), (ErrorCode::NotFound, "no program with id 99".into()));
}

#[test]
fn a_hook_has_so_many_places() {
    let mut device = Device::new();
    let names: Vec<String> = (0..17).map(|i| format!("p{i}")).collect();
    for name in &names {
        device.load(&tiny(&[name])).unwrap();
    }
    for name in &names[..16] {
        device.attach(name, "timer", MS).unwrap();
    }
    let words = "the hook timer has no more room; detach a program first";
    assert_eq!(told(device.attach("p16", "timer", MS)), (ErrorCode::NoMemory, words.into()));
    device.act(Asked::Detach(by_name("p3"))).unwrap();
    device.attach("p16", "timer", MS).unwrap();
}

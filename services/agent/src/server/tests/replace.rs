//! Replacing a program.
use std::{vec, vec::Vec};

use bpf_runtime::bundle::{Contents, MapContents};
use proto::device::{
    Error, ErrorCode, LoadResponse, ReplaceRequest, Request_::Body as Asked, Response_::Body as Answer,
};
use report::control::Request;

use super::device::{Device, array, by_name, code, program, tiny, told};

const MS: u64 = 1_000_000;

fn replace(device: &mut Device, old: &str, contents: &Contents) -> Result<LoadResponse, Error> {
    let bytes = contents.write().unwrap();
    device.upload(&bytes)?;
    let mut request = ReplaceRequest { size: bytes.len() as u32, ..ReplaceRequest::default() };
    request.set_program(by_name(old));
    match device.ask(Asked::Replace(request)) {
        Answer::Load(loaded) => Ok(loaded),
        Answer::Error(error) => Err(error),
        other => panic!("{other:?}"),
    }
}

fn attached() -> Device {
    let mut device = Device::new();
    device
        .load(&Contents { maps: vec![array("counts", 8, 2), array(".bss", 8, 1)], ..tiny(&["a"]) })
        .unwrap();
    device.attach("a", "timer", 10 * MS).unwrap();
    device
}

#[test]
fn the_new_one_takes_over_attachment_and_maps() {
    let mut device = attached();
    let before: Vec<u32> = device.agent.maps.iter().flatten().map(|map| map.id).collect();
    let hook = cell::hook::Hook::new(device.memory.hooks, 1).unwrap();
    let old = hook.iter().next().unwrap();
    device.board.0.borrow_mut().asked_root.clear();
    let maps = vec![array("counts", 8, 2), array(".bss", 8, 1), array("more", 8, 1)];
    let loaded = replace(&mut device, "a", &Contents { maps, ..tiny(&["a"]) }).unwrap();
    assert_eq!(loaded.programs[0].name, "a");
    let new = hook.iter().next().unwrap();
    assert_eq!((new.0, new.1.epoch, new.1.period_ns), (old.0, old.1.epoch, old.1.period_ns));
    assert_eq!((old.1.program, new.1.program), (0, 1));
    let asked = [
        Request::Spawn { cell: 1 },
        Request::Attach { cell: 1, hook: 1, place: 0 },
        Request::Kill { cell: 0 },
    ];
    assert_eq!(device.board.0.borrow().asked_root, asked, "first the new one, then the old one goes");
    let after: Vec<u32> = device.agent.maps.iter().flatten().map(|map| map.id).collect();
    assert!(after.contains(&before[0]), "counts is taken over");
    assert!(!after.contains(&before[1]), "a program's own variables are not");
    assert_eq!(after.len(), 3);
}

#[test]
fn a_refused_one_leaves_the_old_one_as_it_was() {
    let mut device = attached();
    let mut bad = tiny(&["a"]);
    bad.programs[0].code.truncate(1);
    let other = Contents { programs: vec![program("a", "serial", code(2))], ..tiny(&[]) };
    let huge = Contents { maps: vec![array("huge", 1 << 20, 1)], ..tiny(&["a"]) };
    let cases = [
        (bad, ErrorCode::Refused),
        (tiny(&["a", "b"]), ErrorCode::Invalid),
        (other, ErrorCode::Invalid),
        (huge, ErrorCode::NoMemory),
    ];
    for (contents, code) in cases {
        let before = device.snapshot();
        assert_eq!(told(replace(&mut device, "a", &contents)).0, code);
        assert_eq!(device.snapshot(), before);
    }
    let unknown = replace(&mut device, "z", &tiny(&["a"]));
    assert_eq!(told(unknown), (ErrorCode::NotFound, "no program z; see: prog list".into()));
    device.load(&tiny(&["b"])).unwrap();
    let taken = replace(&mut device, "a", &tiny(&["b"]));
    assert_eq!(told(taken), (ErrorCode::Exists, "another program b is loaded already".into()));
}

#[test]
fn maps_of_another_description_are_made_anew() {
    let mut device = attached();
    let maps: Vec<MapContents> = vec![array("counts", 16, 2)];
    replace(&mut device, "a", &Contents { maps, ..tiny(&["a"]) }).unwrap();
    let sizes: Vec<u32> = device.agent.maps.iter().flatten().map(|map| map.map.spec().value_size).collect();
    assert_eq!(sizes, [16]);
}

//! Loading: all of a bundle or nothing, and each refusal's words.
use std::{format, string::String, vec, vec::Vec};

use bpf_runtime::{
    bundle::{Contents, MapContents},
    isa::{Insn, opcode},
    map::{MapKind, MapSpec, RDONLY_PROG},
};
use cell::{
    image::Header,
    ledger::{Access, Ledger},
};
use proto::device::{ErrorCode, LoadRequest, Request_::Body as Asked, Response_::Body as Answer};

use report::control::{Refusal, Request};

use super::device::{Device, array, code, map, memory, program, spec, tiny, told};
use crate::{MAPS, server::Memory};

/// Loads `contents`, which must fail with these words and leave everything as it was.
fn refused(device: &mut Device, contents: &Contents, code: ErrorCode, words: &str) {
    let before = device.snapshot();
    assert_eq!(told(device.load(contents)), (code, words.into()));
    assert_eq!(device.snapshot(), before, "a refused load left something behind");
}

#[test]
fn a_bundle_is_loaded_whole() {
    let mut device = Device::new();
    device.board.0.borrow_mut().now_ns = 77;
    let mut contents = tiny(&["a", "b"]);
    contents.programs[1] = program("b", "serial", code(3));
    contents.maps = vec![MapContents { initial: vec![1, 2, 3], ..array("counts", 8, 2) }];
    let loaded = device.load(&contents).unwrap();
    let names: Vec<_> =
        loaded.programs.iter().map(|p| (p.id, p.name.as_str(), p.instruction_bound)).collect();
    assert_eq!(names, [(2, "a", 2), (3, "b", 3)], "id 1 is the map's");
    assert_eq!(device.board.0.borrow().cells, [0, 1]);

    let ledger = Ledger(device.memory.ledger);
    let (a, b) = (ledger.program(0).unwrap(), ledger.program(1).unwrap());
    assert_eq!((a.hook, a.meta.insns, a.meta.bound, a.maps), (1, 2, 2, 1));
    assert_eq!((b.hook, b.meta.insns, b.meta.loaded_at_ns), (2, 3, 77));
    assert_eq!(a.map[0], b.map[0], "the map is shared");
    let header = Header::read(ledger.image(&b).unwrap()).unwrap();
    assert_eq!((header.slot, header.owner, header.context_bytes), (1, 2, 32));
    let grant = b.map[0];
    let memory = device.memory.maps.slice(grant.offset as usize, grant.bytes as usize).unwrap();
    let value = bpf_runtime::map::Map::open(memory).unwrap().value(0).unwrap();
    assert_eq!(value.load(0, 8), Ok(0x03_0201));
}

#[test]
fn a_cell_may_write_to_the_maps_that_its_program_writes_to() {
    let mut device = Device::new();
    let mut contents = tiny(&["a"]);
    contents.maps = vec![array("read", 8, 1), array("written", 8, 1)];
    // Of each map r1 = the address of its value; then *(u64 *)(r1 + 0) = 0 in the second.
    let lddw = |map| Insn { op: opcode::LDDW, src: 2, dst: 1, imm: map, ..Insn::default() };
    let store = Insn { op: 0x7a, dst: 1, ..Insn::default() };
    let code = [lddw(0), Insn::default(), lddw(1), Insn::default(), store];
    contents.programs[0].code.splice(0..0, code);
    device.load(&contents).unwrap();
    let ledger = Ledger(device.memory.ledger);
    let program = ledger.program(0).unwrap();
    assert_eq!([program.map[0].access, program.map[1].access], [Access::Read, Access::Write]);
    assert_eq!(Header::read(ledger.image(&program).unwrap()).unwrap().written, 0b10);
}

#[test]
fn a_cell_gets_the_maps_that_its_program_uses_and_no_other() {
    let mut device = Device::new();
    let mut contents = tiny(&["a", "b"]);
    // r1 = the map with index 1
    let lddw = Insn { op: opcode::LDDW, src: 1, dst: 1, imm: 1, ..Insn::default() };
    contents.programs[1].code.splice(0..0, [lddw, Insn::default()]);
    contents.maps = vec![array("other", 8, 2), array("used", 8, 2)];
    contents.maps.push(MapContents {
        spec: MapSpec { flags: RDONLY_PROG, ..spec(MapKind::Array, 4, 8, 1) },
        ..array("r", 8, 1)
    });
    contents.programs[0].code.splice(0..0, [Insn { imm: 2, ..lddw }, Insn::default()]);
    device.load(&contents).unwrap();
    let ledger = Ledger(device.memory.ledger);
    let access = |slot| ledger.program(slot).unwrap().map.map(|grant| grant.access);
    assert_eq!(access(0)[..3], [Access::None, Access::None, Access::Read]);
    assert_eq!(access(1)[..3], [Access::None, Access::Read, Access::None]);
    let header = Header::read(ledger.image(&ledger.program(1).unwrap()).unwrap()).unwrap();
    let at = header.map[0];
    assert_eq!((header.maps, at.address, at.bytes), (1, cell::MAPS.vaddr as u32, 4096));
}

#[test]
fn what_is_unloaded_gives_everything_back() {
    let mut device = Device::new();
    let mut contents = tiny(&["a", "b"]);
    contents.maps = vec![array("counts", 8, 2)];
    let before = device.snapshot();
    device.load(&contents).unwrap();
    device.unload("a").unwrap();
    assert_eq!(device.status().maps, 1, "b uses it");
    assert_eq!(told(device.unload("a")), (ErrorCode::NotFound, "no program a; see: prog list".into()));
    device.unload("b").unwrap();
    assert_eq!(device.snapshot(), before);
    assert_eq!(device.board.0.borrow().cells, []);
}

#[test]
fn a_name_is_loaded_once() {
    let mut device = Device::new();
    device.load(&tiny(&["a"])).unwrap();
    let words = "a program a is loaded already; unload it first, or replace it";
    refused(&mut device, &tiny(&["b", "a"]), ErrorCode::Exists, words);
    device.unload("a").unwrap();
    device.load(&tiny(&["b", "a"])).unwrap();
}

#[test]
fn what_is_no_bundle_is_refused_with_its_place() {
    let mut device = Device::new();
    let (code, text) = told(device.load_bytes(&[7; 80]));
    assert_eq!(code, ErrorCode::Invalid);
    assert!(text.starts_with("not a bundle: "), "{text}");
    let (code, text) = told(device.load_bytes(&[]));
    assert_eq!(code, ErrorCode::Invalid);
    assert!(text.starts_with("not a bundle: "), "{text}");
}

#[test]
fn a_size_that_was_not_uploaded_is_refused() {
    let mut device = Device::new();
    device.upload(&[0; 10]).unwrap();
    for size in [9, 11, u32::MAX] {
        let Answer::Error(error) = device.ask(Asked::Load(LoadRequest { size })) else { panic!("loaded") };
        assert_eq!(error.code, ErrorCode::Invalid);
        assert_eq!(error.message, *format!("{size} bytes announced, 10 uploaded; upload the bundle again"));
    }
}

#[test]
fn an_unknown_hook_is_refused() {
    let contents = Contents {
        name: "t".into(),
        programs: vec![program("p", "nohook", code(2))],
        maps: vec![],
        version: 0,
    };
    let words = "p: no hook nohook; there are: timer, serial, metrics";
    refused(&mut Device::new(), &contents, ErrorCode::NotFound, words);
}

#[test]
fn a_hook_that_only_a_host_has_is_refused() {
    let programs = vec![program("p", "xdp", code(2))];
    let contents = Contents { name: "t".into(), programs, maps: vec![], version: 0 };
    let words = "p: this system has no hook xdp (it has no network); there are: timer, serial, metrics";
    refused(&mut Device::new(), &contents, ErrorCode::NotFound, words);
}

#[test]
fn an_unsafe_program_is_refused_with_the_log_and_takes_its_bundle_with_it() {
    let mut device = Device::new();
    let mut contents = tiny(&["good", "bad"]);
    contents.maps = vec![array("counts", 8, 2)];
    contents.programs[1].code = vec![Insn { op: opcode::EXIT, ..Insn::default() }];
    let before = device.snapshot();
    let (code, text) = told(device.load(&contents));
    assert_eq!(code, ErrorCode::Refused);
    assert!(text.starts_with("bad: ") && text.contains("\n  instruction 0: exit"), "{text}");
    assert_eq!(device.snapshot(), before);
    assert_eq!((device.agent.loads, device.agent.refusals), (0, 1));
}

#[test]
fn map_memory_runs_out_and_comes_back() {
    let mut device = Device::new();
    let half = MAPS.len() as u32 / 2;
    let mut contents = tiny(&["a"]);
    contents.maps = vec![array("small", 8, 1), array("big", half, 1), array("more", half, 1)];
    // A page for the small one, and each has a header.
    let (wanted, free) = (half + 64, half - 2 * 4096);
    let words = format!("no memory for more: {wanted} bytes wanted, {free} free; unload something first");
    refused(&mut device, &contents, ErrorCode::NoMemory, &words);
    contents.maps.pop();
    device.load(&contents).unwrap();
}

#[test]
fn there_are_so_many_maps() {
    let mut device = Device::new();
    let maps = |n| (0..n).map(|i| array(&format!("m{i}"), 8, 1)).collect();
    for name in ["a", "b", "c", "d"] {
        device.load(&Contents { maps: maps(if name == "d" { 15 } else { 16 }), ..tiny(&[name]) }).unwrap();
    }
    let words = "no more than 64 maps at a time; unload a program first";
    refused(&mut device, &Contents { maps: maps(2), ..tiny(&["e"]) }, ErrorCode::NoMemory, words);
    device.load(&Contents { maps: maps(1), ..tiny(&["e"]) }).unwrap();
}

#[test]
fn code_memory_runs_out_between_two_programs_of_a_bundle() {
    let mut device = Device::new();
    let big = |name: &str| program(name, "timer", code(4000));
    let all = device.status().program_memory_free;
    device.load(&Contents { programs: vec![big("p0")], ..tiny(&[]) }).unwrap();
    let mut free = device.status().program_memory_free;
    let one = all - free;
    for i in 1.. {
        if free < 2 * one {
            break;
        }
        device.load(&Contents { programs: vec![big(&format!("p{i}"))], ..tiny(&[]) }).unwrap();
        free -= one;
        assert_eq!(device.status().program_memory_free, free);
    }
    let two = Contents { programs: vec![big("e"), big("f")], maps: vec![array("m", 8, 1)], ..tiny(&[]) };
    let before = device.snapshot();
    let (code, text) = told(device.load(&two));
    assert_eq!(code, ErrorCode::NoMemory);
    assert!(text.starts_with("no memory for f: "), "{text}");
    assert!(text.ends_with(&format!(" wanted, {} free; unload something first", free - one)), "{text}");
    assert_eq!(device.snapshot(), before);
    device.unload("p0").unwrap();
    device.load(&two).unwrap();
}

#[test]
fn there_are_so_many_slots() {
    let memory = Memory { ledger: memory(128 * 4096), ..Device::new().memory };
    let mut device = Device::over(memory);
    let names: Vec<String> = (0..63).map(|i| format!("p{i}")).collect();
    for name in &names {
        device.load(&tiny(&[name])).unwrap();
    }
    let words = "no more than 64 programs at a time; unload one first";
    refused(&mut device, &tiny(&["y", "z"]), ErrorCode::NoMemory, words);
    device.load(&tiny(&["z"])).unwrap();
}

#[test]
fn without_a_cell_nothing_is_loaded() {
    let mut contents = tiny(&["a", "b"]);
    contents.maps = vec![map("h", spec(MapKind::Hash, 4, 8, 4))];
    let mut device = Device::new();
    device.board.0.borrow_mut().no_more_cells = Some((1, Refusal::NoMemory));
    let words = "b: no cell could be made (Some(NoMemory)); unload something and load it again";
    refused(&mut device, &contents, ErrorCode::NoMemory, words);
    assert_eq!(device.board.0.borrow().asked_root.last(), Some(&Request::Kill { cell: 0 }));
    device.board.0.borrow_mut().no_more_cells = None;
    device.load(&contents).unwrap();
}

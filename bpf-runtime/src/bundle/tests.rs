extern crate std;

use std::{format, string::ToString, vec, vec::Vec};

use proptest::prelude::*;

use super::*;
use crate::{
    isa::Insn,
    map::{MapKind, MapSpec},
};

fn array(value_size: u32, max_entries: u32) -> MapSpec {
    MapSpec { kind: MapKind::Array, key_size: 4, value_size, max_entries, flags: 0 }
}

fn sample() -> Contents {
    let exit = Insn { op: 0x95, ..Insn::default() };
    let mov = Insn { op: 0xb7, imm: 7, ..Insn::default() };
    let line = |insn, text: &str| LineContents {
        insn,
        file: "tick.bpf.c".into(),
        line: 10 + insn,
        column: 3,
        text: text.into(),
    };
    Contents {
        name: "tick.bpf.o".into(),
        version: 3,
        maps: vec![
            MapContents { name: "counts".into(), spec: array(8, 16), initial: vec![] },
            MapContents { name: ".rodata".into(), spec: array(5, 1), initial: b"hello".to_vec() },
        ],
        programs: vec![
            ProgramContents {
                name: "tick".into(),
                hook: "timer".into(),
                code: vec![mov, mov, mov, exit],
                strict: true,
                lines: vec![line(0, "r = 7;"), line(2, "return r;")],
            },
            ProgramContents {
                name: "console".into(),
                hook: "serial".into(),
                code: vec![exit],
                ..ProgramContents::default()
            },
        ],
    }
}

/// Where the tables of [`sample`] begin.
const MAP: usize = 64;
const PROGRAM: usize = MAP + 2 * 64;

#[test]
fn what_was_written_is_read() {
    let bytes = sample().write().unwrap();
    let b = Bundle::parse(&bytes).unwrap();
    assert_eq!((b.name(), b.version()), ("tick.bpf.o", 3));
    let maps: Vec<_> = b.maps().map(|m| (m.name, m.spec, m.initial)).collect();
    assert_eq!(maps, [("counts", array(8, 16), &b""[..]), (".rodata", array(5, 1), b"hello")]);
    let programs: Vec<_> = b.programs().collect();
    assert_eq!(programs.len(), 2);
    let p = &programs[0];
    assert_eq!((p.name, p.hook, p.strict), ("tick", "timer", true));
    assert_eq!(p.insns().collect::<Vec<_>>(), sample().programs[0].code);
    let texts: Vec<_> = (0..5).map(|i| p.lines.find(i).map(|l| (l.line, l.text))).collect();
    let (first, second) = (Some((10, "r = 7;")), Some((12, "return r;")));
    assert_eq!(texts, [first, first, second, second, second]);
    assert_eq!(p.lines.iter().next().map(|l| (l.file, l.column)), Some(("tick.bpf.c", 3)));
    assert!(programs[1].lines.is_empty() && programs[1].lines.find(0).is_none());
}

/// Overwrites bytes of the sample and gives the reader's error.
fn patched(at: usize, with: &[u8]) -> BundleError {
    let mut bytes = sample().write().unwrap();
    bytes[at..at + with.len()].copy_from_slice(with);
    Bundle::parse(&bytes).expect_err("refused")
}

#[test]
fn each_field_is_checked_and_named() {
    let total = sample().write().unwrap().len() as u32;
    let cases: &[(usize, &[u8], Reason)] = &[
        (0, b"ELF!", Reason::Magic),
        (4, &[2, 0], Reason::Format(2)),
        (6, &[1], Reason::Reserved),
        (8, &(total + 1).to_le_bytes(), Reason::Length(total + 1)),
        (8, &[0, 0, 2, 0], Reason::TooMany { what: "bytes", is: 0x2_0000, limit: MAX_BYTES }),
        (12, &[17, 0], Reason::TooMany { what: "maps", is: 17, limit: MAX_MAPS }),
        (14, &[17, 0], Reason::TooMany { what: "programs", is: 17, limit: MAX_PROGRAMS }),
        (14, &[0, 0], Reason::None("program")),
        (24, &[0], Reason::Name),
        (25, b"/", Reason::Name),
        (24 + 31, b"x", Reason::Name),
        (56, &[1, 0, 0, 0], Reason::Misaligned),
        (60, &[0xff; 4], Reason::Truncated),
        (MAP + 32, &[99], Reason::MapKind(99)),
        (MAP + 60, &[1], Reason::Reserved),
        (MAP + 64, b"counts\0\0", Reason::Duplicate),
        (PROGRAM + 64, &[0xf8, 0xff, 0, 0], Reason::Truncated),
        (PROGRAM + 68, &[0, 0, 0, 0], Reason::None("instruction")),
        (PROGRAM + 68, &[1, 16], Reason::TooMany { what: "instructions", is: 4097, limit: MAX_INSNS }),
        (PROGRAM + 76, &[1, 16], Reason::TooMany { what: "line records", is: 4097, limit: MAX_INSNS }),
        (PROGRAM + 80, &[2], Reason::Reserved),
        (PROGRAM + 84, &[1], Reason::Reserved),
        (PROGRAM + 96, b"tick\0\0\0", Reason::Duplicate),
    ];
    for (at, with, reason) in cases {
        let e = patched(*at, with);
        assert_eq!(e.reason, *reason, "at {at}");
        assert!(e.offset <= *at && at - e.offset < 64, "{e} for a change at {at}");
        assert!(e.to_string().starts_with(&format!("bundle, byte {}: ", e.offset)));
    }
}

#[test]
fn initial_contents_fit_their_map() {
    let mut contents = sample();
    contents.maps[1].initial = b"hello!".to_vec();
    assert_eq!(contents.write().expect_err("too long").reason, Reason::Initial);
    contents = sample();
    contents.maps[1].spec.kind = MapKind::Hash;
    assert_eq!(contents.write().expect_err("no array").reason, Reason::Initial);
    contents = sample();
    contents.maps[0].spec.max_entries = 0;
    assert!(matches!(contents.write().expect_err("empty").reason, Reason::Map(_)));
}

#[test]
fn line_records_ascend_inside_the_code() {
    for insns in [[2, 1], [1, 1], [0, 4]] {
        let mut contents = sample();
        for (line, insn) in contents.programs[0].lines.iter_mut().zip(insns) {
            line.insn = insn;
        }
        assert_eq!(contents.write().expect_err("order").reason, Reason::LineOrder, "{insns:?}");
    }
    let mut contents = sample();
    contents.programs[0].lines[0].text = "x".repeat(MAX_TEXT + 1);
    assert!(matches!(contents.write().expect_err("long").reason, Reason::TooMany { .. }));
}

#[test]
fn names_that_do_not_fit_are_refused_when_written() {
    for name in ["", "a b", "a/b", "ü", &"x".repeat(33)] {
        let mut contents = sample();
        contents.programs[0].name = name.into();
        assert_eq!(contents.write().expect_err(name).reason, Reason::Name);
    }
    let mut contents = sample();
    contents.programs[0].name = "x".repeat(32);
    assert!(contents.write().is_ok());
}

/// Reads all that a bundle offers.
fn walk(bytes: &[u8]) -> Option<usize> {
    let b = Bundle::parse(bytes).ok()?;
    let maps: usize = b.maps().map(|m| m.name.len() + m.initial.len()).sum();
    let programs: usize = b
        .programs()
        .map(|p| p.insns().count() + p.lines.iter().count() + p.lines.find(1).iter().count())
        .sum();
    assert!(b.maps().count() <= MAX_MAPS && b.programs().count() >= 1);
    Some(maps + programs)
}

#[test]
fn every_cut_is_refused() {
    let bytes = sample().write().unwrap();
    for len in 0..bytes.len() {
        assert_eq!(walk(&bytes[..len]), None, "cut at {len}");
    }
}

#[test]
fn no_flipped_byte_panics() {
    let bytes = sample().write().unwrap();
    for at in 0..bytes.len() {
        for with in [0x01, 0x80, 0xff] {
            let mut bytes = bytes.clone();
            bytes[at] ^= with;
            walk(&bytes);
        }
    }
}

proptest! {
    #[test]
    fn no_bytes_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..512), seed in any::<bool>()) {
        if seed && bytes.len() >= 64 {
            let len = bytes.len() as u32;
            bytes[..8].copy_from_slice(b"HYPB\x01\0\0\0");
            bytes[8..12].copy_from_slice(&len.to_le_bytes());
            bytes[12..16].copy_from_slice(&[1, 0, 1, 0]);
        }
        walk(&bytes);
    }

    #[test]
    fn no_two_changes_panic(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 2..6)) {
        let mut bytes = sample().write().unwrap();
        for (at, with) in changes {
            let at = at.index(bytes.len());
            bytes[at] = with;
        }
        walk(&bytes);
    }
}

//! Objects that can't be loaded: one line each that names the file and the place, and exit status 1.

mod common;

use std::{fs, path::Path};

use common::{LIBBPF, compile, compile_with, have_clang, hypctl_in, text};
use tempfile::TempDir;

/// What `verify` and `prog load` say about a file; both must say the same.
fn refusal(dir: &Path, file: &Path) -> String {
    let file = file.display().to_string();
    let mut said = Vec::new();
    for command in [&["verify"][..], &["prog", "load"]] {
        let output = hypctl_in(dir, &[command, &[&file]].concat());
        assert_eq!(output.status.code(), Some(1), "{command:?} of {file}");
        assert_eq!(text(&output.stdout), "");
        said.push(text(&output.stderr).to_owned());
    }
    assert_eq!(said[0], said[1]);
    let line = said.swap_remove(0);
    assert_eq!(line.matches('\n').count(), 1, "one line: {line}");
    let prefix = format!("hypctl: {file}: ");
    line.trim_end().strip_prefix(&prefix).unwrap_or_else(|| panic!("{line} begins with {prefix}")).to_owned()
}

/// What is said about a file of these bytes.
fn bytes(content: &[u8]) -> String {
    let dir = TempDir::new().expect("temporary folder");
    let file = dir.path().join("fixture.o");
    fs::write(&file, content).expect("written");
    refusal(dir.path(), &file)
}

/// What is said about C text, compiled.
fn source(content: &str) -> String {
    let dir = TempDir::new().expect("temporary folder");
    refusal(dir.path(), &compile(dir.path(), "fixture", content))
}

/// A good object.
fn good() -> Vec<u8> {
    let dir = TempDir::new().expect("temporary folder");
    let file =
        compile(dir.path(), "good", &format!("{LIBBPF}SEC(\"timer\") int good(void *c) {{ return 0; }}"));
    fs::read(file).expect("compiled")
}

#[test]
fn no_such_file() {
    let dir = TempDir::new().expect("temporary folder");
    assert_eq!(refusal(dir.path(), &dir.path().join("none.o")), "No such file or directory (os error 2)");
}

#[test]
fn not_an_elf() {
    for content in [&b""[..], b"#!/bin/sh\n", b"\x7fEL"] {
        assert_eq!(bytes(content), "not an ELF file: give the object that clang -target bpf made");
    }
}

#[test]
fn cut() {
    if !have_clang() {
        return;
    }
    let good = good();
    for len in (4..good.len()).step_by(61) {
        let said = bytes(&good[..len]);
        assert!(said.starts_with("ELF file is truncated"), "cut to {len}: {said}");
    }
}

#[test]
fn another_machine() {
    if !have_clang() {
        return;
    }
    let mut other = good();
    other[18] = 62;
    assert_eq!(bytes(&other), "for machine 62, not BPF (247): compile with clang -target bpf");
    let mut class = good();
    class[4] = 1;
    assert!(bytes(&class).starts_with("not a 64-bit little-endian relocatable object"));
}

#[test]
fn big_endian() {
    if !have_clang() {
        return;
    }
    let dir = TempDir::new().expect("temporary folder");
    let text = format!("{LIBBPF}SEC(\"timer\") int f(void *c) {{ return 0; }}");
    let file = compile_with(dir.path(), "big", &text, &["--target=bpfeb"]);
    assert_eq!(refusal(dir.path(), &file), "big-endian: compile with -target bpf or bpfel");
}

#[test]
fn no_program() {
    if !have_clang() {
        return;
    }
    let said = source("int helper(int a) { return a; }");
    let todo = "put a global function into a section named by its hook";
    assert_eq!(
        said,
        format!(
            "no program in it: {todo}; known are SEC(\"timer\"), SEC(\"serial\"), SEC(\"metrics\"), SEC(\"xdp\"), SEC(\"socket\")"
        )
    );
}

#[test]
fn unknown_hook() {
    if !have_clang() {
        return;
    }
    let said = source(&format!("{LIBBPF}SEC(\"kprobe/sys_open\") int f(void *c) {{ return 0; }}"));
    assert!(said.starts_with("section kprobe/sys_open: no such hook; known are SEC(\"timer\")"), "{said}");
}

#[test]
fn undefined_symbols() {
    if !have_clang() {
        return;
    }
    let call = format!("{LIBBPF}int other(void); SEC(\"timer\") int f(void *c) {{ return other(); }}");
    let said = source(&call);
    assert!(said.starts_with("section timer, offset 0x0: undefined symbol other: define it"), "{said}");
    let variable = format!("{LIBBPF}extern int other; SEC(\"timer\") int f(void *c) {{ return other; }}");
    let said = source(&variable);
    assert!(said.starts_with("section timer, offset 0x0: undefined symbol other"), "{said}");
}

#[test]
fn unknown_relocation() {
    if !have_clang() {
        return;
    }
    let dir = TempDir::new().expect("temporary folder");
    let text = format!("{LIBBPF}int n; SEC(\"timer\") int f(void *c) {{ return n; }}");
    // Without debug information the one relocation is that of the code.
    let file = compile_with(dir.path(), "fixture", &text, &["-g0"]);
    let mut content = fs::read(&file).expect("compiled");
    let places: Vec<_> = relocations(&content).collect();
    assert_eq!(places.len(), 1);
    content[places[0] + 8] = 77;
    fs::write(&file, content).expect("written");
    assert_eq!(
        refusal(dir.path(), &file),
        "section timer, offset 0x0: unknown relocation type 77 against symbol n"
    );
}

/// Where the entries of all `SHT_REL` sections lie in an ELF file.
fn relocations(elf: &[u8]) -> impl Iterator<Item = usize> {
    let word = |at: usize| u64::from_le_bytes(elf[at..at + 8].try_into().expect("8 bytes")) as usize;
    let (table, count) = (word(40), usize::from(elf[60]));
    let sections = (0..count).map(move |i| table + 64 * i).filter(|at| elf[at + 4] == 9);
    let places: Vec<_> = sections.flat_map(|at| (0..word(at + 32) / 16).map(move |i| (at, i))).collect();
    places.into_iter().map(move |(at, i)| word(at + 24) + 16 * i).collect::<Vec<_>>().into_iter()
}

/// A program that uses the map whose members these are.
fn with_map(name: &str, members: &str) -> String {
    format!(
        "{LIBBPF}struct {{ {members} }} {name} SEC(\".maps\");
        SEC(\"timer\") int f(void *c) {{ int k = 0; return bpf_map_lookup_elem(&{name}, &k) != 0; }}"
    )
}

const ARRAY: &str = "__uint(type, BPF_MAP_TYPE_ARRAY); __type(key, __u32); __type(value, __u64);";

#[test]
fn maps_that_can_not_be() {
    if !have_clang() {
        return;
    }
    let array = |more: &str| format!("{ARRAY} {more}");
    let long = "m".repeat(33);
    let cases = [
        ("m", array(""), "map m: max_entries 0: a map has 1 to 4194304 entries"),
        ("m", array("__uint(max_entries, 4194304);"), "map m: the map would take 33554496 bytes"),
        ("m", array("__uint(max_entries, 1); __uint(map_flags, 64);"), "map m: map flags 0x40 are not"),
        ("m", array("__uint(max_entries, 1); __uint(colour, 1);"), "map m: member colour: not supported"),
        (
            "m",
            "__uint(type, BPF_MAP_TYPE_QUEUE); __uint(max_entries, 1);".into(),
            "map m: unknown map kind 22 (queue):",
        ),
        ("m", "__uint(max_entries, 1);".into(), "map m: no __uint(type, BPF_MAP_TYPE_...)"),
        ("m", "int type;".into(), "map m: member type: .BTF: type"),
        (&long, array("__uint(max_entries, 1);"), &format!("map \"{long}\": a name is 1 to 32")),
    ];
    for (name, members, said) in cases {
        let is = source(&with_map(name, &members));
        assert!(is.starts_with("section timer, offset 0x") && is.contains(said), "{is:?} says {said:?}");
    }
}

#[test]
fn maps_of_another_time() {
    if !have_clang() {
        return;
    }
    let cut = "struct def { int a[4]; } m SEC(\"maps\"); SEC(\"timer\") int f(void *c) { return m.a[0]; }";
    assert_eq!(source(&format!("{LIBBPF}{cut}")), "map m: its struct bpf_map_def is cut");

    let dir = TempDir::new().expect("temporary folder");
    let file =
        compile_with(dir.path(), "g0", &with_map("m", &format!("{ARRAY} __uint(max_entries, 1);")), &["-g0"]);
    assert_eq!(refusal(dir.path(), &file), "section .maps without .BTF: compile with -g");
}

#[test]
fn too_much() {
    if !have_clang() {
        return;
    }
    let long = "p".repeat(33);
    let said = source(&format!("{LIBBPF}SEC(\"timer\") int {long}(void *c) {{ return 0; }}"));
    assert!(said.starts_with(&format!("program \"{long}\": a name is 1 to 32")), "{said}");

    let steps = "asm volatile(\"r1 += 1\" ::: \"r1\");".repeat(4096);
    let said = source(&format!("{LIBBPF}SEC(\"timer\") int f(void *c) {{ {steps} return 0; }}"));
    assert_eq!(said, "program too large: more than 4096 instructions with f");

    let data = "char big[70000]; SEC(\"timer\") int f(void *c) { return big[*(int *)c & 65535]; }";
    let said = source(&format!("{LIBBPF}{data}"));
    assert!(said.contains("section .bss: 70000 bytes of variables, at most 65536 fit a device"), "{said}");

    let map = |i| format!("struct {{ {ARRAY} __uint(max_entries, 1); }} m{i} SEC(\".maps\");");
    let maps = (0..17).map(map).collect::<Vec<_>>().concat();
    let uses = (0..17).map(|i| format!("bpf_map_delete_elem(&m{i}, &k);")).collect::<Vec<_>>().concat();
    let said =
        source(&format!("{LIBBPF}{maps} SEC(\"timer\") int f(void *c) {{ int k = 0; {uses} return 0; }}"));
    assert!(said.contains("an object has 16 maps at most"), "{said}");

    let program = |i| format!("SEC(\"timer\") int p{i}(void *c) {{ return 0; }}");
    let programs = (0..17).map(program).collect::<Vec<_>>().concat();
    let said = source(&format!("{LIBBPF}{programs}"));
    assert_eq!(said, "17 programs, a device takes at most 16: split the object");
}

#[test]
fn addresses_where_there_can_be_none() {
    if !have_clang() {
        return;
    }
    let pointer = "int n; int *p = &n; SEC(\"timer\") int f(void *c) { return *p; }";
    let said = source(&format!("{LIBBPF}{pointer}"));
    assert!(said.contains("section .data, offset 0x0: holds an address (relocation type 2)"), "{said}");
}

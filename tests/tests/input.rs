//! Bad input through hypctl: one line that names what and where, exit status 1, and a device that goes on.

use std::{fs, path::Path};

use anyhow::{Context, Result};
use hypos_tests::{Options, System, bpf};
use object::{Object, ObjectSection};

/// Loads an object, which must be refused in one line with all these words; the device must not have changed.
fn refused(system: &System, object: &Path, words: &[&str]) -> Result<()> {
    let programs = system.json(&["prog", "list"])?;
    let memory = (system.status("program_memory_free")?, system.status("map_memory_free")?);
    let said = system.hypctl_fails(&["prog", "load", &object.to_string_lossy()])?;
    one_line(&said, words);
    assert_eq!(system.json(&["prog", "list"])?, programs);
    assert_eq!((system.status("program_memory_free")?, system.status("map_memory_free")?), memory);
    system.check_sound()
}

/// Checks an error for people: one line with all these words.
fn one_line(said: &str, words: &[&str]) {
    assert!(said.starts_with("hypctl: ") && said.lines().count() == 1, "{said}");
    for word in words {
        assert!(said.contains(word), "no {word:?} in: {said}");
    }
}

/// Loads what `change` makes of the object of the example `tick`.
fn changed(words: &[&str], change: impl FnOnce(&mut Vec<u8>) -> Result<()>) -> Result<()> {
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("bad.o");
    let mut bytes = fs::read(bpf::example("tick.bpf.o")?)?;
    change(&mut bytes)?;
    fs::write(&path, bytes)?;
    refused(&System::boot(&Options::default())?, &path, &[&["bad.o"], words].concat())
}

/// Loads what clang makes of a source.
fn compiled(source: &str, words: &[&str]) -> Result<()> {
    let dir = tempfile::tempdir()?;
    let object = bpf::compile(dir.path(), "bad", source)?;
    refused(&System::boot(&Options::default())?, &object, &[&["bad.bpf.o"], words].concat())
}

#[test]
fn no_such_file() -> Result<()> {
    refused(&System::boot(&Options::default())?, Path::new("none.o"), &["none.o", "No such file"])
}

#[test]
fn not_an_elf() -> Result<()> {
    changed(&["not an ELF"], |bytes| {
        *bytes =
            b"#!/bin/sh\necho I am a script, and long enough to be a header of something else\n".repeat(3);
        Ok(())
    })
}

#[test]
fn a_truncated_object() -> Result<()> {
    changed(&[], |bytes| {
        bytes.truncate(bytes.len() / 2);
        Ok(())
    })
}

#[test]
fn another_machine() -> Result<()> {
    changed(&["machine 62", "247"], |bytes| {
        // e_machine: EM_X86_64.
        bytes[18..20].copy_from_slice(&62_u16.to_le_bytes());
        Ok(())
    })
}

#[test]
fn an_unknown_relocation() -> Result<()> {
    changed(&["relocation", "99", "timer"], |bytes| {
        let file = object::File::parse(&**bytes)?;
        let section = file.section_by_name(".reltimer").context("no relocations of the program")?;
        let (at, _) = section.file_range().context("it has no bytes")?;
        // r_info's lower half of the first entry: its type.
        let at = at as usize + 8;
        bytes[at..at + 4].copy_from_slice(&99_u32.to_le_bytes());
        Ok(())
    })
}

#[test]
fn an_unknown_hook() -> Result<()> {
    compiled("SEC(\"kprobe/vfs_read\") int bad(void *ctx) { return 0; }", &["kprobe", "timer", "serial"])
}

/// The host knows the hook, and has nothing against the program; the device has no network.
#[test]
fn a_hook_that_this_device_lacks() -> Result<()> {
    let system = System::boot(&Options::default())?;
    let dir = tempfile::tempdir()?;
    let object = bpf::compile(dir.path(), "bad", "SEC(\"xdp\") int bad(void *ctx) { return 2; }")?;
    let error = system.hypctl_fails(&["prog", "load", &object.to_string_lossy()])?;
    assert_eq!(
        error,
        "hypctl: bad: this system has no hook xdp (it has no network); there are: timer, serial, metrics\n"
    );
    system.check_sound()
}

#[test]
fn a_map_that_no_device_holds() -> Result<()> {
    let source = "struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1 << 23); __type(key, __u32);\n\
                  __type(value, __u64); } huge SEC(\".maps\");\n\
                  SEC(\"timer\") int bad(void *ctx) { __u32 k = 0; __u64 *v = bpf_map_lookup_elem(&huge, &k);\n\
                  return v ? 1 : 0; }";
    compiled(source, &["huge", "max_entries 8388608"])
}

#[test]
fn a_map_that_this_device_does_not_hold() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let object = bpf::with_map(dir.path(), "wide", 1 << 20)?;
    let system = System::boot(&Options::default())?;
    refused(&system, &object, &["no memory for wide_map", "bytes wanted", "unload"])
}

#[test]
fn a_program_that_is_too_large() -> Result<()> {
    let source = "SEC(\"timer\") int bad(void *ctx) { asm volatile(\".rept 5000\\n r0 = 7\\n.endr\" ::: \"r0\"); return 0; }";
    compiled(source, &["program too large", "4096 instructions"])
}

/// Reads through a pointer that may be null.
const UNSAFE: &str = "struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32);\n\
    __type(value, __u64); } m SEC(\".maps\");\n\
    SEC(\"timer\") int bad(void *ctx) { __u32 k = 0; __u64 *v = bpf_map_lookup_elem(&m, &k);\n\
    return *v; }";

#[test]
fn a_program_that_is_not_safe_is_refused_here_and_on_the_device() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let path = bpf::compile(dir.path(), "bad", UNSAFE)?;
    let object = path.to_string_lossy();
    let system = System::boot(&Options::default())?;
    let free = system.status("map_memory_free")?;
    let here = system.hypctl_fails(&["prog", "load", &object])?;
    let there = system.hypctl_fails(&["prog", "load", "--no-verify", &object])?;
    for said in [&here, &there] {
        for word in ["bad", "null", "instruction ", "return *v"] {
            assert!(said.contains(word), "no {word:?} in: {said}");
        }
    }
    assert!(here.contains("nothing was loaded"), "{here}");
    assert_eq!(
        system.json(&["services", "agent"])?[0]["counters"]["loads_refused"]["value"],
        1,
        "by the device"
    );
    assert_eq!((system.status("programs")?, system.status("map_memory_free")?), (0, free));
    system.hypctl(&["prog", "load", "examples/tick.bpf.o"])?;
    system.check_sound()
}

#[test]
fn what_the_host_does_not_verify_the_device_refuses() -> Result<()> {
    // Each program is well-formed and wrong in another way; the device's verifier is the judge.
    let bodies = [
        ("stack", "char b[4]; return ((volatile int *)b)[300];"),
        ("context", "return *(volatile int *)((char *)ctx + 32);"),
        ("write", "*(volatile int *)ctx = 1; return 0;"),
        ("endless", "for (;;) asm volatile(\"\" ::: \"memory\"); return 0;"),
        ("null", "return *(volatile int *)0;"),
        ("leak", "return (long)ctx;"),
        ("helper", "return ((long (*)(void))9999)();"),
    ];
    let dir = tempfile::tempdir()?;
    let system = System::boot(&Options::default())?;
    for (name, body) in bodies {
        let source = format!(
            "#pragma clang diagnostic ignored \"-Weverything\"\nSEC(\"timer\") long {name}(void *ctx) {{ {body} }}"
        );
        let object = bpf::compile(dir.path(), name, &source)?;
        let said = system.hypctl_fails(&["prog", "load", "--no-verify", &object.to_string_lossy()])?;
        assert!(said.starts_with(&format!("hypctl: {name}: ")) && said.contains("instruction"), "{said}");
    }
    assert_eq!(system.json(&["services", "agent"])?[0]["counters"]["loads_refused"]["value"], bodies.len());
    system.check_sound()
}

/// A system with the example `tick` loaded.
fn with_tick() -> Result<System> {
    let system = System::boot(&Options::default())?;
    system.hypctl(&["prog", "load", "examples/tick.bpf.o"])?;
    Ok(system)
}

#[test]
fn a_name_that_is_taken() -> Result<()> {
    let object = bpf::example("tick.bpf.o")?;
    refused(&with_tick()?, &object, &["a program tick is loaded already", "unload it first"])
}

#[test]
fn unloading_what_is_attached() -> Result<()> {
    let system = with_tick()?;
    system.hypctl(&["prog", "attach", "tick", "timer", "--period", "10ms"])?;
    one_line(&system.hypctl_fails(&["prog", "unload", "tick"])?, &["tick is attached", "prog detach tick"]);
    one_line(
        &system.hypctl_fails(&["prog", "attach", "tick", "timer", "--period", "1ms"])?,
        &["attached already"],
    );
    system.counts_up("tick")
}

#[test]
fn unknown_names() -> Result<()> {
    let system = with_tick()?;
    for (command, words) in [
        (&["prog", "attach", "tock", "timer", "--period", "1ms"][..], &["no program tock", "prog list"][..]),
        (&["prog", "attach", "tick", "xdp"], &["no hook xdp", "timer, serial"]),
        (&["prog", "attach", "tick", "serial"], &["tick is made for the hook timer, not serial"]),
        (&["prog", "detach", "tick"], &["tick is not attached"]),
        (&["prog", "detach", "tock"], &["no program tock"]),
        (&["prog", "unload", "id", "77"], &["no program with id 77"]),
        (&["prog", "show", "tock"], &["no program tock", "prog list"]),
        (&["map", "dump", "nothing"], &["no map nothing", "map list"]),
        (&["map", "dump", "id", "77"], &["no map with id 77"]),
        (&["map", "dump", "a map"], &["\"a map\" is no name"]),
        (&["services", "nobody"], &["no service nobody", "agent"]),
        // Longer than any name on a device: not even sent.
        (&["prog", "attach", "tick", "a_hook_with_a_name_that_is_longer_than_32_bytes"], &["is no name"]),
    ] {
        one_line(&system.hypctl_fails(command)?, words);
    }
    system.check_sound()
}

#[test]
fn a_wrong_period() -> Result<()> {
    let system = with_tick()?;
    for period in [&[][..], &["--period", "99us"], &["--period", "90000s"]] {
        let said = system.hypctl_fails(&[&["prog", "attach", "tick", "timer"], period].concat())?;
        one_line(&said, &["period of 100us to 24h", "--period 10ms"]);
    }
    system.hypctl(&["prog", "load", "examples/console.bpf.o"])?;
    let said = system.hypctl_fails(&["prog", "attach", "console", "serial", "--period", "1ms"])?;
    one_line(&said, &["the hook serial takes no period"]);
    assert_eq!(system.status("attachments")?, 0);
    Ok(())
}

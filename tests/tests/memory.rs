//! A device whose memory runs out says so, goes on, and takes programs again once there is room.

use anyhow::{Context, Result};
use hypos_tests::{Options, System, bpf};

/// Programs that are loaded at most before the memory must have run out.
const MOST: usize = 80;

/// Loads objects until the device has no memory for the next; gives what were loaded and what it said. What `make`
/// gives for `i` is a program `p{i}`.
fn fill(
    system: &System,
    make: impl Fn(usize) -> Result<std::path::PathBuf>,
) -> Result<(Vec<String>, String)> {
    let mut loaded = Vec::new();
    for i in 0..MOST {
        let object = make(i)?;
        let free = (system.status("program_memory_free")?, system.status("map_memory_free")?);
        if system.hypctl(&["prog", "load", &object.to_string_lossy()]).is_ok() {
            loaded.push(format!("p{i}"));
            continue;
        }
        let said = system.hypctl_fails(&["prog", "load", &object.to_string_lossy()])?;
        let left = (system.status("program_memory_free")?, system.status("map_memory_free")?);
        assert_eq!(left, free, "a refused load took memory");
        return Ok((loaded, said));
    }
    anyhow::bail!("{MOST} programs fit the device")
}

/// Fills a device on which `tick` runs; checks that it goes on, and that an unloaded program's place is used again.
fn runs_out(what: &str, make: impl Fn(usize) -> Result<std::path::PathBuf>) -> Result<()> {
    let system = System::boot(&Options::default())?;
    system.hypctl(&["prog", "load", "examples/tick.bpf.o"])?;
    system.hypctl(&["prog", "attach", "tick", "timer", "--period", "5ms"])?;
    let empty = (system.status("program_memory_free")?, system.status("map_memory_free")?);
    let (loaded, said) = fill(&system, &make)?;
    assert!(said.contains(what) && said.contains("unload"), "{said}");
    assert!(loaded.len() > 1, "only {loaded:?} fit");
    system.counts_up("tick")?;
    let last = loaded.last().context("some were loaded")?;
    system.hypctl(&["prog", "attach", last, "timer", "--period", "5ms"])?;
    system.counts_up(last)?;
    system.hypctl(&["prog", "detach", last])?;

    system.hypctl(&["prog", "unload", &loaded[0]])?;
    system.hypctl(&["prog", "load", &make(0)?.to_string_lossy()])?;
    for program in &loaded {
        system.hypctl(&["prog", "unload", program])?;
    }
    assert_eq!((system.status("program_memory_free")?, system.status("map_memory_free")?), empty);
    system.hypctl(&["prog", "load", &make(0)?.to_string_lossy()])?;
    system.counts_up("tick")?;
    system.check_sound()
}

#[test]
fn map_memory_runs_out() -> Result<()> {
    let dir = tempfile::tempdir()?;
    runs_out("no memory for p", |i| bpf::with_map(dir.path(), &format!("p{i}"), 64 << 10))
}

#[test]
fn code_memory_runs_out() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let source = |i| {
        format!(
            "SEC(\"timer\") int p{i}(void *ctx) {{ asm volatile(\".rept 4000\\n r0 = 7\\n.endr\" ::: \"r0\"); return 0; }}"
        )
    };
    runs_out("no memory for p", |i| bpf::compile(dir.path(), &format!("p{i}"), &source(i)))
}

#[test]
fn many_small_programs_run_out_of_something() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let source = |i| format!("SEC(\"timer\") int p{i}(void *ctx) {{ return 0; }}");
    runs_out("", |i| bpf::compile(dir.path(), &format!("p{i}"), &source(i)))
}

#[test]
fn places_on_a_hook_run_out() -> Result<()> {
    let dir = tempfile::tempdir()?;
    let system = System::boot(&Options::default())?;
    let source = (0..9).map(|i| format!("SEC(\"timer\") int p{i}(void *ctx) {{ return 0; }}"));
    let source = source.collect::<Vec<_>>().join("\n");
    let mut attached = 0;
    for half in ["p", "q"] {
        let text = source.replace(" p", &format!(" {half}"));
        let object = bpf::compile(dir.path(), half, &text)?;
        system.hypctl(&["prog", "load", &object.to_string_lossy()])?;
        for i in 0..9 {
            let attach = ["prog", "attach", &format!("{half}{i}"), "timer", "--period", "5ms"];
            if attached < 16 {
                system.hypctl(&attach)?;
                attached += 1;
            } else {
                let said = system.hypctl_fails(&attach)?;
                assert!(said.contains("the hook timer has no more room; detach a program first"), "{said}");
            }
        }
    }
    for program in ["p0", "q6"] {
        system.counts_up(program)?;
    }
    system.check_sound()
}

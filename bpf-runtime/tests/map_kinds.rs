//! Map kinds as a program sees them: LRU, per-CPU, perf event arrays, program arrays and their tail calls.
#![allow(clippy::unwrap_used, reason = "a mistake in a test ends it")]
mod common;

use bpf_runtime::{
    interp::{MAX_TAIL_CALLS, Outcome, Program, Target, Trap, TrapReason, run, run_chain},
    map::{ANY, Map, PERF_RING_BYTES},
};
use common::{World, assemble, create_maps, map_memory};

const CONTEXT: [u8; 32] = *b"0123456789abcdefghijklmnopqrstuv";

fn go(text: &str, maps: &[Map<'_>]) -> Result<Outcome, Trap> {
    run(assemble(text).as_slice(), &CONTEXT, maps, &mut World::default(), 10_000)
}

#[test]
fn an_lru_map_takes_more_than_it_holds() {
    let memory = map_memory();
    let maps = create_maps(&memory);
    let fill = "r6 = 0\nloop:\n*(u64 *)(r10 - 8) = r6\n*(u64 *)(r10 - 16) = 1\n*(u64 *)(r10 - 24) = 1\n\
                *(u64 *)(r10 - 32) = r6\nr2 = r10\nr2 += -8\nr3 = r10\nr3 += -32\nr4 = 0\nr1 = map[5] ll\n\
                call map_update_elem\nif r0 != 0 goto out\nr6 += 1\nif r6 < 100 goto loop\nout:\nexit";
    assert_eq!(go(fill, &maps).unwrap().r0, 0);
    assert_eq!(maps[5].entries(), 8);
    let get = |key: u64| {
        let text = format!(
            "*(u64 *)(r10 - 8) = {key}\nr2 = r10\nr2 += -8\nr1 = map[5] ll\ncall map_lookup_elem\n\
             if r0 == 0 goto none\nr0 = *(u64 *)(r0 + 0)\nexit\nnone:\nr0 = -1\nexit"
        );
        go(&text, &maps).unwrap().r0
    };
    assert_eq!((get(92), get(99)), (92, 99));
    assert_eq!(get(91), u64::MAX);
}

#[test]
fn the_values_of_a_cpu() {
    let memory = map_memory();
    let maps = create_maps(&memory);
    let lookup = |cpu: u32| {
        format!(
            "*(u32 *)(r10 - 4) = 3\nr2 = r10\nr2 += -4\nr3 = {cpu}\nr1 = map[6] ll\ncall map_lookup_percpu_elem\n"
        )
    };
    assert_eq!(go(&format!("{}*(u64 *)(r0 + 8) = 5\nr0 = 0\nexit", lookup(0)), &maps).unwrap().r0, 0);
    assert_eq!(maps[6].value(3).unwrap().load(8, 8), Ok(5));
    assert_eq!(go(&format!("{}exit", lookup(1)), &maps).unwrap().r0, 0, "there is no CPU 1");
    assert_eq!(go("call get_numa_node_id\nexit", &maps).unwrap().r0, 0);
    assert_eq!(
        go("call ktime_get_ns\nr6 = r0\ncall ktime_get_boot_ns\nr0 -= r6\nexit", &maps).unwrap().r0,
        1
    );
}

#[test]
fn samples() {
    let memory = map_memory();
    let maps = create_maps(&memory);
    let sample = |flags: u64, bytes: u32| {
        let text = format!(
            "r4 = r1\nr2 = map[7] ll\nr3 = {flags:#x} ll\nr5 = {bytes}\ncall perf_event_output\nexit"
        );
        go(&text, &maps).map(|outcome| outcome.r0 as i64)
    };
    let ring = maps[7].ring().unwrap();
    let mut got = [0; 64];
    assert_eq!(sample(0xffff_ffff, 10), Ok(0));
    assert_eq!(ring.consume(&mut got), Some(10));
    assert_eq!(&got[..10], b"0123456789");
    assert_eq!(sample(0, 32), Ok(0));
    assert_eq!(ring.consume(&mut got), Some(32));
    assert_eq!(sample(1, 8), Ok(-2), "ENOENT: a CPU without a ring");
    assert_eq!(sample(2, 8), Ok(-7), "E2BIG: beyond the array");
    assert_eq!(sample(1 << 32, 8), Ok(-22), "EINVAL");
    assert!(matches!(sample(0, 33).unwrap_err().reason, TrapReason::Access { size: 33, .. }));
    for _ in 0..PERF_RING_BYTES / 40 {
        assert_eq!(sample(0, 32), Ok(0));
    }
    assert_eq!(sample(0, 32), Ok(-28), "ENOSPC");
    assert_eq!(ring.lost(), 1);
    // A perf event array is no ring buffer, nor the other way round.
    let wrong = [
        "r1 = map[7] ll\nr2 = 8\nr3 = 0\ncall ringbuf_reserve\nexit",
        "r4 = r1\nr2 = map[2] ll\nr3 = 0\nr5 = 8\ncall perf_event_output\nexit",
    ];
    for text in wrong {
        assert_eq!(go(text, &maps).unwrap_err().reason, TrapReason::NoMap);
    }
}

const TAIL: &str = "r2 = map[8] ll\ncall tail_call\n";

/// Runs program 1 of these; entry n of the array holds program n + 1.
fn chain(programs: &[&str], fuel: u64) -> Result<Outcome, Trap> {
    let memory = map_memory();
    let maps = create_maps(&memory);
    for n in 0..3u32 {
        maps[8].update((&n.to_le_bytes()).into(), (&(n + 1).to_le_bytes()).into(), ANY).unwrap();
    }
    let programs: Vec<_> = programs.iter().map(|text| Program::new(&assemble(text)).unwrap()).collect();
    let program = |number: u32| {
        let code = programs.get((number as usize).checked_sub(1)?)?;
        Some(Target { code, maps: &maps, fuel })
    };
    run_chain(program(1).unwrap(), program, &CONTEXT, &mut World::default())
}

#[test]
fn tail_calls() {
    let second = "r0 = *(u8 *)(r1 + 1)\nexit";
    let to = |index: i64| format!("r3 = {index:#x} ll\n{TAIL}r0 = 77\nexit");
    assert_eq!(chain(&[&to(1), second], 9).unwrap().r0, u64::from(b'1'), "the context is in r1 again");
    assert_eq!(chain(&[&to(1 << 32 | 1), second], 9).unwrap().r0, u64::from(b'1'), "the index has 32 bits");
    assert_eq!(chain(&[&to(2), second], 9).unwrap().r0, 77, "no program has this number");
    assert_eq!(chain(&[&to(3), second], 9).unwrap().r0, 77, "the entry is empty");
    assert_eq!(chain(&[&to(4), second], 9).unwrap().r0, 77, "beyond the array");
    assert_eq!(chain(&[&to(-1), second], 9).unwrap().r0, 77);
    let stores = format!("*(u64 *)(r10 - 8) = 9\n{}", to(1));
    let third = "r0 = *(u64 *)(r10 - 8)\nexit";
    assert_eq!(chain(&[&stores, &to(2), third], 9).unwrap().r0, 0, "a new stack");
    let trapped = chain(&[&to(1), "r0 = 0\nr0 = *(u8 *)(r0 + 0)\nexit"], 9).unwrap_err();
    assert_eq!(trapped.at, 1, "of the program that was running");
    let wrong = [&format!("call f\nexit\nf:\nr3 = 1\n{TAIL}r0 = 0\nexit"), second];
    assert_eq!(chain(&wrong, 9).unwrap_err().reason, TrapReason::NoFunction, "refused by the verifier");
    let no_array = "r3 = 0\nr2 = map[0] ll\ncall tail_call\nr0 = 0\nexit";
    assert_eq!(chain(&[no_array], 9).unwrap_err().reason, TrapReason::NoMap);
}

#[test]
fn tail_calls_end() {
    // Counts its runs in map 4 and calls itself; the count is the answer when that fails.
    let again = format!(
        "r6 = r1\nr7 = map[4][0] + 0 ll\nr8 = 1\nlock *(u64 *)(r7 + 0) += r8\nr1 = r6\nr3 = 0\n{TAIL}\
         r0 = *(u64 *)(r7 + 0)\nexit"
    );
    assert_eq!(chain(&[&again], 10).unwrap().r0, u64::from(MAX_TAIL_CALLS) + 1, "33 tail calls, 34 runs");
    assert_eq!(chain(&[&again], 8).unwrap_err().reason, TrapReason::Fuel, "each has its own fuel");
    let memory = map_memory();
    let maps = create_maps(&memory);
    maps[8].update((&[0; 4]).into(), (&[1, 0, 0, 0]).into(), ANY).unwrap();
    assert_eq!(go(&again, &maps).unwrap().r0, 1, "without targets each falls through");
}

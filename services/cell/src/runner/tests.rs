//! The runner over memory as an agent would leave it.

extern crate std;
use core::sync::atomic::AtomicU64;
use std::vec::Vec;

use bpf_runtime::{
    isa::Insn,
    map::{MapKind, MapSpec},
};
use shm::Consumer;

use super::*;
use crate::table::{CODE, Entry, MAPS, TRACE_HEADER};

struct Clock;

impl Machine for Clock {
    fn now_ns(&self) -> u64 {
        77
    }
}

fn words(bytes: usize) -> Vec<AtomicU64> {
    (0..bytes / 8).map(|_| AtomicU64::new(0)).collect()
}

/// The memory of an agent: programs, maps, counts, what is printed.
fn shared() -> [Vec<AtomicU64>; 4] {
    [64 << 10, 4096, 4096, 4096].map(words)
}

fn memory([programs, maps, stats, trace]: &[Vec<AtomicU64>; 4]) -> Memory<'_> {
    Memory {
        programs: Shm::from_words(programs),
        maps: Shm::from_words(maps),
        stats: Shm::from_words(stats),
        trace: Shm::from_words(trace),
    }
}

/// `r0 = context[word]; exit`
fn load_word(word: i16) -> [Insn; 2] {
    [
        Insn { op: 0x79, dst: 0, src: 1, off: word * 8, imm: 0 },
        Insn { op: 0x95, dst: 0, src: 0, off: 0, imm: 0 },
    ]
}

fn install(programs: Shm<'_>, slot: usize, hook: u32, bound: u64, code: &[Insn]) {
    let at = CODE + slot * 4096;
    for (i, insn) in code.iter().enumerate() {
        programs.write(at + 8 * i, &insn.to_bytes()).unwrap();
    }
    let entry =
        Entry { hook, code: at as u32, insns: code.len() as u32, bound, maps: 0, map: [(0, 0); MAPS] };
    Table::new(programs).set(slot, &entry).unwrap();
}

#[test]
fn events_reach_the_program_of_their_hook_only() {
    let shared = shared();
    let memory = memory(&shared);
    let mut runner = Runner::new(memory, Clock).unwrap();
    install(memory.programs, 1, 1, 2, &load_word(3));
    let event = Request::Event { program: 1 }.label();
    assert_eq!(runner.serve(BADGE_TIMER, event, [1, 2, 3, 4]), Err(Refusal::Empty), "not prepared yet");
    let prepare = Request::Prepare { program: 1 }.label();
    assert_eq!(runner.serve(BADGE_TIMER, prepare, [0; 4]), Err(Refusal::Invalid), "not the agent");
    assert_eq!(runner.serve(BADGE_AGENT, prepare, [0; 4]), Ok(0));
    assert_eq!(runner.serve(BADGE_TIMER, event, [1, 2, 3, 4]), Ok(4));
    assert_eq!(runner.serve(BADGE_SERIAL, event, [1, 2, 3, 4]), Err(Refusal::Empty), "another hook");
    assert_eq!(runner.serve(BADGE_TIMER, 99 << 4 | 1, [0; 4]), Err(Refusal::Invalid));
    assert_eq!(Stats::new(memory.stats).get(1).runs, 1);
    // A restarted cell finds the program and goes on counting.
    let mut again = Runner::new(memory, Clock).unwrap();
    assert_eq!(again.serve(BADGE_TIMER, event, [1, 2, 3, 9]), Ok(9));
    assert_eq!(Stats::new(memory.stats).get(1).runs, 2);
    assert_eq!(again.serve(BADGE_AGENT, Request::Forget { program: 1 }.label(), [0; 4]), Ok(0));
    assert_eq!(again.serve(BADGE_TIMER, event, [0; 4]), Err(Refusal::Empty));
}

#[test]
fn a_run_over_its_bound_is_stopped_and_counted() {
    let shared = shared();
    let memory = memory(&shared);
    // goto -1: what no verifier accepts.
    install(memory.programs, 0, 2, 10, &[Insn { op: 0x05, dst: 0, src: 0, off: -1, imm: 0 }]);
    let mut runner = Runner::new(memory, Clock).unwrap();
    let event = Request::Event { program: 0 }.label();
    assert_eq!(runner.serve(BADGE_SERIAL, event, [0; 4]), Err(Refusal::Trapped));
    assert_eq!(Stats::new(memory.stats).get(0).traps, 1);
}

#[test]
fn what_a_program_prints_is_in_the_ring() {
    let trace = words(4096);
    let ring = Shm::from_words(&trace);
    let mut system = System { machine: Clock, trace: Producer::new(ring).unwrap(), random: 1, running: 5 };
    system.trace(b"hello");
    let mut record = [0; 64];
    let len = Consumer::new(ring).unwrap().pop(&mut record).unwrap();
    assert_eq!((record[0], record[8], &record[TRACE_HEADER..len]), (77, 5, &b"hello"[..]));
    let (a, b) = (system.random_u32(), system.random_u32());
    assert_ne!(a, b);
}

#[test]
fn a_new_cell_gives_back_what_the_one_before_had_reserved() {
    let shared = shared();
    let memory = memory(&shared);
    let spec = MapSpec { kind: MapKind::RingBuf, key_size: 0, value_size: 0, max_entries: 64, flags: 0 };
    let map = Map::create(memory.maps, &spec).unwrap();
    let ring = map.ring().unwrap();
    map.owned_by(OWNER).ring().unwrap().reserve(8).unwrap();
    ring.output(b"later".into()).unwrap();
    assert_eq!(ring.consume(&mut [0; 8]), None, "the record before it is not complete");
    install(memory.programs, 0, 1, 2, &load_word(0));
    let table = Table::new(memory.programs);
    let entry = table.get(0).unwrap();
    let mut map = [(0, 0); MAPS];
    map[0] = (0, spec.memory_bytes() as u32);
    table.set(0, &Entry { maps: 1, map, ..entry }).unwrap();
    let _runner = Runner::new(memory, Clock).unwrap();
    assert_eq!(ring.consume(&mut [0; 8]), Some(5));
}

//! What the tests share: an assembler for the text that the disassembler writes, and maps in private memory.
#![allow(dead_code, reason = "each test uses its part")]
#![allow(clippy::unwrap_used, reason = "a mistake in a test ends it")]
mod asm;
pub mod calls;
pub mod generate;
pub mod loops;
pub mod packets;

use std::sync::atomic::AtomicU64;

pub use asm::assemble;
use bpf_runtime::{
    hook::{HOOKS, Hook},
    interp::Env,
    isa::Insn,
    map::{Map, MapKind, MapSpec, RDONLY_PROG},
    verifier::{Limits, Refusal, Summary, Unit, verify},
};
use shm::Shm;

/// The maps that test programs use, by index.
pub const MAPS: [MapSpec; 11] = [
    // 0: an array of four values of 16 bytes
    MapSpec { kind: MapKind::Array, key_size: 4, value_size: 16, max_entries: 4, flags: 0 },
    // 1: a hash map
    MapSpec { kind: MapKind::Hash, key_size: 8, value_size: 24, max_entries: 8, flags: 0 },
    // 2: a ring buffer
    MapSpec { kind: MapKind::RingBuf, key_size: 0, value_size: 0, max_entries: 4096, flags: 0 },
    // 3: read-only data
    MapSpec { kind: MapKind::Array, key_size: 4, value_size: 32, max_entries: 1, flags: RDONLY_PROG },
    // 4: global variables
    MapSpec { kind: MapKind::Array, key_size: 4, value_size: 64, max_entries: 1, flags: 0 },
    // 5: a hash map that forgets
    MapSpec { kind: MapKind::LruHash, key_size: 8, value_size: 24, max_entries: 8, flags: 0 },
    // 6: values of each CPU
    MapSpec { kind: MapKind::PercpuArray, key_size: 4, value_size: 16, max_entries: 4, flags: 0 },
    // 7: a perf event array
    MapSpec { kind: MapKind::PerfEventArray, key_size: 4, value_size: 4, max_entries: 2, flags: 0 },
    // 8: programs
    MapSpec { kind: MapKind::ProgArray, key_size: 4, value_size: 4, max_entries: 4, flags: 0 },
    // 9: devices that packets are redirected to
    MapSpec { kind: MapKind::DevMap, key_size: 4, value_size: 4, max_entries: 4, flags: 0 },
    // 10: IPv4 prefixes
    MapSpec { kind: MapKind::LpmTrie, key_size: 8, value_size: 8, max_entries: 4, flags: 0 },
];

/// The hook with the context of four 64-bit words.
pub fn timer() -> &'static Hook {
    hook("timer")
}

/// The hook of this name.
pub fn hook(name: &str) -> &'static Hook {
    HOOKS.iter().find(|hook| hook.name == name).unwrap()
}

pub fn check(code: &[Insn]) -> Result<Summary, Box<Refusal>> {
    check_on(timer(), code)
}

pub fn check_on(hook: &Hook, code: &[Insn]) -> Result<Summary, Box<Refusal>> {
    let unit = Unit { code, hook, maps: &MAPS, lines: None };
    verify(&unit, &Limits::default()).map_err(Box::new)
}

/// Memory for the maps of [`MAPS`].
pub fn map_memory() -> Vec<Vec<AtomicU64>> {
    let words = |spec: &MapSpec| spec.memory_bytes().div_ceil(8);
    MAPS.iter().map(|spec| (0..words(spec)).map(|_| AtomicU64::new(0)).collect()).collect()
}

pub fn create_maps(memory: &[Vec<AtomicU64>]) -> Vec<Map<'_>> {
    let map = |(spec, words): (&MapSpec, _)| Map::create(Shm::from_words(words), spec).unwrap();
    MAPS.iter().zip(memory.iter().map(Vec::as_slice)).map(map).collect()
}

/// A world without surprises.
#[derive(Default)]
pub struct World {
    pub now: u64,
    pub random: u32,
    pub printed: Vec<String>,
}

impl Env for World {
    fn now_ns(&mut self) -> u64 {
        self.now += 1;
        self.now
    }

    fn random_u32(&mut self) -> u32 {
        self.random = self.random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        self.random
    }

    fn cpu(&mut self) -> u32 {
        0
    }

    fn trace(&mut self, text: &[u8]) {
        self.printed.push(String::from_utf8_lossy(text).into_owned());
    }
}

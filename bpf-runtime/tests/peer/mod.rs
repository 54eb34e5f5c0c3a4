//! The crate rbpf as a second opinion: the part of the instruction set that its interpreter does right, and a run of it
//! next to our interpreter and the compiled code.
#![allow(dead_code, reason = "each test uses its part")]
#![allow(clippy::unwrap_used, reason = "a mistake in a test ends it")]
mod rbpf_host;
mod subset;

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use bpf_runtime::{interp, isa::Insn, jit::Checks, map::Map};

use crate::{
    common::{World, create_maps, map_memory},
    compiled::host,
};
pub use subset::{lowered, telling};

/// What a run leaves behind: its answer, and the words of all maps.
type Left = (Result<u64, String>, Vec<Vec<u64>>);

fn words(memory: &[Vec<AtomicU64>]) -> Vec<Vec<u64>> {
    memory.iter().map(|words| words.iter().map(|word| word.load(Relaxed)).collect()).collect()
}

/// Runs an engine on new maps and their memory.
fn on_maps(run: impl FnOnce(&[Map<'_>], &[Vec<AtomicU64>]) -> Result<u64, String>) -> Left {
    let memory = map_memory();
    let answer = run(&create_maps(&memory), &memory);
    (answer, words(&memory))
}

/// Runs a program of [`lowered`] instructions, accepted with this bound, in the interpreter, as compiled code with
/// all checks and with the verifier's only, and in rbpf; they have to agree on r0 and on each byte of the maps.
///
/// # Errors
/// Two engines that differ, and how.
pub fn compare(code: &[Insn], context: &[u8; 32], bound: u64) -> Result<u64, String> {
    let program = interp::Program::new(code).map_err(|e| e.to_string())?;
    let ours = on_maps(|maps, _| {
        let ended = interp::run(&program, context, maps, &mut World::default(), bound);
        ended.map(|outcome| outcome.r0).map_err(|trap| trap.to_string())
    });
    let compiled = |checks| {
        on_maps(|maps, memory| {
            let ended = host::run_on(code, checks, &mut context.to_owned(), (maps, memory), bound);
            ended.map(|(r0, _)| r0).map_err(|(trap, at)| format!("instruction {at}: {trap:?}"))
        })
    };
    let peer = on_maps(|_, memory| rbpf_host::run(code, context, memory));
    let others = [
        ("the code with checks", compiled(Checks::All)),
        ("the code without", compiled(Checks::Verified)),
        ("rbpf", peer),
    ];
    for (name, theirs) in others {
        if ours.0 != theirs.0 {
            return Err(format!("{context:?}: interpreter {:x?}, {name} {:x?}", ours.0, theirs.0));
        }
        if let Some(map) = (0..ours.1.len()).find(|&map| ours.1[map] != theirs.1[map]) {
            return Err(format!("{context:?}: map {map} is another after the interpreter than after {name}"));
        }
    }
    ours.0
}

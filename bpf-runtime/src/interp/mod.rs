//! The interpreter: it checks every access and every step, whatever the verifier has proved before, so it needs no
//! `unsafe`. A run allocates nothing and takes some 6 KiB of the caller's stack.
pub(crate) mod alu;
mod atomic;
mod chain;
mod code;
mod context;
mod helpers;
mod machine;
mod memory;
mod network;
pub(crate) mod print;
mod threaded;
mod trap;

pub use chain::{MAX_TAIL_CALLS, Target, run_chain};
pub use code::{Code, Program, ProgramError};
pub use memory::MAX_MAPS;
pub use network::Packet;
pub use print::MAX_TEXT;
pub use trap::{Trap, TrapReason};

use crate::{hook::Hook, isa::FRAME_BYTES, map::Map};
use context::Context;
use machine::{FullRoom, Machine, Room};

/// Ring buffer records that one run may hold at a time; reserving more gives null.
pub const MAX_RECORDS: usize = 8;

/// What helpers need from the system around.
pub trait Env {
    /// Nanoseconds since boot.
    fn now_ns(&mut self) -> u64;
    /// A random number, not for cryptography.
    fn random_u32(&mut self) -> u32;
    /// The number of the processor.
    fn cpu(&mut self) -> u32;
    /// Takes a text that the program prints, [`MAX_TEXT`] bytes at most.
    fn trace(&mut self, text: &[u8]);
    /// Whether the program may go over to the one with this number in its program array: if so, its run ends with
    /// [`TrapReason::TailCall`]. [`run_chain`] answers for those that it runs.
    fn tail_call(&mut self, number: u32) -> bool {
        let _ = number;
        false
    }
}

/// The end of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The program's answer.
    pub r0: u64,
    /// Fuel used: executed instructions.
    pub instructions: u64,
}

/// Runs `code` from its first slot to its exit. r1 points to `context`, which the program reads and does not
/// write. `maps` are numbered as in the code. The run ends after `fuel` instructions at the latest.
///
/// # Errors
/// The run was ended, see [`TrapReason`]; ring buffer records that it held are discarded.
pub fn run(
    code: &(impl Code + ?Sized),
    context: &[u8],
    maps: &[Map<'_>],
    env: &mut impl Env,
    fuel: u64,
) -> Result<Outcome, Trap> {
    run_fresh(code, Context::read_only(context), maps, env, (0, fuel))
}

/// As [`run`], with memory that the program may write; r2 holds its length.
///
/// # Errors
/// As [`run`].
pub fn run_with_memory(
    code: &(impl Code + ?Sized),
    memory: &mut [u8],
    maps: &[Map<'_>],
    env: &mut impl Env,
    fuel: u64,
) -> Result<Outcome, Trap> {
    let len = memory.len() as u64;
    run_fresh(code, Context::writable(memory), maps, env, (len, fuel))
}

/// Memory for runs, one after the other: to make it anew for each takes longer than a short program runs. The stack
/// is not cleared in between: it holds what the run before left there, which a program that the verifier accepts
/// does not read.
pub struct Workspace<'a>(FullRoom<'a>);

impl Default for Workspace<'_> {
    fn default() -> Self {
        Self(FullRoom::new())
    }
}

impl<'a> Workspace<'a> {
    /// As [`run`], here.
    ///
    /// # Errors
    /// As [`run`].
    pub fn run(
        &mut self,
        code: &(impl Code + ?Sized),
        context: &[u8],
        maps: &[Map<'a>],
        env: &mut impl Env,
        fuel: u64,
    ) -> Result<Outcome, Trap> {
        let room = self.room(is_plain(code));
        execute(code, Context::read_only(context), maps, env, room, (0, fuel))
    }

    /// As [`run_with_memory`], here.
    ///
    /// # Errors
    /// As [`run`].
    pub fn run_with_memory(
        &mut self,
        code: &(impl Code + ?Sized),
        memory: &mut [u8],
        maps: &[Map<'a>],
        env: &mut impl Env,
        fuel: u64,
    ) -> Result<Outcome, Trap> {
        let (len, room) = (memory.len() as u64, self.room(is_plain(code)));
        execute(code, Context::writable(memory), maps, env, room, (len, fuel))
    }

    fn room(&mut self, plain: bool) -> Room<'_, 'a> {
        let room = self.0.room();
        if plain {
            Room { stack: &mut room.stack[..FRAME_BYTES], saved: &mut [], records: &mut [] }
        } else {
            room
        }
    }
}

/// Whether a run needs one call frame and holds no ring buffer records.
fn is_plain(code: &(impl Code + ?Sized)) -> bool {
    prepared(code).is_some_and(Program::is_plain)
}

/// The prepared program, if it can run.
fn prepared(code: &(impl Code + ?Sized)) -> Option<&Program> {
    code.program().filter(|_| cfg!(sibling_calls))
}

/// Runs in memory that was cleared; r2 and the fuel.
fn run_fresh(
    code: &(impl Code + ?Sized),
    context: Context<'_>,
    maps: &[Map<'_>],
    env: &mut impl Env,
    registers: (u64, u64),
) -> Result<Outcome, Trap> {
    if is_plain(code) {
        // Clearing memory takes as long as tens of instructions.
        let room = Room { stack: &mut [0; FRAME_BYTES], saved: &mut [], records: &mut [] };
        execute(code, context, maps, env, room, registers)
    } else {
        execute(code, context, maps, env, FullRoom::new().room(), registers)
    }
}

/// As [`run`], for a program of the packet hook `hook` on a packet. The fields of the context that hold its addresses are
/// set; the program may change the packet, and what it may write of the context.
///
/// # Errors
/// As [`run`].
pub fn run_on_packet(
    code: &(impl Code + ?Sized),
    (hook, context): (&Hook, &mut [u8]),
    packet: &mut Packet<'_>,
    maps: &[Map<'_>],
    env: &mut impl Env,
    fuel: u64,
) -> Result<Outcome, Trap> {
    run_fresh(code, Context::network(hook, context, packet), maps, env, (0, fuel))
}

/// Runs in the form that is there; r2 and the fuel.
fn execute<'c, 'a>(
    code: &'c (impl Code + ?Sized),
    context: Context<'c>,
    maps: &'c [Map<'a>],
    env: &'c mut impl Env,
    room: Room<'c, 'a>,
    (r2, fuel): (u64, u64),
) -> Result<Outcome, Trap> {
    if let Some(program) = prepared(code) {
        return threaded::run(program, context, maps, env, room, (r2, fuel));
    }
    let mut machine = Machine::new(context, maps, env, room);
    machine.regs[2] = r2;
    machine.run(code, fuel)
}

/// As [`run`]; `observe` gets the slot, the number of frames, the registers and the packet's places (metadata, start, end)
/// before each instruction.
///
/// # Errors
/// As [`run`].
#[cfg(any(test, feature = "oracle"))]
pub(crate) fn run_observed(
    code: &(impl Code + ?Sized),
    (hook, context): (&Hook, &mut [u8]),
    packet: &mut Packet<'_>,
    maps: &[Map<'_>],
    env: &mut impl Env,
    fuel: u64,
    mut observe: impl FnMut(usize, usize, &[u64; 16], [u64; 3]),
) -> Result<Outcome, Trap> {
    let mut full = FullRoom::new();
    let context = Context::network(hook, context, packet);
    let machine = Machine::new(context, maps, env, full.room());
    machine.run_observed(code, fuel, |at, machine| {
        observe(at, machine.depth() + 1, &machine.regs, machine.places());
    })
}

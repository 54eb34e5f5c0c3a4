//! Runs the programs of the table for events.

use alloc::vec::Vec;
use bpf_runtime::{
    interp::{self, Env, Program, ProgramError},
    map::Map,
};
use shm::{OutOfBounds, Producer, Shm};

use crate::{
    BADGE_AGENT, BADGE_SERIAL, BADGE_TIMER, Refusal, Request, fuel,
    table::{Counts, SLOTS, Stats, Table},
};

/// The cell's number as a user of maps: the agent is 0.
const OWNER: u8 = 1;

/// What a run needs from the machine.
pub trait Machine {
    /// Nanoseconds since the clock started.
    fn now_ns(&self) -> u64;
}

/// The memory that the cell shares with the agent.
#[derive(Clone, Copy, Debug)]
pub struct Memory<'a> {
    /// The program table and code; only read.
    pub programs: Shm<'a>,
    /// Maps.
    pub maps: Shm<'a>,
    /// How often programs ran.
    pub stats: Shm<'a>,
    /// What programs print.
    pub trace: Shm<'a>,
}

/// A program that is ready to run.
struct Prepared<'a> {
    hook: u32,
    fuel: u64,
    program: Program,
    maps: Vec<Map<'a>>,
    counts: Counts,
}

/// All programs.
pub struct Runner<'a, M> {
    table: Table<'a>,
    stats: Stats<'a>,
    maps: Shm<'a>,
    slots: [Option<Prepared<'a>>; SLOTS],
    system: System<'a, M>,
}

/// What helpers reach.
struct System<'a, M> {
    machine: M,
    trace: Producer<'a>,
    random: u64,
    running: u32,
}

impl<'a, M: Machine> Runner<'a, M> {
    /// A runner of the programs that the table holds already, which is what a restarted cell finds.
    ///
    /// # Errors
    /// The trace memory is too small for a ring.
    pub fn new(memory: Memory<'a>, machine: M) -> Result<Self, OutOfBounds> {
        let seed = machine.now_ns() | 1;
        let mut runner = Self {
            table: Table::new(memory.programs),
            stats: Stats::new(memory.stats),
            maps: memory.maps,
            slots: [const { None }; SLOTS],
            system: System { machine, trace: Producer::new(memory.trace)?, random: seed, running: 0 },
        };
        for slot in 0..SLOTS {
            let counts = runner.stats.get(slot);
            if runner.prepare(slot).is_ok()
                && let Some(prepared) = &mut runner.slots[slot]
            {
                prepared.counts = counts;
                // What the cell before this one was in the middle of when it died.
                for map in &prepared.maps {
                    map.recover(OWNER);
                }
            }
        }
        Ok(runner)
    }

    /// Serves a request of the caller with this badge; gives the verdict, or 0.
    ///
    /// # Errors
    /// See [`Refusal`].
    #[inline]
    pub fn serve(&mut self, badge: u64, label: u64, words: [u64; 4]) -> Result<u64, Refusal> {
        match (Request::decode(label).ok_or(Refusal::Invalid)?, badge) {
            (Request::Event { program }, BADGE_TIMER) => self.event(program, 1, words),
            (Request::Event { program }, BADGE_SERIAL) => self.event(program, 2, words),
            (Request::Prepare { program }, BADGE_AGENT) => {
                let slot = program as usize;
                self.stats.set(slot, Counts::default());
                self.prepare(slot).map(|()| 0)
            }
            (Request::Forget { program }, BADGE_AGENT) => {
                self.slots[program as usize] = None;
                Ok(0)
            }
            _ => Err(Refusal::Invalid),
        }
    }

    fn prepare(&mut self, slot: usize) -> Result<(), Refusal> {
        self.slots[slot] = None;
        let entry = self.table.get(slot).ok_or(Refusal::Empty)?;
        let code = self.table.code(&entry).map_err(|_| Refusal::Invalid)?;
        let program = Program::from_shm(code).map_err(|e| match e {
            ProgramError::OutOfMemory => Refusal::NoMemory,
            ProgramError::Malformed(..) => Refusal::Invalid,
        })?;
        let mut maps = Vec::new();
        maps.try_reserve_exact(entry.maps as usize).map_err(|_| Refusal::NoMemory)?;
        for (offset, len) in &entry.map[..entry.maps as usize] {
            let memory = self.maps.slice(*offset as usize, *len as usize).map_err(|_| Refusal::Invalid)?;
            maps.push(Map::open(memory).map_err(|_| Refusal::Invalid)?.owned_by(OWNER));
        }
        let fuel = fuel(Some(entry.bound).filter(|bound| *bound != 0));
        self.slots[slot] =
            Some(Prepared { hook: entry.hook, fuel, program, maps, counts: Counts::default() });
        Ok(())
    }

    fn event(&mut self, program: u32, hook: u32, words: [u64; 4]) -> Result<u64, Refusal> {
        let slot = program as usize;
        let prepared = self.slots[slot].as_mut().filter(|p| p.hook == hook).ok_or(Refusal::Empty)?;
        let mut context = [0; 32];
        for (bytes, word) in context.chunks_exact_mut(8).zip(words) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
        self.system.running = program;
        let start = self.system.machine.now_ns();
        let run = interp::run(&prepared.program, &context, &prepared.maps, &mut self.system, prepared.fuel);
        let counts = &mut prepared.counts;
        counts.runs += 1;
        counts.ns += self.system.machine.now_ns().saturating_sub(start);
        counts.traps += u64::from(run.is_err());
        self.stats.set(slot, *counts);
        match run {
            Ok(outcome) => Ok(outcome.r0),
            Err(trap) => {
                // The verifier proved that this can't be: say so where somebody sees it.
                log::error!("program {slot}: {trap}");
                Err(Refusal::Trapped)
            }
        }
    }
}

impl<M: Machine> Env for System<'_, M> {
    fn now_ns(&mut self) -> u64 {
        self.machine.now_ns()
    }

    fn random_u32(&mut self) -> u32 {
        // xorshift64* (Vigna 2016): for sampling, not for secrets.
        self.random ^= self.random >> 12;
        self.random ^= self.random << 25;
        self.random ^= self.random >> 27;
        (self.random.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32) as u32
    }

    fn cpu(&mut self) -> u32 {
        0
    }

    fn trace(&mut self, text: &[u8]) {
        let (now, slot) = (self.machine.now_ns().to_le_bytes(), self.running.to_le_bytes());
        // A full ring counts what it drops; the host is told.
        let _ = self.trace.push(&[&now, &slot, text]);
    }
}

#[cfg(test)]
mod tests;

//! The verifier: proves of a program, before it runs, that every access stays inside of memory that is the program's,
//! that every helper gets what it takes, that no address leaks, and that it ends.
//!
//! It walks all paths with what is known of each register and stack slot: known bits and intervals of numbers
//! (`num`, `arith`, `assume`), bases and offsets of pointers. Loops that count are proven as a whole, whatever the
//! number of their turns (`summary`), others walked turn by turn; where paths meet, a state that an earlier one covers
//! is not walked again (`explore`), what nobody reads any more left out (`live`, `slots`). Its time and memory are bounded by
//! [`Limits`], whatever it is given.
mod arith;
mod assume;
mod branch;
mod budget;
mod call;
mod context;
mod explore;
mod layout;
mod live;
mod log;
mod memory;
mod natural;
mod nodes;
mod num;
#[cfg(test)]
mod num_tests;
#[cfg(any(test, feature = "oracle"))]
pub mod oracle;
#[cfg(test)]
mod oracle_tests;
mod pack;
mod pointers;
mod reason;
mod scalar;
mod slots;
mod stack;
mod state;
mod step;
mod subsume;
mod summary;
mod unpack;
mod value;
#[cfg(test)]
mod vectors;
mod widen;

use alloc::{string::String, vec::Vec};
use core::fmt;

pub use reason::{Reason, Region};

use crate::{
    bundle::Lines,
    hook::Hook,
    isa::{Insn, disasm},
    map::MapSpec,
};
use explore::{Explorer, Plan};
use reason::Why;

/// The budget of steps, where none is given. All real programs that were tried take less than 56 for an instruction.
const STEPS_PER_INSN: u64 = 64;
/// As much as 64 instructions get, for short programs with loops that are walked turn by turn.
const LEAST_STEPS: u64 = 4096;

/// A program to verify.
#[derive(Clone, Copy, Debug)]
pub struct Unit<'a> {
    /// The instructions. Maps are named by their index in `maps`.
    pub code: &'a [Insn],
    /// The hook that it is for.
    pub hook: &'a Hook,
    /// The maps, each of which passed [`MapSpec::check`].
    pub maps: &'a [MapSpec],
    /// Source lines for the log.
    pub lines: Option<Lines<'a>>,
}

/// What a verification may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Steps: instructions looked at, over all paths. `None`: 64 for each instruction of the program, 4,096
    /// at least.
    pub steps: Option<u64>,
    /// Bytes of memory.
    pub memory_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { steps: None, memory_bytes: 1_000_000 }
    }
}

/// What was proven of a program that is accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Summary {
    /// The most instructions that a run of this program executes, those of programs that it goes over to by a tail
    /// call not counted; `None`: not known, the run needs a budget.
    pub instruction_bound: Option<u64>,
    /// Bytes of stack, all frames of the deepest call chain together.
    pub stack_bytes: u32,
    /// The numbers of the helpers that it calls.
    pub helpers: Vec<u32>,
    /// The indices of the maps that it uses, bit by bit.
    pub maps: u64,
    /// Those of them that it writes to, directly or through a helper.
    pub written_maps: u64,
    /// Instructions that were looked at.
    pub steps: u64,
}

impl Summary {
    /// Whether the program writes to the map with this index.
    pub const fn writes_map(&self, index: usize) -> bool {
        index < 64 && self.written_maps >> index & 1 != 0
    }

    /// Whether the program uses the map with this index.
    pub const fn uses_map(&self, index: usize) -> bool {
        index < 64 && self.maps >> index & 1 != 0
    }
}

/// Why a program is refused. Displayed: the reason and, on lines of their own, the instruction, the source line
/// and what was known of the registers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The slot of the instruction.
    pub at: u32,
    /// What is wrong.
    pub reason: Reason,
    /// The instruction.
    pub insn: String,
    /// The source line, where it is known: `file:line: text`.
    pub line: Option<String>,
    /// The registers and the stack before the instruction.
    pub state: String,
    /// Instructions that were looked at.
    pub steps: u32,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n  instruction {}: {}", self.reason, self.at, self.insn)?;
        if let Some(line) = &self.line {
            write!(f, "\n  source: {line}")?;
        }
        if self.state.is_empty() { Ok(()) } else { write!(f, "\n  known: {}", self.state) }
    }
}

impl core::error::Error for Refusal {}

/// Verifies a program.
///
/// # Errors
/// The first thing that could not be proven.
pub fn verify(unit: &Unit<'_>, limits: &Limits) -> Result<Summary, Refusal> {
    let done = |explorer: &mut Explorer<'_>| Summary {
        instruction_bound: Some(explorer.nodes.longest).filter(|bound| *bound < u64::MAX),
        stack_bytes: explorer.stack_bytes,
        helpers: core::mem::take(&mut explorer.helpers),
        maps: explorer.maps,
        written_maps: explorer.written_maps,
        steps: explorer.steps,
    };
    prove(unit, limits, |_| {}, done)
}

/// Attempts at a proof: at first loops that count are proven as a whole, all others walked turn by turn. What can't
/// be proven of a loop as a whole may still be so turn by turn; what has no end within the budget, without one.
fn prove<T>(
    unit: &Unit<'_>,
    limits: &Limits,
    begin: impl Fn(&mut Explorer<'_>),
    done: impl FnOnce(&mut Explorer<'_>) -> T,
) -> Result<T, Refusal> {
    let budget = limits.steps.unwrap_or((STEPS_PER_INSN * unit.code.len() as u64).max(LEAST_STEPS));
    let (mut plan, mut steps) = (Plan::default(), 0);
    let mut first = None;
    let why = Why::default();
    let refused = loop {
        let Ok(mut explorer) = Explorer::new(unit, limits, &plan, &why) else {
            let (at, reason) = why.take();
            break refusal(unit, at, reason, String::new());
        };
        explorer.steps = steps;
        begin(&mut explorer);
        if explorer.walk(if plan.unbounded { budget } else { budget - budget / 8 }).is_ok() {
            return Ok(done(&mut explorer));
        }
        steps = explorer.steps;
        let mut reason = why.take().1;
        if let Reason::Steps { .. } = reason {
            reason = Reason::Steps { budget };
        }
        let endless = matches!(reason, Reason::Steps { .. } | Reason::InfiniteLoop | Reason::OutOfMemory);
        let at = explorer.at;
        let refused = || refusal(unit, at, reason, log::text(&explorer.state));
        match explorer.given_up.or_else(|| explorer.nodes.loop_above(explorer.parent)) {
            Some(head) if !endless => {
                if explorer.given_up.is_none() {
                    first.get_or_insert_with(refused);
                }
                if plan.walked.try_reserve(1).is_err() {
                    break refusal(unit, at, Reason::OutOfMemory, String::new());
                }
                plan.walked.push(head);
            }
            _ if endless && !plan.unbounded => plan = Plan { unbounded: true, ..Plan::default() },
            _ if endless => break first.unwrap_or_else(refused),
            _ => break refused(),
        }
    };
    Err(Refusal { steps: steps as u32, ..refused })
}

fn refusal(unit: &Unit<'_>, at: usize, reason: Reason, state: String) -> Refusal {
    let line = unit.lines.and_then(|lines| lines.find(at));
    let line = line.map(|line| log::text(&format_args!("{}:{}: {}", line.file, line.line, line.text.trim())));
    Refusal { at: at as u32, reason, insn: log::text(&disasm(unit.code, at)), line, state, steps: 0 }
}

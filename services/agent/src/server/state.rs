//! What the agent knows: programs, maps, and where they lie.

use alloc::{boxed::Box, vec::Vec};
use bpf_runtime::{bundle, hook, map::Map};
use cell::{
    CELLS,
    hook::{HOOKS, Hook},
    ledger::{self, Ledger},
    out::{Counts, Out},
};
use heapless::String;
use proto::device::{Error, ErrorCode, ProgramRequest};
use report::{Report, control, counters::Counters};
use shm::{OutOfBounds, Shm};

use super::{
    events::Events,
    pages::{Pages, Run},
};

/// A name of a program, map or hook.
pub type Name = String<32>;

/// The system calls that the agent makes.
pub trait Board {
    /// Nanoseconds since the clock started.
    fn now_ns(&self) -> u64;
    /// So many ticks of the time stamp counter, in ns.
    fn ticks_to_ns(&self, ticks: u64) -> u64;
    /// Asks the root task.
    ///
    /// # Errors
    /// Its refusal, or none if it gave another answer than the protocol has.
    fn ask_root(&mut self, request: control::Request) -> Result<(), Option<control::Refusal>>;
    /// Tells the owner of a hook that its attachments changed.
    fn hook_changed(&mut self, hook: u32);
}

/// The memory that the agent shares with others.
#[derive(Clone, Copy, Debug)]
pub struct Memory<'a> {
    /// What is loaded, and its images.
    pub ledger: Shm<'a>,
    /// Maps, and what cells have to say.
    pub maps: Shm<'a>,
    /// Attachments of all hooks.
    pub hooks: Shm<'a>,
    /// The root task's report.
    pub report: Shm<'a>,
    /// The root task's log of events.
    pub events_root: Shm<'a>,
    /// The agent's own log of events.
    pub events_own: Shm<'a>,
    /// The capability table as text.
    pub table: Shm<'a>,
    /// The root task's report on cells.
    pub cells: Shm<'a>,
    /// Rates of all counters.
    pub rates: Shm<'a>,
    /// Counter pages, in the order of `metrics::SOURCES`.
    pub counters: [Shm<'a>; metrics::SOURCES.len()],
}

/// A loaded program.
#[derive(Clone, Debug)]
pub struct Program {
    /// As in the ledger.
    pub meta: ledger::Meta,
    pub name: Name,
    pub hook: &'static hook::Hook,
    pub image: Run,
    pub out: Run,
    /// Places in [`Agent::maps`] of those that it uses.
    pub maps: heapless::Vec<usize, { bundle::MAX_MAPS }>,
}

impl Program {
    /// Unique since boot.
    pub const fn id(&self) -> u32 {
        self.meta.id
    }
}

/// A map.
#[derive(Clone, Debug)]
pub struct MapEntry<'a> {
    /// Unique since boot.
    pub id: u32,
    pub name: Name,
    pub run: Run,
    pub map: Map<'a>,
    /// Programs that use it.
    pub users: u32,
}

/// The control plane.
pub struct Agent<'a, B> {
    pub(crate) board: B,
    pub(crate) memory: Memory<'a>,
    pub(crate) ledger: Ledger<'a>,
    pub(crate) hooks: [(u32, Hook<'a>); HOOKS],
    pub(crate) report: Report<'a>,
    pub(crate) events: Events<'a>,
    /// By slot of the ledger.
    pub(crate) programs: Box<[Option<Program>]>,
    /// By place in the ledger.
    pub(crate) maps: [Option<MapEntry<'a>>; ledger::MAPS],
    pub(crate) code_pages: Pages,
    pub(crate) map_pages: Pages,
    /// The bundle that is being uploaded.
    pub(crate) staging: Box<[u8]>,
    pub(crate) staged: usize,
    pub(crate) next_id: u32,
    pub(crate) frames_ok: u64,
    pub(crate) frames_bad: u64,
    pub(crate) loads: u64,
    pub(crate) refusals: u64,
}

impl<'a, B: Board> Agent<'a, B> {
    /// An agent that goes on where an earlier one stopped, if there was one.
    ///
    /// # Errors
    /// A piece of memory is too small.
    pub fn new(memory: Memory<'a>, board: B) -> Result<Self, OutOfBounds> {
        let hook = |number| Hook::new(memory.hooks, number).map(|hook| (number, hook));
        let hooks = [hook(1)?, hook(2)?, hook(3)?];
        let mut agent = Self {
            board,
            ledger: Ledger(memory.ledger),
            hooks,
            report: Report::new(memory.report),
            events: Events::new(memory.events_root, memory.events_own)?,
            programs: filled(None, CELLS)?,
            maps: [const { None }; ledger::MAPS],
            code_pages: Pages::new(memory.ledger.len(), ledger::IMAGES),
            map_pages: Pages::new(memory.maps.len(), 0),
            staging: filled(0, bundle::MAX_BYTES)?,
            staged: 0,
            next_id: 1,
            frames_ok: 0,
            frames_bad: 0,
            loads: 0,
            refusals: 0,
            memory,
        };
        agent.recover();
        Ok(agent)
    }

    /// What a program has counted.
    pub(crate) fn counts(&self, program: &Program) -> Counts {
        self.out(program).map(|out| out.counts()).unwrap_or_default()
    }

    /// What a program has to say.
    pub(crate) fn out(&self, program: &Program) -> Option<Out<'a>> {
        self.memory.maps.slice(program.out.offset, program.out.len).ok().map(Out)
    }

    /// The slot of the program that a request names.
    pub(crate) fn find(&self, request: &ProgramRequest) -> Result<usize, Error> {
        let wanted =
            |p: &Program| if request.id != 0 { p.id() == request.id } else { p.name == request.name };
        self.programs.iter().position(|p| p.as_ref().is_some_and(wanted)).ok_or_else(|| {
            if request.id != 0 {
                refusal(ErrorCode::NotFound, format_args!("no program with id {}", request.id))
            } else {
                refusal(ErrorCode::NotFound, format_args!("no program {}; see: prog list", request.name))
            }
        })
    }

    /// The hook pages, with the attachments of one program: hook's number, place, period.
    pub(crate) fn attachments(&self, slot: usize) -> impl Iterator<Item = (u32, usize, u64)> {
        self.hooks.iter().flat_map(move |(number, hook)| {
            hook.iter()
                .filter(move |(_, a)| a.program as usize == slot)
                .map(move |(place, a)| (*number, place, a.period_ns))
        })
    }

    /// A number that no program or map has had.
    pub(crate) fn fresh_id(&mut self) -> u32 {
        let id = self.next_id;
        self.next_id = self.next_id.wrapping_add(1).max(1);
        id
    }

    /// Counts a frame that could not be read.
    pub fn bad_frame(&mut self) {
        self.frames_bad += 1;
    }

    /// Publishes the agent's own counters; see [`Agent::COUNTERS`].
    pub fn publish(&self, counters: Counters<'_>) {
        let values = [self.frames_ok, self.frames_bad, self.loads, self.refusals];
        for (i, value) in values.into_iter().enumerate() {
            if let Ok(counter) = counters.counter(i) {
                counter.set(value);
            }
        }
    }

    /// Names of the counters.
    pub const COUNTERS: [&'static str; 4] = ["frames", "frames_bad", "loads", "loads_refused"];
}

/// So many copies on the heap, if there is room.
fn filled<T: Clone>(value: T, len: usize) -> Result<Box<[T]>, OutOfBounds> {
    let mut filled = Vec::new();
    filled.try_reserve_exact(len).map_err(|_| OutOfBounds)?;
    filled.resize(len, value);
    Ok(filled.into_boxed_slice())
}

/// An error answer with its text, cut if it is too long.
pub fn refusal(code: ErrorCode, text: core::fmt::Arguments<'_>) -> Error {
    let mut error = Error { code, message: String::new() };
    cut_into(&mut error.message, text);
    error
}

/// Formats into a text of fixed size and cuts what does not fit.
pub fn cut_into<const N: usize>(into: &mut String<N>, text: core::fmt::Arguments<'_>) {
    struct Cut<'s, const N: usize>(&'s mut String<N>);
    impl<const N: usize> core::fmt::Write for Cut<'_, N> {
        fn write_str(&mut self, s: &str) -> core::fmt::Result {
            let room = N - self.0.len();
            let kept = s.floor_char_boundary(room);
            self.0.push_str(&s[..kept]).map_err(|_| core::fmt::Error)?;
            if kept < s.len() { Err(core::fmt::Error) } else { Ok(()) }
        }
    }
    // An error only says that the text was cut.
    let _ = core::fmt::Write::write_fmt(&mut Cut(into), text);
}

/// The text, cut to what fits.
pub fn cut<const N: usize>(text: &str) -> String<N> {
    let mut out = String::new();
    cut_into(&mut out, format_args!("{text}"));
    out
}

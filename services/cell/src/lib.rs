//! Runs verified programs, away from those who load them and from those whose events they see.
//!
//! The agent verifies a program and writes it into memory that this service can only read; the owner of a
//! hook Calls with an event of up to four words and gets the verdict.
#![no_std]
#![forbid(unsafe_code)]

#[cfg(feature = "server")]
extern crate alloc;

pub mod hook;
#[cfg(feature = "server")]
pub mod runner;
pub mod table;

use caps::{Need, Region, Rights, Slot, standard};

/// The protocol of [`Request`].
pub const PROTOCOL: &str = "cell";

/// Where requests arrive.
pub const REQUESTS: Slot = Slot(8);

/// Verified programs: [`table::Table`].
pub const PROGRAMS: Region = Region::at(standard::FIRST_REGION, 20);
/// The memory of maps.
pub const MAPS: Region = Region::at(standard::FIRST_REGION + 0x20_0000, 128);
/// What programs print: records of [`table::TRACE_HEADER`] bytes and text.
pub const TRACE: Region = Region::at(standard::FIRST_REGION + 0x8_0000, 5);
/// How often programs ran: [`table::Stats`].
pub const STATS: Region = Region::at(standard::FIRST_REGION + 0x9_0000, 1);

/// Badge of the agent: it alone may prepare and forget.
pub const BADGE_AGENT: u64 = 1;
/// Badge of the timer.
pub const BADGE_TIMER: u64 = 2;
/// Badge of the serial driver.
pub const BADGE_SERIAL: u64 = 3;

/// What the service needs besides the standard needs.
pub const NEEDS: &[Need] = &[
    standard::CLOCK_NEED,
    Need::serve("requests", REQUESTS, PROTOCOL),
    Need::memory("programs", PROGRAMS, Rights::R),
    Need::memory("maps", MAPS, Rights::RW),
    Need::memory("trace", TRACE, Rights::RW),
    Need::memory("stats", STATS, Rights::RW),
];

/// What can be asked; the label of the message is `program << 4 | code` (labels have 20 bits on seL4 5.0.0).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// Runs a program for an event of its hook; the message's four words are its context.
    Event {
        /// Its slot in the table.
        program: u32,
    },
    /// Reads the program's slot anew, so that its first event costs no more than the others.
    Prepare {
        /// Its slot in the table.
        program: u32,
    },
    /// Lets go of the program.
    Forget {
        /// Its slot in the table.
        program: u32,
    },
}

impl Request {
    /// The label of the message.
    pub const fn label(self) -> u64 {
        let (code, program) = match self {
            Self::Event { program } => (1, program),
            Self::Prepare { program } => (2, program),
            Self::Forget { program } => (3, program),
        };
        (program as u64) << 4 | code
    }

    /// The request of a label, if it is one.
    pub const fn decode(label: u64) -> Option<Self> {
        let program = (label >> 4) as u32;
        if program as usize >= table::SLOTS {
            return None;
        }
        Some(match label & 15 {
            1 => Self::Event { program },
            2 => Self::Prepare { program },
            3 => Self::Forget { program },
            _ => return None,
        })
    }
}

/// Most instructions of one run, whatever was proven: a loop that is known to end may still take years.
const FUEL: u64 = 1_000_000;

/// The budget of a run, in instructions, of a program with this proven bound.
pub fn fuel(instruction_bound: Option<u64>) -> u64 {
    instruction_bound.map_or(FUEL, |bound| bound.min(FUEL))
}

/// Why a request got no answer; the label of the reply, 0 being success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub enum Refusal {
    /// Not a request, or the caller may not ask this.
    Invalid = 1,
    /// No program in this slot.
    Empty = 2,
    /// Not enough memory to run it.
    NoMemory = 3,
    /// It was stopped while it ran.
    Trapped = 4,
}

impl Refusal {
    /// The refusal of a reply's label, if it is one.
    pub const fn from_label(label: u64) -> Option<Self> {
        Some(match label {
            1 => Self::Invalid,
            2 => Self::Empty,
            3 => Self::NoMemory,
            4 => Self::Trapped,
            _ => return None,
        })
    }
}

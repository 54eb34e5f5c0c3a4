//! A log of what happened to services, cells and programs: one writer, which overwrites the oldest, and readers that
//! see what they missed.
//!
//! Layout, little-endian: events written so far `u64 @0`; from byte 64 on records of 224 bytes, in turn: the event's
//! number from 1 on, 0 while it is being written, `u64 @0`; time in ns `u64 @8`; kind `u32 @16`; whom it happened to,
//! 40 bytes zero-padded, `@24`; what happened, 160 bytes zero-padded, `@64`.
//!
//! A reader compares a record's number before and after it has read it (as Linux's `seqcount`). Neither side waits
//! for the other, and a writer that died half-way leaves no more than a record without a number.
use core::{
    ops::RangeInclusive,
    sync::atomic::{
        Ordering::{Acquire, Relaxed, Release},
        fence,
    },
};

use shm::{OutOfBounds, Shm};

use crate::{FAULT_BYTES, Text, set_text, text};

const RECORDS: usize = 64;
const RECORD: usize = 224;
/// Bytes of the name of whom an event happened to: `timer`, or `cell NAME/ID`.
pub const SUBJECT_BYTES: usize = 40;
/// Bytes of what happened.
pub const TEXT_BYTES: usize = FAULT_BYTES;

/// What kind of thing happened. The numbers are those of `EventKind` in `control.proto`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Kind {
    /// A service or cell faulted.
    Fault = 1,
    /// Somebody asked for its restart.
    Asked = 2,
    /// It was built again.
    Restart = 3,
    /// It is ready again.
    Running = 4,
    /// It stays stopped.
    Stopped = 5,
    /// It ran longer than it may, and was ended.
    OverBudget = 7,
    /// What was asked for it was refused.
    Refused = 8,
    /// A program was loaded.
    Loaded = 9,
    /// A program was unloaded.
    Unloaded = 10,
    /// A program was attached to a hook.
    Attached = 11,
    /// A program was detached.
    Detached = 12,
    /// A program took the place of another.
    Replaced = 13,
}

/// An event, as it was read: its writer's claim.
#[derive(Clone, Copy, Debug)]
pub struct Event {
    /// Its number in its log.
    pub number: u64,
    /// When, in ns since time zero.
    pub time_ns: u64,
    /// A [`Kind`], or one of a later version.
    pub kind: u32,
    /// Whom it happened to.
    pub subject: Text<SUBJECT_BYTES>,
    /// What happened.
    pub text: Text<TEXT_BYTES>,
}

/// The log, for reading.
#[derive(Clone, Copy, Debug)]
pub struct Log<'a> {
    memory: Shm<'a>,
    records: u64,
}

impl<'a> Log<'a> {
    /// The log in `memory`; zeroed memory is an empty one.
    ///
    /// # Errors
    /// There is no room for a record, or the memory is not aligned to 8 bytes.
    pub fn new(memory: Shm<'a>) -> Result<Self, OutOfBounds> {
        memory.u64(0)?;
        let records = memory.len().saturating_sub(RECORDS) / RECORD;
        if records == 0 { Err(OutOfBounds) } else { Ok(Self { memory, records: records as u64 }) }
    }

    /// The numbers of the events that are there.
    pub fn numbers(&self) -> RangeInclusive<u64> {
        let written = self.memory.u64(0).map_or(0, |word| word.load(Acquire));
        // A reader's place lies behind the last: there is always one.
        let written = written.min(u64::MAX - 1);
        written.saturating_sub(self.records - 1).max(1)..=written
    }

    /// The event with this number, unless it was overwritten or is not there yet.
    pub fn get(&self, number: u64) -> Option<Event> {
        let record = self.record(number).ok()?;
        let word = record.u64(0).ok()?;
        if number == 0 || word.load(Acquire) != number {
            return None;
        }
        let event = Event {
            number,
            time_ns: record.load(8, 8).ok()?,
            kind: record.load(16, 4).ok()? as u32,
            subject: text(record, 24).ok()?,
            text: text(record, 64).ok()?,
        };
        fence(Acquire);
        (word.load(Relaxed) == number).then_some(event)
    }

    fn record(&self, number: u64) -> Result<Shm<'a>, OutOfBounds> {
        let index = (number.wrapping_sub(1) % self.records) as usize;
        self.memory.slice(RECORDS + index * RECORD, RECORD)
    }
}

/// The log, for its one writer. It goes on where an earlier writer ended.
#[derive(Clone, Copy, Debug)]
pub struct Writer<'a>(Log<'a>);

impl<'a> Writer<'a> {
    /// The log in `memory`.
    ///
    /// # Errors
    /// As [`Log::new`].
    pub fn new(memory: Shm<'a>) -> Result<Self, OutOfBounds> {
        Log::new(memory).map(Self)
    }

    /// The same log, for reading.
    pub const fn log(&self) -> Log<'a> {
        self.0
    }

    /// Writes an event over the oldest; `subject` and `text` are cut to what fits.
    pub fn add(&self, time_ns: u64, kind: Kind, subject: &str, text: &str) {
        // The memory has room for each record by the log's making.
        let _ = self.try_add(time_ns, kind, subject, text);
    }

    fn try_add(&self, time_ns: u64, kind: Kind, subject: &str, text: &str) -> Result<(), OutOfBounds> {
        let written = self.0.memory.u64(0)?;
        let number = written.load(Relaxed).saturating_add(1);
        let record = self.0.record(number)?;
        record.u64(0)?.store(0, Relaxed);
        fence(Release);
        record.store(8, 8, time_ns)?;
        record.store(16, 4, kind as u64)?;
        set_text::<SUBJECT_BYTES>(record, 24, subject)?;
        set_text::<TEXT_BYTES>(record, 64, text)?;
        record.u64(0)?.store(number, Release);
        written.store(number, Release);
        Ok(())
    }
}

/// Where a reader is in a log.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    log: Log<'a>,
    /// The number of the next event.
    pub next: u64,
    /// Events that were overwritten before they were read.
    pub lost: u64,
}

impl<'a> Reader<'a> {
    /// Reads `log` from event `next` on; from the first one if that is 0, or a number of another log.
    pub fn new(log: Log<'a>, next: u64) -> Self {
        let ahead = next > log.numbers().end().saturating_add(1);
        Self { log, next: if ahead { 1 } else { next.max(1) }, lost: 0 }
    }

    /// The next event; [`Reader::take`] goes past it. What is gone is counted and skipped.
    pub fn peek(&mut self) -> Option<Event> {
        let there = self.log.numbers();
        self.lose(there.start().saturating_sub(self.next));
        // As many turns as the log has records, at most.
        while self.next <= *there.end() {
            match self.log.get(self.next) {
                Some(event) => return Some(event),
                None => self.lose(1),
            }
        }
        None
    }

    /// Goes past the event that was looked at.
    pub fn take(&mut self) {
        self.next = self.next.saturating_add(1);
    }

    fn lose(&mut self, events: u64) {
        self.lost = self.lost.saturating_add(events);
        self.next = self.next.saturating_add(events);
    }
}

#[cfg(test)]
mod tests;

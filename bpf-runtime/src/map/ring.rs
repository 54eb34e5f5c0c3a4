//! A ring buffer for records from several producers (cells) to one consumer (the agent).
//!
//! As Linux's (`kernel/bpf/ringbuf.c`): positions only grow; a record is an 8-byte header and its data padded
//! to 8; it lies in one piece. There is no lock and no second mapping behind the first, hence: a record that
//! would run over the end is preceded by a discarded one that fills it up, so a record may take half of the data
//! area at most; and a producer first claims the header at the producer position, then moves the position on.
//! Whoever finds a header claimed there moves it on instead: so all that is reserved is described by a header
//! that names its owner, wherever that one died, and [`Ring::recover`] can drop it.
//!
//! A word that no record covers holds the lap in which it will be used next: a claim that was late for a lap
//! fails at it.
mod consume;
mod recover;

use core::sync::atomic::{
    AtomicU32, AtomicU64,
    Ordering::{AcqRel, Acquire, Relaxed, Release},
};

use shm::Shm;

use super::{Bytes, HEADER_BYTES, spec::align8, step};
use crate::errno::Errno;

const PRODUCER: usize = 32;
const CONSUMER: usize = 40;
const LOST: usize = 48;
/// Record header, as Linux's: the lower bits are the length, and these.
const BUSY: u64 = 1 << 31;
const DISCARD: u64 = 1 << 30;
/// It is a header.
const WRITTEN: u64 = 1 << 29;
const LENGTH: u64 = WRITTEN - 1;
/// Its high half: 8 bits of owner, 24 bits of lap.
const OWNER_SHIFT: u32 = 32;
const LAP_SHIFT: u32 = 40;
/// The low half of a word that is not in use.
const FREE: u64 = 0x4652_4545;
const RECORD_HEADER: usize = 8;
/// Tries at a reservation before a producer gives up: each failure means that another one succeeded.
const TRIES: usize = 64;

/// A reserved record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// Of the header in the data area.
    at: usize,
    header: u64,
}

impl Record {
    /// Bytes of data.
    pub const fn len(&self) -> usize {
        (self.header & LENGTH) as usize
    }

    /// Whether it holds no data.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Bytes of a record, its header included.
const fn total(header: u64) -> usize {
    RECORD_HEADER + align8((header & LENGTH) as usize)
}

/// A view of a ring buffer.
#[derive(Clone, Copy, Debug)]
pub struct Ring<'a> {
    data: Shm<'a>,
    producer: &'a AtomicU64,
    consumer: &'a AtomicU64,
    lost: &'a AtomicU32,
    owner: u8,
}

impl<'a> Ring<'a> {
    pub(super) fn new(memory: Shm<'a>, owner: u8) -> Option<Self> {
        Some(Self {
            data: memory.slice(HEADER_BYTES, memory.len().checked_sub(HEADER_BYTES)?).ok()?,
            producer: memory.u64(PRODUCER).ok()?,
            consumer: memory.u64(CONSUMER).ok()?,
            lost: memory.u32(LOST).ok()?,
            owner,
        })
    }

    fn offset(&self, position: u64) -> usize {
        position as usize & (self.data.len() - 1)
    }

    /// The lap of a position, as it stands in headers.
    fn lap(&self, position: u64) -> u64 {
        position >> self.data.len().trailing_zeros() << LAP_SHIFT
    }

    fn header(&self, at: usize) -> Result<&'a AtomicU64, Errno> {
        step();
        Ok(self.data.u64(at)?)
    }

    fn produced(&self) -> u64 {
        step();
        self.producer.load(Acquire)
    }

    fn consumed(&self) -> u64 {
        step();
        self.consumer.load(Acquire)
    }

    /// Whether a word is the header of a record that begins at `position` and has at most `room` bytes.
    fn is_header(&self, word: u64, position: u64, room: u64) -> bool {
        let room = room.min((self.data.len() - self.offset(position)) as u64);
        word & WRITTEN != 0
            && word >> LAP_SHIFT == self.lap(position) >> LAP_SHIFT
            && total(word) as u64 <= room
    }

    /// Marks all words as not in use, for positions from `start` on.
    pub(super) fn format(&self, start: u64) {
        for at in (0..self.data.len()).step_by(8) {
            let _ = self.data.store(at, 8, self.lap(start) | FREE);
        }
    }

    /// Moves the producer position behind the record that is claimed there, unless somebody has.
    fn advance(&self, start: u64, header: u64) {
        step();
        let end = start.wrapping_add(total(header) as u64);
        let _ = self.producer.compare_exchange(start, end, AcqRel, Relaxed);
    }

    /// Reserves a record of `len` bytes for writing.
    ///
    /// # Errors
    /// E2BIG: longer than half of the data area. EAGAIN: no room (counted as lost), or too much contention.
    pub fn reserve(&self, len: usize) -> Result<Record, Errno> {
        let size = self.data.len();
        if len > size / 2 - RECORD_HEADER {
            return Err(Errno::E2BIG);
        }
        for _ in 0..TRIES {
            let start = self.produced();
            let used = start.wrapping_sub(self.consumed());
            let at = self.offset(start);
            let wanted = total(len as u64);
            let padding = if at + wanted > size { size - at } else { 0 };
            if used > size as u64 || (padding + wanted) as u64 > size as u64 - used || !at.is_multiple_of(8) {
                break;
            }
            let word = self.header(at)?;
            let seen = word.load(Acquire);
            if self.produced() != start {
                continue;
            }
            if self.is_header(seen, start, size as u64 - used) {
                self.advance(start, seen);
                continue;
            }
            let what =
                if padding > 0 { DISCARD | (padding - RECORD_HEADER) as u64 } else { BUSY | len as u64 };
            let header = self.lap(start) | u64::from(self.owner) << OWNER_SHIFT | WRITTEN | what;
            step();
            if word.compare_exchange(seen, header, AcqRel, Relaxed).is_ok() {
                self.advance(start, header);
                if padding == 0 {
                    return Ok(Record { at, header });
                }
            }
        }
        self.lost.fetch_add(1, Relaxed);
        Err(Errno::EAGAIN)
    }

    /// The memory of a reserved record's data.
    pub fn record(&self, record: Record) -> Option<Shm<'a>> {
        self.data.slice(record.at + RECORD_HEADER, record.len()).ok()
    }

    /// Gives a record to the consumer, or drops it.
    pub fn commit(&self, record: Record, discard: bool) {
        let done = record.header & !BUSY | if discard { DISCARD } else { 0 };
        if let Ok(header) = self.header(record.at) {
            // Changed by another: the ring was reset, or the record dropped by `recover`.
            let _ = header.compare_exchange(record.header, done, Release, Relaxed);
        }
    }

    /// Copies a record in: reserve, write, commit.
    ///
    /// # Errors
    /// As [`Ring::reserve`].
    pub fn output(&self, data: Bytes<'_>) -> Result<(), Errno> {
        let record = self.reserve(data.len())?;
        step();
        let written = data.copy_to(self.data, record.at + RECORD_HEADER);
        self.commit(record, written.is_err());
        Ok(written?)
    }

    /// `bpf_ringbuf_query`: 0 bytes that wait, 1 size, 2 consumer position, 3 producer position; else 0.
    pub fn query(&self, what: u64) -> u64 {
        let (producer, consumer) = (self.producer.load(Acquire), self.consumer.load(Acquire));
        match what {
            0 => producer.wrapping_sub(consumer).min(self.data.len() as u64),
            1 => self.data.len() as u64,
            2 => consumer,
            3 => producer,
            _ => 0,
        }
    }

    /// Records that found no room so far.
    pub fn lost(&self) -> u32 {
        self.lost.load(Relaxed)
    }
}

//! A ring buffer for records from several producers (cells) to one consumer (the agent).
//!
//! As Linux's (`kernel/bpf/ringbuf.c`): positions only grow; a record is an 8-byte header and its data padded
//! to 8; it lies in one piece. Two differences follow from shared memory without a lock and without a second
//! mapping behind the first: a reservation is one compare-and-exchange of the producer position, so a header
//! that is still zero means "not yet written", and the consumer zeroes what it has taken; and a record that
//! would run over the end is preceded by a discarded one that fills it up, so a record may take half of the
//! data area at most.
use core::sync::atomic::{
    AtomicU32, AtomicU64,
    Ordering::{AcqRel, Acquire, Relaxed, Release},
};

use shm::Shm;

use super::{Bytes, HEADER_BYTES, spec::align8};
use crate::errno::Errno;

const PRODUCER: usize = 32;
const CONSUMER: usize = 40;
const LOST: usize = 48;
/// Record header, low half as Linux's: the length, and these.
const BUSY: u64 = 1 << 31;
const DISCARD: u64 = 1 << 30;
const LENGTH: u64 = DISCARD - 1;
/// Record header, high half: the header is written.
const WRITTEN: u64 = 1 << 32;
const RECORD_HEADER: usize = 8;
/// Tries at a reservation before a producer gives up: each failure means that another one succeeded.
const TRIES: usize = 64;

/// A reserved record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// Of the header in the data area.
    at: usize,
    len: usize,
}

impl Record {
    /// Bytes of data.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether it holds no data.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }
}

/// A view of a ring buffer.
#[derive(Clone, Copy, Debug)]
pub struct Ring<'a> {
    data: Shm<'a>,
    producer: &'a AtomicU64,
    consumer: &'a AtomicU64,
    lost: &'a AtomicU32,
}

impl<'a> Ring<'a> {
    pub(super) fn new(memory: Shm<'a>) -> Option<Self> {
        Some(Self {
            data: memory.slice(HEADER_BYTES, memory.len().checked_sub(HEADER_BYTES)?).ok()?,
            producer: memory.u64(PRODUCER).ok()?,
            consumer: memory.u64(CONSUMER).ok()?,
            lost: memory.u32(LOST).ok()?,
        })
    }

    fn offset(&self, position: u64) -> usize {
        position as usize & (self.data.len() - 1)
    }

    fn header(&self, at: usize) -> Result<&'a AtomicU64, Errno> {
        Ok(self.data.u64(at)?)
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
        let total = RECORD_HEADER + align8(len);
        for _ in 0..TRIES {
            let start = self.producer.load(Acquire);
            let used = start.wrapping_sub(self.consumer.load(Acquire));
            let at = self.offset(start);
            let padding = if at + total > size { size - at } else { 0 };
            if used > size as u64 || (padding + total) as u64 > size as u64 - used || !at.is_multiple_of(8) {
                break;
            }
            let end = start.wrapping_add((padding + total) as u64);
            if self.producer.compare_exchange(start, end, AcqRel, Relaxed).is_ok() {
                if padding > 0 {
                    let discarded = WRITTEN | DISCARD | (padding - RECORD_HEADER) as u64;
                    self.header(at)?.store(discarded, Release);
                }
                let at = if padding > 0 { 0 } else { at };
                self.header(at)?.store(WRITTEN | BUSY | len as u64, Release);
                return Ok(Record { at, len });
            }
        }
        self.lost.fetch_add(1, Relaxed);
        Err(Errno::EAGAIN)
    }

    /// The memory of a reserved record's data.
    pub fn record(&self, record: Record) -> Option<Shm<'a>> {
        self.data.slice(record.at + RECORD_HEADER, record.len).ok()
    }

    /// Gives a record to the consumer, or drops it.
    pub fn commit(&self, record: Record, discard: bool) {
        let dropped = if discard { DISCARD } else { 0 };
        if let Ok(header) = self.header(record.at) {
            header.store(WRITTEN | dropped | record.len as u64, Release);
        }
    }

    /// Copies a record in: reserve, write, commit.
    ///
    /// # Errors
    /// As [`Ring::reserve`].
    pub fn output(&self, data: Bytes<'_>) -> Result<(), Errno> {
        let record = self.reserve(data.len())?;
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

    /// Takes the next record into `into`, cut to its size; gives the record's full length. `None`: none is
    /// complete. Positions and lengths that make no sense empty the ring.
    pub fn consume(&self, into: &mut [u8]) -> Option<usize> {
        // More than a full ring of discarded records is not waited for: the producer is not trusted to end.
        for _ in 0..self.data.len() / RECORD_HEADER {
            let start = self.consumer.load(Relaxed);
            let waiting = self.producer.load(Acquire).wrapping_sub(start);
            if waiting == 0 {
                return None;
            }
            let at = self.offset(start);
            let header = match self.header(at) {
                Ok(header) if waiting <= self.data.len() as u64 => header.load(Acquire),
                _ => return self.reset(),
            };
            if header & WRITTEN == 0 || header & BUSY != 0 {
                return None;
            }
            let len = (header & LENGTH) as usize;
            let total = RECORD_HEADER + align8(len);
            if total as u64 > waiting {
                return self.reset();
            }
            let Ok(record) = self.data.slice(at, total) else { return self.reset() };
            let kept = into.len().min(len);
            let read = record.read(RECORD_HEADER, &mut into[..kept]);
            for word in (0..total).step_by(8) {
                let _ = record.store(word, 8, 0);
            }
            self.consumer.store(start.wrapping_add(total as u64), Release);
            if header & DISCARD == 0 && read.is_ok() {
                return Some(len);
            }
        }
        None
    }

    /// Empties a ring whose contents make no sense.
    fn reset(&self) -> Option<usize> {
        self.data.clear();
        let aligned = self.producer.load(Acquire) & !7;
        self.producer.store(aligned, Release);
        self.consumer.store(aligned, Release);
        None
    }
}

//! A byte ring between one producer and one consumer, in shared memory.
//!
//! Layout, little-endian: `head: u32 @0` (bytes ever written, modulo 2^32), `tail: u32 @4` (bytes ever
//! read), `lost: u32 @8` (records refused because the ring was full), data from byte 64 on; the data's size is a
//! power of two. Each side owns one word and treats the other's as a claim: a nonsensical distance counts
//! as an empty (consumer) or a full (producer) ring, never as an access outside of it; the consumer then begins anew where the
//! producer is, so that a word that was written over does not stop the ring for good.
//!
//! Records are `len: u16`, then `len` bytes; [`Producer::write_bytes`] makes a plain byte stream instead.
use core::sync::atomic::{
    AtomicU32,
    Ordering::{Acquire, Relaxed, Release},
};

use crate::{OutOfBounds, Shm};

/// Bytes before the data.
pub const HEADER_BYTES: usize = 64;
const HEAD: usize = 0;
const TAIL: usize = 4;
const LOST: usize = 8;

/// The ring has no room for a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

#[derive(Clone, Copy, Debug)]
struct Ring<'a> {
    head: &'a AtomicU32,
    tail: &'a AtomicU32,
    lost: &'a AtomicU32,
    data: Shm<'a>,
}

impl<'a> Ring<'a> {
    fn new(memory: Shm<'a>) -> Result<Self, OutOfBounds> {
        let room = memory.len().checked_sub(HEADER_BYTES).filter(|&room| room > 0).ok_or(OutOfBounds)?;
        let size = 1 << room.min(1 << 30).ilog2();
        Ok(Self {
            head: memory.u32(HEAD)?,
            tail: memory.u32(TAIL)?,
            lost: memory.u32(LOST)?,
            data: memory.slice(HEADER_BYTES, size)?,
        })
    }

    /// Bytes that wait, for the consumer. If the two words make no sense together, there are none from now on.
    fn used(&self) -> u32 {
        let head = self.head.load(Acquire);
        let used = head.wrapping_sub(self.tail.load(Relaxed));
        if used as usize <= self.data.len() {
            return used;
        }
        self.tail.store(head, Release);
        0
    }

    fn copy_in(&self, at: u32, bytes: &[u8]) {
        let start = at as usize & (self.data.len() - 1);
        let first = bytes.len().min(self.data.len() - start);
        let _ = self.data.write(start, &bytes[..first]);
        let _ = self.data.write(0, &bytes[first..]);
    }

    fn copy_out(&self, at: u32, bytes: &mut [u8]) {
        let start = at as usize & (self.data.len() - 1);
        let first = bytes.len().min(self.data.len() - start);
        let (head, tail) = bytes.split_at_mut(first);
        let _ = self.data.read(start, head);
        let _ = self.data.read(0, tail);
    }
}

/// The writing end.
#[derive(Clone, Copy, Debug)]
pub struct Producer<'a>(Ring<'a>);

impl<'a> Producer<'a> {
    /// The writing end of the ring in `memory`. Zeroed memory is an empty ring.
    ///
    /// # Errors
    /// The memory is too small for a header and a byte of data.
    pub fn new(memory: Shm<'a>) -> Result<Self, OutOfBounds> {
        Ring::new(memory).map(Self)
    }

    /// Bytes that can be written now.
    pub fn free(&self) -> usize {
        let used = self.0.head.load(Relaxed).wrapping_sub(self.0.tail.load(Acquire));
        self.0.data.len().saturating_sub(used as usize)
    }

    /// Writes a record made of `parts`, whole or not at all. A refused one is counted as lost.
    ///
    /// # Errors
    /// No room, or longer than 65,535 bytes.
    pub fn push(&self, parts: &[&[u8]]) -> Result<(), Full> {
        let len: usize = parts.iter().map(|part| part.len()).sum();
        let Ok(prefix) = u16::try_from(len) else { return Err(self.lose()) };
        if len + 2 > self.free() {
            return Err(self.lose());
        }
        let head = self.0.head;
        let mut at = head.load(Relaxed);
        for part in core::iter::once(&prefix.to_le_bytes()[..]).chain(parts.iter().copied()) {
            self.0.copy_in(at, part);
            at = at.wrapping_add(part.len() as u32);
        }
        head.store(at, Release);
        Ok(())
    }

    /// Writes as many of `bytes` as fit; gives their number.
    pub fn write_bytes(&self, bytes: &[u8]) -> usize {
        let n = bytes.len().min(self.free());
        let head = self.0.head;
        let at = head.load(Relaxed);
        self.0.copy_in(at, &bytes[..n]);
        head.store(at.wrapping_add(n as u32), Release);
        n
    }

    fn lose(&self) -> Full {
        let lost = self.0.lost;
        lost.store(lost.load(Relaxed).wrapping_add(1), Relaxed);
        Full
    }
}

/// The reading end.
#[derive(Clone, Copy, Debug)]
pub struct Consumer<'a>(Ring<'a>);

impl<'a> Consumer<'a> {
    /// The reading end of the ring in `memory`.
    ///
    /// # Errors
    /// As [`Producer::new`].
    pub fn new(memory: Shm<'a>) -> Result<Self, OutOfBounds> {
        Ring::new(memory).map(Self)
    }

    /// Bytes that wait.
    pub fn available(&self) -> usize {
        self.0.used() as usize
    }

    /// Records that the producer had to drop so far.
    pub fn lost(&self) -> u32 {
        self.0.lost.load(Relaxed)
    }

    /// Takes the next record into `into`, cut to its size; gives the record's full length.
    pub fn pop(&self, into: &mut [u8]) -> Option<usize> {
        let tail = self.0.tail;
        let used = self.0.used();
        let at = tail.load(Relaxed);
        if used < 2 {
            // A record comes whole: a single byte is none.
            tail.store(at.wrapping_add(used), Release);
            return None;
        }
        let mut prefix = [0; 2];
        self.0.copy_out(at, &mut prefix);
        let len = u16::from_le_bytes(prefix);
        if u32::from(len) + 2 > used {
            // The producer is broken or restarted in the middle: what it wrote can't be framed any more.
            tail.store(at.wrapping_add(used), Release);
            return None;
        }
        let kept = into.len().min(len.into());
        self.0.copy_out(at.wrapping_add(2), &mut into[..kept]);
        tail.store(at.wrapping_add(2 + u32::from(len)), Release);
        Some(len.into())
    }

    /// Drops all that waits.
    pub fn skip(&self) {
        self.0.tail.store(self.0.head.load(Acquire), Release);
    }

    /// Takes as many bytes as wait and fit; gives their number.
    pub fn read_bytes(&self, into: &mut [u8]) -> usize {
        let tail = self.0.tail;
        let n = into.len().min(self.0.used() as usize);
        let at = tail.load(Relaxed);
        self.0.copy_out(at, &mut into[..n]);
        tail.store(at.wrapping_add(n as u32), Release);
        n
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use core::sync::atomic::AtomicU64;
    use std::{vec, vec::Vec};

    use super::*;

    /// 128 bytes: a header and 64 bytes of data.
    fn memory() -> Vec<AtomicU64> {
        (0..16).map(|_| AtomicU64::new(0)).collect()
    }

    #[test]
    fn records_come_out_as_they_went_in_across_the_end() {
        let words = memory();
        let (p, c) = (
            Producer::new(Shm::from_words(&words)).unwrap(),
            Consumer::new(Shm::from_words(&words)).unwrap(),
        );
        for round in 0..100u8 {
            let record = vec![round; usize::from(round % 60)];
            p.push(&[&record[..record.len() / 2], &record[record.len() / 2..]]).unwrap();
            let mut got = [0; 64];
            assert_eq!(c.pop(&mut got), Some(record.len()));
            assert_eq!(&got[..record.len()], &record[..]);
        }
        assert_eq!(c.pop(&mut [0; 4]), None);
    }

    #[test]
    fn a_full_ring_refuses_and_counts() {
        let words = memory();
        let (p, c) = (
            Producer::new(Shm::from_words(&words)).unwrap(),
            Consumer::new(Shm::from_words(&words)).unwrap(),
        );
        p.push(&[&[7; 62]]).unwrap();
        assert_eq!(p.push(&[&[]]), Err(Full));
        assert_eq!(c.lost(), 1);
        assert_eq!(c.pop(&mut [0; 64]), Some(62));
        p.push(&[&[]]).unwrap();
    }

    #[test]
    fn a_lying_producer_can_not_lead_the_consumer_astray() {
        let words = memory();
        let m = Shm::from_words(&words);
        let c = Consumer::new(m).unwrap();
        m.store(HEAD, 4, 10).unwrap();
        m.store(HEADER_BYTES, 2, 500).unwrap();
        assert_eq!(c.pop(&mut [0; 64]), None, "a record longer than what waits");
        assert_eq!(c.available(), 0, "and the ring goes on");
        m.store(HEAD, 4, 0xffff_0000).unwrap();
        assert_eq!(c.pop(&mut [0; 64]), None, "more than the ring can hold");
    }

    #[test]
    fn a_ring_goes_on_whatever_was_written_over_its_words() {
        for (word, value) in
            [HEAD, TAIL].into_iter().flat_map(|word| (0..32).map(move |bit| (word, 1 << bit)))
        {
            let words = memory();
            let m = Shm::from_words(&words);
            let (p, c) = (Producer::new(m).unwrap(), Consumer::new(m).unwrap());
            p.push(&[&[1; 5]]).unwrap();
            m.store(word, 4, m.load(word, 4).unwrap() ^ value).unwrap();
            // What is in it is lost, or wrong; a bounded number of records later it is as it was.
            for _ in 0..70 {
                let _ = c.pop(&mut [0; 64]);
            }
            p.push(&[&[7; 20]]).unwrap();
            let mut got = [0; 20];
            assert_eq!((c.pop(&mut got), got), (Some(20), [7; 20]), "{word} {value:#x}");
            m.store(word, 4, m.load(word, 4).unwrap() ^ value).unwrap();
            while c.read_bytes(&mut [0; 64]) > 0 {}
            assert_eq!((p.write_bytes(&[3; 30]), c.read_bytes(&mut [0; 64])), (30, 30), "{word} {value:#x}");
        }
    }

    #[test]
    fn streams_wrap() {
        let words = memory();
        let (p, c) = (
            Producer::new(Shm::from_words(&words)).unwrap(),
            Consumer::new(Shm::from_words(&words)).unwrap(),
        );
        assert_eq!(p.write_bytes(&[1; 100]), 64);
        assert_eq!(c.read_bytes(&mut [0; 40]), 40);
        assert_eq!(p.write_bytes(&[2; 100]), 40);
        let mut got = [0; 64];
        assert_eq!(c.read_bytes(&mut got), 64);
        assert_eq!((got[23], got[24]), (1, 2));
    }
}

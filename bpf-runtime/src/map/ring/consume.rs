//! The consumer's side.
use core::sync::atomic::{
    AtomicU64,
    Ordering::{Acquire, Relaxed, Release},
};

use super::{BUSY, DISCARD, FREE, LENGTH, RECORD_HEADER, Ring, total};
use crate::map::step;

impl Ring<'_> {
    /// Takes the next record into `into`, cut to its size; gives the record's full length. `None`: none is
    /// complete. Positions and headers that make no sense empty the ring. A consumer that dies while it takes a
    /// record loses that one.
    pub fn consume(&self, into: &mut [u8]) -> Option<usize> {
        // More than a full ring of discarded records is not waited for: the producer is not trusted to end.
        for _ in 0..self.data.len() / RECORD_HEADER {
            let start = self.consumed();
            let waiting = self.produced().wrapping_sub(start);
            if waiting == 0 {
                return None;
            }
            let at = self.offset(start);
            let Ok(header) = self.header(at) else { return self.reset() };
            let seen = header.load(Acquire);
            if waiting > self.data.len() as u64 || !self.is_header(seen, start, waiting) {
                return self.reset();
            }
            if seen & BUSY != 0 {
                return None;
            }
            let len = (seen & LENGTH) as usize;
            let kept = into.len().min(len);
            let read = self.data.read(at + RECORD_HEADER, &mut into[..kept]);
            self.release(header, seen, start);
            if seen & DISCARD == 0 && read.is_ok() {
                return Some(len);
            }
        }
        None
    }

    /// Frees the record at the consumer position. Whatever the step at which the consumer dies, the next one
    /// finds a record that it skips, or the position moved on.
    fn release(&self, header: &AtomicU64, seen: u64, start: u64) {
        let next_lap = self.lap(start.wrapping_add(self.data.len() as u64)) | FREE;
        step();
        header.store(seen | DISCARD, Release);
        for word in (RECORD_HEADER..total(seen)).step_by(8) {
            let _ = self.data.store(self.offset(start) + word, 8, next_lap);
        }
        step();
        self.consumer.store(start.wrapping_add(total(seen) as u64), Release);
        // From here on a producer may use it: then it is no longer ours to free.
        step();
        let _ = header.compare_exchange(seen | DISCARD, next_lap, Release, Relaxed);
    }

    /// Empties a ring whose contents make no sense: it goes on with the next lap.
    fn reset(&self) -> Option<usize> {
        let last = self.data.len() as u64 - 1;
        let start = (self.producer.load(Acquire) | last).wrapping_add(1);
        self.format(start);
        self.producer.store(start, Release);
        self.consumer.store(start, Release);
        None
    }
}

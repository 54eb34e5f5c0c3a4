//! What is done about a producer that died.
use core::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};

use super::{BUSY, DISCARD, OWNER_SHIFT, RECORD_HEADER, Ring, total};

impl Ring<'_> {
    /// Drops the records that a domain had reserved when it died; how many.
    pub(in crate::map) fn recover(&self, owner: u8) -> u32 {
        let (mut position, mut dropped) = (self.consumed(), 0);
        for _ in 0..=self.data.len() / RECORD_HEADER {
            let (producer, consumer) = (self.produced(), self.consumed());
            let waiting = producer.wrapping_sub(position);
            let Ok(header) = self.header(self.offset(position)) else { break };
            let seen = header.load(Acquire);
            // At the producer position one may be claimed that is not counted in yet.
            let room = if waiting == 0 { self.data.len() as u64 } else { waiting };
            if waiting > self.data.len() as u64 || !self.is_header(seen, position, room) {
                let passed = consumer.wrapping_sub(position);
                if passed == 0 || passed > self.data.len() as u64 {
                    break;
                }
                position = consumer;
                continue;
            }
            let theirs = (seen >> OWNER_SHIFT) as u8 == owner && seen & BUSY != 0;
            let dropping = seen & !BUSY | DISCARD;
            if theirs && header.compare_exchange(seen, dropping, AcqRel, Relaxed).is_ok() {
                dropped += 1;
            }
            if waiting == 0 {
                self.advance(position, seen);
                break;
            }
            position = position.wrapping_add(total(seen) as u64);
        }
        dropped
    }
}

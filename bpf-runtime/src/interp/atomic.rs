//! Atomic read-modify-write instructions (RFC 9669, section 5.3).
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering::SeqCst};

use super::{TrapReason, machine::Machine};
use crate::isa::{Atomic, Size};

/// What an operation leaves in memory that held `old`.
fn result(atomic: Atomic, old: u64, src: u64, expected: u64) -> u64 {
    match atomic {
        Atomic::Add { .. } => old.wrapping_add(src),
        Atomic::Or { .. } => old | src,
        Atomic::And { .. } => old & src,
        Atomic::Xor { .. } => old ^ src,
        Atomic::Xchg => src,
        Atomic::CmpXchg => {
            if old == expected {
                src
            } else {
                old
            }
        }
    }
}

fn on_u64(atomic: Atomic, word: &AtomicU64, src: u64, expected: u64) -> u64 {
    match atomic {
        Atomic::Add { .. } => word.fetch_add(src, SeqCst),
        Atomic::Or { .. } => word.fetch_or(src, SeqCst),
        Atomic::And { .. } => word.fetch_and(src, SeqCst),
        Atomic::Xor { .. } => word.fetch_xor(src, SeqCst),
        Atomic::Xchg => word.swap(src, SeqCst),
        Atomic::CmpXchg => word.compare_exchange(expected, src, SeqCst, SeqCst).unwrap_or_else(|old| old),
    }
}

fn on_u32(atomic: Atomic, word: &AtomicU32, src: u32, expected: u32) -> u32 {
    match atomic {
        Atomic::Add { .. } => word.fetch_add(src, SeqCst),
        Atomic::Or { .. } => word.fetch_or(src, SeqCst),
        Atomic::And { .. } => word.fetch_and(src, SeqCst),
        Atomic::Xor { .. } => word.fetch_xor(src, SeqCst),
        Atomic::Xchg => word.swap(src, SeqCst),
        Atomic::CmpXchg => word.compare_exchange(expected, src, SeqCst, SeqCst).unwrap_or_else(|old| old),
    }
}

impl<E: ?Sized> Machine<'_, '_, E> {
    /// Does the operation at `address`; the old value, zero-extended.
    pub(super) fn atomic(
        &mut self,
        atomic: Atomic,
        size: Size,
        address: u64,
        src: u64,
    ) -> Result<u64, TrapReason> {
        let bytes = size.bytes();
        let expected = self.regs[0];
        if !(address as usize).is_multiple_of(bytes) {
            return Err(TrapReason::Misaligned);
        }
        if let Some(place) = self.shared(address, bytes) {
            if place.read_only {
                return Err(TrapReason::ReadOnly);
            }
            let old = match size {
                Size::D => place.memory.u64(place.at).map(|word| on_u64(atomic, word, src, expected)),
                _ => (place.memory.u32(place.at))
                    .map(|word| on_u32(atomic, word, src as u32, expected as u32).into()),
            };
            return old.map_err(|_| TrapReason::Misaligned);
        }
        // The stack is private: no other domain can come between.
        let mask = if size == Size::D { u64::MAX } else { u64::from(u32::MAX) };
        let old = self.load(address, bytes)?;
        self.store(address, bytes, result(atomic, old, src & mask, expected & mask) & mask)?;
        Ok(old)
    }
}

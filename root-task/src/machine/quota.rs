//! The memory of cells: untypeds of one size, cut from boot untypeds that nothing else uses.

use alloc::vec::Vec;
use root_task::plan::Untyped;
use sel4::{ObjectBlueprint, cap_type};

use super::{
    error::Why,
    objects::{Pool, Slots, cap},
};

/// Bits of a piece's size.
pub const PIECE_BITS: u8 = 16;
/// Pages of a piece.
pub const PIECE_PAGES: u64 = 1 << (PIECE_BITS - 12);
/// So many free pieces are kept ready: what a cell needs, but for a very long program.
const READY: usize = 2;

/// Pieces in use and free, and what more can be cut from.
#[derive(Debug)]
pub struct Quota {
    /// Slots of free pieces.
    free: Vec<usize>,
    /// Boot untypeds that were not touched: slot and bits, the smallest last.
    uncut: Vec<(usize, u8)>,
    /// Pieces that cells hold.
    used: usize,
}

impl Quota {
    /// What the boot has left: `touched` says which untypeds it has used.
    pub fn new(untypeds: &[Untyped], first: usize, touched: impl Fn(usize) -> bool) -> Self {
        let spare = |(i, u): &(usize, &Untyped)| !u.device && u.bits >= PIECE_BITS && !touched(*i);
        let mut uncut: Vec<_> =
            untypeds.iter().enumerate().filter(spare).map(|(i, u)| (first + i, u.bits)).collect();
        uncut.sort_by_key(|(_, bits)| core::cmp::Reverse(*bits));
        Self { free: Vec::new(), uncut, used: 0 }
    }

    /// Bytes that cells hold.
    pub const fn used_bytes(&self) -> u64 {
        (self.used as u64) << PIECE_BITS
    }

    /// Cuts an untyped if few pieces are free. The kernel zeroes an untyped when it is first used, 0.6
    /// instructions a byte on x86_64: to be done when nobody waits.
    ///
    /// # Errors
    /// Those of the kernel; no slots.
    pub fn refill(&mut self, slots: &mut Slots) -> Result<(), Why> {
        while self.free.len() < READY {
            let Some((untyped, bits)) = self.uncut.pop() else { return Ok(()) };
            // A very large one would take long: a part of it will do.
            let pieces = 1_usize << (bits - PIECE_BITS);
            let taken = slots.take(pieces.min(sel4::RETYPE_FAN_OUT_LIMIT))?;
            let root = sel4::init_thread::slot::CNODE.cap().absolute_self();
            let piece = ObjectBlueprint::Untyped { size_bits: PIECE_BITS.into() };
            cap::<cap_type::Untyped>(untyped).untyped_retype(&piece, &root, taken.start, taken.len())?;
            self.free.extend(taken);
        }
        Ok(())
    }

    /// Takes pieces for so many pages.
    ///
    /// # Errors
    /// There are not so many.
    pub fn take(&mut self, pages: u64, slots: &mut Slots) -> Result<Pool, Why> {
        let wanted = pages.div_ceil(PIECE_PAGES) as usize;
        while self.free.len() < wanted {
            if self.uncut.is_empty() {
                return Err(Why::Missing("memory for cells"));
            }
            let free = core::mem::take(&mut self.free);
            let refilled = self.refill(slots);
            self.free.extend(free);
            refilled?;
        }
        let mut pool = Pool::default();
        for piece in self.free.drain(self.free.len() - wanted..) {
            pool.add(piece, PIECE_BITS);
        }
        self.used += wanted;
        Ok(pool)
    }

    /// Takes the pieces of a pool back that was reset.
    pub fn give_back(&mut self, pool: &Pool) {
        self.used -= pool.untypeds().count();
        self.free.extend(pool.untypeds());
    }
}

//! Slots of the root CNode, and the untypeds that objects are made of.

use core::ops::Range;

use alloc::vec::Vec;
use sel4::{AbsoluteCPtr, Cap, CapType, ObjectBlueprint, Result, init_thread::Slot};

use super::error::Why;

/// Empty slots of the root CNode, used one after the other.
#[derive(Debug)]
pub struct Slots(Range<usize>);

impl Slots {
    /// These slots.
    pub const fn new(range: Range<usize>) -> Self {
        Self(range)
    }

    /// Takes `n` slots in a row.
    ///
    /// # Errors
    /// There are not so many.
    pub fn take(&mut self, n: usize) -> core::result::Result<Range<usize>, Why> {
        let taken = self.0.start..self.0.start + n;
        if taken.end > self.0.end {
            return Err(Why::Missing("empty slots"));
        }
        self.0.start = taken.end;
        Ok(taken)
    }
}

/// The capability in a slot.
pub const fn cap<T: CapType>(slot: usize) -> Cap<T> {
    Slot::from_index(slot).cap()
}

/// A slot, for CNode operations.
pub fn at(slot: usize) -> AbsoluteCPtr {
    Slot::<sel4::cap_type::Unspecified>::from_index(slot).absolute_cptr()
}

/// The untypeds of one owner.
#[derive(Debug, Default)]
pub struct Pool {
    pieces: Vec<Piece>,
    current: usize,
}

#[derive(Clone, Copy, Debug)]
struct Piece {
    untyped: usize,
    bits: u8,
    used: u64,
}

impl Pool {
    /// Adds the untyped in `slot`, of `2^bits` bytes.
    pub fn add(&mut self, slot: usize, bits: u8) {
        self.pieces.push(Piece { untyped: slot, bits, used: 0 });
    }

    /// The slots of all untypeds.
    pub fn untypeds(&self) -> impl Iterator<Item = usize> {
        self.pieces.iter().map(|piece| piece.untyped)
    }

    /// Bytes of all untypeds together.
    pub fn bytes(&self) -> u64 {
        self.pieces.iter().map(|piece| 1 << piece.bits).sum()
    }

    /// Makes objects, one for each slot. Larger objects have to come before smaller ones, so that none is lost to
    /// alignment.
    ///
    /// # Errors
    /// The plan promised too little, or a slot is in use.
    pub fn make(&mut self, what: ObjectBlueprint, slots: Range<usize>) -> core::result::Result<(), Why> {
        let size = 1 << what.physical_size_bits();
        let mut next = slots.start;
        while next < slots.end {
            let piece = self.pieces.get_mut(self.current).ok_or(Why::Missing("untyped with room"))?;
            let room = ((1 << piece.bits) - piece.used) / size;
            if room == 0 {
                self.current += 1;
                continue;
            }
            let n = (slots.end - next).min(room as usize).min(sel4::RETYPE_FAN_OUT_LIMIT);
            let root = sel4::init_thread::slot::CNODE.cap().absolute_self();
            cap::<sel4::cap_type::Untyped>(piece.untyped).untyped_retype(&what, &root, next, n)?;
            piece.used += size * n as u64;
            next += n;
        }
        Ok(())
    }

    /// Destroys everything that was made, and gives all memory back.
    ///
    /// # Errors
    /// Those of the kernel.
    pub fn reset(&mut self) -> Result<()> {
        self.current = 0;
        for piece in &mut self.pieces {
            at(piece.untyped).revoke()?;
            piece.used = 0;
        }
        Ok(())
    }
}

//! The addresses that a program sees, and what they stand for.
//!
//! The upper 32 bits of an address name a region, the lower ones are an offset into it: so an offset that
//! leaves its region by any amount that the verifier lets arithmetic reach can never fall into another one.
use crate::{
    isa::{FP, FRAME_BYTES, MAX_FRAMES},
    map::{Bytes, Map},
};
use shm::Shm;

use super::{TrapReason, machine::Machine, network::Network};

/// The call frames' stacks, the program's own first.
pub(super) const STACK: u32 = 1 << KIND_SHIFT;
pub(super) const CONTEXT: u32 = 2 << KIND_SHIFT;
/// With the number of the map and of the entry.
pub(super) const VALUE: u32 = 3 << KIND_SHIFT;
/// With the number of the map.
pub(super) const MAP: u32 = 4 << KIND_SHIFT;
/// With the number of the record in the run's list.
pub(super) const RECORD: u32 = 5 << KIND_SHIFT;
pub(super) const CODE: u32 = 6 << KIND_SHIFT;
/// Packets: contexts hold their addresses in 32 bits.
const PACKET: u32 = 0;
const KIND_SHIFT: u32 = 28;
const KIND: u32 = 0xf << KIND_SHIFT;
const MAP_SHIFT: u32 = 22;
const ENTRY: u32 = (1 << MAP_SHIFT) - 1;
/// Maps that a program may use: what fits beside an entry's number.
pub const MAX_MAPS: usize = 1 << (KIND_SHIFT - MAP_SHIFT);

/// Bytes of all call frames' stacks.
pub(super) const STACK_BYTES: usize = FRAME_BYTES * MAX_FRAMES;

/// The address of offset 0 in a region.
pub(super) const fn address(tag: u32) -> u64 {
    (tag as u64) << 32
}

/// The address of an entry's value.
pub(super) const fn value_address(map: usize, entry: u32) -> u64 {
    address(VALUE | (map as u32) << MAP_SHIFT | entry)
}

/// An address's region, and the offset into it.
#[inline]
pub(super) const fn split(address: u64) -> (u32, usize) {
    ((address >> 32) as u32, address as u32 as usize)
}

/// Where an address lies in memory that begins at `start`: what lies before is far behind its end.
const fn offset_from(address: u64, start: u64) -> usize {
    address.wrapping_sub(start) as usize
}

fn private(memory: &[u8], at: usize, size: usize) -> Option<u64> {
    let bytes = memory.get(at..at.checked_add(size)?)?;
    Some(match size {
        1 => bytes[0].into(),
        2 => u16::from_le_bytes(bytes.try_into().ok()?).into(),
        4 => u32::from_le_bytes(bytes.try_into().ok()?).into(),
        _ => u64::from_le_bytes(bytes.try_into().ok()?),
    })
}

/// Shared memory that an address stands for.
pub(super) struct Shared<'a> {
    pub memory: Shm<'a>,
    pub at: usize,
    pub read_only: bool,
}

impl<'c, 'a, E: ?Sized> Machine<'c, 'a, E> {
    /// The map that a handle stands for.
    pub(super) fn map(&self, handle: u64) -> Result<(usize, &'c Map<'a>), TrapReason> {
        let number = ((handle >> 32) as u32 ^ MAP) as usize;
        match self.maps.get(number) {
            Some(map) if handle as u32 == 0 => Ok((number, map)),
            _ => Err(TrapReason::NoMap),
        }
    }

    /// The map value that a region is, if it is one, and whether it is read-only.
    #[inline]
    pub(super) fn value(&self, tag: u32) -> Option<(Shm<'a>, bool)> {
        let map = self.maps.get(((tag ^ VALUE) >> MAP_SHIFT) as usize)?;
        Some((map.value(tag & ENTRY)?, map.spec().is_read_only()))
    }

    /// The shared memory behind `size` bytes at `address`, if it is such.
    #[inline]
    pub(super) fn shared(&self, address: u64, size: usize) -> Option<Shared<'a>> {
        let (tag, at) = split(address);
        let (memory, read_only) = match tag & KIND {
            VALUE => self.value(tag)?,
            RECORD => {
                let (ring, record) = (*self.records.get((tag ^ RECORD) as usize)?)?;
                (ring.record(record)?, false)
            }
            _ => return None,
        };
        let fits = at.checked_add(size).is_some_and(|end| end <= memory.len());
        fits.then_some(Shared { memory, at, read_only })
    }

    #[inline]
    pub(super) fn load(&self, address: u64, size: usize) -> Result<u64, TrapReason> {
        let (tag, offset) = split(address);
        match tag {
            STACK => private(&self.stack[..self.stack_end()], offset, size),
            CONTEXT => private(self.context.bytes(), offset, size),
            PACKET => {
                self.packet().and_then(|(start, packet)| private(packet, offset_from(address, start), size))
            }
            _ => self.shared(address, size).and_then(|place| place.memory.load(place.at, size).ok()),
        }
        .ok_or(TrapReason::Access { address, size })
    }

    #[inline]
    pub(super) fn store(&mut self, address: u64, size: usize, value: u64) -> Result<(), TrapReason> {
        if let Some((start, memory)) = self.private_mut(address)? {
            let at = offset_from(address, start);
            let to = at.checked_add(size).and_then(|end| memory.get_mut(at..end));
            let to = to.ok_or(TrapReason::Access { address, size })?;
            to.copy_from_slice(&value.to_le_bytes()[..size]);
            return Ok(());
        }
        let place = self.shared(address, size).ok_or(TrapReason::Access { address, size })?;
        if place.read_only {
            return Err(TrapReason::ReadOnly);
        }
        place.memory.store(place.at, size, value).map_err(|_| TrapReason::Access { address, size })
    }

    /// The private memory of the address's region, if it is such, for writing, and where it begins.
    #[inline]
    fn private_mut(&mut self, at: u64) -> Result<Option<(u64, &mut [u8])>, TrapReason> {
        let end = self.stack_end();
        match (at >> 32) as u32 {
            STACK => Ok(Some((address(STACK), &mut self.stack[..end]))),
            CONTEXT => {
                let memory = self.context.bytes_mut().ok_or(TrapReason::ReadOnly)?;
                Ok(Some((address(CONTEXT), memory)))
            }
            PACKET => Ok(self.context.network.as_mut().map(Network::window_mut)),
            _ => Ok(None),
        }
    }

    fn packet(&self) -> Option<(u64, &[u8])> {
        self.context.network.as_ref().map(Network::window)
    }

    /// The bytes that a helper reads.
    pub(super) fn bytes(&self, address: u64, size: usize) -> Result<Bytes<'_>, TrapReason> {
        let within = |memory: &[u8], at: usize| {
            at.checked_add(size).is_some_and(|end| end <= memory.len()).then_some(at)
        };
        let private = |memory: &[u8]| within(memory, address as u32 as usize);
        let found = match (address >> 32) as u32 {
            STACK => {
                let memory = &self.stack[..self.stack_end()];
                private(memory).map(|at| Bytes::Private(&memory[at..at + size]))
            }
            CONTEXT => {
                let memory = self.context.bytes();
                private(memory).map(|at| Bytes::Private(&memory[at..at + size]))
            }
            PACKET => self.packet().and_then(|(start, memory)| {
                within(memory, offset_from(address, start)).map(|at| Bytes::Private(&memory[at..at + size]))
            }),
            _ => self
                .shared(address, size)
                .and_then(|place| place.memory.slice(place.at, size).ok())
                .map(Bytes::Shared),
        };
        found.ok_or(TrapReason::Access { address, size })
    }

    /// The end of the active frames.
    #[inline]
    pub(super) fn stack_end(&self) -> usize {
        (self.regs[usize::from(FP)] as u32 as usize).min(self.stack.len())
    }
}

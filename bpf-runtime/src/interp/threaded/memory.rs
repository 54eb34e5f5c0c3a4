//! Loads and stores: the context, the stack and the map value that was used last at once, the rest by the slow form.
use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

use shm::Shm;

use super::{
    Handler, Reg, Run, Slot,
    act::{Act, Flow, Set, one},
    alu::source,
    control::{kept, trapped},
};
use crate::{
    interp::{
        alu,
        context::Memory,
        memory::{CONTEXT, STACK, split},
    },
    isa::{FP, Operand, Size},
};

/// A map's value.
pub(super) struct Recent<'a> {
    /// The upper half of its addresses.
    tag: u32,
    writable: bool,
    memory: Shm<'a>,
}

impl<'a> Recent<'a> {
    /// The value at `address`.
    #[inline]
    pub(super) fn new(address: u64, memory: Shm<'a>, read_only: bool) -> Self {
        Self { tag: split(address).0, writable: !read_only, memory }
    }
}

impl Default for Recent<'_> {
    fn default() -> Self {
        const NONE: &[AtomicU64] = &[];
        Self { tag: 0, writable: false, memory: Shm::from_words(NONE) }
    }
}

/// The little-endian number of SIZE bytes at `at`: whole, for a buffer here would be lent to the copy.
#[inline]
fn get<const SIZE: usize>(memory: &[u8], at: usize) -> Option<u64> {
    let bytes = memory.get(at..at + SIZE)?;
    Some(match SIZE {
        1 => bytes[0].into(),
        2 => u16::from_le_bytes(*bytes.first_chunk()?).into(),
        4 => u32::from_le_bytes(*bytes.first_chunk()?).into(),
        _ => u64::from_le_bytes(*bytes.first_chunk()?),
    })
}

#[inline]
fn put<const SIZE: usize>(memory: &mut [u8], at: usize, value: u64) -> Option<()> {
    let bytes = memory.get_mut(at..at + SIZE)?;
    match SIZE {
        1 => bytes[0] = value as u8,
        2 => *bytes.first_chunk_mut()? = (value as u16).to_le_bytes(),
        4 => *bytes.first_chunk_mut()? = (value as u32).to_le_bytes(),
        _ => *bytes.first_chunk_mut()? = value.to_le_bytes(),
    }
    Some(())
}

/// As [`get`], of shared memory; what is not aligned goes the slow way.
#[inline]
fn get_shared<const SIZE: usize>(memory: Shm<'_>, at: usize) -> Option<u64> {
    match SIZE {
        1 => memory.load(at, 1).ok(),
        4 => memory.u32(at).ok().map(|word| word.load(Relaxed).into()),
        8 => memory.u64(at).ok().map(|word| word.load(Relaxed)),
        _ => None,
    }
}

#[inline]
fn put_shared<const SIZE: usize>(memory: Shm<'_>, at: usize, value: u64) -> Option<()> {
    match SIZE {
        1 => memory.store(at, 1, value).ok(),
        4 => memory.u32(at).ok().map(|word| word.store(value as u32, Relaxed)),
        8 => memory.u64(at).ok().map(|word| word.store(value, Relaxed)),
        _ => None,
    }
}

impl Run<'_, '_, '_> {
    /// Whether so many bytes of the stack are those of active frames, which end at r10.
    #[inline]
    fn is_active(&self, end: usize) -> bool {
        end <= self.machine.regs[usize::from(FP)] as u32 as usize
    }

    #[inline]
    pub(super) fn load_near<const SIZE: usize>(&self, from: u64) -> Option<u64> {
        let (tag, at) = split(from);
        match tag {
            CONTEXT => get::<SIZE>(self.machine.context.bytes(), at),
            STACK if self.is_active(at + SIZE) => get::<SIZE>(self.machine.stack, at),
            _ if tag == self.recent.tag => get_shared::<SIZE>(self.recent.memory, at),
            _ => None,
        }
    }

    #[inline]
    fn store_near<const SIZE: usize>(&mut self, to: u64, value: u64) -> Option<()> {
        let (tag, at) = split(to);
        match tag {
            CONTEXT => match &mut self.machine.context.memory {
                Memory::Writable(memory) => put::<SIZE>(memory, at, value),
                Memory::ReadOnly(_) | Memory::Shown(_) => None,
            },
            STACK if self.is_active(at + SIZE) => put::<SIZE>(self.machine.stack, at, value),
            _ if tag == self.recent.tag && self.recent.writable => {
                put_shared::<SIZE>(self.recent.memory, at, value)
            }
            _ => None,
        }
    }

    #[inline(never)]
    fn load_far(&mut self, address: u64, size: usize) -> Option<u64> {
        let value = kept(self.machine.load(address, size), &mut self.ended)?;
        self.remember(address);
        Some(value)
    }

    #[inline(never)]
    fn store_far(&mut self, address: u64, size: usize, value: u64) -> Option<()> {
        kept(self.machine.store(address, size, value), &mut self.ended)?;
        self.remember(address);
        Some(())
    }

    /// Makes the map value at `address`, if it is one, the one that was used last.
    fn remember(&mut self, address: u64) {
        let (tag, _) = split(address);
        if let Some((memory, read_only)) = self.machine.value(tag) {
            self.recent = Recent::new(address, memory, read_only);
        }
    }
}

#[inline]
fn place(run: &Run<'_, '_, '_>, base: Reg, slot: &Slot) -> u64 {
    run.reg(base).wrapping_add_signed((slot.at as i16).into())
}

/// `dst = *(src + at)`; the immediate tells [`load_far`] which.
pub(super) struct Load<const SIZE: usize, const SIGNED: bool>;

impl<const SIZE: usize, const SIGNED: bool> Act for Load<SIZE, SIGNED> {
    const OTHERWISE: Handler = load_far;

    #[inline]
    fn act(run: &mut Run<'_, '_, '_>, slot: &Slot) -> Flow {
        Self::set(run, slot).map_or(Flow::Undone, |_| Flow::Next)
    }
}

impl<const SIZE: usize, const SIGNED: bool> Set for Load<SIZE, SIGNED> {
    #[inline]
    fn set(run: &mut Run<'_, '_, '_>, slot: &Slot) -> Option<u64> {
        let loaded = run.load_near::<SIZE>(place(run, slot.src, slot))?;
        let value = if SIGNED { alu::sign_extend(loaded, 8 * SIZE as u32) } else { loaded };
        run.set(slot.dst, value);
        Some(value)
    }
}

/// `*(dst + at) = src`, or the immediate. With a register the immediate is the size, for [`store_far`]; otherwise
/// the number of the source register is.
pub(super) struct Store<const SIZE: usize, const REG: bool>;

impl<const SIZE: usize, const REG: bool> Act for Store<SIZE, REG> {
    const OTHERWISE: Handler = if REG { store_far::<true> } else { store_far::<false> };

    #[inline]
    fn act(run: &mut Run<'_, '_, '_>, slot: &Slot) -> Flow {
        let to = place(run, slot.dst, slot);
        let value = if REG { run.reg(slot.src) } else { i64::from(slot.imm) as u64 };
        if run.store_near::<SIZE>(to, value).is_some() { Flow::Next } else { Flow::Undone }
    }
}

/// `dst = *(src + at); dst += n; *(src + at) = dst` in 64 bits, in the map value that was used last: what programs
/// that measure do most. Elsewhere it is a load, and what follows.
pub(super) fn count<'c, const REG: bool>(run: &mut Run<'c, '_, '_>, code: &'c [Slot], spare: u64) -> u64 {
    let [load, add, store, after @ ..] = code else { return one::<Load<8, false>>(run, code, spare) };
    let (tag, at) = split(place(run, load.src, load));
    match run.recent.memory.u64(at) {
        Ok(word) if tag == run.recent.tag && run.recent.writable => {
            let value = word.load(Relaxed).wrapping_add(source::<REG>(run, add));
            word.store(value, Relaxed);
            run.set(load.dst, value);
            (store.next)(run, after, spare)
        }
        _ => one::<Load<8, false>>(run, code, spare),
    }
}

/// What a load's immediate tells [`load_far`].
pub(super) fn far(size: Size, signed: bool) -> i32 {
    let bytes = size.bytes() as i32;
    if signed { -bytes } else { bytes }
}

/// A load from any memory. Apart from `Load`, so that this one needs no stack frame.
#[inline(never)]
fn load_far<'c>(run: &mut Run<'c, '_, '_>, code: &'c [Slot], spare: u64) -> u64 {
    let [slot, rest @ ..] = code else { return spare };
    let size = slot.imm.unsigned_abs();
    let from = place(run, slot.src, slot);
    let Some(value) = run.load_far(from, size as usize) else { return trapped(run, code) };
    run.set(slot.dst, if slot.imm < 0 { alu::sign_extend(value, 8 * size) } else { value });
    (slot.next)(run, rest, spare)
}

/// A store to any memory.
#[inline(never)]
fn store_far<'c, const REG: bool>(run: &mut Run<'c, '_, '_>, code: &'c [Slot], spare: u64) -> u64 {
    let [slot, rest @ ..] = code else { return spare };
    let to = place(run, slot.dst, slot);
    let (size, value) = if REG {
        (slot.imm as usize, run.reg(slot.src))
    } else {
        (slot.src as usize, i64::from(slot.imm) as u64)
    };
    if run.store_far(to, size, value).is_none() {
        return trapped(run, code);
    }
    (slot.next)(run, rest, spare)
}

static LOAD: [[Handler; 4]; 2] = [
    [one::<Load<1, false>>, one::<Load<2, false>>, one::<Load<4, false>>, one::<Load<8, false>>],
    [one::<Load<1, true>>, one::<Load<2, true>>, one::<Load<4, true>>, one::<Load<8, false>>],
];
static STORE: [[Handler; 4]; 2] = [
    [one::<Store<1, false>>, one::<Store<2, false>>, one::<Store<4, false>>, one::<Store<8, false>>],
    [one::<Store<1, true>>, one::<Store<2, true>>, one::<Store<4, true>>, one::<Store<8, true>>],
];

pub(super) fn loading(size: Size, signed: bool) -> Handler {
    LOAD[usize::from(signed)][size as usize]
}

pub(super) fn storing(size: Size, src: Operand) -> Handler {
    STORE[usize::from(matches!(src, Operand::Reg(_)))][size as usize]
}

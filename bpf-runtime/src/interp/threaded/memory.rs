//! Loads and stores: the context and the stack at once, the rest by the slow form.
use super::{Handler, Reg, Run, Slot, control::trapped, next};
use crate::{
    interp::{
        alu,
        machine::Context,
        memory::{CONTEXT, STACK, address},
    },
    isa::{FP, Operand, Size},
};

/// Where the bytes begin in the region at `base`.
#[inline]
fn offset(address: u64, base: u64) -> Option<usize> {
    usize::try_from(address.wrapping_sub(base)).ok()
}

/// N bytes from `at` on.
#[inline]
fn bytes<const N: usize>(memory: &[u8], at: usize) -> Option<&[u8; N]> {
    memory.get(at..at.checked_add(N)?)?.first_chunk()
}

#[inline]
fn bytes_mut<const N: usize>(memory: &mut [u8], at: usize) -> Option<&mut [u8; N]> {
    memory.get_mut(at..at.checked_add(N)?)?.first_chunk_mut()
}

/// The little-endian number of SIZE bytes at `at`: whole, for a buffer here would be lent to the copy.
#[inline]
fn get<const SIZE: usize>(memory: &[u8], at: usize) -> Option<u64> {
    Some(match SIZE {
        1 => (*memory.get(at)?).into(),
        2 => u16::from_le_bytes(*bytes(memory, at)?).into(),
        4 => u32::from_le_bytes(*bytes(memory, at)?).into(),
        _ => u64::from_le_bytes(*bytes(memory, at)?),
    })
}

#[inline]
fn put<const SIZE: usize>(memory: &mut [u8], at: usize, value: u64) -> Option<()> {
    match SIZE {
        1 => *memory.get_mut(at)? = value as u8,
        2 => *bytes_mut(memory, at)? = (value as u16).to_le_bytes(),
        4 => *bytes_mut(memory, at)? = (value as u32).to_le_bytes(),
        _ => *bytes_mut(memory, at)? = value.to_le_bytes(),
    }
    Some(())
}

impl Run<'_, '_, '_> {
    /// Where `size` bytes begin on the stack, if they lie before the end of the active frames, which is r10.
    #[inline]
    fn in_frames(&self, at: u64, size: usize) -> Option<usize> {
        let end = at.wrapping_add(size as u64);
        let active = end <= self.machine.regs[usize::from(FP)];
        offset(at, address(STACK)).filter(|_| active)
    }

    #[inline]
    fn load_near<const SIZE: usize>(&self, from: u64) -> Option<u64> {
        offset(from, address(CONTEXT))
            .and_then(|at| get::<SIZE>(self.machine.context.bytes(), at))
            .or_else(|| get::<SIZE>(self.machine.stack, self.in_frames(from, SIZE)?))
    }

    #[inline]
    fn store_near<const SIZE: usize>(&mut self, to: u64, value: u64) -> Option<()> {
        if let Context::Writable(memory) = &mut self.machine.context
            && let Some(at) = offset(to, address(CONTEXT))
            && let Some(done) = put::<SIZE>(memory, at, value)
        {
            return Some(done);
        }
        let at = self.in_frames(to, SIZE)?;
        put::<SIZE>(self.machine.stack, at, value)
    }
}

#[inline]
fn place(run: &Run<'_, '_, '_>, base: Reg, slot: &Slot) -> u64 {
    run.reg(base).wrapping_add_signed((slot.at as i16).into())
}

fn load<'c, const SIZE: usize, const SIGNED: bool>(
    run: &mut Run<'c, '_, '_>,
    slot: &'c Slot,
    rest: &'c [Slot],
    spare: u64,
) -> u64 {
    let Some(value) = run.load_near::<SIZE>(place(run, slot.src, slot)) else {
        return load_far(run, slot, rest, spare);
    };
    run.set(slot.dst, if SIGNED { alu::sign_extend(value, 8 * SIZE as u32) } else { value });
    next(run, rest, spare)
}

fn store<'c, const SIZE: usize, const REG: bool>(
    run: &mut Run<'c, '_, '_>,
    slot: &'c Slot,
    rest: &'c [Slot],
    spare: u64,
) -> u64 {
    let to = place(run, slot.dst, slot);
    let value = if REG { run.reg(slot.src) } else { i64::from(slot.imm) as u64 };
    if run.store_near::<SIZE>(to, value).is_none() {
        return if REG { store_far(run, slot, rest, spare) } else { store_far_imm(run, slot, rest, spare) };
    }
    next(run, rest, spare)
}

/// What a load's immediate tells [`load_far`].
pub(super) fn far(size: Size, signed: bool) -> i32 {
    let bytes = size.bytes() as i32;
    if signed { -bytes } else { bytes }
}

/// A load from any memory. Apart from `load`, so that this one needs no stack frame.
#[inline(never)]
fn load_far<'c>(run: &mut Run<'c, '_, '_>, slot: &'c Slot, rest: &'c [Slot], spare: u64) -> u64 {
    let size = slot.imm.unsigned_abs();
    let Some(value) = run.load(place(run, slot.src, slot), size as usize) else { return trapped(run, slot) };
    run.set(slot.dst, if slot.imm < 0 { alu::sign_extend(value, 8 * size) } else { value });
    next(run, rest, spare)
}

/// A store of a register to any memory; the immediate is the size.
#[inline(never)]
fn store_far<'c>(run: &mut Run<'c, '_, '_>, slot: &'c Slot, rest: &'c [Slot], spare: u64) -> u64 {
    let (to, value) = (place(run, slot.dst, slot), run.reg(slot.src));
    if run.store(to, slot.imm as usize, value).is_none() {
        return trapped(run, slot);
    }
    next(run, rest, spare)
}

/// A store of the immediate to any memory; the size stands in place of the source.
#[inline(never)]
fn store_far_imm<'c>(run: &mut Run<'c, '_, '_>, slot: &'c Slot, rest: &'c [Slot], spare: u64) -> u64 {
    let (to, value) = (place(run, slot.dst, slot), i64::from(slot.imm) as u64);
    if run.store(to, slot.src as usize, value).is_none() {
        return trapped(run, slot);
    }
    next(run, rest, spare)
}

static LOAD: [[Handler; 4]; 2] = [
    [load::<1, false>, load::<2, false>, load::<4, false>, load::<8, false>],
    [load::<1, true>, load::<2, true>, load::<4, true>, load::<8, false>],
];
static STORE: [[Handler; 4]; 2] = [
    [store::<1, false>, store::<2, false>, store::<4, false>, store::<8, false>],
    [store::<1, true>, store::<2, true>, store::<4, true>, store::<8, true>],
];

pub(super) fn loading(size: Size, signed: bool) -> Handler {
    LOAD[usize::from(signed)][size as usize]
}

pub(super) fn storing(size: Size, src: Operand) -> Handler {
    STORE[usize::from(matches!(src, Operand::Reg(_)))][size as usize]
}

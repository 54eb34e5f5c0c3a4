//! Loads and stores: the context and the stack at once, the rest by the slow form.
use super::{Handler, Run, Slot, control::trapped, next};
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

/// The little-endian number of SIZE bytes at `at`.
#[inline]
fn get<const SIZE: usize>(memory: &[u8], at: usize) -> Option<u64> {
    let bytes = memory.get(at..)?.first_chunk::<SIZE>()?;
    let mut word = [0; 8];
    word[..SIZE].copy_from_slice(bytes);
    Some(u64::from_le_bytes(word))
}

#[inline]
fn put<const SIZE: usize>(memory: &mut [u8], at: usize, value: u64) -> Option<()> {
    let bytes = memory.get_mut(at..)?.first_chunk_mut::<SIZE>()?;
    bytes.copy_from_slice(&value.to_le_bytes()[..SIZE]);
    Some(())
}

impl Run<'_, '_, '_> {
    /// The memory of the active frames: r10 points to its end.
    #[inline]
    fn frames(&mut self) -> &mut [u8] {
        let end = self.machine.regs[usize::from(FP)].wrapping_sub(address(STACK)) as usize;
        self.machine.stack.get_mut(..end).unwrap_or_default()
    }

    #[inline]
    fn load_near<const SIZE: usize>(&mut self, from: u64) -> Option<u64> {
        offset(from, address(CONTEXT))
            .and_then(|at| get::<SIZE>(self.machine.context.bytes(), at))
            .or_else(|| offset(from, address(STACK)).and_then(|at| get::<SIZE>(self.frames(), at)))
    }

    #[inline]
    fn store_near<const SIZE: usize>(&mut self, to: u64, value: u64) -> Option<()> {
        if let Context::Writable(memory) = &mut self.machine.context
            && let Some(at) = offset(to, address(CONTEXT))
            && let Some(done) = put::<SIZE>(memory, at, value)
        {
            return Some(done);
        }
        offset(to, address(STACK)).and_then(|at| put::<SIZE>(self.frames(), at, value))
    }
}

#[inline]
fn place(run: &Run<'_, '_, '_>, base: super::Reg, slot: &Slot) -> u64 {
    run.reg(base).wrapping_add_signed((slot.at as i16).into())
}

fn load<'c, const SIZE: usize, const SIGNED: bool>(
    run: &mut Run<'c, '_, '_>,
    slot: &'c Slot,
    rest: &'c [Slot],
    spare: u64,
) -> u64 {
    let from = place(run, slot.src, slot);
    let loaded = run.load_near::<SIZE>(from).or_else(|| run.load(from, SIZE));
    let Some(value) = loaded else { return trapped(run, slot) };
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
    if run.store_near::<SIZE>(to, value).or_else(|| run.store(to, SIZE, value)).is_none() {
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

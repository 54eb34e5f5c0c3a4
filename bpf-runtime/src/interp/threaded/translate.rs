//! From decoded instructions to slots that run.
use alloc::{collections::TryReserveError, vec::Vec};

use super::{
    Handler, Reg, Slot,
    act::one,
    alu,
    control::{self, Goto, cut},
    helper, memory,
    pair::together,
};
use crate::{
    helper::number,
    isa::{Alu, Op, Operand, Width, relative, written_by_functions},
};

/// An instruction's handler, and its slot without that of the next one.
fn slot(run: Handler, dst: u8, src: Operand, at: u16) -> (Handler, Slot) {
    let (src, imm) = match src {
        Operand::Reg(number) => (number, 0),
        Operand::Imm(imm) => (0, imm),
    };
    (run, Slot { next: cut, imm, at, dst: Reg::new(dst), src: Reg::new(src) })
}

/// The same instruction in the form that has the better handlers: `r -= 1` is `r += -1`.
pub(super) fn plain(op: Op) -> Op {
    match op {
        Op::Alu { op: Alu::Sub, width: Width::W64, dst, src: Operand::Imm(imm) } if imm != i32::MIN => {
            Op::Alu { op: Alu::Add, width: Width::W64, dst, src: Operand::Imm(-imm) }
        }
        other => other,
    }
}

/// How many slots stand before the target of a jump at `at`: [`jump`](super::jump) takes it so, for the first slot holds no
/// instruction. To a target that is none (or beyond 65534 instructions) the slow way goes.
pub(super) fn target(ops: &[Op], at: usize, off: i32) -> Option<u16> {
    let target = (at + 1).checked_add_signed(off as isize)?;
    if target < ops.len() { u16::try_from(target + 1).ok() } else { None }
}

/// Translates the instruction at slot `at` of `ops`; `call_local` is the handler for calls.
fn single(ops: &[Op], at: usize, call_local: Handler) -> (Handler, Slot) {
    let none = Operand::Imm(0);
    let translated = match plain(ops[at]) {
        Op::Alu { op, width, dst, src } => Some(slot(alu::computing(op, width, src), dst, src, 0)),
        Op::Imm64 { dst, value } => Some(slot(control::wide, dst, Operand::Imm(value as i32), 0)),
        Op::MapHandle { dst, map } => Some(slot(control::map_handle, dst, Operand::Imm(map as i32), 0)),
        Op::Load { size, signed, dst, src, off } => {
            let (load, plain) = slot(memory::loading(size, signed), dst, Operand::Reg(src), off as u16);
            Some((load, Slot { imm: memory::far(size, signed), ..plain }))
        }
        Op::Store { size, dst, src, off } => {
            let (store, plain) = slot(memory::storing(size, src), dst, src, off as u16);
            Some((
                store,
                match src {
                    Operand::Reg(_) => Slot { imm: memory::far(size, false), ..plain },
                    Operand::Imm(_) => Slot { src: Reg::new(size.bytes() as u8), ..plain },
                },
            ))
        }
        Op::Goto { off } => target(ops, at, off).map(|to| slot(one::<Goto>, 0, none, to)),
        Op::Jump { test, width, dst, src, off } => {
            target(ops, at, off.into()).map(|to| slot(alu::branching(test, width, src), dst, src, to))
        }
        Op::LoadPacket { .. } => Some(slot(control::load_packet, 0, none, 0)),
        Op::CallHelper { number } => {
            let lookup = number == number::MAP_LOOKUP_ELEM;
            let call = if lookup { helper::lookup } else { helper::call };
            Some(slot(call, 0, Operand::Imm(number as i32), 0))
        }
        Op::CallLocal { off } => {
            let target = i32::try_from(at as i64 + 2 + i64::from(off)).ok();
            target.map(|target| slot(call_local, 0, Operand::Imm(target), 0))
        }
        Op::CallReg { dst } => Some(slot(control::call_reg, dst, none, 0)),
        Op::Exit => Some(slot(control::exit, 0, none, 0)),
        _ => None,
    };
    // The second slot of a wide immediate holds the upper half, for the first one.
    let upper = match at.checked_sub(1).map(|before| ops[before]) {
        Some(Op::Imm64 { value, .. }) => (value >> 32) as i32,
        _ => 0,
    };
    translated.unwrap_or_else(|| slot(control::slow, 0, Operand::Imm(upper), 0))
}

/// r6 to r9, bit by bit.
const KEPT: u16 = 0x3c0;

/// The first slots of the functions that are called by their place: calls through registers keep all.
fn functions(ops: &[Op]) -> impl Iterator<Item = usize> {
    ops.iter().enumerate().filter_map(|(at, op)| match op {
        Op::CallLocal { off } => Some(relative(at, *off)),
        _ => None,
    })
}

/// Translates a program.
///
/// # Errors
/// Memory is out.
pub(in crate::interp) fn translate(ops: &[Op]) -> Result<Vec<Slot>, TryReserveError> {
    let mut slots: Vec<Slot> = Vec::new();
    slots.try_reserve_exact(ops.len() + 1)?;
    let keep =
        written_by_functions(ops.len(), functions(ops), |at| Ok::<_, TryReserveError>(ops[at]))? & KEPT != 0;
    let call_local = if keep { control::call_local::<true> } else { control::call_local::<false> };
    let (_, first) = slot(cut, 0, Operand::Imm(0), 0);
    slots.push(first);
    for at in 0..ops.len() {
        let (run, slot) = single(ops, at, call_local);
        if let Some(before) = slots.last_mut() {
            before.next = together(ops, at).unwrap_or(run);
        }
        slots.push(slot);
    }
    Ok(slots)
}

//! From decoded instructions to slots that run.
use super::{Handler, Reg, Slot, alu, control, memory};
use crate::isa::{Alu, Op, Operand, Width};

fn slot(run: Handler, dst: u8, src: Operand, at: u16) -> Slot {
    let (src, imm) = match src {
        Operand::Reg(number) => (number, 0),
        Operand::Imm(imm) => (0, imm),
    };
    Slot { run, imm, at, dst: Reg::new(dst), src: Reg::new(src) }
}

/// The handler for a move to `dst` and an addition to it, if that is what stands there.
fn sum(ops: &[Op], at: usize, dst: u8) -> Option<Handler> {
    match *ops.get(at + 1)? {
        Op::Alu { op: Alu::Add, width: Width::W64, dst: to, src } if to == dst => Some(match src {
            Operand::Reg(_) => alu::sum::<true>,
            Operand::Imm(_) => alu::sum::<false>,
        }),
        _ => None,
    }
}

/// Translates the instruction at slot `at` of `ops`.
pub(in crate::interp) fn translate(ops: &[Op], at: usize) -> Slot {
    let none = Operand::Imm(0);
    // A jump to a place that is none (or beyond 65535 slots) goes the slow way.
    let to = |off: i32| {
        let target = (at + 1).checked_add_signed(off as isize)?;
        if target < ops.len() { u16::try_from(target).ok() } else { None }
    };
    let translated = match ops[at] {
        Op::Alu { op: Alu::Mov, width: Width::W64, dst, src: src @ Operand::Reg(_) }
            if let Some(sum) = sum(ops, at, dst) =>
        {
            Some(slot(sum, dst, src, 0))
        }
        Op::Alu { op, width, dst, src } => Some(slot(alu::computing(op, width, src), dst, src, 0)),
        Op::Imm64 { dst, value } => Some(slot(control::wide, dst, Operand::Imm(value as i32), 0)),
        Op::Load { size, signed, dst, src, off } => {
            let load = slot(memory::loading(size, signed), dst, Operand::Reg(src), off as u16);
            Some(Slot { imm: memory::far(size, signed), ..load })
        }
        Op::Store { size, dst, src, off } => {
            let store = slot(memory::storing(size, src), dst, src, off as u16);
            Some(match src {
                Operand::Reg(_) => Slot { imm: memory::far(size, false), ..store },
                Operand::Imm(_) => Slot { src: Reg::new(size.bytes() as u8), ..store },
            })
        }
        Op::Goto { off } => to(off).map(|to| slot(control::goto, 0, none, to)),
        Op::Jump { test, width, dst, src, off } => {
            to(off.into()).map(|to| slot(alu::branching(test, width, src), dst, src, to))
        }
        Op::CallHelper { number } => Some(slot(control::call_helper, 0, Operand::Imm(number as i32), 0)),
        Op::CallLocal { off } => {
            to(off).map(|to| slot(control::call_local, 0, Operand::Imm(at as i32 + 1), to))
        }
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

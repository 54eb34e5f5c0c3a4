//! One instruction on a state.
use super::{
    explore::{Explorer, Flow},
    num::Num,
    reason::Reason,
    scalar::Scalar,
    value::{Base, Pointer, Reach, Reg},
};
use crate::{
    hook::MAX_PACKET_BYTES,
    isa::{Alu, Op, Operand, Width},
};

const NOT_ON_POINTERS: Reason =
    Reason::PointerArithmetic("pointers take part in 64-bit addition and subtraction only");

impl Explorer<'_> {
    /// Does the instruction at `self.at`. `outcome` is that of the branch there, if it is given.
    pub fn step(&mut self, outcome: Option<bool>) -> Result<Flow, Reason> {
        let (at, op) = (self.at, self.layout.ops[self.at]);
        match op {
            Op::Alu { op: Alu::Mov, width, dst, src } => self.copy(width, dst, src)?,
            Op::Alu { op, width, dst, src } => self.alu(op, width, dst, src)?,
            Op::MovSx { width, bits, dst, src } => {
                let scalar = self.number(src)?;
                self.set_scalar(dst, scalar.sign_extend(bits.into(), width));
            }
            Op::Neg { width, dst } => {
                let scalar = self.number(dst)?;
                self.set_scalar(dst, scalar.neg(width));
            }
            Op::Swap { swap, bits, dst } => {
                let scalar = self.number(dst)?;
                self.set_scalar(dst, scalar.swap(swap, bits.into()));
            }
            Op::Imm64 { dst, value } => self.set_scalar(dst, Scalar::constant(value)),
            Op::MapHandle { dst, map } => {
                let map = self.use_map(map)?;
                self.state.set(dst, Reg::Pointer(Pointer::new(Base::Map(map), 0)));
            }
            Op::MapValue { dst, map, off } => self.direct_value(dst, map, off)?,
            Op::Load { size, signed, dst, src, off } => self.load(size, signed, dst, src, off)?,
            Op::Store { size, dst, src, off } => self.store(size, dst, src, off)?,
            Op::Atomic { atomic, size, dst, src, off } => self.atomic(atomic, size, dst, src, off)?,
            Op::Goto { .. } => {
                let to = op.jump_target(at).ok_or(Reason::Internal("goto"))?;
                return Ok(Flow::Next(to as usize));
            }
            Op::Jump { test, width, dst, src, off } => {
                let to = (at + 1).wrapping_add_signed(off.into());
                return self.jump(test, width, (dst, src), to, outcome);
            }
            Op::LoadPacket { size, index, .. } => self.load_legacy(size, index)?,
            Op::CallHelper { number } => self.call_helper(number)?,
            Op::CallLocal { off } => return self.call_local((at + 1).wrapping_add_signed(off as isize)),
            Op::Exit => return self.exit(),
            Op::CodeAddress { dst, off } => {
                let target = (at + 1).wrapping_add_signed(off as isize) as u16;
                self.state.set(dst, Reg::Pointer(Pointer::new(Base::Code(target), 0)));
            }
            Op::CallReg { dst } => match self.state.reg(dst)? {
                Reg::Pointer(Pointer { base: Base::Code(target), .. }) => {
                    return self.call_local(target.into());
                }
                _ => return Err(Reason::Indirect),
            },
            Op::Tail => return Err(Reason::Internal("second slot of lddw")),
        }
        Ok(Flow::Next(at + op.slots()))
    }

    pub fn set_scalar(&mut self, register: u8, scalar: Scalar) {
        self.state.set(register, Reg::Scalar(scalar));
    }

    /// The number in a register, for an operation that pointers can't take part in.
    pub fn number(&self, register: u8) -> Result<Scalar, Reason> {
        match self.state.reg(register)? {
            Reg::Scalar(scalar) => Ok(Scalar { id: 0, ..scalar }),
            _ => Err(NOT_ON_POINTERS),
        }
    }

    pub fn operand(&self, operand: Operand) -> Result<Reg, Reason> {
        match operand {
            Operand::Reg(register) => self.state.reg(register),
            Operand::Imm(imm) => Ok(Reg::Scalar(imm.into())),
        }
    }

    /// The index of a map that the program has.
    fn use_map(&mut self, map: u32) -> Result<u8, Reason> {
        if map as usize >= self.unit.maps.len() {
            return Err(Reason::NoMap(map));
        }
        self.maps |= 1 << map;
        Ok(map as u8)
    }

    fn direct_value(&mut self, dst: u8, map: u32, off: u32) -> Result<(), Reason> {
        let index = self.use_map(map)?;
        let spec = &self.unit.maps[usize::from(index)];
        if spec.kind != crate::map::MapKind::Array || spec.max_entries != 1 || off >= spec.value_size {
            return Err(Reason::DirectValue(map));
        }
        self.state.set(dst, Reg::Pointer(Pointer::new(Base::Global(index), off.into())));
        Ok(())
    }

    fn copy(&mut self, width: Width, dst: u8, src: Operand) -> Result<(), Reason> {
        let reg = match (src, width) {
            (Operand::Reg(register), Width::W64) => {
                self.state.reg(register)?;
                self.state.identify(register)
            }
            (Operand::Reg(register), Width::W32) => match self.state.reg(register)? {
                // The same number, if the upper half is zero already.
                Reg::Scalar(scalar) if u32::try_from(scalar.wide.umax).is_ok() => {
                    self.state.identify(register)
                }
                Reg::Scalar(scalar) => Reg::Scalar(Scalar::from_low(scalar.low)),
                Reg::Pointer(pointer) if pointer.base.is_low() => Reg::Pointer(pointer),
                _ => return Err(NOT_ON_POINTERS),
            },
            (Operand::Imm(imm), Width::W64) => Reg::Scalar(imm.into()),
            (Operand::Imm(imm), Width::W32) => Reg::Scalar(Scalar::constant(u64::from(imm as u32))),
        };
        self.state.set(dst, reg);
        Ok(())
    }

    fn alu(&mut self, op: Alu, width: Width, dst: u8, src: Operand) -> Result<(), Reason> {
        let result = match (self.state.reg(dst)?, self.operand(src)?) {
            (Reg::Scalar(a), Reg::Scalar(b)) => Reg::Scalar(Scalar { id: 0, ..a.alu(op, b, width) }),
            (Reg::Pointer(pointer), Reg::Scalar(by)) if width == Width::W64 => match op {
                Alu::Add => self.moved(pointer, dst, by.wide, pointer.off.add(by.wide, 64))?,
                Alu::Sub => {
                    let back = Num::constant(0, 64).sub(by.wide, 64);
                    self.moved(pointer, dst, back, pointer.off.sub(by.wide, 64))?
                }
                _ => return Err(NOT_ON_POINTERS),
            },
            (Reg::Scalar(by), Reg::Pointer(pointer)) if width == Width::W64 && op == Alu::Add => {
                let Operand::Reg(register) = src else { return Err(NOT_ON_POINTERS) };
                self.moved(pointer, register, by.wide, pointer.off.add(by.wide, 64))?
            }
            (Reg::Pointer(a), Reg::Pointer(b)) if width == Width::W64 && op == Alu::Sub => {
                Reg::Scalar(Scalar::from_wide(distance(&a, &b)?))
            }
            (Reg::Pointer(a), Reg::Pointer(b)) if op == Alu::Sub && a.base.is_low() && b.base.is_low() => {
                Reg::Scalar(Scalar::from_low(distance(&a, &b)?.truncate(32)))
            }
            _ => return Err(NOT_ON_POINTERS),
        };
        self.state.set(dst, result);
        Ok(())
    }
}

/// Offsets beyond these are refused, so that no sum of an offset and a size can wrap around: as Linux's
/// `BPF_MAX_VAR_OFF`.
const MAX_OFFSET: i64 = 1 << 29;

impl Explorer<'_> {
    /// The pointer in `register`, moved by a number to another offset.
    fn moved(&mut self, pointer: Pointer, register: u8, by: Num, off: Num) -> Result<Reg, Reason> {
        if pointer.nullable {
            return Err(Reason::MaybeNull { register });
        }
        if !pointer.base.is_memory() {
            return Err(Reason::PointerArithmetic(match pointer.base {
                Base::Stale => return Err(Reason::Moved { register }),
                Base::Code(_) => "the address of a function can't be computed with",
                Base::PacketEnd => {
                    "the packet's end can't be computed with: add to the other side of the comparison"
                }
                _ => "the handle of a map can't be computed with",
            }));
        }
        if off.smin < -MAX_OFFSET || off.smax > MAX_OFFSET {
            return Err(Reason::OffsetRange);
        }
        let mut moved = Pointer { off, ..pointer };
        if pointer.base.is_packet() {
            (moved.id, moved.reach) = self.moved_anchor(&pointer, by)?;
        }
        Ok(Reg::Pointer(moved))
    }

    /// A constant moves the pointer from its anchor, another number the anchor with it.
    fn moved_anchor(&mut self, pointer: &Pointer, by: Num) -> Result<(u32, Reach), Reason> {
        let Reach { fixed, proven } = pointer.reach;
        if by.known().is_some() {
            let fixed = i32::try_from(by.smin).ok().and_then(|by| fixed.checked_add(by));
            return Ok((pointer.id, Reach { fixed: fixed.ok_or(Reason::OffsetRange)?, proven }));
        }
        // The least that is left of what was proven is what is left if it moved farthest.
        let left = i32::try_from(by.smax).ok().filter(|_| proven != Reach::NOWHERE);
        let left = left.and_then(|most| proven.checked_sub(most)).unwrap_or(Reach::NOWHERE);
        Ok((self.state.new_id(), Reach { fixed, proven: left }))
    }
}

/// Bytes from `b` to `a`.
fn distance(a: &Pointer, b: &Pointer) -> Result<Num, Reason> {
    let packet = |p: &Pointer| match p.base {
        Base::Packet => Some(p.off),
        Base::PacketEnd => Some(Num::range(0, MAX_PACKET_BYTES as u64, 64)),
        _ => None,
    };
    if a.same_anchor(b) {
        return Ok(Num::constant((i64::from(a.reach.fixed) - i64::from(b.reach.fixed)) as u64, 64));
    }
    if let (Some(a), Some(b)) = (packet(a), packet(b)) {
        return Ok(a.sub(b, 64));
    }
    if a.nullable || b.nullable || !a.same_memory(b) {
        let what = "only pointers into the same memory can be subtracted from each other";
        return Err(Reason::PointerArithmetic(what));
    }
    Ok(a.off.sub(b.off, 64))
}

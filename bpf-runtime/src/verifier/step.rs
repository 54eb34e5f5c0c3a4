//! One instruction on a state.
use super::{
    explore::{Explorer, Flow},
    num::Num,
    reason::{Reason, Refused},
    scalar::Scalar,
    value::{Base, Pointer, Reach, Reg},
};
use crate::{
    hook::MAX_PACKET_BYTES,
    isa::{Alu, LOWEST_ADDRESS, Op, Operand, Width},
};

const NOT_ON_POINTERS: Reason =
    Reason::PointerArithmetic("pointers take part in 64-bit addition and subtraction only");

impl Explorer<'_> {
    /// Does the instruction at `self.at`. `outcome` is that of the branch there, if it is given.
    pub fn step(&mut self, outcome: Option<bool>) -> Result<Flow, Refused> {
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
                let to = op.jump_target(at).ok_or_else(|| self.why.refuse(Reason::Internal("goto")))?;
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
            Op::CallReg { dst } => match self.reg_here(dst)? {
                &Reg::Pointer(Pointer { base: Base::Code(target), .. }) => {
                    return self.call_local(target.into());
                }
                _ => return Err(self.why.refuse(Reason::Indirect)),
            },
            Op::Tail => return Err(self.why.refuse(Reason::Internal("second slot of lddw"))),
        }
        Ok(Flow::Next(at + op.slots()))
    }

    pub fn set_scalar(&mut self, register: u8, scalar: Scalar) {
        self.state.set(register, Reg::Scalar(scalar));
    }

    /// The register, which has to be written.
    pub fn reg(&self, register: u8) -> Result<Reg, Refused> {
        self.reg_here(register).copied()
    }

    /// As `reg`, where it is.
    pub fn reg_here(&self, register: u8) -> Result<&Reg, Refused> {
        match self.state.peek(register) {
            Reg::Uninit => Err(self.why.refuse(Reason::Uninit { register })),
            reg => Ok(reg),
        }
    }

    /// The number in a register, for an operation that pointers can't take part in.
    pub fn number(&self, register: u8) -> Result<Scalar, Refused> {
        match self.reg_here(register)? {
            Reg::Scalar(scalar) => Ok(Scalar { id: 0, ..*scalar }),
            _ => Err(self.why.refuse(NOT_ON_POINTERS)),
        }
    }

    pub fn operand(&self, operand: Operand) -> Result<Reg, Refused> {
        match operand {
            Operand::Reg(register) => self.reg(register),
            Operand::Imm(imm) => Ok(Reg::Scalar(imm.into())),
        }
    }

    /// The index of a map that the program has.
    fn use_map(&mut self, map: u32) -> Result<u8, Refused> {
        if map as usize >= self.unit.maps.len() {
            return Err(self.why.refuse(Reason::NoMap(map)));
        }
        self.maps |= 1 << map;
        Ok(map as u8)
    }

    fn direct_value(&mut self, dst: u8, map: u32, off: u32) -> Result<(), Refused> {
        let index = self.use_map(map)?;
        let spec = &self.unit.maps[usize::from(index)];
        if spec.kind != crate::map::MapKind::Array || spec.max_entries != 1 || off >= spec.value_size {
            return Err(self.why.refuse(Reason::DirectValue(map)));
        }
        self.state.set(dst, Reg::Pointer(Pointer::new(Base::Global(index), off.into())));
        Ok(())
    }

    fn copy(&mut self, width: Width, dst: u8, src: Operand) -> Result<(), Refused> {
        let reg = match (src, width) {
            (Operand::Reg(register), Width::W64) => {
                self.reg(register)?;
                self.state.identify(register)
            }
            (Operand::Reg(register), Width::W32) => match self.reg(register)? {
                // The same number, if the upper half is zero already.
                Reg::Scalar(scalar) if u32::try_from(scalar.wide.umax).is_ok() => {
                    self.state.identify(register)
                }
                Reg::Scalar(scalar) => Reg::Scalar(Scalar::from_low(scalar.low)),
                Reg::Pointer(pointer) if pointer.base.is_low() => Reg::Pointer(pointer),
                _ => return Err(self.why.refuse(NOT_ON_POINTERS)),
            },
            (Operand::Imm(imm), Width::W64) => Reg::Scalar(imm.into()),
            (Operand::Imm(imm), Width::W32) => Reg::Scalar(Scalar::constant(u64::from(imm as u32))),
        };
        self.state.set(dst, reg);
        Ok(())
    }

    fn alu(&mut self, op: Alu, width: Width, dst: u8, src: Operand) -> Result<(), Refused> {
        let (mut a, mut b, mut register) = (self.reg(dst)?, self.operand(src)?, dst);
        // Addition works both ways.
        if let (Reg::Scalar(_), Reg::Pointer(_), Alu::Add, Operand::Reg(other)) = (&a, &b, op, src) {
            core::mem::swap(&mut a, &mut b);
            register = other;
        }
        let is_wide = width == Width::W64;
        match (&mut a, &b) {
            (Reg::Scalar(a), Reg::Scalar(b)) => {
                *a = a.alu(op, b, width);
                a.id = 0;
            }
            (Reg::Pointer(pointer), Reg::Scalar(by)) if is_wide && matches!(op, Alu::Add | Alu::Sub) => {
                self.move_pointer(pointer, register, op, &by.wide)?;
            }
            (Reg::Pointer(p), Reg::Pointer(q))
                if op == Alu::Sub && (is_wide || p.base.is_low() && q.base.is_low()) =>
            {
                let distance = self.distance(p, q)?;
                a = Reg::Scalar(match width {
                    Width::W64 => Scalar::from_wide(distance),
                    Width::W32 => Scalar::from_low(distance.truncate(32)),
                });
            }
            _ => return Err(self.why.refuse(NOT_ON_POINTERS)),
        }
        self.state.set(dst, a);
        Ok(())
    }
}

/// Offsets beyond these are refused, so that no sum of an offset and a size can wrap around (the greatest is Linux's
/// `BPF_MAX_VAR_OFF`), nor an address: Linux has no memory at low addresses, a cell has nothing else.
const MAX_OFFSET: i64 = 1 << 29;
const MIN_OFFSET: i64 = 1 - LOWEST_ADDRESS as i64;

impl Explorer<'_> {
    /// Moves the pointer in `register` by a number, on or (if `op` subtracts) back.
    fn move_pointer(
        &mut self,
        pointer: &mut Pointer,
        register: u8,
        op: Alu,
        by: &Num,
    ) -> Result<(), Refused> {
        if pointer.nullable {
            return Err(self.why.refuse(Reason::MaybeNull { register }));
        }
        if !pointer.base.is_memory() {
            return Err(self.why.refuse(match pointer.base {
                Base::Stale => Reason::Moved { register },
                Base::Code(_) => {
                    Reason::PointerArithmetic("the address of a function can't be computed with")
                }
                Base::PacketEnd => Reason::PointerArithmetic(
                    "the packet's end can't be computed with: add to the other side of the comparison",
                ),
                _ => Reason::PointerArithmetic("the handle of a map can't be computed with"),
            }));
        }
        pointer.off = pointer.off.alu(op, by, 64);
        if pointer.off.smin < MIN_OFFSET || pointer.off.smax > MAX_OFFSET {
            return Err(self.why.refuse(Reason::OffsetRange));
        }
        if pointer.base.is_packet() {
            let from = Num::constant(0, 64);
            self.move_anchor(pointer, &from.alu(op, by, 64))?;
        }
        Ok(())
    }

    /// A constant moves the pointer from its anchor, another number the anchor with it.
    fn move_anchor(&mut self, pointer: &mut Pointer, by: &Num) -> Result<(), Refused> {
        let Reach { fixed, proven } = &mut pointer.reach;
        if by.known().is_some() {
            let moved = i32::try_from(by.smin).ok().and_then(|by| fixed.checked_add(by));
            *fixed = moved.ok_or_else(|| self.why.refuse(Reason::OffsetRange))?;
            return Ok(());
        }
        // The least that is left of what was proven is what is left if it moved farthest.
        let left = i32::try_from(by.smax).ok().filter(|_| *proven != Reach::NOWHERE);
        *proven = left.and_then(|most| proven.checked_sub(most)).unwrap_or(Reach::NOWHERE);
        pointer.id = self.state.new_id();
        Ok(())
    }

    /// Bytes from `b` to `a`.
    fn distance(&self, a: &Pointer, b: &Pointer) -> Result<Num, Refused> {
        if a.same_anchor(b) {
            return Ok(Num::constant((i64::from(a.reach.fixed) - i64::from(b.reach.fixed)) as u64, 64));
        }
        let in_packet = |p: &Pointer| matches!(p.base, Base::Packet | Base::PacketEnd);
        if in_packet(a) && in_packet(b) {
            let end = Num::range(0, MAX_PACKET_BYTES as u64, 64);
            let [a, b] = [a, b].map(|p| if p.base == Base::Packet { &p.off } else { &end });
            return Ok(a.sub(b, 64));
        }
        if a.nullable || b.nullable || !a.same_memory(b) {
            let what = "only pointers into the same memory can be subtracted from each other";
            return Err(self.why.refuse(Reason::PointerArithmetic(what)));
        }
        Ok(a.off.sub(&b.off, 64))
    }
}

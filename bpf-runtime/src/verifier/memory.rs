//! Loads, stores and atomic operations, and what helpers read.
use super::{
    explore::Explorer,
    num::Num,
    reason::{Reason, Refused},
    scalar::Scalar,
    value::{Base, Pointer, Reach, Reg},
};
use crate::{
    hook::MAX_PACKET_BYTES,
    isa::{Atomic, FRAME_BYTES, Operand, Size},
};

impl Explorer<'_> {
    /// The offsets that lie inside a pointer's memory: the first, and behind the last.
    fn inside(&self, base: Base) -> (i64, i64) {
        match base {
            Base::Stack(_) => (-(FRAME_BYTES as i64), 0),
            Base::Context => (0, self.unit.hook.context_size.into()),
            Base::Value(map) | Base::Global(map) => {
                (0, self.unit.maps.get(usize::from(map)).map_or(0, |spec| spec.value_size.into()))
            }
            Base::Record(size) => (0, size.into()),
            Base::Map(_) | Base::PacketEnd | Base::Stale | Base::Code(_) => (0, 0),
            Base::Packet | Base::Meta => (0, MAX_PACKET_BYTES as i64),
        }
    }

    /// A register as a pointer to memory that is certainly there.
    fn memory(&self, register: u8) -> Result<&Pointer, Refused> {
        match self.reg_here(register)? {
            Reg::Pointer(pointer) if pointer.nullable => Err(self.why.refuse(Reason::MaybeNull { register })),
            Reg::Pointer(Pointer { base: Base::Stale, .. }) => {
                Err(self.why.refuse(Reason::Moved { register }))
            }
            Reg::Pointer(Pointer { base: Base::Code(_), .. }) => {
                Err(self.why.refuse(Reason::NotAPointer { register }))
            }
            Reg::Pointer(pointer) => Ok(pointer),
            _ => Err(self.why.refuse(Reason::NotAPointer { register })),
        }
    }

    /// Checks that `bytes` from a pointer into a packet on are known to be there.
    fn reaches(&self, pointer: &Pointer, bytes: u64) -> Result<(), Refused> {
        let Reach { fixed, proven } = pointer.reach;
        let end = i64::try_from(bytes).ok().and_then(|bytes| bytes.checked_add(fixed.into()));
        if pointer.off.smin >= 0 && end.is_some_and(|end| end <= proven.into()) {
            return Ok(());
        }
        let there = i64::from(proven) - i64::from(fixed);
        Err(self.why.refuse(Reason::Packet {
            region: pointer.base.into(),
            bytes,
            before: pointer.off.smin < 0,
            there: there.max(0) as u64,
        }))
    }

    /// Checks that `bytes` from the pointer on lie inside.
    fn check_bounds(&self, pointer: &Pointer, bytes: u64) -> Result<(), Refused> {
        if pointer.base.is_packet() {
            return self.reaches(pointer, bytes);
        }
        let (first, end) = self.inside(pointer.base);
        let (low, high) = (pointer.off.smin, pointer.off.smax);
        let fits = i64::try_from(bytes).is_ok_and(|bytes| low >= first && high <= end.saturating_sub(bytes));
        if fits {
            return Ok(());
        }
        // Offsets are kept below 2^30, so nothing is cut.
        let shown = |low: i64, high: i64| (low as i32, high as i32);
        let (offset, inside) = (shown(low, high), shown(first, end));
        Err(self.why.refuse(Reason::Bounds { region: pointer.base.into(), offset, bytes, inside }))
    }

    /// The place of an access through a register.
    fn place(&self, register: u8, off: i16, size: Size, atomic: bool) -> Result<Pointer, Refused> {
        let mut pointer = *self.memory(register)?;
        pointer.off = pointer.off.add(&Num::constant(i64::from(off) as u64, 64), 64);
        pointer.reach.fixed = pointer.reach.fixed.saturating_add(off.into());
        let bytes = size.bytes() as u64;
        self.check_bounds(&pointer, bytes)?;
        let aligned_memory = atomic || matches!(pointer.base, Base::Stack(_) | Base::Context);
        if aligned_memory && (pointer.off.value | pointer.off.mask) & (bytes - 1) != 0 {
            return Err(self.why.refuse(Reason::Misaligned { region: pointer.base.into(), bytes }));
        }
        Ok(pointer)
    }

    /// The place of a write.
    fn writable(&mut self, register: u8, off: i16, size: Size, atomic: bool) -> Result<Pointer, Refused> {
        let place = self.place(register, off, size, atomic)?;
        if atomic && place.base.is_packet() {
            return Err(self.why.refuse(Reason::PacketAtomic));
        }
        let read_only = self.is_read_only(&place, size.bytes() as i64);
        if read_only {
            return Err(self.why.refuse(Reason::ReadOnly(place.base.into())));
        }
        self.note_write(place.base);
        Ok(place)
    }

    /// Remembers that the program writes to a map.
    fn note_write(&mut self, base: Base) {
        if let Base::Value(map) | Base::Global(map) = base {
            self.written_maps |= 1 << map;
        }
    }

    /// Whether programs may not write to so many bytes there.
    fn is_read_only(&self, place: &Pointer, bytes: i64) -> bool {
        match place.base {
            Base::Context => !self.is_scratch(place, bytes),
            Base::Map(_) | Base::PacketEnd | Base::Stale | Base::Code(_) => true,
            Base::Value(map) | Base::Global(map) => {
                self.unit.maps.get(usize::from(map)).is_none_or(crate::map::MapSpec::is_read_only)
            }
            Base::Stack(_) | Base::Record(_) | Base::Packet | Base::Meta => false,
        }
    }

    pub fn load(&mut self, size: Size, signed: bool, dst: u8, src: u8, off: i16) -> Result<(), Refused> {
        let place = self.place(src, off, size, false)?;
        let loaded = match place.base {
            Base::Stack(frame) => self.read_stack(frame.into(), place.off, size.bytes())?,
            Base::Context => self.read_context(&place, size, signed)?,
            _ => Reg::Scalar(Scalar::unknown_bytes(size.bytes())),
        };
        let loaded = match loaded {
            Reg::Scalar(scalar) if signed => {
                Reg::Scalar(scalar.sign_extend(8 * size.bytes() as u32, crate::isa::Width::W64))
            }
            loaded => loaded,
        };
        self.state.set(dst, loaded);
        Ok(())
    }

    pub fn store(&mut self, size: Size, dst: u8, src: Operand, off: i16) -> Result<(), Refused> {
        let mut value = self.operand(src)?;
        let place = self.writable(dst, off, size, false)?;
        if let Base::Stack(frame) = place.base {
            if let Operand::Reg(src) = src
                && size == Size::D
            {
                value = self.state.identify(src);
            }
            return self.write_stack(frame.into(), place.off, size.bytes(), value);
        }
        match value {
            Reg::Pointer(_) => Err(self.why.refuse(Reason::PointerLeak(place.base.into()))),
            _ => Ok(()),
        }
    }

    pub fn atomic(&mut self, atomic: Atomic, size: Size, dst: u8, src: u8, off: i16) -> Result<(), Refused> {
        let place = self.writable(dst, off, size, true)?;
        let mut operands = [Some(src), (atomic == Atomic::CmpXchg).then_some(0)].into_iter().flatten();
        let is_number = |register| Ok(matches!(self.reg_here(register)?, Reg::Scalar(_)));
        if !operands.try_fold(true, |all, register| is_number(register).map(|is| all && is))? {
            return Err(self.why.refuse(Reason::PointerSpill));
        }
        if let Base::Stack(frame) = place.base {
            // What is there has to be data; what is left there is not tracked.
            if let Reg::Pointer(_) = self.read_stack(frame.into(), place.off, size.bytes())? {
                return Err(self.why.refuse(Reason::PointerSpill));
            }
            let left = Reg::Scalar(Scalar::unknown_bytes(size.bytes()));
            self.write_stack(frame.into(), place.off, size.bytes(), left)?;
        }
        if let Some(result) = atomic.result(src) {
            self.set_scalar(result, Scalar::unknown_bytes(size.bytes()));
        }
        Ok(())
    }

    /// Checks that a helper may write `size` bytes to where the register points; they count as written then. As in
    /// Linux, how many is known, or all that may be were written before.
    pub fn filled(&mut self, register: u8, size: &Scalar) -> Result<(), Refused> {
        let (pointer, most) = (*self.memory(register)?, size.wide.umax);
        let Base::Stack(frame) = pointer.base else {
            self.readable(register, most, false)?;
            let read_only = self.is_read_only(&pointer, most as i64);
            self.note_write(pointer.base);
            return if read_only {
                Err(self.why.refuse(Reason::ReadOnly(pointer.base.into())))
            } else {
                Ok(())
            };
        };
        match size.known() {
            Some(bytes) => self.check_bounds(&pointer, bytes)?,
            None => self.readable(register, most, false)?,
        }
        (0..most).try_for_each(|n| {
            let off = pointer.off.add(&Num::constant(n, 64), 64);
            self.write_stack(frame.into(), off, 1, Reg::Scalar(Scalar::unknown_bytes(1)))
        })
    }

    /// Checks that a helper may read `bytes` (at most) from where the register points on.
    pub fn readable(&mut self, register: u8, bytes: u64, pointers_too: bool) -> Result<(), Refused> {
        let pointer = self.memory(register)?;
        if !pointer.base.is_memory() {
            return Err(self.why.refuse(Reason::NotAPointer { register }));
        }
        self.check_bounds(pointer, bytes)?;
        match pointer.base {
            Base::Context => self.read_fields(pointer, bytes as i64),
            Base::Stack(frame) => {
                let (start, end) = (pointer.off.smin, pointer.off.smax + bytes as i64);
                self.check_written(frame.into(), start, end, pointers_too)
            }
            _ => Ok(()),
        }
    }
}

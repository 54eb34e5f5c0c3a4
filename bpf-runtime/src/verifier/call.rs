//! Calls of helpers and functions, and exits.
use alloc::vec::Vec;

use super::{
    explore::{Explorer, Flow},
    reason::Reason,
    scalar::Scalar,
    state::{Frame, MAX_RECORDS},
    value::{Base, Pointer, Reg, UNWRITTEN, Word},
};
use crate::{
    helper::{self, Arg, Helper, Ret},
    hook::SOCKET,
    isa::{MAX_FRAMES, Malformed, Size},
    map::MapKind,
};

/// The registers that a call leaves unwritten.
const CLOBBERED: core::ops::RangeInclusive<usize> = 1..=5;

/// What the arguments of a call have shown.
#[derive(Default)]
struct Shown {
    map: Option<u8>,
    record_size: u32,
}

impl Explorer<'_> {
    pub fn call_helper(&mut self, number: u32) -> Result<(), Reason> {
        let helper = helper::find(number).ok_or(Reason::NoHelper(number))?;
        if !helper.allowed_on(self.unit.hook) {
            return Err(Reason::HelperForbidden(helper.name));
        }
        remember(&mut self.helpers, number)?;
        let mut shown = Shown::default();
        for (index, register) in (0..helper.args.len()).zip(1..) {
            self.argument(helper, index, register, &mut shown)?;
        }
        if number == helper::number::TAIL_CALL {
            self.tail_call()?;
        }
        if helper.moves_packet {
            self.forget_packet();
        }
        let result = self.result(helper, &shown)?;
        let regs = &mut self.state.frame_mut().regs;
        regs[CLOBBERED].fill(Reg::Uninit);
        regs[0] = result;
        Ok(())
    }

    /// A legacy packet load: a call, in all but its encoding, that may be the program's exit with 0
    /// (`check_ld_abs` in `kernel/bpf/verifier.c`).
    pub fn load_legacy(&mut self, size: Size, index: Option<u8>) -> Result<(), Reason> {
        if self.unit.hook.number != SOCKET {
            return Err(Reason::Malformed(Malformed::LegacyPacket));
        }
        if !matches!(self.state.reg(6)?, Reg::Pointer(Pointer { base: Base::Context, off, .. }) if off.known() == Some(0))
        {
            return Err(Reason::Argument {
                helper: "legacy packet load",
                register: 6,
                wanted: "the context, unchanged",
            });
        }
        if let Some(register) = index {
            self.number(register)?;
        }
        if self.state.frames.len() != 1 {
            return Err(Reason::LegacyLoadInFunction);
        }
        if !self.state.records.is_empty() {
            return Err(Reason::Unreleased);
        }
        let regs = &mut self.state.frame_mut().regs;
        regs[CLOBBERED].fill(Reg::Uninit);
        regs[0] = Reg::Scalar(Scalar::unknown_bytes(size.bytes()));
        Ok(())
    }

    fn argument(
        &mut self,
        helper: &Helper,
        index: usize,
        register: u8,
        shown: &mut Shown,
    ) -> Result<(), Reason> {
        let wrong = |wanted| Reason::Argument { helper: helper.name, register, wanted };
        let arg = helper.args[index];
        if arg == Arg::Printed {
            return Ok(());
        }
        let reg = self.state.reg(register)?;
        match (arg, reg) {
            (
                Arg::Map(kinds) | Arg::WritableMap(kinds),
                Reg::Pointer(Pointer { base: Base::Map(map), .. }),
            ) => {
                let spec = &self.unit.maps[usize::from(map)];
                if !kinds.contains(&spec.kind) {
                    return Err(wrong(wanted_kind(kinds)));
                }
                if matches!(arg, Arg::WritableMap(_)) && spec.is_read_only() {
                    return Err(Reason::ReadOnlyMap);
                }
                if matches!(arg, Arg::WritableMap(_)) || spec.kind.is_written_by_use() {
                    self.written_maps |= 1 << map;
                }
                shown.map = Some(map);
                Ok(())
            }
            (Arg::Map(_) | Arg::WritableMap(_), _) => Err(wrong("a map")),
            (Arg::Context, Reg::Pointer(Pointer { base: Base::Context, off, .. }))
                if off.known() == Some(0) =>
            {
                Ok(())
            }
            (Arg::Context, _) => Err(wrong("the context, unchanged")),
            (Arg::MapKey | Arg::MapValue, _) => {
                let spec = shown.map.and_then(|map| self.unit.maps.get(usize::from(map)));
                let spec = spec.ok_or(Reason::Internal("helper table"))?;
                let bytes = if arg == Arg::MapKey { spec.key_size } else { spec.value_size };
                self.readable(register, bytes.into(), false)
            }
            (Arg::Size | Arg::SizeOrZero, Reg::Scalar(size)) => {
                if arg == Arg::Size && size.wide.umin == 0 {
                    return Err(wrong("a length of at least 1"));
                }
                self.sized(helper.args[index - 1], register - 1, size)
            }
            (Arg::Size | Arg::SizeOrZero | Arg::Scalar, Reg::Pointer(_)) => {
                Err(wrong("a number, not an address"))
            }
            (Arg::RecordSize, Reg::Scalar(size)) => {
                let size = size.known().and_then(|size| u32::try_from(size).ok());
                shown.record_size = size.filter(|&size| size < 1 << 29).ok_or(wrong("a constant length"))?;
                Ok(())
            }
            (Arg::RecordSize, _) => Err(wrong("a constant length")),
            (Arg::Record, reg) => self.release(register, reg),
            // Memory is checked with its length, which follows.
            _ => Ok(()),
        }
    }

    /// Checks the memory in a register against its length.
    fn sized(&mut self, memory: Arg, register: u8, size: Scalar) -> Result<(), Reason> {
        let null = matches!(self.state.reg(register)?, Reg::Scalar(null) if null.known() == Some(0));
        match memory {
            Arg::PrintArgs | Arg::MemOrNull if null && size.wide.umax == 0 => Ok(()),
            Arg::OutMem => self.filled(register, size),
            Arg::InOutMem => {
                self.readable(register, size.wide.umax, false)?;
                self.filled(register, size)
            }
            _ => self.readable(register, size.wide.umax, memory == Arg::PrintArgs),
        }
    }

    /// A tail call that succeeds is an exit without an answer; one that fails goes on here. The program that it leads
    /// to was verified for itself, and begins with an empty stack: in a function it would have to come back.
    fn tail_call(&self) -> Result<(), Reason> {
        match (self.state.frames.len(), self.state.records.is_empty()) {
            (1, true) => Ok(()),
            (1, false) => Err(Reason::Unreleased),
            _ => Err(Reason::TailCallInFunction),
        }
    }

    /// Gives a record back: no copy of its address can be used any more.
    fn release(&mut self, register: u8, reg: Reg) -> Result<(), Reason> {
        let Reg::Pointer(Pointer { base: Base::Record(_), id, nullable, off, .. }) = reg else {
            return Err(Reason::NotReserved);
        };
        if nullable {
            return Err(Reason::MaybeNull { register });
        }
        let reserved = self.state.records.iter().position(|&record| record == id);
        let (Some(at), Some(0)) = (reserved, off.known()) else { return Err(Reason::NotReserved) };
        self.state.records.remove(at);
        self.forget(|pointer| matches!(pointer.base, Base::Record(_)) && pointer.id == id);
        Ok(())
    }

    /// The packet lies elsewhere now: of addresses in it nothing is known but that they are such.
    fn forget_packet(&mut self) {
        self.state.each_reg(|reg| {
            if let Reg::Pointer(pointer) = reg
                && pointer.base.is_low()
            {
                *pointer = Pointer::new(Base::Stale, 0);
            }
        });
    }

    /// Makes pointers unwritten.
    fn forget(&mut self, is_it: impl Fn(&Pointer) -> bool) {
        let is_it = |reg: &Reg| matches!(reg, Reg::Pointer(pointer) if is_it(pointer));
        for frame in &mut self.state.frames {
            frame.regs.iter_mut().filter(|reg| is_it(reg)).for_each(|reg| *reg = Reg::Uninit);
            for n in 0..frame.stack.len() {
                if let Word::Low(reg) = frame.stack[n]
                    && is_it(&reg)
                {
                    (frame.stack[n], frame.stack[n.saturating_sub(1)]) = (UNWRITTEN, UNWRITTEN);
                }
            }
        }
    }

    fn result(&mut self, helper: &Helper, shown: &Shown) -> Result<Reg, Reason> {
        let base = match helper.ret {
            Ret::Void => return Ok(Reg::Uninit),
            Ret::Scalar => return Ok(Reg::Scalar(Scalar::unknown())),
            Ret::MapValueOrNull => Base::Value(shown.map.ok_or(Reason::Internal("helper table"))?),
            Ret::RecordOrNull => Base::Record(shown.record_size),
        };
        let id = self.state.new_id();
        if helper.ret == Ret::RecordOrNull {
            if self.state.records.len() == MAX_RECORDS {
                return Err(Reason::TooManyRecords);
            }
            self.state.records.push(id);
        }
        Ok(Reg::Pointer(Pointer { id, nullable: true, ..Pointer::new(base, 0) }))
    }

    pub fn call_local(&mut self, target: usize) -> Result<Flow, Reason> {
        let depth = self.state.frames.len();
        if self.state.frames.iter().any(|frame| frame.entry == target) {
            return Err(Reason::Recursion);
        }
        if depth == MAX_FRAMES {
            return Err(Reason::CallDepth);
        }
        let mut frame = Frame::new(depth, target, self.at + 1);
        frame.regs[CLOBBERED].copy_from_slice(&self.state.frame().regs[CLOBBERED]);
        self.state.frames.try_reserve(1).map_err(|_| Reason::OutOfMemory)?;
        self.state.frames.push(frame);
        Ok(Flow::Next(target))
    }

    pub fn exit(&mut self) -> Result<Flow, Reason> {
        let depth = self.state.frames.len();
        if depth == 1 {
            return self.end();
        }
        let r0 = *self.state.peek(0);
        if let Reg::Pointer(Pointer { base: Base::Stack(frame), .. }) = r0
            && usize::from(frame) == depth - 1
        {
            return Err(Reason::StackEscape);
        }
        let callee = self.state.frames.pop().ok_or(Reason::Internal("frames"))?;
        let regs = &mut self.state.frame_mut().regs;
        regs[CLOBBERED].fill(Reg::Uninit);
        regs[0] = r0;
        Ok(Flow::Next(callee.back_to))
    }

    /// The program's own exit.
    fn end(&self) -> Result<Flow, Reason> {
        let Reg::Scalar(r0) = self.state.reg(0)? else { return Err(Reason::ReturnsPointer) };
        if let Some(verdicts) = &self.unit.hook.verdicts {
            let (allowed, r0) = ((*verdicts.start(), *verdicts.end()), (r0.wide.smin, r0.wide.smax));
            if r0.0 < allowed.0.into() || r0.1 > allowed.1.into() {
                return Err(Reason::Verdict { r0, allowed });
            }
        }
        if self.state.records.is_empty() { Ok(Flow::Exit) } else { Err(Reason::Unreleased) }
    }
}

/// The kinds that a helper takes, in words.
fn wanted_kind(kinds: &[MapKind]) -> &'static str {
    match kinds.first() {
        Some(MapKind::RingBuf) => "a ring buffer map",
        Some(MapKind::ProgArray) => "a program array",
        Some(MapKind::PerfEventArray) => "a perf event array",
        Some(MapKind::PercpuHash) => "a per-CPU map",
        Some(MapKind::DevMap) => "a map that packets are redirected by",
        _ => "a hash or array map",
    }
}

/// Adds a number to a small set.
fn remember(set: &mut Vec<u32>, number: u32) -> Result<(), Reason> {
    if !set.contains(&number) {
        set.try_reserve(1).map_err(|_| Reason::OutOfMemory)?;
        set.push(number);
    }
    Ok(())
}

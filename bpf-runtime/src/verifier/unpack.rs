//! States from byte strings, as [`super::pack`] writes them.
use super::{
    num::Num,
    pack::{CONSTANT, HALF, HIGH, LOW, POINTER, POINTER_AT, RANGE, UNINIT, UNKNOWN},
    reason::{Reason, Refused, Why},
    scalar::Scalar,
    state::{Frame, MAX_RECORDS, State},
    value::{Base, Pointer, Reach, Reg, UNWRITTEN, Word},
};
use crate::isa::MAX_FRAMES;

/// Reads a packed state, piece by piece. What it reads was written by [`super::pack`]; behind the end of anything else come
/// zeros.
#[derive(Clone, Copy)]
pub struct Reader<'b> {
    rest: &'b [u8],
    /// Something was read from behind the end.
    pub broken: bool,
}

impl<'b> Reader<'b> {
    pub const fn new(packed: &'b [u8]) -> Self {
        Self { rest: packed, broken: false }
    }

    pub fn u8(&mut self) -> u8 {
        self.take(1) as u8
    }

    pub fn u16(&mut self) -> u16 {
        self.take(2) as u16
    }

    fn i32(&mut self) -> i32 {
        self.take(4) as i32
    }

    fn u64(&mut self) -> u64 {
        self.take(8)
    }

    /// A number of so many bytes, 8 at most.
    fn take(&mut self, bytes: usize) -> u64 {
        let mut number = [0; 8];
        match (number.get_mut(..bytes), self.rest.split_at_checked(bytes)) {
            (Some(number), Some((taken, rest))) => {
                number.copy_from_slice(taken);
                self.rest = rest;
            }
            _ => self.broken = true,
        }
        u64::from_le_bytes(number)
    }

    pub fn word(&mut self) -> Word {
        match self.u8() {
            HALF => match self.reg() {
                Reg::Scalar(scalar) => Word::Half(scalar),
                _ => UNWRITTEN,
            },
            LOW => Word::Low(self.reg()),
            HIGH => Word::High,
            bytes => Word::Bytes(bytes & 15),
        }
    }

    pub fn reg(&mut self) -> Reg {
        let mut scalar = match self.u8() {
            UNINIT => return Reg::Uninit,
            POINTER_AT => return Reg::Pointer(self.pointer(true)),
            POINTER => return Reg::Pointer(self.pointer(false)),
            CONSTANT => return Reg::Scalar(Scalar::constant(self.u64())),
            UNKNOWN => Scalar::unknown(),
            RANGE => Scalar::from_wide(Num::range(self.u64(), self.u64(), 64)),
            _ => Scalar { wide: self.num(), low: self.num(), id: 0 },
        };
        scalar.id = self.u8().into();
        Reg::Scalar(scalar)
    }

    fn num(&mut self) -> Num {
        Num {
            value: self.u64(),
            mask: self.u64(),
            umin: self.u64(),
            umax: self.u64(),
            smin: self.u64() as i64,
            smax: self.u64() as i64,
        }
    }

    fn pointer(&mut self, constant: bool) -> Pointer {
        let (kind, index) = (self.u8(), self.i32() as u32);
        let base = match kind & 0x7f {
            0 => Base::Stack(index as u8),
            1 => Base::Context,
            2 => Base::Value(index as u8),
            3 => Base::Map(index as u8),
            5 => Base::Global(index as u8),
            6 => Base::Packet,
            7 => Base::Meta,
            8 => Base::PacketEnd,
            9 => Base::Stale,
            10 => Base::Code(index as u16),
            _ => Base::Record(index),
        };
        let id = self.u8().into();
        let mut reach = Reach::START;
        if base.is_packet() {
            reach = Reach { fixed: self.i32(), proven: self.i32() };
        }
        let off = if constant { Num::constant(self.u64(), 64) } else { self.num() };
        Pointer { base, id, nullable: kind & 0x80 != 0, off, reach }
    }
}

/// Makes the packed state the current one.
pub fn unpack(packed: &[u8], state: &mut State, why: &Why) -> Result<(), Refused> {
    let mut reader = Reader::new(packed);
    let (frames, records) = (reader.u8(), reader.u8());
    state.records.clear();
    state.frames.clear();
    if frames == 0 || usize::from(frames) > MAX_FRAMES || usize::from(records) > MAX_RECORDS {
        return Err(why.refuse(Reason::Internal("packed state")));
    }
    state.records.extend((0..records).map(|_| u32::from(reader.u8())));
    for index in 0..frames {
        state.frames.push(unpack_frame(&mut reader, index.into())?);
    }
    // One byte holds an id, so the next fresh one is greater than all that are in use.
    state.reset_ids(u32::from(u8::MAX));
    if reader.broken { Err(why.refuse(Reason::Internal("packed state"))) } else { Ok(()) }
}

fn unpack_frame(reader: &mut Reader<'_>, index: usize) -> Result<Frame, Refused> {
    let (entry, back_to) = (reader.u16(), reader.u16());
    let mut frame = Frame::new(index, entry.into(), back_to.into());
    frame.depth = reader.u16().into();
    let last = frame.regs.len() - 1;
    frame.regs[..last].fill_with(|| reader.reg());
    let words = reader.u8();
    frame.stack.try_reserve_exact(words.into()).map_err(|_| Refused)?;
    frame.stack.extend((0..words).map(|_| reader.word()));
    Ok(frame)
}

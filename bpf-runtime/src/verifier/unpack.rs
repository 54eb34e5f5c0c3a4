//! States from byte strings, as [`super::pack`] writes them.
use super::{
    num::Num,
    pack::{CONSTANT, HALF, HIGH, LOW, POINTER, POINTER_AT, RANGE, UNINIT, UNKNOWN},
    reason::{Reason, Refused, Why},
    scalar::Scalar,
    state::{Frame, State},
    value::{Base, Pointer, Reach, Reg, Word},
};

/// Reads a packed state, piece by piece. What it reads was written by [`super::pack`]; anything else ends the reading.
#[derive(Clone, Copy)]
pub struct Reader<'b>(pub &'b [u8]);

impl Reader<'_> {
    pub fn u8(&mut self) -> Option<u8> {
        self.take().map(|[byte]| byte)
    }

    pub fn u16(&mut self) -> Option<u16> {
        self.take().map(u16::from_le_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.take().map(u64::from_le_bytes)
    }

    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (bytes, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*bytes)
    }

    pub fn word(&mut self) -> Option<Word> {
        match self.u8()? {
            HALF => match self.reg()? {
                Reg::Scalar(scalar) => Some(Word::Half(scalar)),
                _ => None,
            },
            LOW => Some(Word::Low(self.reg()?)),
            HIGH => Some(Word::High),
            bytes => Some(Word::Bytes(bytes & 15)),
        }
    }

    pub fn reg(&mut self) -> Option<Reg> {
        let mut scalar = match self.u8()? {
            UNINIT => return Some(Reg::Uninit),
            POINTER_AT => return self.pointer(true),
            POINTER => return self.pointer(false),
            CONSTANT => return Some(Reg::Scalar(Scalar::constant(self.u64()?))),
            UNKNOWN => Scalar::unknown(),
            RANGE => Scalar::from_wide(Num::range(self.u64()?, self.u64()?, 64)),
            _ => Scalar { wide: self.num()?, low: self.num()?, id: 0 },
        };
        scalar.id = self.u8()?.into();
        Some(Reg::Scalar(scalar))
    }

    fn num(&mut self) -> Option<Num> {
        Some(Num {
            value: self.u64()?,
            mask: self.u64()?,
            umin: self.u64()?,
            umax: self.u64()?,
            smin: self.u64()? as i64,
            smax: self.u64()? as i64,
        })
    }

    fn pointer(&mut self, constant: bool) -> Option<Reg> {
        let kind = self.u8()?;
        let index = self.take().map(u32::from_le_bytes)?;
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
        let id = self.u8()?.into();
        let mut reach = Reach::START;
        if base.is_packet() {
            reach.fixed = self.take().map(i32::from_le_bytes)?;
            reach.proven = self.take().map(i32::from_le_bytes)?;
        }
        let off = if constant { Num::constant(self.u64()?, 64) } else { self.num()? };
        Some(Reg::Pointer(Pointer { base, id, nullable: kind & 0x80 != 0, off, reach }))
    }
}

/// Makes the packed state the current one.
pub fn unpack(packed: &[u8], state: &mut State, why: &Why) -> Result<(), Refused> {
    let broken = || why.refuse(Reason::Internal("packed state"));
    let mut reader = Reader(packed);
    let (frames, records) = (reader.u8().ok_or_else(broken)?, reader.u8().ok_or_else(broken)?);
    state.records.clear();
    for _ in 0..records {
        state.records.push(reader.u8().ok_or_else(broken)?.into());
    }
    state.frames.clear();
    for index in 0..frames {
        let frame = unpack_frame(&mut reader, index.into(), why)?;
        state.frames.push(frame);
    }
    // One byte holds an id, so the next fresh one is greater than all that are in use.
    state.reset_ids(u32::from(u8::MAX));
    Ok(())
}

fn unpack_frame(reader: &mut Reader<'_>, index: usize, why: &Why) -> Result<Frame, Refused> {
    let broken = || why.refuse(Reason::Internal("packed frame"));
    let entry = reader.u16().ok_or_else(broken)?;
    let back_to = reader.u16().ok_or_else(broken)?;
    let mut frame = Frame::new(index, entry.into(), back_to.into());
    frame.depth = reader.u16().ok_or_else(broken)?.into();
    for number in 0..frame.regs.len() - 1 {
        frame.regs[number] = reader.reg().ok_or_else(broken)?;
    }
    let words: usize = reader.u8().ok_or_else(broken)?.into();
    frame.stack.try_reserve_exact(words).map_err(|_| Refused)?;
    for _ in 0..words {
        frame.stack.push(reader.word().ok_or_else(broken)?);
    }
    Ok(frame)
}

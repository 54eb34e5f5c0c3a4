//! States as byte strings: some hundred bytes in place of many thousand, so that many fit a device's memory.
//!
//! Ids are renumbered in the order of their appearance, and those that appear once are dropped, so equal states
//! make equal bytes. Registers that are dead become unwritten; where the bytes are made for comparing, numbers
//! on whose value nothing depends become unknown.
use alloc::vec::Vec;

use super::{
    live::Live,
    num::Num,
    reason::Reason,
    scalar::Scalar,
    state::{Frame, State},
    value::{Base, Pointer, Reg, Word},
};

/// Ids that are kept apart; a state with more of them loses what equal ids say.
const MAX_IDS: usize = 64;

pub(super) const UNINIT: u8 = 0;
pub(super) const UNKNOWN: u8 = 1;
pub(super) const CONSTANT: u8 = 2;
pub(super) const RANGE: u8 = 3;
pub(super) const SCALAR: u8 = 4;
pub(super) const POINTER_AT: u8 = 5;
pub(super) const POINTER: u8 = 6;
pub(super) const BYTES: u8 = 16;
pub(super) const HALF: u8 = 32;
pub(super) const LOW: u8 = 33;
pub(super) const HIGH: u8 = 34;

/// The ids of a state, in order, with the times that they appear.
struct Ids {
    seen: [(u32, u32); MAX_IDS],
    len: usize,
    /// Whether some found no room.
    lost: bool,
}

impl Ids {
    fn count(&mut self, id: u32) {
        if id == 0 {
            return;
        }
        match self.seen[..self.len].iter_mut().find(|(seen, _)| *seen == id) {
            Some((_, times)) => *times += 1,
            None if self.len < MAX_IDS => {
                self.seen[self.len] = (id, 1);
                self.len += 1;
            }
            None => self.lost = true,
        }
    }

    /// The new number: the position among those that appear more than once, from 1.
    fn renumbered(&self, id: u32) -> u8 {
        let shared = self.seen[..self.len].iter().filter(|(_, times)| *times > 1);
        shared.map(|(seen, _)| *seen).position(|seen| seen == id).map_or(0, |at| at as u8 + 1)
    }
}

/// Writes a state.
pub struct Packer<'b> {
    out: &'b mut Vec<u8>,
    ids: Ids,
}

impl<'b> Packer<'b> {
    /// Packs `state` into `out`, which is emptied first. `live` gives what is live where a frame goes on; with
    /// `compared`, what is for comparing only. False: there were too many ids, and some of what they say is lost.
    pub fn pack(
        state: &State,
        out: &'b mut Vec<u8>,
        live: impl Fn(usize) -> Live,
        compared: bool,
    ) -> Result<bool, Reason> {
        out.clear();
        let mut packer = Self { out, ids: Ids { seen: [(0, 0); MAX_IDS], len: 0, lost: false } };
        let masked = |index: usize, frame: &Frame, number: usize| {
            let live = live(index);
            match frame.regs[number] {
                _ if live.regs >> number & 1 == 0 => Reg::Uninit,
                Reg::Scalar(_) if compared && live.precise >> number & 1 == 0 => Reg::unknown(),
                reg => reg,
            }
        };
        // A record has to stay identified even if no pointer to it is left.
        state.records.iter().for_each(|&id| (0..2).for_each(|_| packer.ids.count(id)));
        for (index, frame) in state.frames.iter().enumerate() {
            (0..frame.regs.len() - 1).for_each(|n| packer.count(masked(index, frame, n)));
            for word in &frame.stack {
                if let Word::Low(reg) = *word {
                    packer.count(reg);
                }
            }
        }
        packer.bytes(&[state.frames.len() as u8, state.records.len() as u8])?;
        for &id in &state.records {
            packer.id(id)?;
        }
        for (index, frame) in state.frames.iter().enumerate() {
            packer.bytes(&(frame.entry as u16).to_le_bytes())?;
            packer.bytes(&(frame.back_to as u16).to_le_bytes())?;
            packer.bytes(&(frame.depth as u16).to_le_bytes())?;
            for number in 0..frame.regs.len() - 1 {
                packer.reg(&masked(index, frame, number))?;
            }
            packer.bytes(&[frame.stack.len() as u8])?;
            frame.stack.iter().try_for_each(|word| packer.word(word))?;
        }
        Ok(!packer.ids.lost)
    }

    fn count(&mut self, mut reg: Reg) {
        let in_packet = matches!(reg, Reg::Pointer(pointer) if pointer.base.is_packet());
        if let Some(id) = reg.id_mut() {
            self.ids.count(*id);
            // Without its id a pointer would be one to the packet's start.
            if in_packet {
                self.ids.count(*id);
            }
        }
    }

    fn bytes(&mut self, bytes: &[u8]) -> Result<(), Reason> {
        self.out.try_reserve(bytes.len()).map_err(|_| Reason::OutOfMemory)?;
        self.out.extend_from_slice(bytes);
        Ok(())
    }

    fn id(&mut self, id: u32) -> Result<(), Reason> {
        let id = self.ids.renumbered(id);
        self.bytes(&[id])
    }

    fn word(&mut self, word: &Word) -> Result<(), Reason> {
        match word {
            Word::Bytes(written) => self.bytes(&[BYTES | written]),
            Word::Half(scalar) => {
                self.bytes(&[HALF])?;
                self.scalar(scalar)
            }
            Word::Low(reg) => {
                self.bytes(&[LOW])?;
                self.reg(reg)
            }
            Word::High => self.bytes(&[HIGH]),
        }
    }

    fn reg(&mut self, reg: &Reg) -> Result<(), Reason> {
        match reg {
            Reg::Uninit => self.bytes(&[UNINIT]),
            Reg::Scalar(scalar) => self.scalar(scalar),
            // Too many ids: it is lost.
            Reg::Pointer(p) if p.base.is_packet() && p.id != 0 && self.ids.renumbered(p.id) == 0 => {
                self.bytes(&[UNINIT])
            }
            Reg::Pointer(pointer) => self.pointer(pointer),
        }
    }

    fn scalar(&mut self, scalar: &Scalar) -> Result<(), Reason> {
        let Scalar { wide, low, .. } = scalar;
        let plain = Scalar { id: 0, ..*scalar };
        if let Some(x) = scalar.known() {
            self.bytes(&[CONSTANT])?;
            return self.bytes(&x.to_le_bytes());
        }
        if plain == Scalar::unknown() {
            self.bytes(&[UNKNOWN])?;
        } else if plain == Scalar::from_wide(Num::range(wide.umin, wide.umax, 64)) {
            self.bytes(&[RANGE])?;
            self.bytes(&wide.umin.to_le_bytes())?;
            self.bytes(&wide.umax.to_le_bytes())?;
        } else {
            self.bytes(&[SCALAR])?;
            self.num(wide)?;
            self.num(low)?;
        }
        self.id(scalar.id)
    }

    fn num(&mut self, n: &Num) -> Result<(), Reason> {
        for part in [n.value, n.mask, n.umin, n.umax, n.smin as u64, n.smax as u64] {
            self.bytes(&part.to_le_bytes())?;
        }
        Ok(())
    }

    fn pointer(&mut self, pointer: &Pointer) -> Result<(), Reason> {
        let (kind, index) = match pointer.base {
            Base::Stack(frame) => (0, frame.into()),
            Base::Context => (1, 0),
            Base::Value(map) => (2, map.into()),
            Base::Map(map) => (3, map.into()),
            Base::Record(size) => (4, size),
            Base::Global(map) => (5, map.into()),
            Base::Packet => (6, 0),
            Base::Meta => (7, 0),
            Base::PacketEnd => (8, 0),
            Base::Stale => (9, 0),
            Base::Code(at) => (10, at.into()),
        };
        let tag = if pointer.off.known().is_some() { POINTER_AT } else { POINTER };
        self.bytes(&[tag, kind | u8::from(pointer.nullable) << 7])?;
        self.bytes(&index.to_le_bytes())?;
        self.id(pointer.id)?;
        if pointer.base.is_packet() {
            self.bytes(&pointer.reach.fixed.to_le_bytes())?;
            self.bytes(&pointer.reach.proven.to_le_bytes())?;
        }
        match pointer.off.known() {
            Some(off) => self.bytes(&off.to_le_bytes()),
            None => self.num(&pointer.off),
        }
    }
}

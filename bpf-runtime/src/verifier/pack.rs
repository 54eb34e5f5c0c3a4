//! States as byte strings: some hundred bytes in place of many thousand, so that many fit a device's memory.
//!
//! Ids are renumbered in the order of their appearance, and those that appear once are dropped, so equal states
//! make equal bytes.
use alloc::vec::Vec;

use super::{
    num::Num,
    reason::Refused,
    scalar::Scalar,
    state::State,
    value::{Base, Pointer, Reg, Word},
};
use crate::isa::FP;

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
    /// Memory is out; nothing more is written then.
    full: bool,
}

impl<'b> Packer<'b> {
    /// Packs `state` into `out`, which is emptied first. False: there were too many ids, and some of what they say is lost.
    pub fn pack(state: &State, out: &'b mut Vec<u8>) -> Result<bool, Refused> {
        out.clear();
        let mut packer = Self { out, ids: Ids { seen: [(0, 0); MAX_IDS], len: 0, lost: false }, full: false };
        // A record has to stay identified even if no pointer to it is left.
        state.records.iter().for_each(|&id| (0..2).for_each(|_| packer.ids.count(id)));
        for frame in &state.frames {
            frame.regs[..FP.into()].iter().for_each(|reg| packer.count(reg));
            for word in &frame.stack {
                if let Word::Low(reg) = word {
                    packer.count(reg);
                }
            }
        }
        packer.bytes(&[state.frames.len() as u8, state.records.len() as u8]);
        state.records.iter().for_each(|&id| packer.id(id));
        for frame in &state.frames {
            for place in [frame.entry as u16, frame.back_to as u16, frame.depth as u16] {
                packer.bytes(&place.to_le_bytes());
            }
            frame.regs[..FP.into()].iter().for_each(|reg| packer.reg(reg));
            packer.bytes(&[frame.stack.len() as u8]);
            frame.stack.iter().for_each(|word| packer.word(word));
        }
        if packer.full { Err(Refused) } else { Ok(!packer.ids.lost) }
    }

    fn count(&mut self, reg: &Reg) {
        self.ids.count(reg.id());
        // Without its id a pointer would be one to the packet's start.
        if matches!(reg, Reg::Pointer(pointer) if pointer.base.is_packet()) {
            self.ids.count(reg.id());
        }
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.full |= self.out.try_reserve(bytes.len()).is_err();
        if !self.full {
            self.out.extend_from_slice(bytes);
        }
    }

    fn id(&mut self, id: u32) {
        let id = self.ids.renumbered(id);
        self.bytes(&[id]);
    }

    fn word(&mut self, word: &Word) {
        match word {
            Word::Bytes(written) => self.bytes(&[BYTES | written]),
            Word::Half(scalar) => {
                self.bytes(&[HALF]);
                self.scalar(scalar);
            }
            Word::Low(reg) => {
                self.bytes(&[LOW]);
                self.reg(reg);
            }
            Word::High => self.bytes(&[HIGH]),
        }
    }

    fn reg(&mut self, reg: &Reg) {
        match reg {
            Reg::Uninit => self.bytes(&[UNINIT]),
            Reg::Scalar(scalar) => self.scalar(scalar),
            // Too many ids: it is lost.
            Reg::Pointer(p) if p.base.is_packet() && p.id != 0 && self.ids.renumbered(p.id) == 0 => {
                self.bytes(&[UNINIT]);
            }
            Reg::Pointer(pointer) => self.pointer(pointer),
        }
    }

    fn scalar(&mut self, scalar: &Scalar) {
        let Scalar { wide, low, .. } = scalar;
        let plain = Scalar { id: 0, ..*scalar };
        if let Some(x) = scalar.known() {
            self.bytes(&[CONSTANT]);
            self.bytes(&x.to_le_bytes());
            return;
        }
        if plain == Scalar::unknown() {
            self.bytes(&[UNKNOWN]);
        } else if plain == Scalar::from_wide(Num::range(wide.umin, wide.umax, 64)) {
            self.bytes(&[RANGE]);
            self.bytes(&wide.umin.to_le_bytes());
            self.bytes(&wide.umax.to_le_bytes());
        } else {
            self.bytes(&[SCALAR]);
            self.num(wide);
            self.num(low);
        }
        self.id(scalar.id);
    }

    fn num(&mut self, n: &Num) {
        for part in [n.value, n.mask, n.umin, n.umax, n.smin as u64, n.smax as u64] {
            self.bytes(&part.to_le_bytes());
        }
    }

    fn pointer(&mut self, pointer: &Pointer) {
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
        self.bytes(&[tag, kind | u8::from(pointer.nullable) << 7]);
        self.bytes(&index.to_le_bytes());
        self.id(pointer.id);
        if pointer.base.is_packet() {
            self.bytes(&pointer.reach.fixed.to_le_bytes());
            self.bytes(&pointer.reach.proven.to_le_bytes());
        }
        match pointer.off.known() {
            Some(off) => self.bytes(&off.to_le_bytes()),
            None => self.num(&pointer.off),
        }
    }
}

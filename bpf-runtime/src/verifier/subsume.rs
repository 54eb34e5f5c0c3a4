//! Whether a state that was explored covers another one: each concrete state of the other is one of its own too,
//! so what was proven from there holds here.
use super::{
    num::Num,
    unpack::Reader,
    value::{DATA, Pointer, Reach, Reg, UNWRITTEN, Word},
};

/// Which id of the old state stands for which one of the new: one to one. Of an anchor in a packet, also how far the
/// new one lies before the old.
struct Ids {
    new: [u32; 256],
    anchors: [Option<(u8, i32)>; 256],
}

impl Ids {
    /// Whether pointers into a packet differ from others with their ids as the old ones do; if so, how far the new
    /// anchor lies before the old one.
    fn anchored(&mut self, old: &Pointer, new: &Pointer) -> Option<i32> {
        let shift = new.reach.fixed.checked_sub(old.reach.fixed)?;
        if old.id == 0 {
            return (new.id == 0 && shift == 0).then_some(0);
        }
        let known = self.anchors.get_mut(old.id as usize)?.get_or_insert((new.id as u8, shift));
        (*known == (new.id as u8, shift)).then_some(shift)
    }

    fn agree(&mut self, old: u32, new: u32) -> bool {
        let known = self.new.get(old as usize).copied().unwrap_or(0);
        match (old, new) {
            (0, _) => true,
            // What was equal there is not known to be equal here.
            (_, 0) => false,
            _ if known != 0 => known == new,
            _ if self.new.contains(&new) => false,
            _ => self.new.get_mut(old as usize).map(|known| *known = new).is_some(),
        }
    }
}

/// Whether `old` covers `new`; both packed for comparing.
pub fn covers(old: &[u8], new: &[u8]) -> bool {
    old == new || compare(&mut Reader::new(old), &mut Reader::new(new))
}

fn compare(old: &mut Reader<'_>, new: &mut Reader<'_>) -> bool {
    let mut ids = Ids { new: [0; 256], anchors: [None; 256] };
    let (frames, records) = (old.u8(), old.u8());
    if (frames, records) != (new.u8(), new.u8()) {
        return false;
    }
    let same_records = (0..records).all(|_| ids.agree(old.u8().into(), new.u8().into()));
    same_records && (0..frames).all(|_| covers_frame(old, new, &mut ids)) && !old.broken && !new.broken
}

fn covers_frame(old: &mut Reader<'_>, new: &mut Reader<'_>, ids: &mut Ids) -> bool {
    let same_place = old.u16() == new.u16() && old.u16() == new.u16();
    // The deepest stack of the paths from there on holds for this one too.
    if !same_place || old.u16() < new.u16() {
        return false;
    }
    if !(0..crate::isa::REGISTERS - 1).all(|_| covers_reg(&old.reg(), &new.reg(), ids)) {
        return false;
    }
    let (old_words, new_words) = (old.u8(), new.u8());
    let mut high_before = false;
    (0..old_words.max(new_words)).all(|n| {
        let old_word = if n < old_words { old.word() } else { UNWRITTEN };
        let new_word = if n < new_words { new.word() } else { UNWRITTEN };
        // The high half of a number is as good as bytes; that it is one, the word below says.
        let number = matches!(new_word, Word::Low(Reg::Scalar(_)));
        let as_bytes = matches!((&old_word, &new_word), (Word::Bytes(1..), Word::High));
        let covered = (!high_before || number) && (as_bytes || covers_word(&old_word, &new_word, ids));
        high_before = as_bytes;
        covered
    })
}

fn covers_reg(old: &Reg, new: &Reg, ids: &mut Ids) -> bool {
    match (old, new) {
        // Nothing that was explored from there read it.
        (Reg::Uninit, _) => true,
        (Reg::Scalar(old), Reg::Scalar(new)) => old.contains(new) && ids.agree(old.id, new.id),
        (Reg::Pointer(old), Reg::Pointer(new)) => covers_pointer(old, new, ids),
        _ => false,
    }
}

fn covers_pointer(old: &Pointer, new: &Pointer, ids: &mut Ids) -> bool {
    old.base == new.base
        && (old.nullable || !new.nullable)
        && old.off.contains(&new.off)
        && if old.base.is_packet() { covers_reach(old, new, ids) } else { ids.agree(old.id, new.id) }
}

/// What was proven there of the packet has to hold here.
fn covers_reach(old: &Pointer, new: &Pointer, ids: &mut Ids) -> bool {
    let Some(shift) = ids.anchored(old, new) else { return false };
    old.reach.proven == Reach::NOWHERE
        || new.reach.proven_from(shift).is_some_and(|new| old.reach.proven <= new)
}

fn covers_word(old: &Word, new: &Word, ids: &mut Ids) -> bool {
    match (old, new) {
        (Word::Bytes(0), _)
        | (Word::High, Word::High)
        | (Word::Bytes(_), Word::Half(_) | Word::Low(Reg::Scalar(_))) => true,
        (Word::Bytes(old), Word::Bytes(new)) => old & !new == 0,
        (Word::Half(old), Word::Half(new)) => old.contains(new) && ids.agree(old.id, new.id),
        (Word::Low(old), Word::Low(new)) => covers_reg(old, new, ids),
        // A half whose value is not known is as good as bytes.
        (Word::Half(old), Word::Bytes(_)) => *new == DATA && old.low == Num::unknown(32),
        _ => false,
    }
}

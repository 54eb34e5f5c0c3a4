//! A place of a hash map, and the count of those in use.
//!
//! `state: u64 @0, reach: u32 @8, used: u32 @12, key @16, value` (key and value aligned to 8). The state holds a tag
//! of 2 bits, the owner of the last change (8), a version that each claim increments (16) and the key's hash (32).
use core::sync::atomic::{
    AtomicU32, AtomicU64,
    Ordering::{Acquire, Relaxed, SeqCst},
    fence,
};

use super::{COUNT, HEADER_BYTES, Map, step};
use crate::errno::Errno;

/// Bytes from a place's start to its key.
pub const KEY: usize = 16;
const REACH: usize = 8;
const USED: usize = 12;

const OWNER_SHIFT: u32 = 8;
const VERSION: u64 = 0xffff << 16;
const HASH_SHIFT: u32 = 32;
/// In the word of the count: one change.
const CHANGE: u64 = 1 << 32;
/// Scans for a count that nobody changes meanwhile.
const RECOUNTS: usize = 8;

/// What a place is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tag {
    /// Without an entry.
    Free,
    /// Being filled.
    Busy,
    /// With an entry.
    Full,
    /// Being emptied.
    Leaving,
}

/// The state of a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State(u64);

impl State {
    pub const fn tag(self) -> Tag {
        match self.0 & 3 {
            0 => Tag::Free,
            1 => Tag::Busy,
            2 => Tag::Full,
            _ => Tag::Leaving,
        }
    }

    pub const fn is(self, tag: Tag, hash: u32) -> bool {
        self.0 & 3 == tag as u64 && (self.0 >> HASH_SHIFT) as u32 == hash
    }

    /// Being changed by this owner.
    pub const fn held_by(self, owner: u8) -> bool {
        matches!(self.tag(), Tag::Busy | Tag::Leaving) && (self.0 >> OWNER_SHIFT) as u8 == owner
    }

    /// The same entry with another tag, changed by this owner.
    pub const fn tagged(self, tag: Tag, owner: u8) -> Self {
        Self(self.0 & !(3 | 0xff << OWNER_SHIFT) | tag as u64 | (owner as u64) << OWNER_SHIFT)
    }

    /// Claimed for a key with this hash.
    pub const fn claimed(self, hash: u32, owner: u8) -> Self {
        let version = (self.0 & VERSION).wrapping_add(1 << 16) & VERSION;
        Self((hash as u64) << HASH_SHIFT | version).tagged(Tag::Busy, owner)
    }

    /// Without an entry. The version stays.
    pub const fn freed(self) -> Self {
        Self(self.0 & VERSION)
    }
}

pub fn offset(map: &Map<'_>, slot: u32) -> usize {
    HEADER_BYTES + slot as usize * map.stride
}

fn word<'a>(map: &Map<'a>, slot: u32) -> Result<&'a AtomicU64, Errno> {
    step();
    Ok(map.memory.u64(offset(map, slot))?)
}

pub fn state(map: &Map<'_>, slot: u32) -> Result<State, Errno> {
    Ok(State(word(map, slot)?.load(SeqCst)))
}

/// Whether the place is as it was; what was read from it meanwhile belongs to that state then.
pub fn unchanged(map: &Map<'_>, slot: u32, seen: State) -> Result<bool, Errno> {
    fence(Acquire);
    Ok(state(map, slot)? == seen)
}

/// Changes the state, if it is `from` still.
pub fn change(map: &Map<'_>, slot: u32, from: State, to: State) -> Result<bool, Errno> {
    Ok(word(map, slot)?.compare_exchange(from.0, to.0, SeqCst, Relaxed).is_ok())
}

/// How far from this home any key of it was ever stored.
pub fn reach<'a>(map: &Map<'a>, slot: u32) -> Result<&'a AtomicU32, Errno> {
    step();
    Ok(map.memory.u32(offset(map, slot) + REACH)?)
}

/// When the entry was used last, in uses of the map.
pub fn used<'a>(map: &Map<'a>, slot: u32) -> Result<&'a AtomicU32, Errno> {
    Ok(map.memory.u32(offset(map, slot) + USED)?)
}

/// Low half: places in use. High half: changes of it.
fn count_word<'a>(map: &Map<'a>) -> Result<&'a AtomicU64, Errno> {
    step();
    Ok(map.memory.u64(COUNT)?)
}

pub fn count(map: &Map<'_>) -> u32 {
    count_word(map).map_or(0, |count| count.load(Relaxed) as u32)
}

/// Counts a place that the caller holds; false: there are as many as may be.
pub fn count_up(map: &Map<'_>) -> Result<bool, Errno> {
    let up = |word: u64| ((word as u32) < map.spec.max_entries).then(|| word.wrapping_add(CHANGE + 1));
    Ok(count_word(map)?.fetch_update(SeqCst, Relaxed, up).is_ok())
}

/// Counts a place off that the caller still holds.
pub fn count_down(map: &Map<'_>) -> Result<(), Errno> {
    let down = |word: u64| (word as u32 > 0).then(|| word.wrapping_add(CHANGE - 1));
    let _ = count_word(map)?.fetch_update(SeqCst, Relaxed, down);
    Ok(())
}

/// Frees the places that a domain was changing when it died; how many.
pub fn recover(map: &Map<'_>, owner: u8) -> Result<u32, Errno> {
    let mut freed = 0;
    for slot in 0..map.slots {
        let seen = state(map, slot)?;
        if seen.held_by(owner) && change(map, slot, seen, seen.freed())? {
            freed += 1;
        }
    }
    recount(map)?;
    Ok(freed)
}

/// Counts anew: the dead one may have counted what it did not do. The count changes only while a place is held, so
/// a scan that sees none held, and no change of the count, is right. Otherwise another domain is at work: after
/// some scans the count stays as it is, off by what the dead one left, until the next recovery.
fn recount(map: &Map<'_>) -> Result<(), Errno> {
    for _ in 0..RECOUNTS {
        let before = count_word(map)?.load(SeqCst);
        let (mut full, mut held) = (0, false);
        for slot in 0..map.slots {
            match state(map, slot)?.tag() {
                Tag::Free => {}
                Tag::Full => full += 1,
                Tag::Busy | Tag::Leaving => held = true,
            }
        }
        let after = (before & !u64::from(u32::MAX)).wrapping_add(CHANGE) | full;
        if !held && count_word(map)?.compare_exchange(before, after, SeqCst, Relaxed).is_ok() {
            break;
        }
    }
    Ok(())
}

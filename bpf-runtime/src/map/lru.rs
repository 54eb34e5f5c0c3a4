//! What makes a hash map forget its least recently used entries: each use is stamped with the number of uses so far,
//! and an insertion into a full map removes the entry with the oldest stamp among the next [`SAMPLE`] places. Up to
//! 42 entries that is the least recently used one; above it is one of the older ones, as in Linux
//! (`kernel/bpf/bpf_lru_list.c`), where it depends on batches.
use core::sync::atomic::Ordering::Relaxed;

use super::{
    Map, hash,
    place::{self, State, Tag},
};
use crate::errno::Errno;

/// Uses of the map so far (u32), and the place where the next search for an old entry begins.
const CLOCK: usize = 40;
const HAND: usize = 44;
/// Places that one search looks at.
const SAMPLE: u32 = 64;
/// Searches before an insertion gives up: the others are removing and inserting all the time.
const TRIES: usize = 8;

/// Notes a use of an entry.
pub fn touch(map: &Map<'_>, slot: u32) -> Result<(), Errno> {
    if map.spec.kind.is_lru() {
        let now = map.memory.u32(CLOCK)?.fetch_add(1, Relaxed);
        place::used(map, slot)?.store(now, Relaxed);
    }
    Ok(())
}

/// What an insertion answers that finds no room.
pub fn full(map: &Map<'_>) -> Errno {
    if map.spec.kind.is_lru() { Errno::ENOMEM } else { Errno::E2BIG }
}

/// Removes an old entry of a full map, if its kind does that.
pub fn make_room(map: &Map<'_>) -> Result<(), Errno> {
    if map.spec.kind.is_lru() {
        for _ in 0..TRIES {
            if let Some((slot, seen)) = oldest(map)?
                && hash::remove(map, slot, seen)?
            {
                return Ok(());
            }
        }
    }
    Err(full(map))
}

/// The entry of the next places that was not used for longest.
fn oldest(map: &Map<'_>) -> Result<Option<(u32, State)>, Errno> {
    let start = map.memory.u32(HAND)?.fetch_add(SAMPLE, Relaxed) % map.slots;
    let now = map.memory.u32(CLOCK)?.load(Relaxed);
    let mut oldest: Option<(u32, u32, State)> = None;
    for i in 0..SAMPLE.min(map.slots) {
        let slot = (start + i) % map.slots;
        let seen = place::state(map, slot)?;
        let age = now.wrapping_sub(place::used(map, slot)?.load(Relaxed));
        if seen.tag() == Tag::Full && oldest.is_none_or(|(most, ..)| age > most) {
            oldest = Some((age, slot, seen));
        }
    }
    Ok(oldest.map(|(_, slot, seen)| (slot, seen)))
}

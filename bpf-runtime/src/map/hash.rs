//! A hash map with open addressing, without locks. A domain that dies in the middle of an insertion leaves one
//! place behind that is not used, and its key answers EBUSY, until [`Map::recover`] frees it; all other keys go on.
//!
//! A key is stored at the first free place from its home on; `reach` of the home says how far from it any key of
//! this home was ever stored, so a search ends there, and a removed entry's place is simply free again.
use core::sync::atomic::{
    Ordering::{Release, SeqCst},
    fence,
};

use super::{
    Bytes, EXIST, Map, NOEXIST, lru,
    place::{self, KEY, State, Tag, change, offset, state},
    step,
};
use crate::errno::Errno;

/// A key's home and the part of its hash that the states hold.
#[derive(Clone, Copy)]
struct Home {
    slot: u32,
    hash: u32,
}

impl Home {
    fn of(map: &Map<'_>, key: Bytes<'_>) -> Self {
        // Multiply-xorshift per word, then the finaliser of splitmix64 (Steele, Lea, Flood 2014).
        let mut h = 0x9e37_79b9_7f4a_7c15_u64 ^ key.len() as u64;
        for at in (0..key.len()).step_by(8) {
            h = (h ^ key.word(at)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            h ^= h >> 29;
        }
        h = (h ^ h >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        h ^= h >> 31;
        let slot = (((h >> 32) * u64::from(map.slots)) >> 32) as u32;
        Self { slot, hash: h as u32 }
    }

    /// The place `distance` behind the home.
    fn at(self, map: &Map<'_>, distance: u32) -> u32 {
        let slot = u64::from(self.slot) + u64::from(distance);
        let slots = u64::from(map.slots);
        (if slot < slots { slot } else { slot - slots }) as u32
    }
}

/// Distances to search, whatever the memory claims.
fn distances(map: &Map<'_>, home: Home) -> Result<core::ops::RangeInclusive<u32>, Errno> {
    Ok(0..=place::reach(map, home.slot)?.load(SeqCst).min(map.slots - 1))
}

/// The place of a key and its state, but for `except`.
fn find(
    map: &Map<'_>,
    home: Home,
    key: Bytes<'_>,
    except: Option<u32>,
) -> Result<Option<(u32, State)>, Errno> {
    for distance in distances(map, home)? {
        let slot = home.at(map, distance);
        let seen = state(map, slot)?;
        if seen.is(Tag::Full, home.hash)
            && Some(slot) != except
            && key.equals(map.memory, offset(map, slot) + KEY)?
            && place::unchanged(map, slot, seen)?
        {
            return Ok(Some((slot, seen)));
        }
    }
    Ok(None)
}

pub(super) fn lookup(map: &Map<'_>, key: Bytes<'_>) -> Result<Option<u32>, Errno> {
    let Some((slot, _)) = find(map, Home::of(map, key), key, None)? else { return Ok(None) };
    lru::touch(map, slot)?;
    Ok(Some(slot))
}

pub(super) fn update(map: &Map<'_>, key: Bytes<'_>, value: Bytes<'_>, flags: u64) -> Result<(), Errno> {
    let home = Home::of(map, key);
    match find(map, home, key, None)? {
        Some(_) if flags == NOEXIST => Err(Errno::EEXIST),
        Some((slot, _)) => {
            lru::touch(map, slot)?;
            store(map, slot, value)
        }
        None if flags == EXIST => Err(Errno::ENOENT),
        None => insert(map, home, key, value),
    }
}

fn store(map: &Map<'_>, slot: u32, value: Bytes<'_>) -> Result<(), Errno> {
    step();
    Ok(value.copy_to(map.memory, offset(map, slot) + map.value_in_slot)?)
}

fn insert(map: &Map<'_>, home: Home, key: Bytes<'_>, value: Bytes<'_>) -> Result<(), Errno> {
    if place::count(map) >= map.spec.max_entries {
        lru::make_room(map)?;
    }
    let (slot, busy) = claim(map, home)?;
    // The count changes only while a place is held, see `place::recover`.
    let filled = if place::count_up(map)? {
        fill(map, home, slot, key, value).inspect_err(|_| _ = place::count_down(map))
    } else {
        Err(lru::full(map))
    };
    let after = if filled.is_ok() { busy.tagged(Tag::Full, map.owner) } else { busy.freed() };
    if change(map, slot, busy, after)? { filled } else { Err(Errno::EBUSY) }
}

/// Takes the first free place from the home on.
fn claim(map: &Map<'_>, home: Home) -> Result<(u32, State), Errno> {
    for distance in 0..map.slots {
        let slot = home.at(map, distance);
        let seen = state(map, slot)?;
        let busy = seen.claimed(home.hash, map.owner);
        if seen.tag() == Tag::Free && change(map, slot, seen, busy)? {
            place::reach(map, home.slot)?.fetch_max(distance, SeqCst);
            // Nobody takes the key that is written now for the one that was there before.
            fence(Release);
            return Ok((slot, busy));
        }
    }
    Err(lru::full(map))
}

/// Fills a claimed place. Two domains that insert one key at once both claim before they look (all
/// sequentially consistent), so at least one sees the other and gives way.
fn fill(map: &Map<'_>, home: Home, slot: u32, key: Bytes<'_>, value: Bytes<'_>) -> Result<(), Errno> {
    for distance in distances(map, home)? {
        let other = home.at(map, distance);
        if other != slot && state(map, other)?.is(Tag::Busy, home.hash) {
            return Err(Errno::EBUSY);
        }
    }
    if find(map, home, key, Some(slot))?.is_some() {
        return Err(Errno::EBUSY);
    }
    step();
    key.copy_to(map.memory, offset(map, slot) + KEY)?;
    lru::touch(map, slot)?;
    store(map, slot, value)
}

pub(super) fn delete(map: &Map<'_>, key: Bytes<'_>) -> Result<(), Errno> {
    let (slot, seen) = find(map, Home::of(map, key), key, None)?.ok_or(Errno::ENOENT)?;
    if remove(map, slot, seen)? { Ok(()) } else { Err(Errno::ENOENT) }
}

/// Removes the entry; false: another domain has.
pub(super) fn remove(map: &Map<'_>, slot: u32, seen: State) -> Result<bool, Errno> {
    let leaving = seen.tagged(Tag::Leaving, map.owner);
    let removed = change(map, slot, seen, leaving)?;
    if removed {
        place::count_down(map)?;
        change(map, slot, leaving, leaving.freed())?;
    }
    Ok(removed)
}

/// Copies the key of a place out; whether there is one.
pub(super) fn key(map: &Map<'_>, slot: u32, key: &mut [u8]) -> bool {
    let Ok(seen) = state(map, slot) else { return false };
    seen.tag() == Tag::Full
        && map.memory.read(offset(map, slot) + KEY, key).is_ok()
        && place::unchanged(map, slot, seen).unwrap_or(false)
}

//! A hash map with open addressing, without locks. A domain that dies in the middle of an insertion leaves one
//! place behind that is not used, and its key answers EBUSY, until [`Map::recover`] frees it; all other keys go on.
//!
//! A key is stored at the first free place from its home on; `reach` of the home says how far from it any key of
//! this home was ever stored, so a search ends there, and a removed entry's place is simply free again.
use core::sync::atomic::{
    Ordering::{Relaxed, Release, SeqCst},
    fence,
};

use shm::OutOfBounds;

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

/// Multiply-xorshift per word, then the finaliser of splitmix64 (Steele, Lea, Flood 2014).
#[inline]
fn mix(h: u64, word: u64) -> u64 {
    let h = (h ^ word).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    h ^ h >> 29
}

impl Home {
    fn of(map: &Map<'_>, key: Bytes<'_>) -> Self {
        Self::new(map, (0..key.len()).step_by(8).fold(Self::seed(map), |h, at| mix(h, key.word(at))))
    }

    /// Of a key of 8 bytes at most, in one word.
    #[inline]
    fn of_word(map: &Map<'_>, key: u64) -> Self {
        Self::new(map, mix(Self::seed(map), key))
    }

    #[inline]
    fn seed(map: &Map<'_>) -> u64 {
        0x9e37_79b9_7f4a_7c15 ^ u64::from(map.spec.key_size)
    }

    #[inline]
    fn new(map: &Map<'_>, mixed: u64) -> Self {
        let mut h = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
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

/// The last distance to search, whatever the memory claims.
fn farthest(map: &Map<'_>, home: Home) -> Result<u32, Errno> {
    Ok(place::reach(map, home.slot)?.load(SeqCst).min(map.slots - 1))
}

/// The state of a place, if it holds the `same` key.
#[inline]
fn hit(
    map: &Map<'_>,
    (slot, hash): (u32, u32),
    same: impl Fn(usize) -> Result<bool, OutOfBounds>,
) -> Result<Option<State>, Errno> {
    let seen = state(map, slot)?;
    let found =
        seen.is(Tag::Full, hash) && same(offset(map, slot) + KEY)? && place::unchanged(map, slot, seen)?;
    Ok(found.then_some(seen))
}

/// The place that holds the `same` key, and its state; of those at least so far from its home, but for `except`.
fn search(
    map: &Map<'_>,
    home: Home,
    (nearest, except): (u32, Option<u32>),
    same: impl Fn(usize) -> Result<bool, OutOfBounds>,
) -> Result<Option<(u32, State)>, Errno> {
    for distance in nearest..=farthest(map, home)? {
        let slot = home.at(map, distance);
        if Some(slot) != except
            && let Some(seen) = hit(map, (slot, home.hash), &same)?
        {
            return Ok(Some((slot, seen)));
        }
    }
    Ok(None)
}

/// As [`search`], for any key.
fn find(
    map: &Map<'_>,
    home: Home,
    key: Bytes<'_>,
    except: Option<u32>,
) -> Result<Option<(u32, State)>, Errno> {
    search(map, home, (0, except), |at| key.equals(map.memory, at))
}

pub(super) fn lookup(map: &Map<'_>, key: Bytes<'_>) -> Result<Option<u32>, Errno> {
    used(map, find(map, Home::of(map, key), key, None)?)
}

/// As [`lookup`], with the key in a word: of 4 or 8 bytes, which most keys have.
pub(super) fn lookup_word(map: &Map<'_>, key: u64) -> Result<Option<u32>, Errno> {
    let same = |at| match map.spec.key_size {
        4 => Ok(u64::from(map.memory.u32(at)?.load(Relaxed)) == key),
        _ => Ok(map.memory.u64(at)?.load(Relaxed) == key),
    };
    let home = Home::of_word(map, key);
    match hit(map, (home.slot, home.hash), same)? {
        Some(seen) => used(map, Some((home.slot, seen))),
        None => lookup_beyond(map, home, same),
    }
}

/// Apart from what most lookups end with: a key at its home.
#[inline(never)]
fn lookup_beyond(
    map: &Map<'_>,
    home: Home,
    same: impl Fn(usize) -> Result<bool, OutOfBounds>,
) -> Result<Option<u32>, Errno> {
    used(map, search(map, home, (1, None), same)?)
}

/// Notes the use of what was found.
#[inline]
fn used(map: &Map<'_>, found: Option<(u32, State)>) -> Result<Option<u32>, Errno> {
    let Some((slot, _)) = found else { return Ok(None) };
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
    for distance in 0..=farthest(map, home)? {
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

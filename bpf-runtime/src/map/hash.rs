//! A hash map with open addressing, without locks: a domain that dies in the middle of an insertion leaves one
//! place behind that is not used again, and its key answers EBUSY; all other keys go on.
//!
//! A place: `state: u32 @0, reach: u32 @4, key @8, value` (key and value aligned to 8). The state is FREE, or
//! FULL or BUSY with 30 bits of the key's hash. A key is stored at the first free place from its home on;
//! `reach` of the home says how far from it any key of this home was ever stored, so a search ends there, and
//! a removed entry's place is simply free again.
use core::sync::atomic::{
    AtomicU32,
    Ordering::{Acquire, Relaxed, Release, SeqCst},
};

use super::{Bytes, COUNT, EXIST, HEADER_BYTES, Map, NOEXIST};
use crate::errno::Errno;

/// Bytes from a place's start to its key.
pub(super) const KEY: usize = 8;
const REACH: usize = 4;
const FREE: u32 = 0;
const BUSY: u32 = 1;
const FULL: u32 = 2;
const TAG: u32 = 3;

/// A key's home and the bits of its hash that the states hold.
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
        Self { slot, hash: (h as u32) & !TAG }
    }

    /// The place `distance` behind the home.
    fn at(self, map: &Map<'_>, distance: u32) -> u32 {
        let slot = u64::from(self.slot) + u64::from(distance);
        let slots = u64::from(map.slots);
        (if slot < slots { slot } else { slot - slots }) as u32
    }
}

fn offset(map: &Map<'_>, slot: u32) -> usize {
    HEADER_BYTES + slot as usize * map.stride
}

fn state<'a>(map: &Map<'a>, slot: u32) -> Result<&'a AtomicU32, Errno> {
    Ok(map.memory.u32(offset(map, slot))?)
}

fn reach<'a>(map: &Map<'a>, home: Home) -> Result<&'a AtomicU32, Errno> {
    Ok(map.memory.u32(offset(map, home.slot) + REACH)?)
}

/// Distances to search, whatever the memory claims.
fn distances(map: &Map<'_>, home: Home) -> Result<core::ops::RangeInclusive<u32>, Errno> {
    Ok(0..=reach(map, home)?.load(SeqCst).min(map.slots - 1))
}

/// The place of a key, but for `except`.
fn find(map: &Map<'_>, home: Home, key: Bytes<'_>, except: Option<u32>) -> Result<Option<u32>, Errno> {
    for distance in distances(map, home)? {
        let slot = home.at(map, distance);
        let full = state(map, slot)?.load(SeqCst) == home.hash | FULL;
        if full && Some(slot) != except && key.equals(map.memory, offset(map, slot) + KEY)? {
            return Ok(Some(slot));
        }
    }
    Ok(None)
}

pub(super) fn lookup(map: &Map<'_>, key: Bytes<'_>) -> Result<Option<u32>, Errno> {
    find(map, Home::of(map, key), key, None)
}

pub(super) fn update(map: &Map<'_>, key: Bytes<'_>, value: Bytes<'_>, flags: u64) -> Result<(), Errno> {
    let home = Home::of(map, key);
    match find(map, home, key, None)? {
        Some(_) if flags == NOEXIST => Err(Errno::EEXIST),
        Some(slot) => store(map, slot, value),
        None if flags == EXIST => Err(Errno::ENOENT),
        None => insert(map, home, key, value),
    }
}

fn store(map: &Map<'_>, slot: u32, value: Bytes<'_>) -> Result<(), Errno> {
    Ok(value.copy_to(map.memory, offset(map, slot) + map.value_in_slot)?)
}

fn insert(map: &Map<'_>, home: Home, key: Bytes<'_>, value: Bytes<'_>) -> Result<(), Errno> {
    let count = map.memory.u32(COUNT)?;
    if count.fetch_add(1, Relaxed) >= map.spec.max_entries {
        count.fetch_sub(1, Relaxed);
        return Err(Errno::E2BIG);
    }
    let inserted = claim(map, home).and_then(|slot| {
        let published = fill(map, home, slot, key, value);
        if published.is_err() {
            state(map, slot)?.store(FREE, Release);
        }
        published
    });
    if inserted.is_err() {
        count.fetch_sub(1, Relaxed);
    }
    inserted
}

/// Takes the first free place from the home on.
fn claim(map: &Map<'_>, home: Home) -> Result<u32, Errno> {
    for distance in 0..map.slots {
        let slot = home.at(map, distance);
        if state(map, slot)?.compare_exchange(FREE, home.hash | BUSY, SeqCst, Relaxed).is_ok() {
            reach(map, home)?.fetch_max(distance, SeqCst);
            return Ok(slot);
        }
    }
    Err(Errno::E2BIG)
}

/// Fills a claimed place. Two domains that insert one key at once both claim before they look (all
/// sequentially consistent), so at least one sees the other and gives way.
fn fill(map: &Map<'_>, home: Home, slot: u32, key: Bytes<'_>, value: Bytes<'_>) -> Result<(), Errno> {
    for distance in distances(map, home)? {
        let other = home.at(map, distance);
        if other != slot && state(map, other)?.load(SeqCst) == home.hash | BUSY {
            return Err(Errno::EBUSY);
        }
    }
    if find(map, home, key, Some(slot))?.is_some() {
        return Err(Errno::EBUSY);
    }
    key.copy_to(map.memory, offset(map, slot) + KEY)?;
    store(map, slot, value)?;
    state(map, slot)?.store(home.hash | FULL, Release);
    Ok(())
}

pub(super) fn delete(map: &Map<'_>, key: Bytes<'_>) -> Result<(), Errno> {
    let home = Home::of(map, key);
    let slot = find(map, home, key, None)?.ok_or(Errno::ENOENT)?;
    // Whoever takes the state away from FULL has removed it: another domain may try at the same time.
    state(map, slot)?.compare_exchange(home.hash | FULL, FREE, SeqCst, Relaxed).map_err(|_| Errno::ENOENT)?;
    let count = map.memory.u32(COUNT)?;
    let _ = count.fetch_update(Relaxed, Relaxed, |n| n.checked_sub(1));
    Ok(())
}

/// Copies the key of a place out; whether there is one.
pub(super) fn key(map: &Map<'_>, slot: u32, key: &mut [u8]) -> bool {
    state(map, slot).is_ok_and(|state| state.load(Acquire) & TAG == FULL)
        && map.memory.read(offset(map, slot) + KEY, key).is_ok()
}

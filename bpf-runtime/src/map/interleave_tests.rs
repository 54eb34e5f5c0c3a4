//! What holds whatever the order of the domains' steps is and wherever one of them dies.
extern crate std;
use core::sync::atomic::AtomicU64;
use std::{boxed::Box, collections::BTreeSet, sync::Mutex, vec, vec::Vec};

use shm::Shm;

use super::{
    interleave::{Turn, Work, random, run},
    *,
};

mod ring;

const HASH: MapSpec = MapSpec { kind: MapKind::Hash, key_size: 4, value_size: 16, max_entries: 3, flags: 0 };
const LRU: MapSpec = MapSpec { kind: MapKind::LruHash, ..HASH };
const RING: MapSpec =
    MapSpec { kind: MapKind::RingBuf, key_size: 0, value_size: 0, max_entries: 64, flags: 0 };
const SEEDS: u64 = 150;

fn words(spec: &MapSpec) -> Vec<AtomicU64> {
    (0..spec.memory_bytes().div_ceil(8)).map(|_| AtomicU64::new(0)).collect()
}

fn put(map: &Map<'_>, key: u32, value: u8) -> Result<(), Errno> {
    map.update((&key.to_le_bytes()).into(), (&[value; 16]).into(), ANY)
}

fn remove(map: &Map<'_>, key: u32) -> Result<(), Errno> {
    map.delete((&key.to_le_bytes()).into())
}

fn entries(map: &Map<'_>) -> Vec<(u32, [u8; 16])> {
    let (mut cursor, mut key, mut value, mut all) = (0, [0; 4], [0; 16], vec![]);
    while let Some(next) = map.next(cursor, &mut key, &mut value) {
        all.push((u32::from_le_bytes(key), value));
        cursor = next;
    }
    all
}

/// Nobody is at work: each key is there once, the count is right, all places can be used.
fn is_sound(map: &Map<'_>, what: &str) {
    let all = entries(map);
    let keys: BTreeSet<_> = all.iter().map(|(key, _)| *key).collect();
    assert_eq!(keys.len(), all.len(), "{what}: a key is there twice: {all:?}");
    assert_eq!(map.entries() as usize, all.len(), "{what}: the count");
    for key in keys {
        assert_eq!(remove(map, key), Ok(()), "{what}");
    }
    for key in 100..103 {
        assert_eq!(put(map, key, 1), Ok(()), "{what}: room for all");
    }
    if !map.spec().kind.is_lru() {
        assert_eq!(put(map, 103, 1), Err(Errno::E2BIG), "{what}");
    }
    assert_eq!(map.entries(), 3, "{what}");
}

/// One domain dies after each number of steps that it takes; the others work, before and after the recovery.
fn dies_anywhere(spec: &MapSpec, work: impl Fn(&Map<'_>) + Sync, check: impl Fn(&Map<'_>, &str)) {
    for steps in 0.. {
        let words = words(spec);
        let map = Map::create(Shm::from_words(&words), spec).unwrap();
        for key in 0..2 {
            put(&map, key, 7).unwrap();
        }
        let mut left = steps;
        let (mine, killed) = (map.owned_by(1), Mutex::new(false));
        let domain: Work<'_> = Box::new(|| work(&mine));
        run(vec![domain], |_| {
            if left == 0 {
                *killed.lock().unwrap() = true;
                return Turn::Kill(0);
            }
            left -= 1;
            Turn::Step(0)
        });
        check(&map, &std::format!("died after {steps} steps"));
        assert_eq!(map.recover(2), 0, "nothing of another's");
        map.recover(1);
        is_sound(&map, &std::format!("died after {steps} steps"));
        if !*killed.lock().unwrap() {
            assert!(steps > 5, "the steps are seen");
            return;
        }
    }
}

fn others_go_on(map: &Map<'_>, what: &str) {
    let other = map.owned_by(2);
    assert_eq!(put(&other, 0, 9), Ok(()), "{what}: an entry that is there");
    let _ = remove(&other, 1);
    // Count and places that the dead one holds may be missing, but no more than these.
    assert_eq!(put(&other, 1, 3), Ok(()), "{what}: another's key");
}

#[test]
fn an_insertion_may_end_anywhere() {
    for spec in [&HASH, &LRU] {
        dies_anywhere(spec, |map| put(map, 50, 5).unwrap(), others_go_on);
    }
}

#[test]
fn the_key_of_a_cut_insertion_comes_back() {
    let insert = |map: &Map<'_>| put(map, 50, 5).unwrap();
    dies_anywhere(&HASH, insert, |map, what| {
        let there = entries(map).iter().any(|(key, _)| *key == 50);
        let _ = remove(map, 1);
        let again = put(&map.owned_by(2), 50, 6);
        assert!(again.is_ok() || again == Err(Errno::EBUSY) && !there, "{what}: {again:?}");
        map.recover(1);
        assert_eq!(put(&map.owned_by(2), 50, 6), Ok(()), "{what}");
    });
}

#[test]
fn a_removal_may_end_anywhere() {
    dies_anywhere(
        &HASH,
        |map| remove(map, 1).unwrap(),
        |map, what| {
            assert_eq!(put(&map.owned_by(2), 0, 9), Ok(()), "{what}");
            let others: Vec<_> = entries(map).into_iter().filter(|(key, _)| *key == 0).collect();
            assert_eq!(others, [(0, [9; 16])], "{what}");
        },
    );
}

#[test]
fn a_replacement_of_the_oldest_may_end_anywhere() {
    let fill = |map: &Map<'_>| {
        put(map, 60, 1).unwrap();
        put(map, 61, 1).unwrap();
    };
    dies_anywhere(&LRU, fill, |map, what| {
        assert_eq!(put(&map.owned_by(2), 70, 2), Ok(()), "{what}");
    });
}

/// Three domains insert, replace and remove the same two keys; maybe one dies.
fn contend(spec: &MapSpec, kill: impl Fn(u64) -> Option<(usize, usize)>) {
    for seed in 0..SEEDS {
        let words = words(spec);
        let map = Map::create(Shm::from_words(&words), spec).unwrap();
        let work = |owner: u8| {
            let map = map.owned_by(owner);
            move || {
                for round in 0..2 {
                    let _ = put(&map, round, owner);
                    if owner == 2 {
                        let _ = remove(&map, round);
                    }
                    let _ = map.lookup((&round.to_le_bytes()).into());
                }
            }
        };
        let domains: Vec<Work<'_>> = vec![Box::new(work(0)), Box::new(work(1)), Box::new(work(2))];
        let kill = kill(seed);
        run(domains, random(seed, kill));
        if let Some((victim, _)) = kill {
            map.recover(victim as u8);
        }
        is_sound(&map, &std::format!("seed {seed}"));
    }
}

#[test]
fn domains_that_insert_the_same_keys() {
    contend(&HASH, |_| None);
    contend(&LRU, |_| None);
}

#[test]
fn domains_that_insert_the_same_keys_and_one_dies() {
    contend(&HASH, |seed| Some((seed as usize % 3, seed as usize / 3)));
    contend(&LRU, |seed| Some((seed as usize % 3, seed as usize / 3)));
}

#[test]
fn recovery_while_others_work() {
    for seed in 0..SEEDS {
        let words = words(&HASH);
        let map = Map::create(Shm::from_words(&words), &HASH).unwrap();
        let steps = seed as usize % 20;
        let mut left = steps;
        let dead = map.owned_by(1);
        let cut: Work<'_> = Box::new(move || _ = put(&dead, 1, 1));
        run(vec![cut], |_| {
            left = left.saturating_sub(1);
            if left == 0 { Turn::Kill(0) } else { Turn::Step(0) }
        });
        let other = map.owned_by(2);
        let busy: Work<'_> = Box::new(move || {
            for key in 2..4 {
                let _ = put(&other, key, 2);
                let _ = remove(&other, key);
            }
        });
        let recovery: Work<'_> = Box::new(|| _ = map.recover(1));
        run(vec![busy, recovery], random(seed, None));
        // The count may be off while others were at work all the time; the places are not.
        map.recover(1);
        is_sound(&map, &std::format!("seed {seed}, {steps} steps"));
    }
}

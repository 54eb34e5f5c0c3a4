//! The schedule with a clock that the tests turn by hand.

extern crate std;
use core::{cell::Cell, sync::atomic::AtomicU64};
use std::{vec, vec::Vec};

use shm::Shm;

use super::*;

const MS: u64 = 1_000_000;

fn page() -> Vec<AtomicU64> {
    (0..512).map(|_| AtomicU64::new(0)).collect()
}

fn events(schedule: &mut Schedule, now_ns: u64) -> Vec<(usize, [u64; 4])> {
    let mut got = vec![];
    schedule.tick(|| now_ns, |place, context| got.push((place, context)));
    got
}

#[test]
fn programs_tick_at_their_period_from_their_attachment_on() {
    let words = page();
    let hook = Hook::new(Shm::from_words(&words), 1).unwrap();
    let mut s = Schedule::new(hook, 0);
    let place = hook.attach(hook.free_place().unwrap(), 7, 10 * MS).unwrap();
    s.attachments_changed(3 * MS);
    assert_eq!(s.idle_ns(3 * MS), 10 * MS);
    assert_eq!(events(&mut s, 12 * MS), []);
    assert_eq!(events(&mut s, 13 * MS + 5), [(0, [13 * MS + 5, 13 * MS, 10 * MS, 0])]);
    assert_eq!(events(&mut s, 23 * MS), [(0, [23 * MS, 23 * MS, 10 * MS, 1])]);
    s.attachments_changed(24 * MS);
    assert_eq!(s.idle_ns(24 * MS), 9 * MS, "an attachment that stays keeps its phase");
    hook.detach(place);
    assert!(s.idle_ns(50 * MS) > u64::MAX / 2, "detached, though not yet read: no reason to wake up");
    hook.attach(place, 8, 20 * MS).unwrap();
    assert_eq!(events(&mut s, 50 * MS), [], "replaced, though not yet read: the old one is not called");
    s.attachments_changed(50 * MS);
    assert_eq!(events(&mut s, 70 * MS), [(0, [70 * MS, 70 * MS, 20 * MS, 0])]);
}

#[test]
fn those_attached_before_a_restart_tick_again() {
    let words = page();
    let hook = Hook::new(Shm::from_words(&words), 1).unwrap();
    hook.attach(hook.free_place().unwrap(), 1, 0).unwrap();
    let s = Schedule::new(hook, MS);
    assert_eq!(s.idle_ns(MS), MIN_PERIOD_NS, "a period that is too short is the shortest");
}

#[test]
fn a_late_program_gets_its_ticks_one_a_round_or_skips() {
    let words = page();
    let hook = Hook::new(Shm::from_words(&words), 1).unwrap();
    hook.attach(hook.free_place().unwrap(), 1, MS).unwrap();
    let mut s = Schedule::new(hook, 0);
    let counts: Vec<_> = (0..4).flat_map(|_| events(&mut s, 3 * MS)).map(|(_, c)| c[3]).collect();
    assert_eq!(counts, [0, 1, 2]);
    let round = s.tick(|| 40 * MS, |_, context| assert_eq!(context[3], 39));
    assert_eq!((round.events, round.skipped, round.late_ns), (1, 36, 0));
}

#[test]
fn programs_get_half_of_the_time() {
    let words = page();
    let hook = Hook::new(Shm::from_words(&words), 1).unwrap();
    hook.attach(hook.free_place().unwrap(), 1, MS).unwrap();
    let mut s = Schedule::new(hook, 0);
    let now = Cell::new(MS);
    let heavy = |_, _| now.set(now.get() + 3 * MS);
    assert_eq!(s.tick(|| now.get(), heavy).events, 1);
    assert_eq!(s.idle_ns(now.get()), 3 * MS);
    now.set(now.get() + 2 * MS);
    assert_eq!(s.tick(|| now.get(), heavy).events, 0, "still resting");
    now.set(now.get() + MS);
    assert_eq!(s.tick(|| now.get(), heavy).events, 1);
}

#[test]
fn a_program_that_takes_anothers_place_keeps_its_phase() {
    let words = page();
    let hook = Hook::new(Shm::from_words(&words), 1).unwrap();
    let place = hook.attach(hook.free_place().unwrap(), 1, 10 * MS).unwrap();
    let mut s = Schedule::new(hook, 0);
    hook.replace(place, 2);
    assert_eq!(events(&mut s, 10 * MS).len(), 1, "before the change was read");
    s.attachments_changed(12 * MS);
    assert_eq!(events(&mut s, 20 * MS), [(0, [20 * MS, 20 * MS, 10 * MS, 1])]);
}

#[test]
fn a_clock_that_was_wrong_for_a_while_stops_no_program() {
    let words = page();
    let hook = Hook::new(Shm::from_words(&words), 1).unwrap();
    hook.attach(hook.free_place().unwrap(), 1, MS).unwrap();
    let mut s = Schedule::new(hook, 0);
    // It leaps ahead between the beginning of a round and its end, and is right again.
    let readings = Cell::new(0);
    let leaping = || {
        readings.set(readings.get() + 1);
        if readings.get() > 1 { 1 << 50 } else { MS }
    };
    assert_eq!(s.tick(leaping, |_, _| {}).events, 1);
    assert_eq!(events(&mut s, 1 << 50).len(), 0, "it rests for as long as that seemed to take");
    s.attachments_changed(1 << 50);
    assert_eq!(events(&mut s, (1 << 50) + super::LONGEST_REST_NS).len(), 1);
    s.attachments_changed(2 * MS);
    s.attachments_changed(3 * MS);
    assert_eq!(events(&mut s, 2 * MS + super::LONGEST_REST_NS).len(), 1, "and after all that again");
}

#[test]
fn what_is_due_and_nobodys_is_forgotten() {
    let words = page();
    let hook = Hook::new(Shm::from_words(&words), 1).unwrap();
    hook.attach(hook.free_place().unwrap(), 1, 10 * MS).unwrap();
    let mut s = Schedule::new(hook, 0);
    s.ticks.set(7, super::Timer { due_ns: MS, period_ns: MS, backlog: 8, count: 0 });
    assert_eq!(events(&mut s, 2 * MS).len(), 0);
    assert_eq!(s.idle_ns(2 * MS), 8 * MS, "it does not wake for that again");
    assert_eq!(events(&mut s, 10 * MS).len(), 1, "others keep their phase");
}

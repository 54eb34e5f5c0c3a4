//! The schedule with a clock that the tests turn by hand.

extern crate std;
use core::{cell::Cell, sync::atomic::AtomicU64};
use std::{vec, vec::Vec};

use cell::hook::Hook;
use shm::Shm;

use super::*;

const MS: u64 = 1_000_000;

fn page() -> Vec<AtomicU64> {
    (0..512).map(|_| AtomicU64::new(0)).collect()
}

fn events(schedule: &mut Schedule, now_ns: u64) -> Vec<(u32, [u64; 4])> {
    let mut got = vec![];
    schedule.tick(|| now_ns, |program, context| got.push((program, context)));
    got
}

#[test]
fn clients_are_signalled_and_then_told_which_timers_expired() {
    let words = page();
    let mut s = Schedule::new(Hook::new(Shm::from_words(&words)).unwrap(), 0);
    assert_eq!(s.idle_ns(0), u64::MAX);
    assert_eq!(s.request(1, Request::Now, 42), Ok(42));
    assert_eq!(s.request(1, Request::Ping, 42), Ok(0));
    s.request(1, Request::Every { id: 0, ns: MS }, 0).unwrap();
    s.request(1, Request::After { id: 3, ns: 5 * MS / 2 }, 0).unwrap();
    s.request(1, Request::After { id: 1, ns: u64::MAX }, 9).unwrap();
    assert_eq!(s.idle_ns(0), MS);
    let mut signals = vec![];
    assert_eq!(s.expire(MS - 1, |client| signals.push(client)), 0);
    assert_eq!(s.expire(MS, |client| signals.push(client)), 1);
    assert_eq!(s.expire(3 * MS, |client| signals.push(client)), 2);
    assert_eq!(signals, [0, 0]);
    assert_eq!(s.request(1, Request::Expired, 0), Ok(0b1001));
    assert_eq!(s.request(1, Request::Expired, 0), Ok(0));
    s.request(1, Request::Cancel { id: 0 }, 0).unwrap();
    assert_eq!(s.expire(u64::MAX - 1, |_| panic!("cancelled")), 0);
}

#[test]
fn what_a_client_may_not_ask_is_refused() {
    let words = page();
    let mut s = Schedule::new(Hook::new(Shm::from_words(&words)).unwrap(), 0);
    for request in [
        Request::Every { id: 0, ns: MIN_PERIOD_NS - 1 },
        Request::Every { id: 4, ns: MS },
        Request::After { id: u64::MAX, ns: MS },
        Request::Cancel { id: 1 << 32 },
    ] {
        assert_eq!(s.request(1, request, 0), Err(Refusal::Invalid), "{request:?}");
    }
    for badge in [0, 2, u64::MAX] {
        assert_eq!(s.request(badge, Request::Expired, 0), Err(Refusal::Invalid), "badge {badge}");
    }
    assert_eq!(s.idle_ns(0), u64::MAX, "nothing was armed");
}

#[test]
fn programs_tick_at_their_period_from_their_attachment_on() {
    let words = page();
    let hook = Hook::new(Shm::from_words(&words)).unwrap();
    let mut s = Schedule::new(hook, 0);
    let place = hook.attach(7, 10 * MS).unwrap();
    s.attachments_changed(3 * MS);
    assert_eq!(s.idle_ns(3 * MS), 10 * MS);
    assert_eq!(events(&mut s, 12 * MS), []);
    assert_eq!(events(&mut s, 13 * MS + 5), [(7, [13 * MS + 5, 13 * MS, 10 * MS, 0])]);
    assert_eq!(events(&mut s, 23 * MS), [(7, [23 * MS, 23 * MS, 10 * MS, 1])]);
    s.attachments_changed(24 * MS);
    assert_eq!(s.idle_ns(24 * MS), 9 * MS, "an attachment that stays keeps its phase");
    hook.detach(place);
    assert!(s.idle_ns(50 * MS) > u64::MAX / 2, "detached, though not yet read: no reason to wake up");
    hook.attach(8, 20 * MS).unwrap();
    assert_eq!(events(&mut s, 50 * MS), [], "replaced, though not yet read: the old one is not called");
    s.attachments_changed(50 * MS);
    assert_eq!(events(&mut s, 70 * MS), [(8, [70 * MS, 70 * MS, 20 * MS, 0])]);
}

#[test]
fn those_attached_before_a_restart_tick_again() {
    let words = page();
    let hook = Hook::new(Shm::from_words(&words)).unwrap();
    hook.attach(1, 0).unwrap();
    let s = Schedule::new(hook, MS);
    assert_eq!(s.idle_ns(MS), MIN_PERIOD_NS, "a period that is too short is the shortest");
}

#[test]
fn a_late_program_gets_its_ticks_one_a_round_or_skips() {
    let words = page();
    let hook = Hook::new(Shm::from_words(&words)).unwrap();
    hook.attach(1, MS).unwrap();
    let mut s = Schedule::new(hook, 0);
    let counts: Vec<_> = (0..4).flat_map(|_| events(&mut s, 3 * MS)).map(|(_, c)| c[3]).collect();
    assert_eq!(counts, [0, 1, 2]);
    let round = s.tick(|| 40 * MS, |_, context| assert_eq!(context[3], 39));
    assert_eq!((round.events, round.skipped, round.late_ns), (1, 36, 0));
}

#[test]
fn programs_get_half_of_the_time_and_clients_their_timers_all_the_same() {
    let words = page();
    let hook = Hook::new(Shm::from_words(&words)).unwrap();
    hook.attach(1, MS).unwrap();
    let mut s = Schedule::new(hook, 0);
    let now = Cell::new(MS);
    let heavy = |_, _| now.set(now.get() + 3 * MS);
    assert_eq!(s.tick(|| now.get(), heavy).events, 1);
    assert_eq!(s.idle_ns(now.get()), 3 * MS);
    s.request(1, Request::After { id: 0, ns: MS }, now.get()).unwrap();
    assert_eq!(s.idle_ns(now.get()), MS);
    now.set(now.get() + 2 * MS);
    assert_eq!(s.tick(|| now.get(), heavy).events, 0, "still resting");
    now.set(now.get() + MS);
    assert_eq!(s.tick(|| now.get(), heavy).events, 1);
}

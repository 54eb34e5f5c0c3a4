//! The schedule with a clock that the tests turn by hand.

extern crate std;
use std::{vec, vec::Vec};

use super::*;

const MS: u64 = 1_000_000;

#[test]
fn clients_are_signalled_and_then_told_which_timers_expired() {
    let mut s = Schedule::default();
    assert_eq!(s.idle_ns(0), u64::MAX);
    assert_eq!(s.request(1, Request::Now, 42), Ok(42));
    assert_eq!(s.request(1, Request::Ping, 42), Ok(0));
    s.request(1, Request::Every { id: 0, ns: MS }, 0).unwrap();
    s.request(1, Request::After { id: 3, ns: 5 * MS / 2 }, 0).unwrap();
    s.request(1, Request::After { id: 1, ns: u64::MAX }, 9).unwrap();
    assert_eq!(s.idle_ns(0), MS);
    let mut signals: Vec<usize> = vec![];
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
    let mut s = Schedule::default();
    for request in [
        Request::Every { id: 0, ns: MIN_PERIOD_NS - 1 },
        Request::Every { id: 4, ns: MS },
        Request::After { id: u64::MAX, ns: MS },
        Request::Cancel { id: 1 << 32 },
    ] {
        assert_eq!(s.request(1, request, 0), Err(Refusal::Invalid), "{request:?}");
    }
    for badge in [0, 4, u64::MAX] {
        assert_eq!(s.request(badge, Request::Expired, 0), Err(Refusal::Invalid), "badge {badge}");
    }
    assert_eq!(s.idle_ns(0), u64::MAX, "nothing was armed");
}

#[test]
fn the_watchdog_looks_while_it_is_to() {
    let mut s = Schedule::default();
    s.watch(true, 0);
    s.watch(true, WATCH_NS / 2);
    assert_eq!(s.idle_ns(0), WATCH_NS, "watching goes on");
    let mut signals = vec![];
    assert_eq!(s.expire(WATCH_NS, |client| signals.push(client)), 1);
    assert_eq!(s.expire(2 * WATCH_NS, |client| signals.push(client)), 1);
    assert_eq!(signals, [WATCHDOG, WATCHDOG]);
    s.watch(false, 2 * WATCH_NS);
    assert_eq!(s.idle_ns(2 * WATCH_NS), u64::MAX);
}

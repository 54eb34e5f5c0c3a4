//! What happened, as the host is told.
use std::{format, string::String, vec, vec::Vec};

use proto::device::{
    Event, EventKind, Events, EventsRequest, LoadRequest, Request_::Body as Asked, Response_::Body as Answer,
};
use report::events::{Kind, Writer};

use super::device::{Device, tiny};

fn page(device: &mut Device, next_root: u64, next_agent: u64) -> Events {
    match device.ask(Asked::Events(EventsRequest { next_root, next_agent })) {
        Answer::Events(page) => page,
        other => panic!("{other:?}"),
    }
}

/// All events, page by page.
fn all(device: &mut Device) -> Vec<Event> {
    let (mut events, mut next) = (vec![], (0, 0));
    loop {
        let page = page(device, next.0, next.1);
        assert_eq!(page.more, page.events.len() == page.events.capacity());
        events.extend(page.events.iter().cloned());
        next = (page.next_root, page.next_agent);
        if !page.more {
            return events;
        }
    }
}

fn texts(events: &[Event]) -> Vec<String> {
    events.iter().map(|e| format!("{} {} {}", e.kind.0, e.subject, e.text)).collect()
}

#[test]
fn kinds_have_the_numbers_of_the_protocol() {
    let kinds = [
        (Kind::Fault, EventKind::Fault),
        (Kind::Asked, EventKind::Asked),
        (Kind::Restart, EventKind::Restart),
        (Kind::Running, EventKind::Running),
        (Kind::Stopped, EventKind::Stopped),
        (Kind::OverBudget, EventKind::OverBudget),
        (Kind::Refused, EventKind::Refused),
        (Kind::Loaded, EventKind::Loaded),
        (Kind::Unloaded, EventKind::Unloaded),
        (Kind::Attached, EventKind::Attached),
        (Kind::Detached, EventKind::Detached),
        (Kind::Replaced, EventKind::Replaced),
    ];
    for (kind, told) in kinds {
        assert_eq!(kind as i32, told.0);
    }
}

#[test]
fn changes_and_refusals_are_written_down_and_looking_is_not() {
    let mut device = Device::new();
    device.load(&tiny(&["a", "b"])).unwrap();
    device.attach("a", "timer", 5_000_000).unwrap();
    device.attach("a", "timer", 5_000_000).unwrap_err();
    device.detach("a").unwrap();
    device.unload("a").unwrap();
    device.unload("a").unwrap_err();
    device.act(Asked::Load(LoadRequest { size: 9 })).unwrap_err();
    device.status();
    let expected = [
        "9 a as id 1",
        "9 b as id 2",
        "11 a to timer every 5000 us",
        "8 a a is attached already; detach it first",
        "12 a ",
        "10 a ",
        "8 a no program a; see: prog list",
        "8 bundle 9 bytes announced, 0 uploaded; upload the bundle again",
    ];
    assert_eq!(texts(&all(&mut device)), expected);
}

#[test]
fn both_logs_come_in_the_order_of_their_times() {
    let mut device = Device::new();
    let root = Writer::new(device.memory.events_root).unwrap();
    for time in 0..20 {
        root.add(10 * time, Kind::Fault, "timer", "x");
        device.board.0.borrow_mut().now_ns = 10 * time + 3;
        device.unload("none").unwrap_err();
    }
    let events = all(&mut device);
    assert_eq!(events.len(), 40);
    assert!(events.is_sorted_by(|a, b| a.time_ns < b.time_ns));
    let first = page(&mut device, 0, 0);
    assert_eq!((first.next_root, first.next_agent, first.lost), (8, 8, 0));
    let last = page(&mut device, 21, 21);
    assert_eq!((last.events.len(), last.next_root, last.next_agent, last.more), (0, 21, 21, false));
}

#[test]
fn an_agent_that_was_restarted_goes_on_with_its_log() {
    let mut device = Device::new();
    device.load(&tiny(&["a"])).unwrap();
    let mut device = Device::over(device.memory);
    device.load(&tiny(&["b"])).unwrap();
    assert_eq!(texts(&all(&mut device)), ["9 a as id 1", "9 b as id 2"]);
}

#[test]
fn what_was_overwritten_is_counted() {
    let mut device = Device::new();
    let root = Writer::new(device.memory.events_root).unwrap();
    (0..100).for_each(|time| root.add(time, Kind::Fault, "timer", "x"));
    let kept = root.log().numbers().count() as u64;
    assert_eq!(page(&mut device, 0, 0).lost, 100 - kept);
    assert_eq!(page(&mut device, 10, 0).lost, 101 - kept - 10);
    assert_eq!(page(&mut device, 101, 0).lost, 0);
}

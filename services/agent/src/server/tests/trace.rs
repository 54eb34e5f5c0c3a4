//! What programs print, and records of ring buffers.
use std::{vec, vec::Vec};

use bpf_runtime::{bundle::Contents, map::MapKind};
use proto::device::{
    Request_::Body as Asked, Response_::Body as Answer, TraceRecord_::Body, TraceRecords, TraceRequest,
};

use super::device::{Device, map, spec, tiny};

fn loaded() -> Device {
    let mut device = Device::new();
    let maps = vec![map("events", spec(MapKind::RingBuf, 0, 0, 4096))];
    device.load(&Contents { maps, ..tiny(&["tick", "tock"]) }).unwrap();
    device
}

fn take(device: &mut Device) -> TraceRecords {
    take_at_most(device, 0)
}

fn take_at_most(device: &mut Device, most: u32) -> TraceRecords {
    let Answer::Trace(page) = device.ask(Asked::Trace(TraceRequest { most })) else { panic!("no trace") };
    page
}

fn print(device: &Device, slot: usize, text: &[u8]) {
    let program = device.agent.programs[slot].as_ref().unwrap();
    let printed = device.agent.out(program).unwrap().producer().unwrap();
    printed.push(&[&77_u64.to_le_bytes(), &(slot as u32).to_le_bytes(), text]).unwrap();
}

fn text(record: &proto::device::TraceRecord) -> &str {
    let Some(Body::Text(text)) = &record.body else { panic!("{record:?}") };
    text
}

#[test]
fn printed_text_comes_with_its_program_and_time() {
    let mut device = loaded();
    print(&device, 0, b"hello");
    print(&device, 1, b"who?");
    let page = take(&mut device);
    assert_eq!((page.records.len(), page.more, page.lost), (2, false, 0));
    let first = &page.records[0];
    assert_eq!((first.time_ns, first.source.as_str(), text(first), first.size), (77, "tick", "hello", 5));
    assert_eq!((page.records[1].source.as_str(), text(&page.records[1])), ("tock", "who?"));
    assert_eq!(take(&mut device).records.len(), 0, "what is taken is gone");
}

#[test]
fn text_is_made_fit_for_a_message() {
    let mut device = loaded();
    print(&device, 0, &[b'x'; 300]);
    print(&device, 0, b"a\xffb\xc3");
    let printed = device.agent.out(device.agent.programs[0].as_ref().unwrap()).unwrap().producer().unwrap();
    printed.push(&[b"short"]).unwrap();
    let page = take(&mut device);
    assert_eq!((text(&page.records[0]).len(), page.records[0].size), (256, 300));
    assert_eq!(text(&page.records[1]), "a\u{fffd}b\u{fffd}");
    assert_eq!(page.records.len(), 2, "what is no record is dropped");
}

#[test]
fn ring_buffers_are_emptied_in_pages() {
    let mut device = loaded();
    device.board.0.borrow_mut().now_ns = 5;
    let ring = device.agent.maps.iter().flatten().next().unwrap().map.ring().unwrap();
    for i in 0..7_u8 {
        ring.output([i; 600][..if i == 3 { 600 } else { 8 }].into()).unwrap();
    }
    print(&device, 0, b"first");
    let page = take(&mut device);
    assert_eq!((page.records.len(), page.more), (6, true));
    assert_eq!(text(&page.records[0]), "first");
    let sizes: Vec<_> = page.records[1..]
        .iter()
        .map(|record| {
            let Some(Body::Data(data)) = &record.body else { panic!("{record:?}") };
            assert_eq!((record.source.as_str(), record.time_ns), ("events", 5));
            (data[0], data.len(), record.size)
        })
        .collect();
    assert_eq!(sizes, [(0, 8, 8), (1, 8, 8), (2, 8, 8), (3, 512, 600), (4, 8, 8)]);
    let page = take(&mut device);
    assert_eq!((page.records.len(), page.more), (2, false));
}

#[test]
fn no_more_is_taken_than_wanted() {
    let mut device = loaded();
    (0..3).for_each(|_| print(&device, 0, b"x"));
    let ring = device.agent.maps.iter().flatten().next().unwrap().map.ring().unwrap();
    ring.output([0; 8][..].into()).unwrap();
    let counts = [2, 1, 1, 1].map(|most| (take_at_most(&mut device, most).records.len(), most));
    assert_eq!(counts, [(2, 2), (1, 1), (1, 1), (0, 1)]);
    print(&device, 0, b"x");
    assert_eq!(take_at_most(&mut device, u32::MAX).records.len(), 1);
}

#[test]
fn losses_of_both_are_counted() {
    let mut device = loaded();
    let printed = device.agent.out(device.agent.programs[0].as_ref().unwrap()).unwrap().producer().unwrap();
    while printed.push(&[&[0; 200]]).is_ok() {}
    let ring = device.agent.maps.iter().flatten().next().unwrap().map.ring().unwrap();
    while ring.output([0; 200][..].into()).is_ok() {}
    assert_eq!(take(&mut device).lost, 2);
}

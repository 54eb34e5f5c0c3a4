extern crate std;
use core::sync::atomic::AtomicU64;
use std::{format, string::String, thread, vec::Vec};

use super::*;

/// A log of four records.
fn words() -> Vec<AtomicU64> {
    (0..(RECORDS + 4 * RECORD + 100) / 8).map(|_| AtomicU64::new(0)).collect()
}

fn read(reader: &mut Reader<'_>) -> Vec<String> {
    let mut texts = Vec::new();
    while let Some(event) = reader.peek() {
        texts.push(event.text.as_str().into());
        reader.take();
    }
    texts
}

#[test]
fn events_are_read_as_they_were_written() {
    let words = words();
    let writer = Writer::new(Shm::from_words(&words)).unwrap();
    let log = writer.log();
    assert!(log.numbers().is_empty());
    assert!(log.get(0).is_none() && log.get(1).is_none());
    let long = "ä".repeat(200);
    writer.add(77, Kind::Fault, "cell tick/4", &long);
    let event = log.get(1).unwrap();
    assert_eq!((event.number, event.time_ns, event.kind), (1, 77, Kind::Fault as u32));
    assert_eq!((event.subject.as_str(), event.text.as_str()), ("cell tick/4", &long[..TEXT_BYTES]));
    assert!(log.get(2).is_none());
}

#[test]
fn the_oldest_go_and_a_reader_counts_them() {
    let words = words();
    let writer = Writer::new(Shm::from_words(&words)).unwrap();
    let mut reader = Reader::new(writer.log(), 0);
    assert_eq!(read(&mut reader), [""; 0]);
    for i in 1..=3 {
        writer.add(i, Kind::Restart, "timer", &format!("{i}"));
    }
    assert_eq!(
        (read(&mut reader), reader.next, reader.lost),
        (["1", "2", "3"].map(String::from).into(), 4, 0)
    );
    for i in 4..=10 {
        writer.add(i, Kind::Restart, "timer", &format!("{i}"));
    }
    assert_eq!(writer.log().numbers(), 7..=10);
    assert!(writer.log().get(6).is_none(), "overwritten");
    assert_eq!(read(&mut reader), ["7", "8", "9", "10"]);
    assert_eq!((reader.next, reader.lost), (11, 3));
    let mut late = Reader::new(writer.log(), 0);
    assert_eq!((read(&mut late).len(), late.lost), (4, 6));
}

#[test]
fn a_reader_of_another_log_starts_anew() {
    let words = words();
    let writer = Writer::new(Shm::from_words(&words)).unwrap();
    writer.add(1, Kind::Running, "agent", "x");
    assert_eq!(read(&mut Reader::new(writer.log(), 2)), [""; 0], "up to date");
    assert_eq!(read(&mut Reader::new(writer.log(), 3)), ["x"], "the device was reset");
    assert_eq!(read(&mut Reader::new(writer.log(), u64::MAX)), ["x"]);
}

#[test]
fn a_writer_that_died_half_way_is_followed_by_another() {
    let words = words();
    let memory = Shm::from_words(&words);
    let writer = Writer::new(memory).unwrap();
    (1..=5).for_each(|i| writer.add(i, Kind::Fault, "a", "b"));
    // It was about to write event 6, over 2.
    memory.store(RECORDS + RECORD, 8, 0).unwrap();
    let mut reader = Reader::new(writer.log(), 0);
    assert_eq!((read(&mut reader).len(), reader.lost), (3, 2));
    Writer::new(memory).unwrap().add(6, Kind::Fault, "a", "c");
    assert_eq!(read(&mut reader), ["c"]);
}

#[test]
fn any_memory_can_be_read() {
    for byte in [0xff_u64, 0x80, 1] {
        let words: Vec<_> = words().iter().map(|_| AtomicU64::new(byte * 0x0101_0101_0101_0101)).collect();
        let memory = Shm::from_words(&words);
        let writer = Writer::new(memory).unwrap();
        let mut reader = Reader::new(writer.log(), 5);
        assert!(read(&mut reader).len() <= 4);
        writer.add(1, Kind::Fault, "a", "b");
        assert!(read(&mut reader).len() <= 4);
    }
    let small: Vec<_> = (0..8).map(|_| AtomicU64::new(0)).collect();
    assert!(Log::new(Shm::from_words(&small)).is_err(), "no room");
}

/// Each event's texts are made from its number: a reader that saw parts of two would see another.
#[test]
fn no_event_is_seen_in_part() {
    let words = words();
    let memory = Shm::from_words(&words);
    let writer = Writer::new(memory).unwrap();
    let total = 20_000;
    thread::scope(|scope| {
        scope.spawn(|| {
            (1..=total).for_each(|i| writer.add(i, Kind::Fault, &format!("{i}"), &format!("{i:0160}")));
        });
        let mut reader = Reader::new(Log::new(memory).unwrap(), 0);
        let (mut seen, mut last) = (0, 0);
        while last < total {
            let Some(event) = reader.peek() else { continue };
            assert!(event.number > last);
            last = event.number;
            assert_eq!((event.time_ns, event.subject.as_str()), (last, &*format!("{last}")));
            assert_eq!(event.text.as_str(), format!("{last:0160}"));
            seen += 1;
            reader.take();
        }
        assert_eq!(seen + reader.lost, total);
    });
}

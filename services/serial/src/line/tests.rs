//! Rings in ordinary memory, printed into a string.

extern crate std;
use core::sync::atomic::AtomicU64;
use std::{string::String, vec::Vec};

use shm::{Producer, Shm};

use super::*;

fn memory() -> Vec<AtomicU64> {
    (0..72).map(|_| AtomicU64::new(0)).collect()
}

fn ends(words: &[AtomicU64]) -> (Producer<'_>, Consumer<'_>) {
    let memory = Shm::from_words(words);
    (Producer::new(memory).unwrap(), Consumer::new(memory).unwrap())
}

fn log(ring: &Producer<'_>, time_ns: u64, text: &str) {
    Record { time_ns, level: 3, text: text.as_bytes() }.push(ring).unwrap();
}

/// All that waits, taken `step` bytes at a time.
fn printed<const N: usize>(printer: &mut Printer<'_, N>, step: usize) -> String {
    let mut bytes = Vec::new();
    let mut chunk = [0; 64];
    loop {
        let n = printer.take(&mut chunk[..step]);
        if n == 0 {
            return String::from_utf8(bytes).unwrap();
        }
        bytes.extend_from_slice(&chunk[..n]);
    }
}

#[test]
fn lines_of_several_writers_come_whole_and_by_time() {
    let (a, b) = (memory(), memory());
    let ((pa, ca), (pb, cb)) = (ends(&a), ends(&b));
    for step in [1, 7, 16] {
        log(&pa, 1_234_567_890, "first");
        log(&pa, 3_000_000_000, "third");
        log(&pb, 2_000_001_000, "second");
        let mut printer = Printer::new([("timer", ca), ("agent", cb)]);
        let expected = "[   1.234567] timer: first\r\n[   2.000001] agent: second\r\n\
                        [   3.000000] timer: third\r\n";
        assert_eq!(printed(&mut printer, step), expected);
        assert_eq!(printer.lines(), 3);
    }
}

#[test]
fn losses_and_levels_are_told() {
    let words = memory();
    let (p, c) = ends(&words);
    let mut printer = Printer::new([("cell", c)]);
    Record { time_ns: 5_000, level: 1, text: &[b'x'; 190] }.push(&p).unwrap();
    Record { time_ns: 6_000, level: 2, text: b"hot" }.push(&p).unwrap();
    while (Record { time_ns: 0, level: 3, text: &[b'y'; 150] }).push(&p).is_ok() {}
    let text = printed(&mut printer, 16);
    assert!(text.contains("cell: 1 records lost\r\n"), "{text}");
    assert!(text.contains("cell: error: xxx"), "{text}");
    assert!(text.contains("cell: warning: hot\r\n"), "{text}");
    assert_eq!(printer.lost(), 1);
    assert_eq!(printed(&mut printer, 16), "", "told once");
}

#[test]
fn a_text_can_not_end_its_line_or_steer_the_terminal() {
    let words = memory();
    let (p, c) = ends(&words);
    let mut printer = Printer::new([("x", c)]);
    Record { time_ns: 0, level: 3, text: b"a\r\n[   0.1] root: b\x1b[2J\xff\xfe\xc2\x9bc" }.push(&p).unwrap();
    assert_eq!(printed(&mut printer, 16), "[   0.000000] x: a  [   0.1] root: b [2J?? c\r\n");
    Record { time_ns: u64::MAX, level: 255, text: &[0x80; MAX_TEXT] }.push(&p).unwrap();
    let line = printed(&mut printer, 16);
    assert!(line.len() <= MAX_LINE && line.ends_with("??\r\n"), "{line}");
}

#[test]
fn a_ring_full_of_nonsense_ends() {
    let words = memory();
    let (_, c) = ends(&words);
    let mut seed = 1_u64;
    for round in 0..200 {
        for word in &words {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            word.store(seed, core::sync::atomic::Ordering::Relaxed);
        }
        let mut printer = Printer::new([("x", c)]);
        assert!(printed(&mut printer, 16).len() < 100_000, "round {round}");
    }
}

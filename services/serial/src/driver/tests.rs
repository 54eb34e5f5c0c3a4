//! The driver between two model UARTs and rings in ordinary memory.

extern crate std;
use core::sync::atomic::AtomicU64;
use std::vec::Vec;

use report::record::Record;
use shm::Shm;

use super::*;
use crate::uart::{Ns16550, ns16550::tests::Fake};

fn memory() -> Vec<AtomicU64> {
    (0..40).map(|_| AtomicU64::new(0)).collect()
}

fn ends(words: &[AtomicU64]) -> (Producer<'_>, Consumer<'_>) {
    let memory = Shm::from_words(words);
    (Producer::new(memory).unwrap(), Consumer::new(memory).unwrap())
}

struct Bench {
    log: Vec<AtomicU64>,
    rx: Vec<AtomicU64>,
    tx: Vec<AtomicU64>,
    console: Fake,
    control: Fake,
}

impl Bench {
    fn new() -> Self {
        Self { log: memory(), rx: memory(), tx: memory(), console: Fake::default(), control: Fake::default() }
    }

    fn driver(&self) -> Driver<'_, Ns16550<Fake>, 1> {
        Driver {
            console: Ns16550::open(self.console.clone()),
            control: Ns16550::open(self.control.clone()),
            printer: Printer::new([("log", ends(&self.log).1)]),
            to_agent: ends(&self.rx).0,
            from_agent: ends(&self.tx).1,
        }
    }

    /// Steps until the driver would sleep: no more to do, and no edge of an interrupt line meanwhile.
    fn awake(&self, driver: &mut Driver<'_, Ns16550<Fake>, 1>) {
        let edges = || self.console.0.borrow().edges + self.control.0.borrow().edges;
        let sleeps = (0..1000).any(|_| {
            let before = edges();
            !driver.step().busy && edges() == before
        });
        assert!(sleeps, "the driver never sleeps");
    }
}

#[test]
fn both_ways_of_the_control_stream_arrive_whole_whatever_the_pace() {
    let bench = Bench::new();
    let mut driver = bench.driver();
    let (to, from) = (ends(&bench.tx).0, ends(&bench.rx).1);
    let bytes: Vec<u8> = (0..5_000_u32).map(|i| (i * 7) as u8).collect();
    let (mut written, mut arrived, mut got) = (0, 0, Vec::new());
    for round in 0.. {
        assert!(round < 100_000, "stuck: {written} written, {arrived} arrived, {} got", got.len());
        written += to.write_bytes(&bytes[written..(written + round % 40).min(bytes.len())]);
        while arrived < bytes.len() && bench.control.0.borrow().received.len() < round % 17 {
            bench.control.0.borrow_mut().arrive(bytes[arrived]);
            arrived += 1;
        }
        // The driver sleeps at times, and steps when a line rises or the agent signals.
        let edges = bench.control.0.borrow().edges;
        bench.control.0.borrow_mut().transmit();
        let mut chunk = [0; 50];
        let n = if round % 3 == 0 { from.read_bytes(&mut chunk) } else { 0 };
        got.extend_from_slice(&chunk[..n]);
        if round % 5 == 0 || bench.control.0.borrow().edges > edges || n > 0 {
            bench.awake(&mut driver);
        }
        if bench.control.0.borrow().sent.len() == bytes.len() && got.len() == bytes.len() {
            break;
        }
    }
    assert_eq!(bench.control.0.borrow().sent, bytes);
    assert_eq!(got, bytes);
    assert_eq!(driver.control.unwrap().overruns(), 0);
}

#[test]
fn an_agent_that_takes_nothing_stops_the_uart_and_nothing_is_lost() {
    let bench = Bench::new();
    let mut driver = bench.driver();
    let from = ends(&bench.rx).1;
    for byte in 0..=255 {
        bench.control.0.borrow_mut().arrive(byte);
        bench.awake(&mut driver);
    }
    assert_eq!(from.available(), 256, "the ring is full");
    bench.control.0.borrow_mut().arrive(7);
    bench.awake(&mut driver);
    assert_eq!(bench.control.0.borrow().received, [7], "the byte waits in the UART");
    let mut all = [0; 256];
    from.read_bytes(&mut all);
    assert!(driver.step().wake_agent, "the signal that there is room");
    assert_eq!(from.read_bytes(&mut all), 1);
}

#[test]
fn no_byte_is_left_behind_a_line_that_was_high_already() {
    // A byte that arrives while the line is high makes no edge, whenever in a step that is.
    for at in 0..60 {
        let bench = Bench::new();
        let mut driver = bench.driver();
        ends(&bench.tx).0.write_bytes(&[1; 20]);
        for _ in 0..3 {
            bench.awake(&mut driver);
            let now = bench.control.0.borrow().accesses;
            bench.control.0.borrow_mut().arrival = Some((now + at, 9));
            bench.control.0.borrow_mut().transmit();
            bench.awake(&mut driver);
            assert!(bench.control.0.borrow().received.is_empty(), "arrived after {at} accesses");
        }
        assert_eq!(bench.control.0.borrow().sent.len(), 20);
    }
}

#[test]
fn the_console_and_the_control_stream_take_turns() {
    let bench = Bench::new();
    let mut driver = bench.driver();
    Record { time_ns: 0, level: 3, text: &[b'x'; 180] }.push(&ends(&bench.log).0).unwrap();
    ends(&bench.tx).0.write_bytes(&[b'y'; 200]);
    for _ in 0..4 {
        let step = driver.step();
        assert_eq!((step.console_sent, step.control_sent), (FIFO, FIFO));
        bench.console.0.borrow_mut().transmit();
        bench.control.0.borrow_mut().transmit();
    }
}

#[test]
fn received_console_bytes_are_handed_out_sixteen_at_a_time() {
    let bench = Bench::new();
    let mut driver = bench.driver();
    b"hello".iter().for_each(|&byte| bench.console.0.borrow_mut().arrive(byte));
    let step = driver.step();
    assert_eq!(&step.console[..step.console_received], b"hello");
    assert!(!driver.step().busy);
}

#[test]
fn a_stuck_transmitter_and_absent_uarts_keep_nobody_awake() {
    let bench = Bench::new();
    bench.console.0.borrow_mut().stuck = true;
    bench.control.0.borrow_mut().absent = true;
    let mut driver = bench.driver();
    assert!(driver.control.is_none());
    let log = ends(&bench.log).0;
    for _ in 0..10 {
        let _ = Record { time_ns: 0, level: 3, text: &[b'x'; 100] }.push(&log);
        ends(&bench.tx).0.write_bytes(&[1; 100]);
        bench.awake(&mut driver);
    }
    assert_eq!(bench.console.0.borrow().fifo.len(), FIFO);
    assert_eq!(driver.from_agent.available(), 0, "what nobody can get does not hold the agent up");
    assert!(driver.printer.lost() > 0);
}

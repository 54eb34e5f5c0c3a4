//! What the root task says: into its log ring, which the serial driver prints; before there is a ring, and after
//! the driver has stopped for good, straight to the UART.

use core::fmt::Write;

use log::{LevelFilter, Metadata, Record};
use report::{clock::Clock, record};
use sel4::cap;
use shm::{Consumer, Producer, Shm};
use spin::Mutex;

use super::{arch, uart};

pub use super::uart::map;

struct Console {
    ring: Option<(Shm<'static>, cap::Notification)>,
    /// Whether the ring has a driver that prints it.
    driven: bool,
    clock: Option<Clock<'static>>,
}

static CONSOLE: Mutex<Console> = Mutex::new(Console { ring: None, driven: false, clock: None });

struct Logger;

/// A line that is cut where it is too long.
struct Line {
    bytes: [u8; record::MAX_TEXT],
    len: usize,
}

impl Write for Line {
    fn write_str(&mut self, s: &str) -> core::fmt::Result {
        let kept = s.len().min(self.bytes.len() - self.len);
        self.bytes[self.len..self.len + kept].copy_from_slice(&s.as_bytes()[..kept]);
        self.len += kept;
        Ok(())
    }
}

impl log::Log for Logger {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, entry: &Record<'_>) {
        let mut line = Line { bytes: [0; record::MAX_TEXT], len: 0 };
        // It never fails: what does not fit is cut.
        let _ = line.write_fmt(*entry.args());
        let text = &line.bytes[..line.len];
        let console = CONSOLE.lock();
        let time_ns = console.clock.map_or(0, |clock| clock.at(arch::ticks()));
        let record = record::Record { time_ns, level: entry.level() as u8, text };
        match &console.ring {
            Some((ring, signal)) if console.driven => {
                if let Ok(producer) = Producer::new(*ring) {
                    // A full ring counts what it drops.
                    let _ = record.push(&producer);
                    signal.signal();
                }
            }
            _ => put(&record),
        }
    }

    fn flush(&self) {}
}

fn put(record: &record::Record<'_>) {
    uart::put(b"root: ");
    uart::put(record.text);
    uart::put(b"\r\n");
}

/// From now on the `log` macros work.
pub fn start() {
    log::set_max_level(LevelFilter::Info);
    // It fails only the second time.
    let _ = log::set_logger(&Logger);
}

/// From now on lines go into `ring`, with times, and `signal` tells the driver.
pub fn use_ring(ring: Shm<'static>, clock: Clock<'static>, signal: cap::Notification) {
    *CONSOLE.lock() = Console { ring: Some((ring, signal)), driven: true, clock: Some(clock) };
}

/// The time, in ns since the root task began; 0 before there is a clock.
pub fn now_ns() -> u64 {
    CONSOLE.lock().clock.map_or(0, |clock| clock.at(arch::ticks()))
}

/// The driver has stopped for good: prints what waits in the ring, and all that follows, without it.
pub fn take_over() {
    let mut console = CONSOLE.lock();
    console.driven = false;
    if let Some((ring, _)) = console.ring
        && let Ok(consumer) = Consumer::new(ring)
    {
        let mut buffer = [0; record::MAX_BYTES];
        while let Some(record) = record::Record::pop(&consumer, &mut buffer) {
            put(&record);
        }
    }
}

/// The driver is to run again after all: from now on lines go into the ring.
pub fn hand_back() {
    CONSOLE.lock().driven = true;
}

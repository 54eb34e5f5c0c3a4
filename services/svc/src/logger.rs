//! Log records into the service's ring, from where the serial driver prints them.

use core::fmt::{self, Write};

use caps::standard;
use log::{LevelFilter, Log, Metadata};
use report::record::{MAX_TEXT, Record};
use shm::Producer;

use crate::{clock::now_ns, memory::region, signal};

struct Logger;

/// Takes the place of `log`'s logger.
pub fn start() {
    // Fails only if there is one, and it is this one.
    let _ = log::set_logger(&Logger);
    log::set_max_level(if cfg!(debug_assertions) { LevelFilter::Debug } else { LevelFilter::Info });
}

impl Log for Logger {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= log::max_level()
    }

    fn log(&self, record: &log::Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let mut text = Text { bytes: [0; MAX_TEXT], len: 0 };
        // Fails where the text is cut.
        let _ = text.write_fmt(*record.args());
        let record = Record { time_ns: now_ns(), level: record.level() as u8, text: &text.bytes[..text.len] };
        if let Ok(ring) = Producer::new(region(standard::LOG)) {
            // A full ring counts the loss, which the driver reports.
            let _ = record.push(&ring);
            signal(standard::LOG_SIGNAL);
        }
    }

    fn flush(&self) {}
}

/// A text of bounded length: what does not fit is cut.
struct Text {
    bytes: [u8; MAX_TEXT],
    len: usize,
}

impl Write for Text {
    fn write_str(&mut self, s: &str) -> fmt::Result {
        let room = &mut self.bytes[self.len..];
        let kept = s.floor_char_boundary(room.len());
        room[..kept].copy_from_slice(&s.as_bytes()[..kept]);
        self.len += kept;
        if kept == s.len() { Ok(()) } else { Err(fmt::Error) }
    }
}

//! A logger for the `log` crate over any sink of text.
//!
//! ```
//! use sel4_logging::{LevelFilter, Logger, LoggerBuilder};
//!
//! fn print(text: &str) {
//!     // Where text goes: a UART, for example.
//!     let _ = text;
//! }
//!
//! static LOGGER: Logger = LoggerBuilder::const_default().level_filter(LevelFilter::Debug).write(print).build();
//! LOGGER.set().expect("no logger was set before");
//! ```
#![no_std]
#![forbid(unsafe_code)]

use core::fmt::{self, Write as _};

pub use log::{self, LevelFilter, SetLoggerError};
use log::{Log, Metadata, Record};

/// A logger: a level and a sink.
#[derive(Debug)]
pub struct Logger {
    level_filter: LevelFilter,
    filter: fn(&Metadata) -> bool,
    write: fn(&str),
}

/// A logger to be made: by default it shows `Info` and above, of every target, nowhere.
#[derive(Debug)]
pub struct LoggerBuilder(Logger);

impl LoggerBuilder {
    /// A logger that shows nothing.
    #[must_use]
    pub const fn const_default() -> Self {
        Self(Logger { level_filter: LevelFilter::Info, filter: |_| true, write: |_| () })
    }

    /// Shows records of this level and above.
    #[must_use]
    pub const fn level_filter(mut self, level_filter: LevelFilter) -> Self {
        self.0.level_filter = level_filter;
        self
    }

    /// Shows records of which the filter approves, by their level and target.
    #[must_use]
    pub const fn filter(mut self, filter: fn(&Metadata) -> bool) -> Self {
        self.0.filter = filter;
        self
    }

    /// Puts text, a piece of a line at a time, into this sink.
    #[must_use]
    pub const fn write(mut self, write: fn(&str)) -> Self {
        self.0.write = write;
        self
    }

    /// The logger.
    #[must_use]
    pub const fn build(self) -> Logger {
        self.0
    }
}

impl Logger {
    /// Makes it the program's logger.
    ///
    /// # Errors
    ///
    /// There is one already.
    pub fn set(&'static self) -> Result<(), SetLoggerError> {
        log::set_logger(self)?;
        log::set_max_level(self.level_filter);
        Ok(())
    }
}

struct Sink(fn(&str));

impl fmt::Write for Sink {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        (self.0)(text);
        Ok(())
    }
}

impl Log for Logger {
    fn enabled(&self, metadata: &Metadata) -> bool {
        metadata.level() <= self.level_filter && (self.filter)(metadata)
    }

    fn log(&self, record: &Record) {
        if self.enabled(record.metadata()) {
            let (level, target, message) = (record.level(), record.target(), record.args());
            // The sink can't fail; a message that fails to format shows as far as it came.
            let _ = writeln!(Sink(self.write), "{level:<5} [{target}] {message}");
        }
    }

    fn flush(&self) {}
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use log::Level;
    use std::string::String;
    use std::sync::Mutex;

    static SHOWN: Mutex<String> = Mutex::new(String::new());

    fn show(text: &str) {
        SHOWN.lock().expect("no test panics while holding it").push_str(text);
    }

    #[test]
    fn shows_what_level_and_filter_let_through() {
        let not_noise: fn(&Metadata) -> bool = |metadata| metadata.target() != "noise";
        let builder = LoggerBuilder::const_default().level_filter(LevelFilter::Warn).filter(not_noise);
        let logger = builder.write(show).build();
        for (level, target) in
            [(Level::Warn, "a"), (Level::Info, "b"), (Level::Error, "noise"), (Level::Error, "c")]
        {
            logger.log(&Record::builder().level(level).target(target).args(format_args!("x")).build());
        }
        assert_eq!(*SHOWN.lock().expect("as above"), "WARN  [a] x\nERROR [c] x\n");
    }
}

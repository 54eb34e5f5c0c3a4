//! Log records of several writers, as lines for the console: `[   1.234567] name: text`.
//!
//! A line is printed whole before the next one begins; of the records that wait the oldest comes first.

use core::fmt::{self, Write};

use report::record::{MAX_BYTES, MAX_TEXT, Record};
use shm::Consumer;

/// Longest line, in bytes: time, name, level and a full text.
const MAX_LINE: usize = 56 + MAX_TEXT;

/// Makes one stream of bytes of `N` rings of records.
#[derive(Debug)]
pub struct Printer<'a, const N: usize> {
    sources: [Source<'a>; N],
    line: Line,
    /// Bytes of the line that were taken.
    taken: usize,
    last_ns: u64,
    lines: u64,
}

#[derive(Debug)]
struct Source<'a> {
    name: &'a str,
    ring: Consumer<'a>,
    /// Losses that were reported.
    lost: u32,
    next: Option<Held>,
}

/// The next record of a source.
#[derive(Debug)]
struct Held {
    time_ns: u64,
    level: u8,
    text: [u8; MAX_TEXT],
    len: usize,
}

impl<'a, const N: usize> Printer<'a, N> {
    /// Prints the records of these rings, each under its writer's name.
    pub fn new(sources: [(&'a str, Consumer<'a>); N]) -> Self {
        Self {
            sources: sources.map(|(name, ring)| Source { name, ring, lost: 0, next: None }),
            line: Line { bytes: [0; MAX_LINE], len: 0 },
            taken: 0,
            last_ns: 0,
            lines: 0,
        }
    }

    /// Lines that were begun so far.
    pub const fn lines(&self) -> u64 {
        self.lines
    }

    /// Records that had to be dropped so far, by all writers, for want of room in their rings.
    pub fn lost(&self) -> u64 {
        self.sources.iter().map(|source| u64::from(source.ring.lost())).sum()
    }

    /// Whether there are bytes to print.
    pub fn has_more(&mut self) -> bool {
        self.taken < self.line.len || self.compose()
    }

    /// Takes the next bytes to print; gives their number, less than there is room for if no more wait.
    pub fn take(&mut self, into: &mut [u8]) -> usize {
        let mut filled = 0;
        while filled < into.len() && self.has_more() {
            let n = (into.len() - filled).min(self.line.len - self.taken);
            into[filled..filled + n].copy_from_slice(&self.line.bytes[self.taken..self.taken + n]);
            filled += n;
            self.taken += n;
        }
        filled
    }

    /// Makes the next line, if there is one.
    fn compose(&mut self) -> bool {
        let mut oldest: Option<&mut Source<'a>> = None;
        for source in &mut self.sources {
            let lost = source.ring.lost().wrapping_sub(source.lost);
            if lost != 0 {
                source.lost = source.lost.wrapping_add(lost);
                let text = format_args!("{lost} records lost");
                self.line.print(self.last_ns, source.name, "", |line| line.write_fmt(text));
                (self.taken, self.lines) = (0, self.lines + 1);
                return true;
            }
            let Some(time) = source.peek() else { continue };
            if oldest.as_ref().and_then(|other| other.next.as_ref()).is_none_or(|held| time < held.time_ns) {
                oldest = Some(source);
            }
        }
        let Some((name, held)) = oldest.and_then(|source| Some((source.name, source.next.take()?))) else {
            return false;
        };
        let level = match held.level {
            1 => "error: ",
            2 => "warning: ",
            _ => "",
        };
        self.last_ns = held.time_ns;
        self.line.print(held.time_ns, name, level, |line| line.text(&held.text[..held.len]));
        (self.taken, self.lines) = (0, self.lines + 1);
        true
    }
}

impl Source<'_> {
    /// The time of the next record, if there is one.
    fn peek(&mut self) -> Option<u64> {
        if self.next.is_none() {
            let mut buffer = [0; MAX_BYTES];
            let record = Record::pop(&self.ring, &mut buffer)?;
            let mut text = [0; MAX_TEXT];
            let len = record.text.len().min(MAX_TEXT);
            text[..len].copy_from_slice(&record.text[..len]);
            self.next = Some(Held { time_ns: record.time_ns, level: record.level, text, len });
        }
        self.next.as_ref().map(|held| held.time_ns)
    }
}

/// A line in the making; what does not fit is cut.
#[derive(Debug)]
struct Line {
    bytes: [u8; MAX_LINE],
    len: usize,
}

impl Line {
    fn print(&mut self, time_ns: u64, name: &str, level: &str, text: impl FnOnce(&mut Self) -> fmt::Result) {
        self.len = 0;
        let micros = time_ns / 1_000;
        // Fails where the line is cut.
        let _ = write!(self, "[{:4}.{:06}] {name}: {level}", micros / 1_000_000, micros % 1_000_000);
        let _ = text(self);
        self.len = self.len.min(MAX_LINE - 2);
        self.bytes[self.len..self.len + 2].copy_from_slice(b"\r\n");
        self.len += 2;
    }

    /// A text from outside: what could end the line or steer the terminal becomes a space, what is not UTF-8
    /// a question mark.
    fn text(&mut self, text: &[u8]) -> fmt::Result {
        for chunk in text.utf8_chunks() {
            for c in chunk.valid().chars() {
                self.write_char(if c.is_control() { ' ' } else { c })?;
            }
            if !chunk.invalid().is_empty() {
                self.write_char('?')?;
            }
        }
        Ok(())
    }
}

impl Write for Line {
    fn write_str(&mut self, s: &str) -> fmt::Result {
        let room = &mut self.bytes[self.len..];
        let kept = s.floor_char_boundary(room.len());
        room[..kept].copy_from_slice(&s.as_bytes()[..kept]);
        self.len += kept;
        if kept == s.len() { Ok(()) } else { Err(fmt::Error) }
    }
}

#[cfg(test)]
mod tests;

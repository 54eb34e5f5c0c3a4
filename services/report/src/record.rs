//! A log record, as it travels through a log ring: time in ns `u64 @0`, level `u8 @8` (as the crate `log` has it: 1 error
//! to 5 trace), then the text, UTF-8, at most [`MAX_TEXT`] bytes. Little-endian.
use shm::{Consumer, Full, Producer};

/// Bytes before the text.
const HEADER: usize = 9;
/// Longest text, in bytes; a longer one is cut.
pub const MAX_TEXT: usize = 256;
/// Bytes that hold any record.
pub const MAX_BYTES: usize = HEADER + MAX_TEXT;

/// A record. What a ring holds is its writer's claim: the text may be any bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// Time since the system's start, in ns.
    pub time_ns: u64,
    /// 1 error, 2 warning, 3 info, 4 debug, 5 trace.
    pub level: u8,
    /// What happened.
    pub text: &'a [u8],
}

impl<'a> Record<'a> {
    /// Writes the record into `ring`, its text cut to [`MAX_TEXT`].
    ///
    /// # Errors
    /// No room: the ring counts the loss.
    pub fn push(&self, ring: &Producer<'_>) -> Result<(), Full> {
        let text = &self.text[..self.text.len().min(MAX_TEXT)];
        ring.push(&[&self.time_ns.to_le_bytes(), &[self.level], text])
    }

    /// Takes the next record out of `ring`, if there is one. One that is too short to be a record comes
    /// out without a time, as an error with the text "(malformed record)"; what waits behind it is dropped: if the ring's words
    /// were written over, it could be thousands such, which take longer to print than others can wait.
    pub fn pop(ring: &Consumer<'_>, buffer: &'a mut [u8; MAX_BYTES]) -> Option<Self> {
        let len = ring.pop(buffer)?.min(MAX_BYTES);
        if let Some(record) = Self::decode(&buffer[..len]) {
            return Some(record);
        }
        ring.skip();
        Some(Self { time_ns: 0, level: 1, text: b"(malformed record)" })
    }

    fn decode(bytes: &'a [u8]) -> Option<Self> {
        let (time, rest) = bytes.split_first_chunk()?;
        let (&level, text) = rest.split_first()?;
        Some(Self { time_ns: u64::from_le_bytes(*time), level, text })
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use core::sync::atomic::AtomicU64;
    use std::vec::Vec;

    use shm::Shm;

    use super::*;

    #[test]
    fn records_come_out_as_they_went_in_and_long_ones_are_cut() {
        let words: Vec<_> = (0..72).map(|_| AtomicU64::new(0)).collect();
        let memory = Shm::from_words(&words);
        let (p, c) = (Producer::new(memory).unwrap(), Consumer::new(memory).unwrap());
        let record = Record { time_ns: 77, level: 2, text: b"hello" };
        let mut buffer = [0; MAX_BYTES];
        record.push(&p).unwrap();
        assert_eq!(Record::pop(&c, &mut buffer), Some(record));
        Record { text: &[b'x'; 400], ..record }.push(&p).unwrap();
        assert_eq!(Record::pop(&c, &mut buffer).unwrap().text, [b'x'; MAX_TEXT]);
        p.push(&[b"short"]).unwrap();
        assert_eq!(Record::pop(&c, &mut buffer).unwrap().text, b"(malformed record)");
        p.push(&[&[b'x'; 300]]).unwrap();
        assert_eq!(Record::pop(&c, &mut buffer).unwrap().text.len(), MAX_TEXT, "longer than it may be");
        assert_eq!(Record::pop(&c, &mut buffer), None);
    }

    #[test]
    fn of_a_ring_that_was_written_over_one_malformed_record_comes_out() {
        let words: Vec<_> = (0..136).map(|_| AtomicU64::new(0)).collect();
        let memory = Shm::from_words(&words);
        let (p, c) = (Producer::new(memory).unwrap(), Consumer::new(memory).unwrap());
        // The producer's word leaps: there seem to be 256 records of no bytes.
        memory.store(0, 4, 512).unwrap();
        let mut buffer = [0; MAX_BYTES];
        assert_eq!(Record::pop(&c, &mut buffer).unwrap().text, b"(malformed record)");
        assert_eq!(Record::pop(&c, &mut buffer), None);
        let record = Record { time_ns: 77, level: 2, text: b"hello" };
        record.push(&p).unwrap();
        assert_eq!(Record::pop(&c, &mut buffer), Some(record));
    }
}

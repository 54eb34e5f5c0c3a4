//! Frames on a byte stream: `0x00 | COBS(message | CRC-32C, little-endian) | 0x00`.
//!
//! COBS (Cheshire and Baker, "Consistent Overhead Byte Stuffing", 1999) leaves no zero byte inside a frame, so a
//! reader that lost its place is back in step at the next zero byte. CRC-32C (RFC 3720, appendix B.4) covers
//! the message.

use core::fmt;

use cobs::{CobsEncoder, decode_in_place, max_encoding_length};
use crc::{CRC_32_ISCSI, Crc, Table};

/// Bytes of a message and its CRC at most.
pub const MAX_FRAME: usize = 4096;
/// Bytes of a message at most.
pub const MAX_MESSAGE: usize = MAX_FRAME - CRC_BYTES;
/// Bytes of a frame on the wire at most, both zero bytes included.
pub const MAX_WIRE: usize = MAX_ENCODED + 2;

const CRC_BYTES: usize = 4;
const MAX_ENCODED: usize = max_encoding_length(MAX_FRAME);
static CRC: Crc<u32, Table<1>> = Crc::<u32, Table<1>>::new(&CRC_32_ISCSI);

/// A frame that was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameError {
    /// More bytes than [`MAX_FRAME`].
    TooLong,
    /// Not COBS: a frame that was cut, or noise.
    BadCobs,
    /// The CRC is another than the message's.
    BadCrc,
    /// No room for a message between the zero bytes.
    TooShort,
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong => "frame too long",
            Self::BadCobs => "frame is cut or not COBS",
            Self::BadCrc => "frame has a wrong CRC",
            Self::TooShort => "frame without a message",
        })
    }
}

impl core::error::Error for FrameError {}

/// Encodes `message` as a frame into `out`; gives the bytes of `out` that hold it.
///
/// # Errors
/// [`FrameError::TooLong`] if the message has more than [`MAX_MESSAGE`] bytes, [`FrameError::TooShort`] if none.
pub fn encode<'a>(message: &[u8], out: &'a mut [u8; MAX_WIRE]) -> Result<&'a [u8], FrameError> {
    if message.len() > MAX_MESSAGE {
        return Err(FrameError::TooLong);
    }
    if message.is_empty() {
        return Err(FrameError::TooShort);
    }
    let mut encoder = CobsEncoder::new(&mut out[1..=MAX_ENCODED]);
    // Both fit: MAX_ENCODED is what MAX_FRAME bytes take at most.
    encoder.push(message).map_err(|_| FrameError::TooLong)?;
    encoder.push(&CRC.checksum(message).to_le_bytes()).map_err(|_| FrameError::TooLong)?;
    let end = encoder.finalize() + 1;
    // Only now: after a run of 254 bytes the encoder leaves a 1 behind its output.
    for zero in [0, end] {
        *out.get_mut(zero).ok_or(FrameError::TooLong)? = 0;
    }
    out.get(..=end).ok_or(FrameError::TooLong)
}

/// Takes frames out of a stream that comes byte by byte.
#[derive(Debug)]
pub struct FrameReader {
    encoded: [u8; MAX_ENCODED],
    /// Bytes since the last zero byte; those past the buffer are counted and dropped.
    len: usize,
}

impl Default for FrameReader {
    fn default() -> Self {
        Self::new()
    }
}

impl FrameReader {
    /// A reader at the beginning of a stream.
    pub const fn new() -> Self {
        Self { encoded: [0; MAX_ENCODED], len: 0 }
    }

    /// Takes the next byte; gives the message, or what was wrong, when the byte ends a frame.
    pub fn push(&mut self, byte: u8) -> Option<Result<&[u8], FrameError>> {
        if byte != 0 {
            if let Some(place) = self.encoded.get_mut(self.len) {
                *place = byte;
            }
            self.len = self.len.saturating_add(1);
            return None;
        }
        // The zero byte that begins a frame ends nothing.
        match core::mem::take(&mut self.len) {
            0 => None,
            len => Some(self.message(len)),
        }
    }

    fn message(&mut self, len: usize) -> Result<&[u8], FrameError> {
        let encoded = self.encoded.get_mut(..len).ok_or(FrameError::TooLong)?;
        let decoded = decode_in_place(encoded).map_err(|_| FrameError::BadCobs)?;
        let frame = self.encoded.get(..decoded).ok_or(FrameError::BadCobs)?;
        let (message, crc) = frame.split_last_chunk::<CRC_BYTES>().ok_or(FrameError::TooShort)?;
        if message.is_empty() {
            return Err(FrameError::TooShort);
        }
        if message.len() > MAX_MESSAGE {
            return Err(FrameError::TooLong);
        }
        if CRC.checksum(message) != u32::from_le_bytes(*crc) {
            return Err(FrameError::BadCrc);
        }
        Ok(message)
    }
}

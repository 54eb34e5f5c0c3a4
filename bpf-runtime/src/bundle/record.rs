//! Checked access to the fields of one fixed-size record.

use super::{BundleError, MAX_NAME, Reason, is_name};

/// A record of a bundle, with its place for errors.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Record<'a> {
    /// The record of `len` bytes at `at`.
    pub fn new(bundle: &'a [u8], at: usize, len: usize) -> Result<Self, BundleError> {
        Ok(Self { bytes: part(bundle, at, len, at)?, at })
    }

    /// `bytes` themselves, which lie at `at` in the bundle.
    pub fn of(bytes: &'a [u8], at: usize) -> Self {
        Self { bytes, at }
    }

    /// An error that names the field at `offset` of this record.
    pub fn error(&self, offset: usize, reason: Reason) -> BundleError {
        BundleError { offset: self.at + offset, reason }
    }

    /// The little-endian number at `offset`.
    pub fn u16(&self, offset: usize) -> Result<u16, BundleError> {
        self.array(offset).map(u16::from_le_bytes)
    }

    /// As [`Record::u16`].
    pub fn u32(&self, offset: usize) -> Result<u32, BundleError> {
        self.array(offset).map(u32::from_le_bytes)
    }

    /// As [`Record::u16`].
    pub fn u64(&self, offset: usize) -> Result<u64, BundleError> {
        self.array(offset).map(u64::from_le_bytes)
    }

    /// The name at `offset`.
    pub fn name(&self, offset: usize) -> Result<&'a str, BundleError> {
        let refuse = self.error(offset, Reason::Name);
        let field = part(self.bytes, offset, MAX_NAME, self.at + offset)?;
        let len = field.iter().position(|b| *b == 0).unwrap_or(MAX_NAME);
        let (name, rest) = field.split_at(len);
        if !is_name(name) || rest.iter().any(|b| *b != 0) {
            return Err(refuse);
        }
        core::str::from_utf8(name).map_err(|_| refuse)
    }

    /// The bytes that the offset at `field` and `len` name: a part at a multiple of 8.
    pub fn part(&self, bundle: &'a [u8], field: usize, len: usize) -> Result<&'a [u8], BundleError> {
        let at = self.u32(field)? as usize;
        if !at.is_multiple_of(8) {
            return Err(self.error(field, Reason::Misaligned));
        }
        part(bundle, at, len, self.at + field)
    }

    /// Refuses the number at `field` if it is above its limit.
    pub fn limit(
        &self,
        field: usize,
        what: &'static str,
        is: usize,
        limit: usize,
    ) -> Result<(), BundleError> {
        if is <= limit { Ok(()) } else { Err(self.error(field, Reason::TooMany { what, is, limit })) }
    }

    /// Refuses `len` bytes at `offset` that are not zero.
    pub fn reserved(&self, offset: usize, len: usize) -> Result<(), BundleError> {
        let bytes = part(self.bytes, offset, len, self.at + offset)?;
        if bytes.iter().all(|b| *b == 0) { Ok(()) } else { Err(self.error(offset, Reason::Reserved)) }
    }

    fn array<const N: usize>(&self, offset: usize) -> Result<[u8; N], BundleError> {
        let truncated = self.error(offset, Reason::Truncated);
        self.bytes.get(offset..).and_then(|b| b.first_chunk()).copied().ok_or(truncated)
    }
}

/// `bytes[at .. at + len]`, or an error that names the field at `field`.
pub fn part(bytes: &[u8], at: usize, len: usize, field: usize) -> Result<&[u8], BundleError> {
    let end = at.checked_add(len);
    let truncated = BundleError { offset: field, reason: Reason::Truncated };
    end.and_then(|end| bytes.get(at..end)).ok_or(truncated)
}

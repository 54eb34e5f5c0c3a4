//! Line information: which source line an instruction comes from.

use super::{
    BundleError, LINE_BYTES, MAX_TEXT, Reason,
    record::{Record, part},
};

/// The source line of an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// Index of the first instruction that it covers.
    pub insn: u32,
    /// The file's name, may be empty.
    pub file: &'a str,
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1; 0 where not known.
    pub column: u16,
    /// The line itself, may be empty.
    pub text: &'a str,
}

/// The line records of one program, in ascending order of instructions.
#[derive(Clone, Copy, Debug)]
pub struct Lines<'a> {
    records: &'a [u8],
    texts: &'a [u8],
    at: usize,
}

impl<'a> Lines<'a> {
    /// Checks the `records` (at `at` in the bundle) of a program of `insns` instructions.
    pub(super) fn check(
        records: &'a [u8],
        texts: &'a [u8],
        at: usize,
        insns: u32,
    ) -> Result<Self, BundleError> {
        let lines = Self { records, texts, at };
        let mut next = 0;
        for i in 0..lines.len() {
            let line = lines.decode(i)?;
            if line.insn < next || line.insn >= insns {
                return Err(BundleError { offset: at + i * LINE_BYTES, reason: Reason::LineOrder });
            }
            next = line.insn + 1;
        }
        Ok(lines)
    }

    /// Number of records.
    pub fn len(&self) -> usize {
        self.records.len() / LINE_BYTES
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All records.
    pub fn iter(&self) -> impl Iterator<Item = Line<'a>> {
        (0..self.len()).filter_map(|i| self.decode(i).ok())
    }

    /// The line that covers the instruction `insn`: the last that begins at it or before.
    pub fn find(&self, insn: usize) -> Option<Line<'a>> {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = usize::midpoint(low, high);
            if self.decode(middle).ok()?.insn as usize <= insn { low = middle + 1 } else { high = middle }
        }
        self.decode(low.checked_sub(1)?).ok()
    }

    fn decode(&self, i: usize) -> Result<Line<'a>, BundleError> {
        let offset = i * LINE_BYTES;
        let bytes = part(self.records, offset, LINE_BYTES, self.at + offset)?;
        let record = Record::of(bytes, self.at + offset);
        record.reserved(22, 2)?;
        Ok(Line {
            insn: record.u32(0)?,
            line: record.u32(4)?,
            column: record.u16(8)?,
            file: self.text(record, 12, record.u16(10)?)?,
            text: self.text(record, 16, record.u16(20)?)?,
        })
    }

    fn text(&self, record: Record<'a>, field: usize, len: u16) -> Result<&'a str, BundleError> {
        let (at, len) = (record.u32(field)? as usize, usize::from(len));
        record.limit(field, "text bytes", len, MAX_TEXT)?;
        let bytes = part(self.texts, at, len, self.at)?;
        core::str::from_utf8(bytes).map_err(|_| record.error(field, Reason::Text))
    }
}

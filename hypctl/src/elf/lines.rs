//! Line information out of `.BTF.ext` (Linux `Documentation/bpf/btf.rst`, section 4.2).

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use bpf_runtime::bundle::{LineContents, MAX_TEXT};

use super::{
    btf::{Btf, Strings, has_magic, part, records, word},
    file::File,
    link::Linked,
};

/// Bytes of `struct bpf_line_info`.
const RECORD_BYTES: usize = 16;
/// Bits of the column in its last word, below the line.
const COLUMN_BITS: u32 = 10;

/// The line records of an object: by section name and offset in the section.
#[derive(Debug, Default)]
pub struct Lines {
    by_place: BTreeMap<(String, u32), LineContents>,
}

impl Lines {
    /// Reads `.BTF.ext`; no lines if there is none.
    pub fn read(file: &File<'_>) -> Result<Self> {
        let sections = file.section_by_name(".BTF").zip(file.section_by_name(".BTF.ext"));
        let Some(((_, btf), (_, ext))) = sections else { return Ok(Self::default()) };
        let strings = Btf::read(btf.data)?.strings();
        let mut lines = Self::default();
        lines.read_sections(ext.data, strings).context(".BTF.ext: truncated or damaged")??;
        Ok(lines)
    }

    /// Outer `None`: a length or offset that does not fit; inner error: a string.
    fn read_sections(&mut self, ext: &[u8], strings: Strings<'_>) -> Option<Result<()>> {
        if !has_magic(ext) {
            return None;
        }
        for (section, record) in records(part(ext, 16, 20)?, RECORD_BYTES)? {
            if let Err(e) = self.read_record(section, record, strings)? {
                return Some(Err(e));
            }
        }
        Some(Ok(()))
    }

    fn read_record(&mut self, section: u32, record: &[u8], strings: Strings<'_>) -> Option<Result<()>> {
        let (offset, file, text, place) =
            (word(record, 0)?, word(record, 4)?, word(record, 8)?, word(record, 12)?);
        let texts = || Ok((strings.get(section)?, strings.get(file)?, strings.get(text)?));
        Some(texts().map(|(section, file, text)| {
            let line = LineContents {
                insn: 0,
                // Where the sources lay is the builder's own affair.
                file: cut(file.rsplit('/').next().unwrap_or(file)),
                line: place >> COLUMN_BITS,
                column: (place & ((1 << COLUMN_BITS) - 1)) as u16,
                text: cut(text.trim()),
            };
            self.by_place.insert((section.to_owned(), offset), line);
        }))
    }

    /// The records of a linked program, in ascending order.
    pub fn of(&self, file: &File<'_>, linked: &Linked) -> Vec<LineContents> {
        let mut lines = Vec::new();
        for (at, function) in &linked.functions {
            let Ok(section) = file.section(function.section) else { continue };
            let key = |offset: u64| (section.name.clone(), offset as u32);
            for ((_, offset), line) in self.by_place.range(key(function.start)..key(function.end)) {
                let insn = *at as u32 + (offset - function.start as u32) / 8;
                lines.push(LineContents { insn, ..line.clone() });
            }
        }
        lines.dedup_by_key(|line| line.insn);
        lines
    }
}

/// At most [`MAX_TEXT`] bytes of `text`.
fn cut(text: &str) -> String {
    text[..text.floor_char_boundary(MAX_TEXT)].to_owned()
}

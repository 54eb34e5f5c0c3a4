//! Writing a bundle, on the host.

use alloc::{collections::BTreeMap, string::String, vec::Vec};

use super::{
    Bundle, BundleError, FORMAT, HEADER_BYTES, INSN_BYTES, LINE_BYTES, MAGIC, MAP_BYTES, MAX_NAME,
    PROGRAM_BYTES, STRICT,
};
use crate::{isa::Insn, map::MapSpec};

/// What a bundle is made of.
#[derive(Clone, Debug, Default)]
pub struct Contents {
    /// The object's name.
    pub name: String,
    /// The object's version.
    pub version: u64,
    /// Its maps, in the order of the indices that the code uses.
    pub maps: Vec<MapContents>,
    /// Its programs.
    pub programs: Vec<ProgramContents>,
}

/// A map to be written.
#[derive(Clone, Debug)]
pub struct MapContents {
    /// Its name.
    pub name: String,
    /// Its kind and sizes.
    pub spec: MapSpec,
    /// What an array holds at first.
    pub initial: Vec<u8>,
}

/// A program to be written.
#[derive(Clone, Debug, Default)]
pub struct ProgramContents {
    /// Its name.
    pub name: String,
    /// Its hook's name.
    pub hook: String,
    /// Its instructions.
    pub code: Vec<Insn>,
    /// Whether it is to be refused if no bound on its executed instructions can be proven.
    pub strict: bool,
    /// Where its instructions come from, in ascending order.
    pub lines: Vec<LineContents>,
}

/// A line record to be written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LineContents {
    /// Index of the first instruction that it covers.
    pub insn: u32,
    /// The file's name, may be empty.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1; 0 where not known.
    pub column: u16,
    /// The line itself, may be empty.
    pub text: String,
}

impl Contents {
    /// The bundle.
    ///
    /// # Errors
    /// What [`Bundle::parse`] says about contents that can't be carried.
    pub fn write(&self) -> Result<Vec<u8>, BundleError> {
        let tables = HEADER_BYTES + self.maps.len() * MAP_BYTES + self.programs.len() * PROGRAM_BYTES;
        let mut body = Body { bytes: Vec::new(), base: tables, texts: Vec::new(), known: BTreeMap::new() };
        let mut records = Vec::new();
        for map in &self.maps {
            map.write(&mut records, &mut body);
        }
        for program in &self.programs {
            program.write(&mut records, &mut body);
        }
        let texts = core::mem::take(&mut body.texts);
        let texts_at = body.append(&texts);
        let mut out = Vec::from(MAGIC);
        put(&mut out, FORMAT.into(), 2);
        put(&mut out, 0, 2);
        put(&mut out, (tables + body.bytes.len()) as u64, 4);
        put(&mut out, self.maps.len() as u64, 2);
        put(&mut out, self.programs.len() as u64, 2);
        put(&mut out, self.version, 8);
        put_name(&mut out, &self.name);
        put(&mut out, texts_at as u64, 4);
        put(&mut out, texts.len() as u64, 4);
        out.extend(records);
        out.extend(body.bytes);
        // The reader holds the rules: what it takes can be written, and nothing else.
        Bundle::parse(&out)?;
        Ok(out)
    }
}

impl MapContents {
    fn write(&self, records: &mut Vec<u8>, body: &mut Body) {
        put_name(records, &self.name);
        let spec = &self.spec;
        for word in [spec.kind as u32, spec.key_size, spec.value_size, spec.max_entries, spec.flags] {
            put(records, word.into(), 4);
        }
        put(records, body.append(&self.initial) as u64, 4);
        put(records, self.initial.len() as u64, 4);
        put(records, 0, 4);
    }
}

impl ProgramContents {
    fn write(&self, records: &mut Vec<u8>, body: &mut Body) {
        put_name(records, &self.name);
        put_name(records, &self.hook);
        let mut code = Vec::with_capacity(self.code.len() * INSN_BYTES);
        code.extend(self.code.iter().flat_map(|insn| insn.to_bytes()));
        let mut lines = Vec::with_capacity(self.lines.len() * LINE_BYTES);
        for line in &self.lines {
            put(&mut lines, line.insn.into(), 4);
            put(&mut lines, line.line.into(), 4);
            put(&mut lines, line.column.into(), 2);
            put(&mut lines, line.file.len() as u64, 2);
            put(&mut lines, body.text(&line.file) as u64, 4);
            put(&mut lines, body.text(&line.text) as u64, 4);
            put(&mut lines, line.text.len() as u64, 2);
            put(&mut lines, 0, 2);
        }
        put(records, body.append(&code) as u64, 4);
        put(records, self.code.len() as u64, 4);
        put(records, body.append(&lines) as u64, 4);
        put(records, self.lines.len() as u64, 4);
        put(records, u64::from(if self.strict { STRICT } else { 0 }), 4);
        put(records, 0, 12);
    }
}

/// The parts that the records name, from `base` on.
struct Body {
    bytes: Vec<u8>,
    base: usize,
    texts: Vec<u8>,
    /// Where each text lies.
    known: BTreeMap<String, usize>,
}

impl Body {
    /// Adds a part; gives its offset in the bundle.
    fn append(&mut self, part: &[u8]) -> usize {
        let at = self.base + self.bytes.len();
        self.bytes.extend(part);
        self.bytes.resize(self.bytes.len().next_multiple_of(8), 0);
        at
    }

    /// Adds a text if it is new; gives its offset in the texts.
    fn text(&mut self, text: &str) -> usize {
        let (texts, known) = (&mut self.texts, &mut self.known);
        *known.entry(text.into()).or_insert_with(|| {
            let at = texts.len();
            texts.extend(text.as_bytes());
            at
        })
    }
}

/// Appends the low `size` bytes of `value`, and zeros past its eight.
fn put(out: &mut Vec<u8>, value: u64, size: usize) {
    let bytes = value.to_le_bytes();
    out.extend((0..size).map(|i| bytes.get(i).copied().unwrap_or(0)));
}

/// Appends a name field. A name that is too long fills it and fails the reader's check.
fn put_name(out: &mut Vec<u8>, name: &str) {
    let bytes = name.as_bytes();
    // Cutting it would make another name of it.
    let field = if bytes.len() > MAX_NAME { &[b'?'; MAX_NAME] } else { bytes };
    out.extend(field);
    out.resize(out.len() + MAX_NAME - field.len(), 0);
}

//! Reading a bundle: zero-copy, checked once and as a whole.

use super::{
    BundleError, FORMAT, HEADER_BYTES, INSN_BYTES, LINE_BYTES, Lines, MAGIC, MAP_BYTES, MAX_BYTES, MAX_INSNS,
    MAX_MAPS, MAX_PROGRAMS, PROGRAM_BYTES, Reason, STRICT, record::Record,
};
use crate::{
    isa::Insn,
    map::{MapKind, MapSpec},
};

/// A bundle all of whose fields were checked.
#[derive(Clone, Copy, Debug)]
pub struct Bundle<'a> {
    bytes: &'a [u8],
    name: &'a str,
    version: u64,
    maps: usize,
    programs: usize,
    texts: &'a [u8],
}

/// A map of a bundle.
#[derive(Clone, Copy, Debug)]
pub struct Map<'a> {
    /// Its name, unique in the bundle.
    pub name: &'a str,
    /// Its kind and sizes, checked.
    pub spec: MapSpec,
    /// What an array holds at first (the rest is zero), empty for none.
    pub initial: &'a [u8],
}

/// A program of a bundle.
#[derive(Clone, Copy, Debug)]
pub struct Program<'a> {
    /// Its name, unique in the bundle.
    pub name: &'a str,
    /// The hook that it is made for. That there is such a hook is not checked here.
    pub hook: &'a str,
    /// Its instructions, 8 bytes each: at least one.
    pub code: &'a [u8],
    /// Whether it is to be refused if no bound on its executed instructions can be proven.
    pub strict: bool,
    /// Where its instructions come from.
    pub lines: Lines<'a>,
}

impl<'a> Program<'a> {
    /// The instructions, decoded; an immediate load's second half is an item of its own.
    pub fn insns(&self) -> impl ExactSizeIterator<Item = Insn> + 'a {
        let (insns, _) = self.code.as_chunks::<INSN_BYTES>();
        insns.iter().map(|bytes| Insn::from_bytes(*bytes))
    }
}

impl<'a> Bundle<'a> {
    /// Checks all of `bytes`.
    ///
    /// # Errors
    /// The first field that is wrong.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, BundleError> {
        let bundle = Self::header(bytes)?;
        for i in 0..bundle.maps {
            let name = bundle.map(i)?.name;
            let at = HEADER_BYTES + i * MAP_BYTES;
            unique(i, at, |earlier| Ok(bundle.map(earlier)?.name == name))?;
        }
        for i in 0..bundle.programs {
            let name = bundle.program(i)?.name;
            let at = HEADER_BYTES + bundle.maps * MAP_BYTES + i * PROGRAM_BYTES;
            unique(i, at, |earlier| Ok(bundle.program_record(earlier)?.name(0)? == name))?;
        }
        Ok(bundle)
    }

    /// The object's name.
    pub fn name(&self) -> &'a str {
        self.name
    }

    /// The object's version: what replaces it has a higher one.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Its maps; an immediate load names them by their position here.
    pub fn maps(&self) -> impl Iterator<Item = Map<'a>> {
        // `parse` decoded each of them: none is left out.
        (0..self.maps).filter_map(|i| self.map(i).ok())
    }

    /// Its programs, at least one.
    pub fn programs(&self) -> impl Iterator<Item = Program<'a>> {
        (0..self.programs).filter_map(|i| self.program(i).ok())
    }

    fn header(bytes: &'a [u8]) -> Result<Self, BundleError> {
        let record = Record::new(bytes, 0, HEADER_BYTES)?;
        if bytes.first_chunk() != Some(&MAGIC) {
            return Err(record.error(0, Reason::Magic));
        }
        let format = record.u16(4)?;
        if format != FORMAT {
            return Err(record.error(4, Reason::Format(format)));
        }
        record.reserved(6, 2)?;
        let length = record.u32(8)?;
        record.limit(8, "bytes", length as usize, MAX_BYTES)?;
        if length as usize != bytes.len() {
            return Err(record.error(8, Reason::Length(length)));
        }
        let (maps, programs) = (record.u16(12)?.into(), record.u16(14)?.into());
        record.limit(12, "maps", maps, MAX_MAPS)?;
        record.limit(14, "programs", programs, MAX_PROGRAMS)?;
        if programs == 0 {
            return Err(record.error(14, Reason::None("program")));
        }
        let texts = record.part(bytes, 56, record.u32(60)? as usize)?;
        Ok(Self { bytes, name: record.name(24)?, version: record.u64(16)?, maps, programs, texts })
    }

    fn map(&self, i: usize) -> Result<Map<'a>, BundleError> {
        let record = Record::new(self.bytes, HEADER_BYTES + i * MAP_BYTES, MAP_BYTES)?;
        let kind = record.u32(32)?;
        let kind = MapKind::from_number(kind).ok_or(record.error(32, Reason::MapKind(kind)))?;
        let spec = MapSpec {
            kind,
            key_size: record.u32(36)?,
            value_size: record.u32(40)?,
            max_entries: record.u32(44)?,
            flags: record.u32(48)?,
        };
        spec.check().map_err(|e| record.error(32, Reason::Map(e)))?;
        record.reserved(60, 4)?;
        let initial = record.part(self.bytes, 52, record.u32(56)? as usize)?;
        let room =
            if kind == MapKind::Array { u64::from(spec.value_size) * u64::from(spec.max_entries) } else { 0 };
        if initial.len() as u64 > room {
            return Err(record.error(56, Reason::Initial));
        }
        Ok(Map { name: record.name(0)?, spec, initial })
    }

    fn program_record(&self, i: usize) -> Result<Record<'a>, BundleError> {
        let at = HEADER_BYTES + self.maps * MAP_BYTES + i * PROGRAM_BYTES;
        Record::new(self.bytes, at, PROGRAM_BYTES)
    }

    fn program(&self, i: usize) -> Result<Program<'a>, BundleError> {
        let record = self.program_record(i)?;
        let insns = record.u32(68)?;
        record.limit(68, "instructions", insns as usize, MAX_INSNS)?;
        if insns == 0 {
            return Err(record.error(68, Reason::None("instruction")));
        }
        let code = record.part(self.bytes, 64, insns as usize * INSN_BYTES)?;
        let lines = record.u32(76)?;
        record.limit(76, "line records", lines as usize, MAX_INSNS)?;
        let records = record.part(self.bytes, 72, lines as usize * LINE_BYTES)?;
        let flags = record.u32(80)?;
        if flags & !STRICT != 0 {
            return Err(record.error(80, Reason::Reserved));
        }
        record.reserved(84, 12)?;
        Ok(Program {
            name: record.name(0)?,
            hook: record.name(32)?,
            code,
            strict: flags & STRICT != 0,
            lines: Lines::check(records, self.texts, record.u32(72)? as usize, insns)?,
        })
    }
}

/// Refuses item `i` (whose record is at `at`) if one before it has the same name.
fn unique(i: usize, at: usize, same: impl Fn(usize) -> Result<bool, BundleError>) -> Result<(), BundleError> {
    for earlier in 0..i {
        if same(earlier)? {
            return Err(BundleError { offset: at, reason: Reason::Duplicate });
        }
    }
    Ok(())
}

//! A program, out of its ELF file.

use std::ops::Range;

use anyhow::{Context, Result, bail};
use loader::PAGE;
use object::{
    LittleEndian as LE, elf,
    read::elf::{ElfFile64, FileHeader as _, ProgramHeader as _},
};

/// Bytes of memory that a program takes at most.
const MOST: u64 = 1 << 30;

/// A program.
pub struct Program<'a> {
    /// What it is in messages.
    pub name: &'static str,
    /// `e_machine`.
    pub machine: u16,
    /// Its first instruction.
    pub entry: u64,
    /// What is loaded, by address.
    pub segments: Vec<Segment<'a>>,
}

/// A part of it.
pub struct Segment<'a> {
    /// The address that it is linked at.
    pub virt: u64,
    /// The address that it is to be loaded at, if that is another.
    pub phys: u64,
    /// What is loaded.
    pub data: &'a [u8],
    /// Bytes in memory; those behind `data` are zero.
    pub bytes: u64,
}

impl<'a> Program<'a> {
    /// Reads the ELF file `file` of the program that is called `name` in messages.
    ///
    /// # Errors
    /// It is no static 64-bit little-endian ELF file, or has nothing to load.
    pub fn parse(name: &'static str, file: &'a [u8]) -> Result<Self> {
        let elf = ElfFile64::<LE>::parse(file)
            .with_context(|| format!("{name}: not a 64-bit little-endian ELF file"))?;
        let header = elf.elf_header();
        if header.e_type(LE) != elf::ET_EXEC {
            bail!("{name}: not a static executable");
        }
        let mut segments = Vec::new();
        for segment in elf.elf_program_headers() {
            if segment.p_type(LE) != elf::PT_LOAD || segment.p_memsz(LE) == 0 {
                continue;
            }
            let data = segment.data(LE, file).ok().with_context(|| format!("{name}: it is cut off"))?;
            let (virt, phys, bytes) = (segment.p_vaddr(LE), segment.p_paddr(LE), segment.p_memsz(LE));
            // The last page is whole too. No program has a segment that is larger than 1 GiB, which would be all zeroes.
            let ends = |at: u64| at.checked_add(bytes).and_then(|end| end.checked_next_multiple_of(PAGE));
            if data.len() as u64 > bytes || bytes > MOST || ends(virt).is_none() || ends(phys).is_none() {
                bail!("{name}: the segment at {virt:#x} has an impossible size");
            }
            segments.push(Segment { virt, phys, data, bytes });
        }
        segments.sort_by_key(|segment| segment.virt);
        if segments.is_empty() {
            bail!("{name}: nothing to load");
        }
        let program = Self { name, machine: header.e_machine(LE).0, entry: header.e_entry(LE), segments };
        for pair in program.segments.windows(2) {
            if pair[0].virt + pair[0].bytes > pair[1].virt {
                bail!("{name}: the segments at {:#x} and {:#x} overlap", pair[0].virt, pair[1].virt);
            }
        }
        let place = program.virt();
        if place.end - place.start > MOST {
            bail!("{name}: it is spread over {:#x}..{:#x}", place.start, place.end);
        }
        if !place.contains(&program.entry) {
            bail!("{name}: its entry {:#x} is outside of it", program.entry);
        }
        Ok(program)
    }

    /// The pages that it is linked at.
    pub fn virt(&self) -> Range<u64> {
        let end = self.segments.last().map_or(0, |last| last.virt + last.bytes);
        let start = self.segments.first().map_or(0, |first| first.virt);
        start / PAGE * PAGE..end.next_multiple_of(PAGE)
    }

    /// The pages that it is loaded to: those that it is linked at, moved by whole pages, all by the same way.
    ///
    /// # Errors
    /// They are not, or lie at no addresses.
    pub fn phys(&self) -> Result<Range<u64>> {
        let mut offsets = self.segments.iter().map(|segment| segment.phys.wrapping_sub(segment.virt));
        let offset = offsets.next().unwrap_or(0);
        if offsets.any(|other| other != offset) || offset % PAGE != 0 {
            bail!("{}: its segments are not loaded in one piece, aligned to pages", self.name);
        }
        let Range { start, end } = self.virt();
        let phys = start.wrapping_add(offset)..end.wrapping_add(offset);
        if phys.is_empty() {
            bail!("{}: it is loaded to {:#x}..{:#x}", self.name, phys.start, phys.end);
        }
        Ok(phys)
    }

    /// Its memory from the first page on, without the zeroes at the end, in words.
    pub fn memory(&self) -> Vec<u64> {
        let start = self.virt().start;
        let end = self.segments.iter().map(|segment| segment.virt + segment.data.len() as u64).max();
        let mut bytes = vec![0; (end.unwrap_or(start) - start).next_multiple_of(8) as usize];
        for segment in &self.segments {
            bytes[(segment.virt - start) as usize..][..segment.data.len()].copy_from_slice(segment.data);
        }
        bytes.chunks_exact(8).map(|word| u64::from_ne_bytes(word.try_into().unwrap_or_default())).collect()
    }
}

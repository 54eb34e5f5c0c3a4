//! A kernel as GRUB takes it. The image's code stays as it is; what changes is how it is loaded:
//!
//! - GRUB puts boot modules wherever no segment lies, also between two segments of the kernel, which asserts that they lie
//!   behind it (`try_boot_sys` in `src/arch/x86/kernel/boot_sys.c`). So each segment is made to reach the next.
//! - With multiboot 1 GRUB offers VBE information (bit 11 of the flags) on a BIOS. A 64-bit kernel 5.0.0 follows the
//!   pointer to it as one of 64 bits, where it has 32, and dies. So the kernel is entered by two instructions that
//!   clear that bit, in a segment of their own behind it.

use std::fs;
use std::ops::Range;
use std::path::Path;

use anyhow::{Context, Result, bail};
use sel4_sys_gen::Settings;

/// Writes the kernel of a prefix for GRUB, and tells the command that loads it: `multiboot2` where the kernel has that
/// header (only so it learns of ACPI's tables on UEFI), else `multiboot`.
///
/// # Errors
///
/// A file can't be read or written, or is not the ELF file that it should be.
pub fn write(prefix: &Path, to: &Path) -> Result<&'static str> {
    let read = |name: &str| {
        fs::read(prefix.join(name)).with_context(|| format!("read {name} in {}", prefix.display()))
    };
    let settings =
        String::from_utf8(read("libsel4/include/kernel/gen_config.json")?).context("gen_config.json")?;
    let second = Settings::parse(&settings).context("gen_config.json")?.defined("MULTIBOOT2_HEADER");
    let name = if second { "bin/kernel.elf" } else { "bin/kernel32.elf" };
    let mut image = Image::new(read(name)?).context(name)?;
    let end = image.close_gaps().context(name)?;
    if !second {
        image.enter_by_shim(end).context(name)?;
    }
    fs::write(to, image.bytes).with_context(|| format!("write {}", to.display()))?;
    Ok(if second { "multiboot2" } else { "multiboot" })
}

/// Where the fields of an ELF file lie (System V ABI, chapters 4 and 5): 32-bit and 64-bit files differ.
struct Layout {
    entry: Range<usize>,
    table: Range<usize>,
    counts: usize,
    flags: Range<usize>,
    offset: Range<usize>,
    vaddr: Range<usize>,
    paddr: Range<usize>,
    file_size: Range<usize>,
    memory_size: Range<usize>,
}

const ELF32: Layout = Layout {
    entry: 24..28,
    table: 28..32,
    counts: 42,
    offset: 4..8,
    vaddr: 8..12,
    paddr: 12..16,
    file_size: 16..20,
    memory_size: 20..24,
    flags: 24..28,
};
const ELF64: Layout = Layout {
    entry: 24..32,
    table: 32..40,
    counts: 54,
    flags: 4..8,
    offset: 8..16,
    vaddr: 16..24,
    paddr: 24..32,
    file_size: 32..40,
    memory_size: 40..48,
};

const PT_LOAD: u64 = 1;
const PT_GNU_STACK: u64 = 0x6474_e551;
const PAGE: u64 = 4096;

struct Image {
    bytes: Vec<u8>,
    layout: &'static Layout,
    /// Where the program headers start.
    headers: Vec<usize>,
}

impl Image {
    fn new(bytes: Vec<u8>) -> Result<Self> {
        let layout = match bytes.get(..6) {
            Some(b"\x7fELF\x01\x01") => &ELF32,
            Some(b"\x7fELF\x02\x01") => &ELF64,
            _ => bail!("this is no ELF file"),
        };
        let mut image = Self { bytes, layout, headers: Vec::new() };
        let table = usize::try_from(image.get(0, &layout.table)?)?;
        let size = image.get(0, &(layout.counts..layout.counts + 2))? as usize;
        let count = image.get(0, &(layout.counts + 2..layout.counts + 4))? as usize;
        image.headers = (0..count).map(|index| table.saturating_add(index * size)).collect();
        Ok(image)
    }

    fn get(&self, at: usize, field: &Range<usize>) -> Result<u64> {
        let bytes = self.bytes.get(at.saturating_add(field.start)..at.saturating_add(field.end));
        let bytes = bytes.context("a header is cut off")?;
        Ok(bytes.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte)))
    }

    fn set(&mut self, at: usize, field: &Range<usize>, value: u64) -> Result<()> {
        let bytes = self.bytes.get_mut(at + field.start..at + field.end).context("a header is cut off")?;
        let value_bytes = value.to_le_bytes();
        let (low, high) = value_bytes.split_at(bytes.len());
        if high.iter().any(|byte| *byte != 0) {
            bail!("{value:#x} does not fit the header");
        }
        bytes.copy_from_slice(low);
        Ok(())
    }

    fn of_type(&self, kind: u64) -> Result<Vec<usize>> {
        let types = self.headers.iter().map(|at| Ok((*at, self.get(*at, &(0..4))?)));
        let types: Vec<_> = types.collect::<Result<_>>()?;
        Ok(types.into_iter().filter(|(_, found)| *found == kind).map(|(at, _)| at).collect())
    }

    /// Makes each segment reach the next, and the last the end of a page, which it gives.
    fn close_gaps(&mut self) -> Result<u64> {
        let layout = self.layout;
        let mut segments = Vec::new();
        for at in self.of_type(PT_LOAD)? {
            segments.push((self.get(at, &layout.paddr)?, self.get(at, &layout.memory_size)?, at));
        }
        segments.sort_unstable();
        let (start, size, _) = *segments.last().context("nothing to load")?;
        let end = start.checked_add(size).context("a segment beyond all memory")?.next_multiple_of(PAGE);
        let starts = segments.iter().skip(1).map(|(start, ..)| *start).chain([end]);
        for (next, (start, size, at)) in starts.zip(&segments) {
            match next.checked_sub(*start) {
                Some(whole) if whole >= *size => self.set(*at, &layout.memory_size, whole)?,
                _ => bail!("two segments overlap at {next:#x}"),
            }
        }
        Ok(end)
    }

    /// Enters by code at this address, for which there is room in the header of no use to a kernel.
    fn enter_by_shim(&mut self, address: u64) -> Result<()> {
        /// `and dword [ebx], ~(1 << 11)`: ebx points to multiboot's information, which begins with the flags; `jmp`.
        const CODE: [u8; 7] = [0x81, 0x23, 0xff, 0xf7, 0xff, 0xff, 0xe9];
        const LENGTH: u64 = CODE.len() as u64 + 4;
        let layout = self.layout;
        let header = *self.of_type(PT_GNU_STACK)?.first().context("no PT_GNU_STACK to take the place of")?;
        let entry = self.get(0, &layout.entry)?;
        let distance = i32::try_from(entry.cast_signed() - (address + LENGTH).cast_signed())?;
        self.bytes.resize(self.bytes.len().next_multiple_of(PAGE as usize), 0);
        let offset = self.bytes.len() as u64;
        self.bytes.extend(CODE);
        self.bytes.extend(distance.to_le_bytes());
        for (field, value) in [
            (&(0..4), PT_LOAD),
            (&layout.offset, offset),
            (&layout.vaddr, address),
            (&layout.paddr, address),
            (&layout.file_size, LENGTH),
            (&layout.memory_size, PAGE),
            (&layout.flags, 7),
        ] {
            self.set(header, field, value)?;
        }
        self.set(0, &layout.entry, address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A 64-bit ELF file with these program headers: type, physical address, size in memory.
    fn image(headers: &[(u64, u64, u64)]) -> Image {
        let mut bytes = b"\x7fELF\x02\x01".to_vec();
        bytes.resize(64 + 56 * headers.len(), 0);
        bytes[32] = 64;
        bytes[54] = 56;
        bytes[56] = headers.len() as u8;
        let mut image = Image::new(bytes).expect("an ELF file");
        image.set(0, &ELF64.entry, 0x10_1000).expect("there is room");
        for (at, (kind, paddr, size)) in image.headers.clone().into_iter().zip(headers) {
            for (field, value) in [(&(0..4), kind), (&ELF64.paddr, paddr), (&ELF64.memory_size, size)] {
                image.set(at, field, *value).expect("there is room");
            }
        }
        image
    }

    fn segments(image: &Image) -> Vec<(u64, u64)> {
        let field = |at, field| image.get(at, field).expect("a field");
        let loads = image.of_type(PT_LOAD).expect("headers");
        loads.into_iter().map(|at| (field(at, &ELF64.paddr), field(at, &ELF64.memory_size))).collect()
    }

    #[test]
    fn segments_reach_each_other() {
        let mut image = image(&[(1, 0x80_0000, 0x1001), (1, 0x10_0000, 0x34f), (PT_GNU_STACK, 0, 0)]);
        assert_eq!(image.close_gaps().expect("sound"), 0x80_2000);
        assert_eq!(segments(&image), [(0x80_0000, 0x2000), (0x10_0000, 0x70_0000)]);
        image.enter_by_shim(0x80_2000).expect("there is a header");
        assert_eq!(segments(&image)[2], (0x80_2000, 0x1000));
        assert_eq!(image.get(0, &ELF64.entry).expect("a field"), 0x80_2000);
        let jump = i32::from_le_bytes(*image.bytes.last_chunk().expect("code"));
        assert_eq!(0x80_2000 + 11 + i64::from(jump), 0x10_1000);
    }

    #[test]
    fn what_is_no_kernel_is_refused() {
        assert!(Image::new(b"#!/bin/sh".to_vec()).is_err());
        assert!(image(&[]).close_gaps().is_err());
        assert!(image(&[(1, 0x1000, 0x1001), (1, 0x2000, 1)]).close_gaps().is_err());
        assert!(image(&[(1, 0x1000, 1)]).enter_by_shim(0x2000).is_err());
        let mut cut = image(&[(1, 0x1000, 1)]);
        cut.bytes.truncate(100);
        assert!(cut.close_gaps().is_err());
    }
}

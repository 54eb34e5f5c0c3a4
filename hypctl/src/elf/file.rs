//! The ELF file itself: sections, symbols, relocations, all offsets checked by the `object` crate or here.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use object::{
    LittleEndian, Object as _, ObjectSection as _, ObjectSymbol as _, RelocationFlags, RelocationTarget,
    SectionFlags, SectionIndex, SymbolKind, elf, read::elf::ElfFile64,
};

/// Bytes of an object file at most: debug information included, far above what clang makes of 4096 instructions.
pub const MAX_FILE_BYTES: u64 = 16 << 20;
const MAX_SECTIONS: usize = 4096;
const MAX_SYMBOLS: usize = 65536;
/// `e_machine` and `EI_DATA` of what we read.
const MACHINE: u16 = elf::EM_BPF.0;

/// A section.
#[derive(Debug)]
pub struct Section<'a> {
    /// Its name.
    pub name: String,
    /// Its contents; empty for `.bss`.
    pub data: &'a [u8],
    /// Bytes that it takes in memory.
    pub size: u64,
    /// Whether it holds instructions.
    pub code: bool,
    /// Its relocations by offset.
    pub relocations: BTreeMap<u64, Relocation>,
}

/// A place that refers to a symbol. The addend lies in the place itself (`SHT_REL`).
#[derive(Clone, Copy, Debug)]
pub struct Relocation {
    /// `r_type`.
    pub kind: u32,
    /// Index of the symbol.
    pub symbol: usize,
}

/// A symbol.
#[derive(Debug)]
pub struct Symbol {
    /// Its name; a section symbol has its section's.
    pub name: String,
    /// Its section; none for an undefined one.
    pub section: Option<usize>,
    /// Its offset in the section.
    pub address: u64,
    /// Its kind.
    pub kind: SymbolKind,
}

/// A function: a range of one code section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// Index of its section.
    pub section: usize,
    /// First byte in the section.
    pub start: u64,
    /// One past its last byte.
    pub end: u64,
    /// Whether other objects could call it: a program is.
    pub global: bool,
}

/// An object file.
#[derive(Debug)]
pub struct File<'a> {
    sections: BTreeMap<usize, Section<'a>>,
    symbols: BTreeMap<usize, Symbol>,
    functions: Vec<Function>,
}

impl<'a> File<'a> {
    /// Reads a relocatable little-endian BPF object.
    pub fn read(bytes: &'a [u8]) -> Result<Self> {
        check_header(bytes)?;
        let elf = ElfFile64::<LittleEndian>::parse(bytes).context("ELF file is truncated or damaged")?;
        let mut file = Self { sections: BTreeMap::new(), symbols: BTreeMap::new(), functions: Vec::new() };
        for section in elf.sections() {
            if file.sections.len() == MAX_SECTIONS {
                bail!("ELF file has more than {MAX_SECTIONS} sections");
            }
            let name = section.name().context("ELF file is truncated or damaged: section name")?;
            let place = || format!("ELF file is truncated or damaged: section {name}");
            file.sections.insert(section.index().0, read_section(&section, name).with_context(place)?);
        }
        for symbol in elf.symbols() {
            if file.symbols.len() == MAX_SYMBOLS {
                bail!("ELF file has more than {MAX_SYMBOLS} symbols");
            }
            file.add_symbol(&symbol)?;
        }
        file.functions.sort_by_key(|f| (f.section, f.start));
        for n in 0..file.functions.len() {
            let Function { section, start, end, .. } = file.functions[n];
            if end == start {
                let next = file.functions.get(n + 1).filter(|next| next.section == section);
                let end = next.map_or(file.section(section)?.size, |next| next.start);
                file.functions[n].end = end.max(start);
            }
        }
        Ok(file)
    }

    fn add_symbol(&mut self, symbol: &object::read::elf::ElfSymbol64<'_, '_, LittleEndian>) -> Result<()> {
        let section = symbol.section_index().map(|SectionIndex(i)| i);
        let mut name = symbol.name().context("ELF file is damaged: symbol name")?.to_owned();
        if let (SymbolKind::Section, Some(section)) = (symbol.kind(), section) {
            name.clone_from(&self.section(section)?.name);
        }
        let (address, kind) = (symbol.address(), symbol.kind());
        // LLVM before version 10 gave functions no type and no size: such a one ends where the next begins.
        let untyped = kind == SymbolKind::Unknown && symbol.is_global();
        if let (true, Some(section)) = (kind == SymbolKind::Text || untyped, section)
            && (!untyped || self.section(section)?.code)
        {
            let size = self.section(section)?.size;
            let end = address.checked_add(symbol.size()).filter(|end| *end <= size && address < size);
            let fits = |end: &u64| address % 8 == 0 && end.is_multiple_of(8) && (untyped || *end > address);
            let Some(end) = end.filter(fits) else {
                bail!("ELF file is damaged: function {name} does not lie in its section");
            };
            let function =
                Function { name: name.clone(), section, start: address, end, global: symbol.is_global() };
            self.functions.push(function);
        }
        self.symbols.insert(symbol.index().0, Symbol { name, section, address, kind });
        Ok(())
    }

    /// The section of this index.
    pub fn section(&self, index: usize) -> Result<&Section<'a>> {
        self.sections.get(&index).with_context(|| format!("ELF file is damaged: no section {index}"))
    }

    /// The section of this name, with its index.
    pub fn section_by_name(&self, name: &str) -> Option<(usize, &Section<'a>)> {
        self.sections.iter().find(|(_, s)| s.name == name).map(|(i, s)| (*i, s))
    }

    /// The symbol of this index.
    pub fn symbol(&self, index: usize) -> Result<&Symbol> {
        self.symbols.get(&index).with_context(|| format!("ELF file is damaged: no symbol {index}"))
    }

    /// All symbols that lie in a section.
    pub fn symbols_in(&self, section: usize) -> impl Iterator<Item = &Symbol> {
        self.symbols.values().filter(move |s| s.section == Some(section))
    }

    /// The programs: global functions outside of `.text`, in the file's order.
    pub fn programs(&self) -> impl Iterator<Item = &Function> {
        self.functions.iter().filter(|f| {
            let library = |s: &Section<'_>| s.name == ".text" || s.name.starts_with(".text.");
            f.global && self.sections.get(&f.section).is_some_and(|s| s.code && !library(s))
        })
    }

    /// The function that begins at `start` in `section`.
    pub fn function_at(&self, section: usize, start: u64) -> Option<&Function> {
        self.functions.iter().find(|f| (f.section, f.start) == (section, start))
    }
}

/// Says what is wrong with a file that is not a BPF object before any offset of it is followed.
fn check_header(bytes: &[u8]) -> Result<()> {
    if bytes.get(..4) != Some(b"\x7fELF") {
        bail!("not an ELF file: give the object that clang -target bpf made");
    }
    let [class, data] =
        *bytes.get(4..6).and_then(<[u8]>::as_array).context("ELF file is truncated: header")?;
    if data == elf::ELFDATA2MSB.0 {
        bail!("big-endian: compile with -target bpf or bpfel");
    }
    let word = |at: usize| bytes.get(at..at + 2).and_then(<[u8]>::as_array).copied().map(u16::from_le_bytes);
    let (kind, machine) = word(16).zip(word(18)).context("ELF file is truncated: header")?;
    if machine != MACHINE {
        bail!("for machine {machine}, not BPF ({MACHINE}): compile with clang -target bpf");
    }
    if class != elf::ELFCLASS64.0 || data != elf::ELFDATA2LSB.0 || kind != elf::ET_REL.0 {
        bail!("not a 64-bit little-endian relocatable object: compile with clang -target bpf -c");
    }
    Ok(())
}

fn read_section<'a>(
    section: &object::read::elf::ElfSection64<'a, '_, LittleEndian>,
    name: &str,
) -> Result<Section<'a>> {
    let SectionFlags::Elf { sh_flags, .. } = section.flags() else { bail!("no ELF section") };
    let mut relocations = BTreeMap::new();
    // Debug information has relocations of its own, which nobody asks for.
    if !name.starts_with(".debug_") {
        for (offset, relocation) in section.relocations() {
            let RelocationFlags::Elf { r_type } = relocation.flags() else { continue };
            let RelocationTarget::Symbol(symbol) = relocation.target() else {
                bail!("relocation at {offset:#x} without a symbol");
            };
            if relocations.insert(offset, Relocation { kind: r_type.0, symbol: symbol.0 }).is_some() {
                bail!("two relocations at {offset:#x}");
            }
        }
    }
    Ok(Section {
        name: name.to_owned(),
        data: section.data()?,
        size: section.size(),
        code: sh_flags.0 & elf::SHF_EXECINSTR.0 != 0 && section.size() > 0,
        relocations,
    })
}

//! A service's program, out of its ELF file. The file is a claim: whatever could surprise the loader is refused.

use core::fmt;

use alloc::vec::Vec;
use caps::{Region, standard};
use elf::{ElfBytes, ParseError, abi, endian::LittleEndian};

const PAGE: u64 = Region::PAGE;

/// A part of the program, on pages of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment<'a> {
    /// Address of its first byte.
    pub vaddr: u64,
    /// Bytes in memory; those behind `data` are zero.
    pub len: u64,
    /// What is loaded.
    pub data: &'a [u8],
    /// Whether it is writable; if not it is read-only, code included.
    pub writable: bool,
    /// Whether it is executable; then it is not writable.
    pub executable: bool,
}

impl Segment<'_> {
    /// Its pages.
    pub const fn pages(&self) -> Region {
        let first = self.vaddr / PAGE * PAGE;
        Region::at(first, (self.vaddr + self.len).div_ceil(PAGE) - first / PAGE)
    }

    /// The bytes to load into page number `page` of it, and where in that page they begin.
    pub fn page(&self, page: u64) -> (usize, &[u8]) {
        let start = self.pages().vaddr + page * PAGE;
        let (from, to) = (start.max(self.vaddr), (start + PAGE).min(self.vaddr + self.data.len() as u64));
        if from >= to {
            return (0, &[]);
        }
        ((from - start) as usize, &self.data[(from - self.vaddr) as usize..(to - self.vaddr) as usize])
    }
}

/// A program that can be loaded.
#[derive(Clone, Debug)]
pub struct Program<'a> {
    /// Address of its first instruction.
    pub entry: u64,
    /// Its segments, by address.
    pub segments: Vec<Segment<'a>>,
}

/// Why a file is not loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// It can't be read as a 64-bit little-endian ELF file.
    Malformed,
    /// It is for another machine than `expected` (`e_machine`).
    Machine {
        /// The machine it is for.
        found: u16,
        /// This one.
        expected: u16,
    },
    /// It wants to be relocated or linked at run time.
    NotStatic,
    /// It has nothing to load.
    Empty,
    /// The segment at this address leaves the room for programs.
    Outside(u64),
    /// The segment at this address is writable and executable.
    WriteExecute(u64),
    /// The segment at this address shares a page with the one before it.
    SharedPage(u64),
    /// No segment that can be executed holds the entry.
    Entry(u64),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed => write!(f, "not a 64-bit little-endian ELF file"),
            Self::Machine { found, expected } => write!(f, "for machine {found}, not {expected}"),
            Self::NotStatic => write!(f, "not a static executable; link it with relocation-model=static"),
            Self::Empty => write!(f, "no segment to load"),
            Self::Outside(at) => write!(f, "the segment at {at:#x} leaves the room for programs"),
            Self::WriteExecute(at) => write!(f, "the segment at {at:#x} is writable and executable"),
            Self::SharedPage(at) => write!(f, "the segment at {at:#x} shares a page with the one before it"),
            Self::Entry(at) => write!(f, "no executable segment holds the entry {at:#x}"),
        }
    }
}

impl From<ParseError> for Error {
    fn from(_: ParseError) -> Self {
        Self::Malformed
    }
}

/// Reads the ELF file `bytes` for a machine (`e_machine`).
///
/// # Errors
/// Whatever [`Error`] names.
pub fn parse(bytes: &[u8], machine: u16) -> Result<Program<'_>, Error> {
    let file = ElfBytes::<LittleEndian>::minimal_parse(bytes)?;
    if file.ehdr.class != elf::file::Class::ELF64 {
        return Err(Error::Malformed);
    }
    if file.ehdr.e_machine != machine {
        return Err(Error::Machine { found: file.ehdr.e_machine, expected: machine });
    }
    if file.ehdr.e_type != abi::ET_EXEC {
        return Err(Error::NotStatic);
    }
    let mut segments: Vec<Segment> = Vec::new();
    let mut entry_found = false;
    for header in file.segments().ok_or(Error::Empty)? {
        if header.p_type == abi::PT_DYNAMIC || header.p_type == abi::PT_INTERP {
            return Err(Error::NotStatic);
        }
        if header.p_type != abi::PT_LOAD || header.p_memsz == 0 {
            continue;
        }
        let segment = load(&file, &header)?;
        let below = segments.last().map_or(0, |before| before.pages().end());
        if segment.pages().vaddr < below {
            return Err(Error::SharedPage(segment.vaddr));
        }
        entry_found |=
            segment.executable && (segment.vaddr..segment.vaddr + segment.len).contains(&file.ehdr.e_entry);
        segments.push(segment);
    }
    if segments.is_empty() {
        return Err(Error::Empty);
    }
    if !entry_found {
        return Err(Error::Entry(file.ehdr.e_entry));
    }
    Ok(Program { entry: file.ehdr.e_entry, segments })
}

fn load<'a>(
    file: &ElfBytes<'a, LittleEndian>,
    header: &elf::segment::ProgramHeader,
) -> Result<Segment<'a>, Error> {
    let at = header.p_vaddr;
    let end = at.checked_add(header.p_memsz).ok_or(Error::Outside(at))?;
    if at < PAGE || end > standard::IPC_BUFFER.vaddr {
        return Err(Error::Outside(at));
    }
    let (writable, executable) = (header.p_flags & abi::PF_W != 0, header.p_flags & abi::PF_X != 0);
    if writable && executable {
        return Err(Error::WriteExecute(at));
    }
    let data = file.segment_data(header)?;
    if data.len() as u64 > header.p_memsz {
        return Err(Error::Malformed);
    }
    Ok(Segment { vaddr: at, len: header.p_memsz, data, writable, executable })
}

#[cfg(test)]
mod tests;

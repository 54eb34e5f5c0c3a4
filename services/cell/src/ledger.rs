//! What is loaded, in memory that outlives the agent: the agent writes it, the root task builds cells from it, and an
//! agent that starts anew goes on where the one before it stopped.
//!
//! Layout, little-endian: [`CELLS`] entries of 320 bytes for programs, then [`MAPS`] of 64 bytes for maps; images begin
//! at [`IMAGES`]. A program's: state `u32 @0` (1: complete), hook's number `u32 @4`, image's offset `u32 @8` and bytes
//! `u32 @12`, out's offset in the memory of maps `u32 @16` and bytes `u32 @20`, flags `u32 @24`, maps `u32 @28`; of each map offset,
//! bytes and [`Access`], `3 x u32`, from `@32` on; then what only the agent looks at, from `@224` on: id `u32`, instructions
//! `u32`, bound `u64`, tag `u64`, time of loading `u64`, stack `u32`, name, 32 bytes zero-padded, `@264`. A map's: state `u32 @0`, id
//! `u32 @4`, offset `u32 @8`, bytes `u32 @12`, name, 32 bytes, `@16`, what it is, `4 x u32 @48` (`bpf_runtime::map::MapSpec::to_words`).
use core::sync::atomic::Ordering::{Acquire, Release};

use shm::{OutOfBounds, Shm};

use crate::{CELLS, IMAGE, image};

/// Maps at a time.
pub const MAPS: usize = 64;
/// Bytes of a name.
pub const NAME: usize = 32;
/// Where images may begin.
pub const IMAGES: usize = (CELLS * ENTRY + MAPS * MAP).next_multiple_of(PAGE);
/// Flag: the program reads the clock.
pub const CLOCK: u32 = 1;

const PAGE: usize = 4096;
const ENTRY: usize = 320;
const MAP: usize = 64;
const GRANTS: usize = 32;
const META: usize = 224;

/// What a cell may do with pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u32)]
pub enum Access {
    /// Nothing: the program does not use this map of its bundle.
    #[default]
    None = 0,
    /// Read.
    Read = 1,
    /// Read and write.
    Write = 3,
}

impl Access {
    const fn from_word(word: u32) -> Option<Self> {
        Some(match word {
            0 => Self::None,
            1 => Self::Read,
            3 => Self::Write,
            _ => return None,
        })
    }
}

/// A run of pages in the memory of maps, and what a cell may do with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Grant {
    /// Bytes from the start of the memory of maps.
    pub offset: u32,
    /// Bytes; whole pages.
    pub bytes: u32,
    /// What the program may do with it.
    pub access: Access,
}

impl Grant {
    /// Its pages in the memory of maps, which has `pages`; none if it is no run of them.
    pub fn pages(&self, pages: usize) -> Option<core::ops::Range<usize>> {
        let (offset, bytes) = (self.offset as usize, self.bytes as usize);
        let whole = offset.is_multiple_of(PAGE) && bytes.is_multiple_of(PAGE) && bytes > 0;
        let end = offset.checked_add(bytes)?;
        (whole && end <= pages * PAGE).then_some(offset / PAGE..end / PAGE)
    }
}

/// A program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Program {
    /// The number of its hook.
    pub hook: u32,
    /// Where its image is: bytes from the start of the ledger.
    pub image: u32,
    /// Bytes of its image.
    pub image_bytes: u32,
    /// Where it says what it has to say.
    pub out: Grant,
    /// [`CLOCK`], or 0.
    pub flags: u32,
    /// Number of its maps.
    pub maps: u32,
    /// Its maps.
    pub map: [Grant; image::MAPS],
    /// What only the agent looks at.
    pub meta: Meta,
}

/// What the agent knows of a program besides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meta {
    /// Unique since boot.
    pub id: u32,
    /// eBPF instructions.
    pub insns: u32,
    /// Most instructions of one run; 0: no bound is known.
    pub bound: u64,
    /// Tells two builds of a program apart.
    pub tag: u64,
    /// When it was loaded.
    pub loaded_at_ns: u64,
    /// Bytes of stack.
    pub stack_bytes: u32,
    /// Its name, padded with zeros.
    pub name: [u8; NAME],
}

/// A map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Map {
    /// Unique since boot.
    pub id: u32,
    /// Bytes from the start of the memory of maps.
    pub offset: u32,
    /// Bytes.
    pub bytes: u32,
    /// Its name, padded with zeros.
    pub name: [u8; NAME],
    /// What it is: its own memory may be written over.
    pub spec: [u32; 4],
}

/// The ledger.
#[derive(Clone, Copy, Debug)]
pub struct Ledger<'a>(pub Shm<'a>);

impl<'a> Ledger<'a> {
    /// The program in `slot`, or none: also if its numbers can't be.
    pub fn program(&self, slot: usize) -> Option<Program> {
        let e = self.entry(slot).ok()?;
        if e.u32(0).ok()?.load(Acquire) != 1 {
            return None;
        }
        let word = |at| e.load(at, 4).ok().map(|word| word as u32);
        let mut program = Program {
            hook: word(4)?,
            image: word(8)?,
            image_bytes: word(12)?,
            out: Grant { offset: word(16)?, bytes: word(20)?, access: Access::Write },
            flags: word(24)?,
            maps: word(28)?,
            map: [Grant::default(); image::MAPS],
            meta: meta(e)?,
        };
        for (i, grant) in program.map.iter_mut().enumerate() {
            let at = GRANTS + 12 * i;
            *grant =
                Grant { offset: word(at)?, bytes: word(at + 4)?, access: Access::from_word(word(at + 8)?)? };
        }
        (program.maps as usize <= image::MAPS && self.image(&program).is_ok()).then_some(program)
    }

    /// The number of the hook of the program in `slot`, if there is one.
    pub fn hook(&self, slot: usize) -> Option<u32> {
        let e = self.entry(slot).ok()?;
        if e.u32(0).ok()?.load(Acquire) != 1 {
            return None;
        }
        e.load(4, 4).ok().map(|hook| hook as u32)
    }

    /// The image of a program.
    ///
    /// # Errors
    /// It does not lie where images do.
    pub fn image(&self, program: &Program) -> Result<Shm<'a>, OutOfBounds> {
        let (at, bytes) = (program.image as usize, program.image_bytes as usize);
        if at < IMAGES || bytes < image::CODE || bytes > IMAGE.len() {
            return Err(OutOfBounds);
        }
        self.0.slice(at, bytes)
    }

    /// Notes a program, complete, in `slot`.
    ///
    /// # Errors
    /// No such slot.
    pub fn set_program(&self, slot: usize, program: &Program) -> Result<(), OutOfBounds> {
        let e = self.entry(slot)?;
        let words = [
            program.hook,
            program.image,
            program.image_bytes,
            program.out.offset,
            program.out.bytes,
            program.flags,
            program.maps,
        ];
        for (i, word) in words.into_iter().enumerate() {
            e.store(4 + 4 * i, 4, word.into())?;
        }
        for (i, grant) in program.map.iter().enumerate() {
            let at = GRANTS + 12 * i;
            e.store(at, 4, grant.offset.into())?;
            e.store(at + 4, 4, grant.bytes.into())?;
            e.store(at + 8, 4, grant.access as u64)?;
        }
        set_meta(e, &program.meta)?;
        e.u32(0)?.store(1, Release);
        Ok(())
    }

    /// Forgets the program in `slot`.
    pub fn clear_program(&self, slot: usize) {
        if let Ok(word) = self.entry(slot).and_then(|e| e.u32(0)) {
            word.store(0, Release);
        }
    }

    /// The map in `place`, or none.
    pub fn map(&self, place: usize) -> Option<Map> {
        let e = self.map_entry(place).ok()?;
        if e.u32(0).ok()?.load(Acquire) != 1 {
            return None;
        }
        let word = |at| e.load(at, 4).ok().map(|word| word as u32);
        let spec = [word(48)?, word(52)?, word(56)?, word(60)?];
        let mut map = Map { id: word(4)?, offset: word(8)?, bytes: word(12)?, name: [0; NAME], spec };
        e.read(16, &mut map.name).ok()?;
        Some(map)
    }

    /// Notes a map in `place`, or that there is none.
    ///
    /// # Errors
    /// No such place.
    pub fn set_map(&self, place: usize, map: Option<&Map>) -> Result<(), OutOfBounds> {
        let e = self.map_entry(place)?;
        let Some(map) = map else {
            e.u32(0)?.store(0, Release);
            return Ok(());
        };
        for (at, word) in [(4, map.id), (8, map.offset), (12, map.bytes)] {
            e.store(at, 4, word.into())?;
        }
        for (index, word) in map.spec.iter().enumerate() {
            e.store(48 + 4 * index, 4, (*word).into())?;
        }
        e.write(16, &map.name)?;
        e.u32(0)?.store(1, Release);
        Ok(())
    }

    fn entry(&self, slot: usize) -> Result<Shm<'a>, OutOfBounds> {
        if slot >= CELLS {
            return Err(OutOfBounds);
        }
        self.0.slice(slot * ENTRY, ENTRY)
    }

    fn map_entry(&self, place: usize) -> Result<Shm<'a>, OutOfBounds> {
        if place >= MAPS {
            return Err(OutOfBounds);
        }
        self.0.slice(CELLS * ENTRY + place * MAP, MAP)
    }
}

fn meta(e: Shm<'_>) -> Option<Meta> {
    let load = |at, size| e.load(META + at, size).ok();
    let mut meta = Meta {
        id: load(0, 4)? as u32,
        insns: load(4, 4)? as u32,
        bound: load(8, 8)?,
        tag: load(16, 8)?,
        loaded_at_ns: load(24, 8)?,
        stack_bytes: load(32, 4)? as u32,
        name: [0; NAME],
    };
    e.read(META + 40, &mut meta.name).ok()?;
    Some(meta)
}

fn set_meta(e: Shm<'_>, meta: &Meta) -> Result<(), OutOfBounds> {
    e.store(META, 4, meta.id.into())?;
    e.store(META + 4, 4, meta.insns.into())?;
    e.store(META + 8, 8, meta.bound)?;
    e.store(META + 16, 8, meta.tag)?;
    e.store(META + 24, 8, meta.loaded_at_ns)?;
    e.store(META + 32, 4, meta.stack_bytes.into())?;
    e.write(META + 40, &meta.name)
}

#[cfg(test)]
mod tests;

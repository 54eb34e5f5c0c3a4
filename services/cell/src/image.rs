//! What a cell is started with: a header and compiled code, on pages that it can only read.
//!
//! Header, little-endian: `magic u32 @0`, maps `u32 @4`, fuel `u64 @8`, seed `u64 @16`, owner `u32 @24` (the cell's
//! number as a user of maps), slot `u32 @28`, bytes of context `u32 @32`, whether it prints `u32 @36`, which maps it
//! may write to, bit by bit, `u32 @40`; from byte 64 on of each map
//! six words `u32`: address, bytes, and what it is (four, `bpf_runtime::map::MapSpec::to_words`): its own memory may be written over. Code begins at [`CODE`].
use shm::{OutOfBounds, Shm};

/// Maps that one program can use.
pub const MAPS: usize = 16;
/// Where the code begins.
pub const CODE: usize = 512;
const MAGIC: u32 = u32::from_le_bytes(*b"CELL");
const TABLE: usize = 64;
const MAP: usize = 24;
const _: () = assert!(TABLE + MAP * MAPS <= CODE);

/// A map in a cell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MapAt {
    /// Where it is mapped.
    pub address: u32,
    /// Its bytes there.
    pub bytes: u32,
    /// What it is.
    pub spec: [u32; 4],
}

/// The header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Instructions that a run may take.
    pub fuel: u64,
    /// For random numbers.
    pub seed: u64,
    /// The cell's number as a user of maps; the agent is 0.
    pub owner: u8,
    /// Its slot in the ledger.
    pub slot: u32,
    /// Bytes of the context: the event's words, or if they are more than [`crate::CONTEXT_BYTES`] those at
    /// [`crate::CONTEXT`].
    pub context_bytes: u32,
    /// Whether it prints: it has a ring for that.
    pub prints: bool,
    /// Number of maps.
    pub maps: u32,
    /// Those of them that are mapped writable, bit by bit.
    pub written: u32,
    /// Each of them.
    pub map: [MapAt; MAPS],
}

impl Header {
    /// Writes it to the start of `image`.
    ///
    /// # Errors
    /// There is no room.
    pub fn write(&self, image: Shm<'_>) -> Result<(), OutOfBounds> {
        image.store(0, 4, MAGIC.into())?;
        image.store(4, 4, self.maps.into())?;
        image.store(8, 8, self.fuel)?;
        image.store(16, 8, self.seed)?;
        image.store(24, 4, self.owner.into())?;
        image.store(28, 4, self.slot.into())?;
        image.store(32, 4, self.context_bytes.into())?;
        image.store(36, 4, self.prints.into())?;
        image.store(40, 4, self.written.into())?;
        for (i, MapAt { address, bytes, spec }) in self.map.iter().enumerate() {
            for (word, value) in [address, bytes].into_iter().chain(spec).enumerate() {
                image.store(TABLE + MAP * i + 4 * word, 4, (*value).into())?;
            }
        }
        Ok(())
    }

    /// Reads it from the start of `image`.
    ///
    /// # Errors
    /// There is none, or its numbers make no sense.
    pub fn read(image: Shm<'_>) -> Result<Self, OutOfBounds> {
        let word = |at| image.load(at, 4).map(|word| word as u32);
        let maps = word(4)?;
        if word(0)? != MAGIC || maps as usize > MAPS {
            return Err(OutOfBounds);
        }
        let mut map = [MapAt::default(); MAPS];
        for (i, entry) in map.iter_mut().enumerate() {
            let word = |index: usize| word(TABLE + MAP * i + 4 * index);
            let spec = [word(2)?, word(3)?, word(4)?, word(5)?];
            *entry = MapAt { address: word(0)?, bytes: word(1)?, spec };
        }
        Ok(Self {
            fuel: image.load(8, 8)?,
            seed: image.load(16, 8)?,
            owner: word(24)? as u8,
            slot: word(28)?,
            context_bytes: word(32)?,
            prints: word(36)? != 0,
            maps,
            written: word(40)?,
            map,
        })
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use core::sync::atomic::AtomicU64;
    use std::vec::Vec;

    use super::*;

    #[test]
    fn a_header_is_read_as_written_and_nonsense_is_not_read() {
        let words: Vec<_> = (0..64).map(|_| AtomicU64::new(0)).collect();
        let image = Shm::from_words(&words);
        assert!(Header::read(image).is_err());
        let mut header = Header {
            fuel: 7,
            seed: 9,
            owner: 3,
            slot: 2,
            context_bytes: 32,
            prints: true,
            maps: 1,
            written: 1,
            map: [MapAt::default(); MAPS],
        };
        header.map[0] = MapAt { address: 0x1026_0000, bytes: 128, spec: [1, 2, 3, 4] };
        header.write(image).unwrap();
        assert_eq!(Header::read(image), Ok(header));
        header.maps = MAPS as u32 + 1;
        header.write(image).unwrap();
        assert!(Header::read(image).is_err());
        assert!(header.write(image.slice(0, 100).unwrap()).is_err());
    }
}

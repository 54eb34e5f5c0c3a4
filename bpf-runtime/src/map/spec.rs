use core::fmt;

use super::{
    HEADER_BYTES,
    kind::{MapKind, Shape},
    place,
};

/// Processors that run programs. A per-CPU map holds so many values in each entry, side by side.
pub const CPUS: u32 = 1;
/// Bytes of the data area of a perf event array's ring.
pub const PERF_RING_BYTES: u32 = 16 << 10;
/// Flag: entries are not allocated ahead. Accepted without effect: memory is fixed here.
pub const NO_PREALLOC: u32 = 1 << 0;
/// Flag: programs may not write.
pub const RDONLY_PROG: u32 = 1 << 7;
/// Flag: libbpf sets it on maps of global variables. Accepted without effect.
pub const MMAPABLE: u32 = 1 << 10;
/// Longest key of a hash map in bytes: a program builds keys on its stack.
pub const MAX_KEY_BYTES: u32 = crate::isa::FRAME_BYTES as u32;
/// Bytes of an LPM trie's key.
const LPM_KEY_BYTES: core::ops::RangeInclusive<u32> = 5..=4 + super::lpm::MAX_DATA_BYTES;
/// Longest value in bytes.
pub const MAX_VALUE_BYTES: u32 = 1 << 20;
/// Most entries: an entry's number has to fit a value's address (22 bits).
pub const MAX_ENTRIES: u32 = 1 << 22;
/// Most memory for one map.
pub const MAX_MAP_BYTES: usize = 16 << 20;
/// Smallest data area of a ring buffer in bytes.
pub const MIN_RING_BYTES: u32 = 64;

/// What a map is. As read from a bundle it is a claim until [`MapSpec::check`] has passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MapSpec {
    /// The kind.
    pub kind: MapKind,
    /// Bytes of a key; 0 for a ring buffer.
    pub key_size: u32,
    /// Bytes of a value; 0 for a ring buffer.
    pub value_size: u32,
    /// Entries; for a ring buffer the bytes of its data area.
    pub max_entries: u32,
    /// [`RDONLY_PROG`], [`NO_PREALLOC`], [`MMAPABLE`].
    pub flags: u32,
}

/// Why a map can't be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpecError {
    /// The key's size is not one that the kind has.
    KeySize(MapKind, u32),
    /// The value's size is not one that the kind has.
    ValueSize(MapKind, u32),
    /// No entries, or too many.
    Entries(u32),
    /// A ring buffer's size is not a power of two, or too small.
    RingSize(u32),
    /// Flags that are not known.
    Flags(u32),
    /// It would take more than [`MAX_MAP_BYTES`].
    Memory(usize),
}

impl fmt::Display for SpecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::KeySize(kind, n) if kind.shape() == Shape::Array || kind.redirects() => {
                write!(f, "key size {n}: an array's key is a __u32, 4 bytes")
            }
            Self::KeySize(MapKind::LpmTrie, n) => write!(
                f,
                "key size {n}: an LPM trie's key has {} to {} bytes, the first 4 of which count the bits",
                LPM_KEY_BYTES.start(),
                LPM_KEY_BYTES.end()
            ),
            Self::KeySize(kind, n) if kind.shape() == Shape::Hash => {
                write!(f, "key size {n}: a hash map's key has 1 to {MAX_KEY_BYTES} bytes")
            }
            Self::KeySize(MapKind::PerfEventArray, n) | Self::ValueSize(MapKind::PerfEventArray, n) => {
                write!(f, "key or value size {n}: both are a __u32 in a perf event array, 4 bytes")
            }
            Self::ValueSize(MapKind::ProgArray, n) => {
                write!(f, "value size {n}: a program array's value is a __u32, 4 bytes")
            }
            Self::ValueSize(kind, n) if kind.redirects() => {
                write!(f, "value size {n}: a {}'s value has 4 or 8 bytes", kind.name())
            }
            Self::ValueSize(MapKind::RingBuf, n) | Self::KeySize(_, n) => {
                write!(f, "key or value size {n}: a ring buffer has neither, leave both 0")
            }
            Self::ValueSize(_, n) => write!(f, "value size {n}: a value has 1 to {MAX_VALUE_BYTES} bytes"),
            Self::Entries(n) => write!(f, "max_entries {n}: a map has 1 to {MAX_ENTRIES} entries"),
            Self::RingSize(n) => {
                write!(
                    f,
                    "max_entries {n}: a ring buffer's size is a power of two of at least {MIN_RING_BYTES}"
                )
            }
            Self::Flags(flags) => write!(f, "map flags {flags:#x} are not supported"),
            Self::Memory(bytes) => {
                write!(f, "the map would take {bytes} bytes, a map has {MAX_MAP_BYTES} at most")
            }
        }
    }
}

pub(super) const fn align8(bytes: usize) -> usize {
    (bytes + 7) & !7
}

impl MapSpec {
    /// The description in four words, to be kept where those who share the map can't write: kind, and flags from bit 8 on;
    /// bytes of a key; bytes of a value; entries.
    pub const fn to_words(&self) -> [u32; 4] {
        [self.kind as u32 | self.flags << 8, self.key_size, self.value_size, self.max_entries]
    }

    /// The description that four words hold; but for the kind it is a claim until [`MapSpec::check`] has passed.
    pub fn from_words([kind, key_size, value_size, max_entries]: [u32; 4]) -> Option<Self> {
        let flags = kind >> 8;
        Some(Self { kind: MapKind::from_number(kind & 0xff)?, key_size, value_size, max_entries, flags })
    }

    /// Checks the sizes against the kind and the limits.
    ///
    /// # Errors
    /// The first limit that is not kept.
    pub fn check(&self) -> Result<(), SpecError> {
        let unknown = self.flags & !(NO_PREALLOC | RDONLY_PROG | MMAPABLE);
        if unknown != 0 {
            return Err(SpecError::Flags(unknown));
        }
        let (wrong_key, wrong_value) =
            (SpecError::KeySize(self.kind, self.key_size), SpecError::ValueSize(self.kind, self.value_size));
        match self.kind {
            MapKind::RingBuf if self.key_size != 0 => return Err(wrong_key),
            MapKind::RingBuf if self.value_size != 0 => return Err(wrong_value),
            MapKind::RingBuf if !self.max_entries.is_power_of_two() || self.max_entries < MIN_RING_BYTES => {
                return Err(SpecError::RingSize(self.max_entries));
            }
            MapKind::RingBuf => {}
            MapKind::ProgArray | MapKind::PerfEventArray if self.value_size != 4 => return Err(wrong_value),
            kind if kind.redirects() && !matches!(self.value_size, 4 | 8) => return Err(wrong_value),
            _ if self.value_size == 0 || self.value_size > MAX_VALUE_BYTES => return Err(wrong_value),
            _ if self.max_entries == 0 || self.max_entries > MAX_ENTRIES => {
                return Err(SpecError::Entries(self.max_entries));
            }
            _ => {}
        }
        match self.kind.shape() {
            Shape::Hash if self.key_size == 0 || self.key_size > MAX_KEY_BYTES => return Err(wrong_key),
            _ if self.kind == MapKind::LpmTrie && !LPM_KEY_BYTES.contains(&self.key_size) => {
                return Err(wrong_key);
            }
            _ if self.kind.redirects() && self.key_size != 4 => return Err(wrong_key),
            Shape::Array if self.key_size != 4 => return Err(wrong_key),
            Shape::Ring if self.kind == MapKind::PerfEventArray && self.key_size != 4 => {
                return Err(wrong_key);
            }
            _ => {}
        }
        let bytes = self.memory_bytes();
        if bytes > MAX_MAP_BYTES { Err(SpecError::Memory(bytes)) } else { Ok(()) }
    }

    /// Bytes of memory that the map needs, its header included; saturates for sizes that `check` refuses.
    pub fn memory_bytes(&self) -> usize {
        HEADER_BYTES.saturating_add(self.stride().saturating_mul(self.slots() as usize))
    }

    /// Whether programs may write values.
    pub const fn is_read_only(&self) -> bool {
        self.flags & RDONLY_PROG != 0 || self.kind.redirects()
    }

    /// Places for values: a hash map has more of them than entries, so that searches are short. Of a ring the
    /// bytes of its data area.
    pub(super) const fn slots(&self) -> u32 {
        match (self.kind, self.kind.shape()) {
            (_, Shape::Hash) => self.max_entries.saturating_add(self.max_entries / 2).saturating_add(1),
            // Programs run on one processor: the ring of another is one that was never opened.
            (MapKind::PerfEventArray, _) => PERF_RING_BYTES,
            _ => self.max_entries,
        }
    }

    /// Bytes from one place to the next.
    pub(super) const fn stride(&self) -> usize {
        match self.kind.shape() {
            Shape::Ring => 1,
            _ => self.value_in_slot() + align8(self.value_size as usize) * self.kind.values(),
        }
    }

    /// Bytes from the start of a place to its value, which is aligned to 8.
    pub(super) const fn value_in_slot(&self) -> usize {
        match self.kind.shape() {
            Shape::Hash => place::KEY + align8(self.key_size as usize),
            Shape::Array | Shape::Ring => 0,
        }
    }
}

//! Maps in memory that several protection domains share.
//!
//! Layout, little-endian: a header of 64 bytes, then the places of values. Nothing in it is a pointer. What a
//! domain needs to find its way (kind, sizes) it is told ([`Map::new`]), or reads and checks once, in [`Map::open`]; all else is read by
//! value and can mislead no access, only answers: the other side may be broken.
//!
//! Header: `magic @0, kind @4, key_size @8, value_size @12, max_entries @16, flags @20, cpus @24` (u32 each), for a
//! hash map `count: u64 @32, clock: u32 @40, hand: u32 @44`, for a ring buffer and a perf event array
//! `producer: u64 @32, consumer: u64 @40, lost: u32 @48`.
//!
//! A domain that dies in the middle of a change blocks nobody but that change, and [`Map::recover`] undoes it.
mod array;
mod bytes;
mod error;
mod hash;
#[cfg(test)]
mod interleave;
#[cfg(test)]
mod interleave_tests;
mod kind;
mod lpm;
mod lru;
mod place;
mod ring;
mod spec;
mod step;
#[cfg(test)]
mod tests;

use shm::Shm;

use crate::errno::Errno;
pub use bytes::Bytes;
pub use error::MapError;
pub use kind::MapKind;
use kind::Shape;
pub use ring::{Record, Ring};
pub use spec::{
    CPUS, MAX_ENTRIES, MAX_KEY_BYTES, MAX_MAP_BYTES, MAX_VALUE_BYTES, MIN_RING_BYTES, MMAPABLE, MapSpec,
    NO_PREALLOC, PERF_RING_BYTES, RDONLY_PROG, SpecError,
};
use step::step;

/// Bytes before the first place.
pub const HEADER_BYTES: usize = 64;
const MAGIC: u32 = u32::from_le_bytes(*b"HYPM");
const COUNT: usize = 32;

/// Update flag: create or replace.
pub const ANY: u64 = 0;
/// Update flag: create only.
pub const NOEXIST: u64 = 1;
/// Update flag: replace only.
pub const EXIST: u64 = 2;

/// A view of a map. Copies name the same map.
#[derive(Clone, Copy, Debug)]
pub struct Map<'a> {
    spec: MapSpec,
    memory: Shm<'a>,
    slots: u32,
    stride: usize,
    value_in_slot: usize,
    owner: u8,
    /// Bytes of a key that is looked up as a word and finds what programs get; 0: it is not.
    word_key: u8,
}

impl<'a> Map<'a> {
    /// Makes an empty map in `memory`; array values are zero.
    ///
    /// # Errors
    /// The description is not possible or the memory is too small or not aligned to 8 bytes.
    pub fn create(memory: Shm<'a>, spec: &MapSpec) -> Result<Self, MapError> {
        let map = Self::new(memory, *spec)?;
        map.memory.clear();
        let header =
            [MAGIC, spec.kind as u32, spec.key_size, spec.value_size, spec.max_entries, spec.flags, CPUS];
        for (i, word) in header.iter().enumerate() {
            map.memory.store(4 * i, 4, u64::from(*word)).map_err(|_| MapError::NotAMap)?;
        }
        if let Some(ring) = map.ring() {
            ring.format(0);
        }
        Ok(map)
    }

    /// Finds the map that another domain created in `memory`.
    ///
    /// # Errors
    /// As for `create`, or there is no map.
    pub fn open(memory: Shm<'a>) -> Result<Self, MapError> {
        let word = |i: usize| memory.load(4 * i, 4).map(|word| word as u32).map_err(|_| MapError::NotAMap);
        if word(0)? != MAGIC || word(6)? != CPUS {
            return Err(MapError::NotAMap);
        }
        let kind = MapKind::from_number(word(1)?).ok_or(MapError::NotAMap)?;
        let spec = MapSpec {
            kind,
            key_size: word(2)?,
            value_size: word(3)?,
            max_entries: word(4)?,
            flags: word(5)?,
        };
        Self::new(memory, spec)
    }

    /// The map that another domain created in `memory`, where what it is is known from elsewhere: its header may have been
    /// written over.
    ///
    /// # Errors
    /// As for `create`.
    pub fn new(memory: Shm<'a>, spec: MapSpec) -> Result<Self, MapError> {
        spec.check().map_err(MapError::Spec)?;
        let needed = spec.memory_bytes();
        let memory =
            memory.slice(0, needed).map_err(|_| MapError::Memory { needed, available: memory.len() })?;
        memory.u64(0).map_err(|_| MapError::NotAMap)?;
        let (slots, stride, value_in_slot) = (spec.slots(), spec.stride(), spec.value_in_slot());
        let plain = spec.kind.shape() != Shape::Ring && !spec.kind.redirects();
        let word_key = if plain && matches!(spec.key_size, 4 | 8) { spec.key_size as u8 } else { 0 };
        Ok(Self { spec, memory, slots, stride, value_in_slot, owner: 0, word_key })
    }

    /// The view of a domain that others can [`recover`](Map::recover) from: each has a number of its own.
    /// Without, it is 0.
    #[must_use]
    pub const fn owned_by(self, owner: u8) -> Self {
        Self { owner, ..self }
    }

    /// Undoes what the domain `owner` was in the middle of when it died: places that it was filling are free
    /// again, ring buffer records that it had reserved are discarded. Gives their number. Looks at each place
    /// once or (if nobody else is at work) twice. The others may go on meanwhile; `owner` itself has to be dead,
    /// or be the caller before its first operation.
    pub fn recover(&self, owner: u8) -> u32 {
        match self.spec.kind.shape() {
            Shape::Array => 0,
            Shape::Hash => place::recover(self, owner).unwrap_or(0),
            Shape::Ring => self.ring().map_or(0, |ring| ring.recover(owner)),
        }
    }

    /// What the map is.
    pub const fn spec(&self) -> &MapSpec {
        &self.spec
    }

    /// The memory that it lies in.
    pub(crate) const fn memory(&self) -> Shm<'a> {
        self.memory
    }

    /// Fills an array map's values from the first one on, one `value_size` after the other.
    ///
    /// # Errors
    /// The contents are longer than all values together, or the map is no array.
    pub fn set_contents(&self, contents: &[u8]) -> Result<(), MapError> {
        let room = self.spec.value_size as usize * self.spec.max_entries as usize;
        if self.spec.kind != MapKind::Array || contents.len() > room {
            return Err(MapError::Contents);
        }
        for (entry, value) in contents.chunks(self.spec.value_size as usize).enumerate() {
            let at = self.value_offset(entry as u32).ok_or(MapError::Contents)?;
            self.memory.write(at, value).map_err(|_| MapError::Contents)?;
        }
        Ok(())
    }

    /// Entries in the map: of an array all, of a ring buffer none.
    pub fn entries(&self) -> u32 {
        match self.spec.kind.shape() {
            Shape::Array => self.spec.max_entries,
            Shape::Hash => place::count(self).min(self.spec.max_entries),
            Shape::Ring => 0,
        }
    }

    /// The number of the entry with this key, for [`Map::value`] and its like.
    pub fn lookup(&self, key: Bytes<'_>) -> Option<u32> {
        match self.spec.kind.shape() {
            _ if key.len() != self.spec.key_size as usize => None,
            _ if matches!(key.len(), 4 | 8) => self.lookup_word(key.word(0)),
            Shape::Hash if self.spec.kind == MapKind::LpmTrie => lpm::lookup(self, key).ok().flatten(),
            Shape::Hash => hash::lookup(self, key).ok().flatten(),
            Shape::Array | Shape::Ring => None,
        }
    }

    /// The size of keys that [`Map::lookup_word`] takes and whose entries programs get; 0: there are none such.
    #[inline]
    pub(crate) const fn word_key(&self) -> u8 {
        self.word_key
    }

    /// As [`Map::lookup`], with a key of 4 or 8 bytes as a little-endian number.
    #[inline]
    pub(crate) fn lookup_word(&self, key: u64) -> Option<u32> {
        match self.spec.kind.shape() {
            Shape::Hash if self.spec.kind == MapKind::LpmTrie => lpm::lookup_word(self, key),
            Shape::Hash => hash::lookup_word(self, key).ok().flatten(),
            Shape::Array => array::in_range(self, key as u32),
            Shape::Ring => None,
        }
    }

    /// Creates or replaces a value. `flags`: [`ANY`], [`NOEXIST`], [`EXIST`]. A concurrent reader may see a
    /// replaced value in part, each aligned 8 bytes whole.
    ///
    /// # Errors
    /// Linux's: E2BIG (full, or no such index), EEXIST, ENOENT, EINVAL (sizes, flags, kind), EBUSY (another
    /// domain inserts the same key right now), ENOMEM (no entry of a full LRU map could be removed).
    pub fn update(&self, key: Bytes<'_>, value: Bytes<'_>, flags: u64) -> Result<(), Errno> {
        let sizes = (key.len(), value.len());
        if sizes != (self.spec.key_size as usize, self.spec.value_size as usize) || flags > EXIST {
            return Err(Errno::EINVAL);
        }
        match self.spec.kind.shape() {
            Shape::Array => array::update(self, key, value, flags),
            Shape::Hash if self.spec.kind == MapKind::LpmTrie => lpm::update(self, key, value, flags),
            Shape::Hash => hash::update(self, key, value, flags),
            Shape::Ring => Err(Errno::EINVAL),
        }
    }

    /// Removes an entry of a hash map; its place is used again.
    ///
    /// # Errors
    /// ENOENT, EINVAL (size of the key; other kinds).
    pub fn delete(&self, key: Bytes<'_>) -> Result<(), Errno> {
        if self.spec.kind.shape() != Shape::Hash || key.len() != self.spec.key_size as usize {
            return Err(Errno::EINVAL);
        }
        if self.spec.kind == MapKind::LpmTrie { lpm::delete(self, key) } else { hash::delete(self, key) }
    }

    /// For dumps: copies the first entry at or behind `cursor` (0 at first) into `key` and `value`, as much as
    /// fits, and gives the cursor behind it. Entries that come or go meanwhile may be seen or not.
    pub fn next(&self, cursor: u32, key: &mut [u8], value: &mut [u8]) -> Option<u32> {
        let (kept, wanted) = (key.len().min(self.spec.key_size as usize), self.spec.value_size as usize);
        let value_bytes = value.len().min(wanted);
        for slot in cursor..self.slots {
            let found = match self.spec.kind.shape() {
                Shape::Array => array::key(slot, &mut key[..kept]),
                Shape::Hash => hash::key(self, slot, &mut key[..kept]),
                Shape::Ring => return None,
            };
            if found {
                self.memory.read(self.value_offset(slot)?, &mut value[..value_bytes]).ok()?;
                return Some(slot + 1);
            }
        }
        None
    }

    /// The memory of an entry's value; of a per-CPU map that of CPU 0, the only one.
    #[inline]
    pub fn value(&self, entry: u32) -> Option<Shm<'a>> {
        self.memory.slice(self.value_offset(entry)?, self.spec.value_size as usize).ok()
    }

    /// The operations of a ring buffer, or of the ring behind a perf event array.
    pub fn ring(&self) -> Option<Ring<'a>> {
        (self.spec.kind.shape() == Shape::Ring).then(|| Ring::new(self.memory, self.owner)).flatten()
    }

    /// Bytes from the memory's start to the first value: where the program's own variables lie.
    pub const fn first_value(&self) -> usize {
        HEADER_BYTES + self.value_in_slot
    }

    /// Bytes from the memory's start to an entry's value.
    #[inline]
    fn value_offset(&self, entry: u32) -> Option<usize> {
        let in_range = entry < self.slots && self.spec.kind.shape() != Shape::Ring;
        in_range.then(|| HEADER_BYTES + entry as usize * self.stride + self.value_in_slot)
    }
}

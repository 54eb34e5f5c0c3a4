//! Longest prefix matches, with Linux's keys (`struct bpf_lpm_trie_key`: the number of bits that count as a `__u32`, then
//! the data, the first bit foremost), on a hash map: a search asks for each length from the longest on, so it takes as
//! many steps as the key has bits at most, and the memory is what it is for all maps.
use super::{Bytes, Map, hash};
use crate::errno::Errno;

/// Bytes of the number of bits.
const LENGTH_BYTES: usize = 4;
/// Bytes of data at most: each search takes up to 8 times as many steps.
pub const MAX_DATA_BYTES: u32 = 32;

/// A key whose bits beyond those that count are zero.
struct Prefix {
    bytes: [u8; LENGTH_BYTES + MAX_DATA_BYTES as usize],
    len: usize,
}

impl Prefix {
    /// The key's; `None`: it counts more bits than it has.
    fn of(key: Bytes<'_>) -> Option<Self> {
        let mut prefix = Self { bytes: [0; LENGTH_BYTES + MAX_DATA_BYTES as usize], len: key.len() };
        let bytes = prefix.bytes.get_mut(..key.len())?;
        for (at, byte) in bytes.iter_mut().enumerate() {
            *byte = key.byte(at)?;
        }
        let bits = prefix.bits();
        let all = 8 * (key.len() as u32).checked_sub(LENGTH_BYTES as u32)?;
        (bits <= all).then(|| prefix.cut(bits))
    }

    fn bits(&self) -> u32 {
        u32::from_le_bytes([self.bytes[0], self.bytes[1], self.bytes[2], self.bytes[3]])
    }

    /// The first bits of it.
    fn cut(mut self, bits: u32) -> Self {
        self.bytes[..LENGTH_BYTES].copy_from_slice(&bits.to_le_bytes());
        for (at, byte) in (0u32..).zip(&mut self.bytes[LENGTH_BYTES..]) {
            let kept = bits.saturating_sub(8 * at).min(8);
            *byte &= !(0xff_u32 >> kept) as u8;
        }
        self
    }

    fn key(&self) -> Bytes<'_> {
        self.bytes.get(..self.len).unwrap_or_default().into()
    }
}

/// As [`lookup`], with the key in a word.
#[inline(never)]
pub(super) fn lookup_word(map: &Map<'_>, key: u64) -> Option<u32> {
    let key = key.to_le_bytes();
    lookup(map, key.get(..map.spec.key_size as usize)?.into()).ok().flatten()
}

pub(super) fn lookup(map: &Map<'_>, key: Bytes<'_>) -> Result<Option<u32>, Errno> {
    let Some(mut prefix) = Prefix::of(key) else { return Ok(None) };
    loop {
        let (found, bits) = (hash::lookup(map, prefix.key())?, prefix.bits());
        match bits.checked_sub(1) {
            Some(shorter) if found.is_none() => prefix = prefix.cut(shorter),
            _ => return Ok(found),
        }
    }
}

pub(super) fn update(map: &Map<'_>, key: Bytes<'_>, value: Bytes<'_>, flags: u64) -> Result<(), Errno> {
    hash::update(map, Prefix::of(key).ok_or(Errno::EINVAL)?.key(), value, flags)
}

pub(super) fn delete(map: &Map<'_>, key: Bytes<'_>) -> Result<(), Errno> {
    hash::delete(map, Prefix::of(key).ok_or(Errno::EINVAL)?.key())
}

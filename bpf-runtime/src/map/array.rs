//! Values by index: nothing but the values.
use super::{Bytes, EXIST, Map, NOEXIST};
use crate::errno::Errno;

pub(super) fn index(map: &Map<'_>, key: Bytes<'_>) -> Option<u32> {
    in_range(map, key.word(0) as u32)
}

#[inline]
pub(super) fn in_range(map: &Map<'_>, index: u32) -> Option<u32> {
    (index < map.spec.max_entries).then_some(index)
}

pub(super) fn update(map: &Map<'_>, key: Bytes<'_>, value: Bytes<'_>, flags: u64) -> Result<(), Errno> {
    let at = index(map, key).and_then(|entry| map.value_offset(entry)).ok_or(Errno::E2BIG)?;
    debug_assert!(flags <= EXIST);
    if flags == NOEXIST {
        return Err(Errno::EEXIST);
    }
    Ok(value.copy_to(map.memory, at)?)
}

/// The key of an entry; true: each entry is there.
pub(super) fn key(entry: u32, key: &mut [u8]) -> bool {
    for (to, from) in key.iter_mut().zip(entry.to_le_bytes()) {
        *to = from;
    }
    true
}

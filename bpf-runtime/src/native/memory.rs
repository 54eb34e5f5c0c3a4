//! Memory by the addresses that a program hands over.
use core::ptr::{NonNull, with_exposed_provenance_mut};

use shm::Shm;

use super::Host;
use crate::{
    interp::{Env, TrapReason, print::Source},
    map::Bytes,
};

/// The `len` bytes at `address`, of which the verifier has proven that the program may read them. They may lie in a map
/// that others write, so they are taken for shared.
pub(super) fn bytes<'b>(address: u64, len: usize) -> Bytes<'b> {
    match NonNull::new(with_exposed_provenance_mut::<u8>(address as usize)) {
        // SAFETY: the verifier has proven that they are there. Should it be wrong, the access faults, or reads
        // what the program could read itself; a Rust object is never changed through them.
        Some(base) => Bytes::Shared(unsafe { Shm::new(base, len) }),
        None => Bytes::Private(&[]),
    }
}

impl<E: Env> Host<'_, E> {
    /// Whether `%s` may read there: what it is given is any number.
    fn may_read(&self, address: u64, len: u64) -> bool {
        let inside = |base: u64, bytes: u64| address >= base && len <= bytes && address - base <= bytes - len;
        let in_maps = |map: &crate::map::Map<'_>| {
            let memory = map.memory();
            inside(memory.as_ptr().addr() as u64, memory.len() as u64)
        };
        inside(self.stack.0, self.stack.1) || self.maps.iter().any(in_maps)
    }
}

impl<E: Env> Source for Host<'_, E> {
    fn bytes(&self, address: u64, len: usize) -> Result<Bytes<'_>, TrapReason> {
        Ok(bytes(address, len))
    }

    fn load(&self, address: u64, size: usize) -> Result<u64, TrapReason> {
        if !self.may_read(address, size as u64) {
            return Err(TrapReason::Access { address, size });
        }
        Ok(bytes(address, size).word(0))
    }
}

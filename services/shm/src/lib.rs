//! Memory that several protection domains share.
//!
//! Another domain may change any byte at any time, so no reference into such memory is ever made: it is
//! read and written by value, word by word, with relaxed atomic accesses where the address is aligned, and
//! byte by byte where it is not. Where order matters, [`Shm::u32`] and [`Shm::u64`] give the
//! atomics themselves.
//!
//! This is the one crate below the services that holds `unsafe` for shared memory; all above it forbid it.
#![no_std]

mod ring;

use core::{
    marker::PhantomData,
    ptr::NonNull,
    sync::atomic::{AtomicU8, AtomicU16, AtomicU32, AtomicU64, Ordering},
};

pub use ring::{Consumer, Full, HEADER_BYTES as RING_HEADER_BYTES, Producer};

/// An access that does not lie inside the memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfBounds;

/// A window of shared memory. Copies name the same bytes.
#[derive(Clone, Copy, Debug)]
pub struct Shm<'a> {
    base: NonNull<u8>,
    len: usize,
    memory: PhantomData<&'a AtomicU8>,
}

// SAFETY: all accesses go through atomics; the lifetime keeps the memory mapped.
unsafe impl Send for Shm<'_> {}
// SAFETY: as above.
unsafe impl Sync for Shm<'_> {}

impl<'a> Shm<'a> {
    /// Names the `len` bytes at `base` as shared memory.
    ///
    /// # Safety
    /// They stay mapped for `'a`, readable and (if anything is stored) writable, and no Rust reference to
    /// them other than to atomics exists meanwhile.
    pub const unsafe fn new(base: NonNull<u8>, len: usize) -> Self {
        Self { base, len, memory: PhantomData }
    }

    /// Uses the bytes of `words`: for tests on the host and for memory private to one program.
    pub const fn from_words(words: &'a [AtomicU64]) -> Self {
        // SAFETY: the words are atomics that live for 'a.
        unsafe {
            Self::new(NonNull::new_unchecked(words.as_ptr().cast_mut().cast()), core::mem::size_of_val(words))
        }
    }

    /// Bytes in the window.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether the window holds no byte.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The first byte, for compiled code, which works on addresses.
    pub const fn as_ptr(&self) -> *mut u8 {
        self.base.as_ptr()
    }

    /// The part `offset .. offset + len`.
    ///
    /// # Errors
    /// It does not lie inside the window.
    pub fn slice(&self, offset: usize, len: usize) -> Result<Self, OutOfBounds> {
        let base = self.at(offset, len)?;
        Ok(Self { base, len, memory: PhantomData })
    }

    /// Loads `N` little-endian bytes, zero-extended; `size` is 1, 2, 4 or 8.
    ///
    /// # Errors
    /// The bytes do not lie inside the window, or `size` is another.
    #[inline]
    pub fn load(&self, offset: usize, size: usize) -> Result<u64, OutOfBounds> {
        let p = self.at(offset, size)?;
        // SAFETY: `at` checked the bounds, each arm the alignment.
        Ok(unsafe {
            match size {
                1 => AtomicU8::from_ptr(p.as_ptr()).load(Ordering::Relaxed).into(),
                2 if aligned(p, 2) => AtomicU16::from_ptr(p.as_ptr().cast()).load(Ordering::Relaxed).into(),
                4 if aligned(p, 4) => AtomicU32::from_ptr(p.as_ptr().cast()).load(Ordering::Relaxed).into(),
                8 if aligned(p, 8) => AtomicU64::from_ptr(p.as_ptr().cast()).load(Ordering::Relaxed),
                2 | 4 | 8 => {
                    let mut bytes = [0; 8];
                    self.read(offset, &mut bytes[..size])?;
                    u64::from_le_bytes(bytes)
                }
                _ => return Err(OutOfBounds),
            }
        })
    }

    /// Stores the low `size` bytes of `value`; `size` is 1, 2, 4 or 8.
    ///
    /// # Errors
    /// As [`Shm::load`].
    #[inline]
    pub fn store(&self, offset: usize, size: usize, value: u64) -> Result<(), OutOfBounds> {
        let p = self.at(offset, size)?;
        // SAFETY: `at` checked the bounds, each arm the alignment.
        unsafe {
            match size {
                1 => AtomicU8::from_ptr(p.as_ptr()).store(value as u8, Ordering::Relaxed),
                2 if aligned(p, 2) => {
                    AtomicU16::from_ptr(p.as_ptr().cast()).store(value as u16, Ordering::Relaxed);
                }
                4 if aligned(p, 4) => {
                    AtomicU32::from_ptr(p.as_ptr().cast()).store(value as u32, Ordering::Relaxed);
                }
                8 if aligned(p, 8) => AtomicU64::from_ptr(p.as_ptr().cast()).store(value, Ordering::Relaxed),
                2 | 4 | 8 => self.write(offset, &value.to_le_bytes()[..size])?,
                _ => return Err(OutOfBounds),
            }
        }
        Ok(())
    }

    /// The aligned 32-bit word at `offset`, as an atomic.
    ///
    /// # Errors
    /// It does not lie inside the window or is not aligned.
    #[inline]
    pub fn u32(&self, offset: usize) -> Result<&'a AtomicU32, OutOfBounds> {
        let p = self.at(offset, 4)?;
        // SAFETY: in bounds and aligned; the memory lives for 'a.
        if aligned(p, 4) { Ok(unsafe { AtomicU32::from_ptr(p.as_ptr().cast()) }) } else { Err(OutOfBounds) }
    }

    /// The aligned 64-bit word at `offset`, as an atomic.
    ///
    /// # Errors
    /// As [`Shm::u32`].
    #[inline]
    pub fn u64(&self, offset: usize) -> Result<&'a AtomicU64, OutOfBounds> {
        let p = self.at(offset, 8)?;
        // SAFETY: in bounds and aligned; the memory lives for 'a.
        if aligned(p, 8) { Ok(unsafe { AtomicU64::from_ptr(p.as_ptr().cast()) }) } else { Err(OutOfBounds) }
    }

    /// Copies bytes out. Another domain's write may be seen in part.
    ///
    /// # Errors
    /// They do not lie inside the window.
    pub fn read(&self, offset: usize, into: &mut [u8]) -> Result<(), OutOfBounds> {
        let p = self.at(offset, into.len())?;
        for (i, byte) in into.iter_mut().enumerate() {
            // SAFETY: `at` checked all of them.
            *byte = unsafe { AtomicU8::from_ptr(p.as_ptr().add(i)) }.load(Ordering::Relaxed);
        }
        Ok(())
    }

    /// Copies bytes in. Another domain may see them in part.
    ///
    /// # Errors
    /// They do not fit inside the window.
    pub fn write(&self, offset: usize, from: &[u8]) -> Result<(), OutOfBounds> {
        let p = self.at(offset, from.len())?;
        for (i, byte) in from.iter().enumerate() {
            // SAFETY: `at` checked all of them.
            unsafe { AtomicU8::from_ptr(p.as_ptr().add(i)) }.store(*byte, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Sets every byte to zero.
    pub fn clear(&self) {
        for offset in 0..self.len {
            // SAFETY: inside the window.
            unsafe { AtomicU8::from_ptr(self.base.as_ptr().add(offset)) }.store(0, Ordering::Relaxed);
        }
    }

    #[inline]
    fn at(&self, offset: usize, len: usize) -> Result<NonNull<u8>, OutOfBounds> {
        if len > self.len || offset > self.len - len {
            return Err(OutOfBounds);
        }
        // SAFETY: offset <= len of the window, which is one mapped range.
        Ok(unsafe { self.base.add(offset) })
    }
}

#[inline]
fn aligned(p: NonNull<u8>, to: usize) -> bool {
    p.as_ptr().addr().is_multiple_of(to)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_size_at_every_offset_reads_back() {
        let words = [const { AtomicU64::new(0) }; 4];
        let m = Shm::from_words(&words);
        for size in [1, 2, 4, 8] {
            for offset in 0..=32 - size {
                let value = 0x1122_3344_5566_7788 >> (64 - 8 * size);
                m.store(offset, size, value).unwrap();
                assert_eq!(m.load(offset, size), Ok(value), "size {size} at {offset}");
            }
        }
    }

    #[test]
    fn the_edges_hold() {
        let words = [const { AtomicU64::new(0) }; 2];
        let m = Shm::from_words(&words);
        assert_eq!(m.load(9, 8), Err(OutOfBounds));
        assert_eq!(m.load(usize::MAX, 8), Err(OutOfBounds));
        assert_eq!(m.store(16, 1, 0), Err(OutOfBounds));
        assert_eq!(m.load(0, 3), Err(OutOfBounds));
        assert!(m.slice(8, 9).is_err());
        assert!(m.u64(4).is_err(), "misaligned");
        assert_eq!(m.slice(8, 8).unwrap().load(0, 8), Ok(0));
        assert_eq!(m.read(16, &mut []), Ok(()));
    }
}

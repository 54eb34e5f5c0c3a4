//! The bytes that are made: counted beyond the room that there is, so that the error can say how much is needed.
use core::marker::PhantomData;

/// The output, for the machine `M`.
pub(super) struct Buffer<'o, M> {
    out: &'o mut [u8],
    len: usize,
    machine: PhantomData<M>,
}

impl<'o, M> Buffer<'o, M> {
    pub(super) fn new(out: &'o mut [u8]) -> Self {
        Self { out, len: 0, machine: PhantomData }
    }

    /// Bytes so far, those without room included.
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    pub(super) const fn fits(&self) -> bool {
        self.len <= self.out.len()
    }

    #[inline]
    pub(super) fn byte(&mut self, byte: u8) {
        if let Some(place) = self.out.get_mut(self.len) {
            *place = byte;
        }
        self.len += 1;
    }

    /// Not inlined: pieces and words are the rule, and all that is common stays free of a copy's frame.
    #[inline(never)]
    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        if let Some(place) = self.out.get_mut(self.len..self.len + bytes.len()) {
            place.copy_from_slice(bytes);
        }
        self.len += bytes.len();
    }

    /// The lowest `len` bytes of `bytes`: in one piece where there is room for all, which is faster; what is behind
    /// is undefined then.
    #[inline]
    pub(super) fn piece(&mut self, bytes: u64, len: usize) {
        match self.rest() {
            Some(place) => {
                *place = bytes.to_le_bytes();
                self.len += len;
            }
            None => self.last_piece(bytes, len),
        }
    }

    /// The next bytes, if there is room for so many.
    #[inline]
    fn rest<const N: usize>(&mut self) -> Option<&mut [u8; N]> {
        self.out.get_mut(self.len..)?.first_chunk_mut()
    }

    #[cold]
    #[inline(never)]
    fn last_piece(&mut self, bytes: u64, len: usize) {
        self.bytes(&bytes.to_le_bytes()[..len]);
    }

    /// Overwrites what lies at `at`.
    pub(super) fn patch(&mut self, at: usize, bytes: &[u8]) {
        if let Some(place) = self.out.get_mut(at..at + bytes.len()) {
            place.copy_from_slice(bytes);
        }
    }

    /// An instruction of 32 bits.
    #[inline]
    pub(super) fn word(&mut self, word: u32) {
        if let Some(place) = self.rest() {
            *place = word.to_le_bytes();
        }
        self.len += 4;
    }

    /// Sets bits of the instruction at `at`.
    pub(super) fn set_bits(&mut self, at: usize, bits: u32) {
        if let Some(place) = self.out.get_mut(at..).and_then(|out| out.first_chunk_mut()) {
            *place = (u32::from_le_bytes(*place) | bits).to_le_bytes();
        }
    }
}

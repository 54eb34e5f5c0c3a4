use shm::{OutOfBounds, Shm};

/// Bytes that a map takes in, private or shared: read once, by value, in words where they fill one.
#[derive(Clone, Copy, Debug)]
pub enum Bytes<'b> {
    /// Private memory.
    Private(&'b [u8]),
    /// Shared memory, which may change meanwhile.
    Shared(Shm<'b>),
}

impl<'b> From<&'b [u8]> for Bytes<'b> {
    fn from(bytes: &'b [u8]) -> Self {
        Self::Private(bytes)
    }
}

impl<'b, const N: usize> From<&'b [u8; N]> for Bytes<'b> {
    fn from(bytes: &'b [u8; N]) -> Self {
        Self::Private(bytes)
    }
}

impl Bytes<'_> {
    /// Bytes.
    pub const fn len(&self) -> usize {
        match self {
            Self::Private(bytes) => bytes.len(),
            Self::Shared(memory) => memory.len(),
        }
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The byte at `at`.
    pub(crate) fn byte(&self, at: usize) -> Option<u8> {
        (at < self.len()).then(|| self.word(at) as u8)
    }

    /// The bytes from `at` on, 8 at most, as a little-endian word padded with zeros.
    #[inline]
    pub(crate) fn word(&self, at: usize) -> u64 {
        match self {
            Self::Private(bytes) => {
                let rest = bytes.get(at..).unwrap_or(&[]);
                if let Some(word) = rest.first_chunk() {
                    u64::from_le_bytes(*word)
                } else if let Ok(half) = rest.try_into() {
                    u32::from_le_bytes(half).into()
                } else {
                    rest.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte))
                }
            }
            Self::Shared(memory) => match memory.len().saturating_sub(at) {
                8.. => memory.load(at, 8).unwrap_or(0),
                4 => memory.load(at, 4).unwrap_or(0),
                n => (at..at + n).rev().fold(0, |word, at| word << 8 | memory.load(at, 1).unwrap_or(0)),
            },
        }
    }

    /// Copies all of them to `to`, whole words first.
    pub(crate) fn copy_to(&self, to: Shm<'_>, offset: usize) -> Result<(), OutOfBounds> {
        let len = self.len();
        let to = to.slice(offset, len)?;
        for at in (0..len).step_by(8) {
            let word = self.word(at);
            if len - at >= 8 {
                to.store(at, 8, word)?;
            } else {
                to.write(at, &word.to_le_bytes()[..len - at])?;
            }
        }
        Ok(())
    }

    /// Whether `memory` holds the same bytes from `offset` on.
    pub(crate) fn equals(&self, memory: Shm<'_>, offset: usize) -> Result<bool, OutOfBounds> {
        let there = Bytes::Shared(memory.slice(offset, self.len())?);
        Ok((0..self.len()).step_by(8).all(|at| self.word(at) == there.word(at)))
    }
}

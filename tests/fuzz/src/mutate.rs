//! Damage at random, for runs without a fuzzer: what libFuzzer does first, without its knowledge of what was reached.

/// Bytes that tend to matter.
const EDGES: [u8; 8] = [0, 1, 0x7f, 0x80, 0xff, 0x10, 0x18, 0x95];

/// A deterministic source of damage.
pub struct Damage(u64);

impl Damage {
    /// One that depends on a seed alone.
    pub const fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number below `n`, which is not 0 (xorshift64*).
    pub fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % n.max(1)
    }

    /// Some bytes.
    pub fn bytes(&mut self, most: usize) -> Vec<u8> {
        (0..self.below(most + 1)).map(|_| self.byte()).collect()
    }

    fn byte(&mut self) -> u8 {
        if self.below(3) == 0 { EDGES[self.below(EDGES.len())] } else { self.below(256) as u8 }
    }

    /// `bytes` with a few places changed, cut, doubled or put elsewhere.
    pub fn to(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        for _ in 0..=self.below(4) {
            let len = bytes.len();
            let at = self.below(len);
            let run = self.below(len - at.min(len)).min(64);
            match self.below(8) {
                0 => bytes.truncate(at),
                1 => bytes.splice(at..at, self.bytes(8)).for_each(drop),
                2 => bytes.drain(at..at + run).for_each(drop),
                3 => bytes.extend_from_within(at..at + run),
                4 if len > 0 => bytes.copy_within(at..at + run, self.below(len - run)),
                5 if len > 0 => bytes[at] ^= 1 << self.below(8),
                _ if len > 0 => bytes[at] = self.byte(),
                _ => bytes.push(self.byte()),
            }
        }
        bytes
    }
}

//! Bursts: neighbouring bits, whole words, larger regions.

use std::fmt;
use std::ops::Range;

use kvs::sim::Rng;

/// What becomes of the bytes it hits.
#[derive(Clone, Copy, Debug)]
enum Kind {
    /// Some of so many neighbouring bits flip, the first and the last among them.
    Flips,
    Random,
    Zeros,
    Ones,
}

/// A burst, drawn from its seed.
pub(super) struct Burst {
    seed: u64,
    kind: Kind,
    bits: Range<usize>,
}

impl Burst {
    /// Somewhere in `sectors` of so many bytes, with words of `word` bytes; one in four around a header.
    pub(super) fn new(seed: u64, (sectors, sector, word): (usize, usize, usize)) -> Self {
        let mut rng = Rng::new(seed);
        let (kind, len) = match rng.below(16) {
            0..6 => (Kind::Flips, 2 + rng.below(63)),
            6..8 => (Kind::Random, 8 * word),
            8..10 => (Kind::Random, 256),
            10..12 => (Kind::Zeros, 256),
            12 => (Kind::Ones, 256),
            13 => (Kind::Random, 2048),
            14 => (Kind::Zeros, 2048),
            _ => (Kind::Ones, 2048),
        };
        let bits = sectors * sector * 8;
        let at = match rng.below(4) {
            0 => rng.below(sectors) * sector * 8 + rng.below(2 * 8 * word.max(16)),
            _ => rng.below(bits),
        };
        let from = match kind {
            Kind::Flips => at.min(bits - len),
            _ if len == 8 * word => at / len * len,
            _ => at.min(bits - len) / 8 * 8,
        };
        Self {
            seed,
            kind,
            bits: from..from + len,
        }
    }

    pub(super) fn strike(&self, image: &mut [u8]) {
        let mut rng = Rng::new(!self.seed);
        let Range { start, end } = self.bits;
        if let Kind::Flips = self.kind {
            for bit in start..end {
                let flips = bit == start || bit == end - 1 || rng.below(2) == 0;
                image[bit / 8] ^= u8::from(flips) << (bit % 8);
            }
            return;
        }
        for byte in &mut image[start / 8..end / 8] {
            *byte = match self.kind {
                Kind::Zeros => 0,
                Kind::Ones => 0xFF,
                _ => rng.next_u8(),
            };
        }
    }
}

impl fmt::Display for Burst {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Range { start, end } = self.bits;
        write!(
            f,
            "burst {:#x}, {:?} from bit {} of {:#x} to bit {} of {:#x}",
            self.seed,
            self.kind,
            start % 8,
            start / 8,
            (end - 1) % 8,
            (end - 1) / 8
        )
    }
}

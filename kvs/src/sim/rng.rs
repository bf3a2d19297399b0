//! Random numbers that are the same on every machine: a failed test is replayed from its seed.

/// SplitMix64: a small generator of random numbers, for tests only.
///
/// The simulator draws its tears from it. It is public so that a test can draw its own choices
/// from the same kind of seed.
///
/// ```
/// let mut a = kvs::sim::Rng::new(7);
/// let mut b = kvs::sim::Rng::new(7);
/// assert_eq!(a.next_u64(), b.next_u64());
/// assert!(a.below(10) < 10);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rng(u64);

impl Rng {
    /// Starts a sequence. Equal seeds give equal sequences; neighbouring seeds unrelated ones.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 random bits.
    pub const fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// The next 8 random bits.
    pub const fn next_u8(&mut self) -> u8 {
        // The low byte of the number is as random as the rest.
        self.next_u64().to_le_bytes()[0]
    }

    /// A number from 0 to `limit - 1`; 0 when `limit` is 0.
    pub const fn below(&mut self, limit: usize) -> usize {
        // Slightly uneven for huge limits, which does not matter to a test.
        (self.next_u64() % (if limit == 0 { 1 } else { limit as u64 })) as usize
    }

    /// 8 bits, each of them 1 with a chance of so many in 16.
    pub(super) fn ones(&mut self, of_16: u8) -> u8 {
        if of_16 >= 16 {
            return 0xFF;
        }
        // From the last binary digit of the chance to the first: each halves what was before it.
        (0..4).fold(0, |bits, digit| match of_16 >> digit & 1 {
            0 => bits & self.next_u8(),
            _ => bits | self.next_u8(),
        })
    }

    /// How many of the bits something random changes: one in 2, 4, 8, 16, or all but these. Few and nearly all are
    /// drawn as often as half, since they look most like nothing and like something whole.
    pub(super) const fn density(&mut self) -> Density {
        Density(self.below(8))
    }

    /// 8 bits, so many of them set.
    pub(super) fn bits(&mut self, density: Density) -> u8 {
        let few = (0..=density.0 % 4).fold(0xFF, |bits, _| bits & self.next_u8());
        if density.0 < 4 { few } else { !few }
    }

    /// Takes bits out of `mask`; at least one is left where there was one.
    pub(super) fn thin(&mut self, mask: &mut [u8]) {
        let total: u32 = mask.iter().map(|byte| byte.count_ones()).sum();
        let mut kept = self.below(total as usize) as u32;
        let density = self.density();
        for byte in mask {
            let mut left = *byte & self.bits(density);
            for bit in (0..8).filter(|bit| *byte >> bit & 1 == 1) {
                left |= u8::from(kept == 0) << bit;
                kept = kept.wrapping_sub(1);
            }
            *byte = left;
        }
    }
}

/// See [`Rng::density`].
#[derive(Clone, Copy)]
pub(super) struct Density(usize);

#[cfg(test)]
mod tests {
    use super::Rng;

    #[test]
    fn thinning_leaves_some_of_the_bits_and_never_none() {
        let mut rng = Rng::new(3);
        let mut left = [0; 9];
        for _ in 0..200 {
            let mut mask = [0, 0x81, 0x18];
            rng.thin(&mut mask);
            assert_eq!(mask[0], 0);
            assert_eq!((mask[1] & !0x81, mask[2] & !0x18), (0, 0));
            left[(mask[1].count_ones() + mask[2].count_ones()) as usize] += 1;
        }
        assert_eq!(left[0], 0);
        assert!(left[1..5].iter().all(|&times| times > 10), "{left:?}");
        rng.thin(&mut [0; 3]);
    }

    #[test]
    fn gives_the_published_sequence() {
        // The reference values of SplitMix64 for seed 1234567.
        let mut rng = Rng::new(1_234_567);
        assert_eq!(rng.next_u64(), 6_457_827_717_110_365_317);
        assert_eq!(rng.next_u64(), 3_203_168_211_198_807_973);
    }

    #[test]
    fn below_stays_below_and_reaches_both_ends() {
        let mut rng = Rng::new(1);
        let drawn: std::vec::Vec<usize> = (0..100).map(|_| rng.below(3)).collect();
        assert!((0..3).all(|n| drawn.contains(&n)));
        assert!(drawn.iter().all(|&n| n < 3));
        assert_eq!(rng.below(0), 0);
    }

    #[test]
    fn as_many_ones_as_asked_for() {
        let mut rng = Rng::new(1);
        for of_16 in 0..=16u8 {
            let ones: u32 = (0..8_000).map(|_| rng.ones(of_16).count_ones()).sum();
            let expected = 64_000 * u32::from(of_16) / 16;
            assert!(ones.abs_diff(expected) < 1_000, "{of_16}: {ones}");
        }
    }
}

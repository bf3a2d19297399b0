//! Checksums: what guards an entry. CRC-32C unless the user brings another.

/// A 32-bit checksum over bytes that come in pieces. Implement it for a chip's CRC unit.
///
/// All 32 bits must depend on every input bit; a CRC-32 with any polynomial will do. The algorithm is part of the
/// flash format: a partition written with one is refused by a store with another
/// ([`Error::Incompatible`](crate::Error::Incompatible)).
///
/// ```
/// use kvs::Checksum;
///
/// /// CRC-32/MPEG-2, as the CRC unit of an STM32 computes it.
/// struct CrcUnit(u32);
///
/// impl Checksum for CrcUnit {
///     const ID: u8 = 1;
///     fn reset(&mut self) {
///         self.0 = u32::MAX;
///     }
///     fn update(&mut self, bytes: &[u8]) {
///         for byte in bytes {
///             self.0 ^= u32::from(*byte) << 24;
///             for _ in 0..8 {
///                 self.0 = self.0 << 1 ^ if self.0 >> 31 == 1 { 0x04C1_1DB7 } else { 0 };
///             }
///         }
///     }
///     fn value(&self) -> u32 {
///         self.0
///     }
/// }
/// ```
pub trait Checksum {
    /// Which algorithm this is, 1..=15, as recorded in each sector's header. 0 is CRC-32C.
    const ID: u8;

    /// Starts anew.
    fn reset(&mut self);

    /// Goes on with `bytes`.
    fn update(&mut self, bytes: &[u8]);

    /// The checksum of all bytes since [`reset`](Self::reset).
    fn value(&self) -> u32;
}

/// CRC-32C (Castagnoli). From a table of 64 bytes; feature `crc-table` trades 1 KiB of flash for twice the speed.
#[derive(Clone, Debug)]
pub struct Crc32c(u32);

const ALGORITHM: crc::Algorithm<u32> = crc::CRC_32_ISCSI;

/// How many bits are looked up at a time.
const BITS: u32 = if cfg!(feature = "crc-table") { 8 } else { 4 };
const LOW_BITS: u32 = (1 << BITS) - 1;

#[cfg(feature = "crc-table")]
static TABLE: [u32; 1 << BITS] = {
    let crc = crc::Crc::<u32, crc::Table<1>>::new(&ALGORITHM);
    let [table] = crc.table();
    *table
};

/// The `crc` crate has no table of 16.
#[cfg(not(feature = "crc-table"))]
static TABLE: [u32; 1 << BITS] = {
    let mut table = [0; 1 << BITS];
    let mut rest: &mut [u32] = &mut table;
    let mut bits = 0;
    while let [entry, others @ ..] = rest {
        *entry = divided(bits);
        bits = bits.wrapping_add(1);
        rest = others;
    }
    table
};

/// What `BITS` bits come to.
#[cfg(not(feature = "crc-table"))]
const fn divided(bits: u32) -> u32 {
    let mut crc = bits;
    let mut left = BITS;
    while left != 0 {
        crc = (crc >> 1)
            ^ if crc & 1 == 1 {
                ALGORITHM.poly.reverse_bits()
            } else {
                0
            };
        left = left.wrapping_sub(1);
    }
    crc
}

/// Goes on by `BITS` bits.
#[inline(always)]
fn step(crc: u32) -> u32 {
    let entry = TABLE.get((crc & LOW_BITS) as usize);
    (crc >> BITS) ^ entry.copied().unwrap_or(0)
}

impl Crc32c {
    /// The checksum of nothing so far.
    #[must_use]
    pub const fn new() -> Self {
        Self(ALGORITHM.init)
    }

    /// The checksum of `bytes` alone.
    #[must_use]
    pub fn of(bytes: &[u8]) -> u32 {
        let mut crc = Self::new();
        crc.update(bytes);
        crc.value()
    }
}

impl Default for Crc32c {
    fn default() -> Self {
        Self::new()
    }
}

impl Checksum for Crc32c {
    const ID: u8 = 0;

    fn reset(&mut self) {
        *self = Self::new();
    }

    fn update(&mut self, bytes: &[u8]) {
        let mut crc = self.0;
        for byte in bytes {
            crc = step(crc ^ u32::from(*byte));
            if BITS == 4 {
                crc = step(crc);
            }
        }
        self.0 = crc;
    }

    fn value(&self) -> u32 {
        self.0 ^ ALGORITHM.xorout
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_what_the_crc_crate_computes() {
        let other = crc::Crc::<u32>::new(&crc::CRC_32_ISCSI);
        let bytes: std::vec::Vec<u8> = (0..=255).chain(0..100).collect();
        for len in 0..bytes.len() {
            let (front, back) = bytes.split_at(len);
            let mut crc = Crc32c::new();
            crc.update(front);
            assert_eq!(crc.value(), other.checksum(front));
            crc.update(back);
            assert_eq!(crc.value(), other.checksum(&bytes));
        }
        assert_eq!(Crc32c::of(b"123456789"), 0xE306_9283);
    }
}

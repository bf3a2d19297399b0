//! Checksums: what guards an entry. CRC-32C unless the user brings another.

use crc::{CRC_32_ISCSI, Crc, Digest};

#[cfg(not(feature = "crc-table"))]
type Table = crc::NoTable;
#[cfg(feature = "crc-table")]
type Table = crc::Table<1>;

static CASTAGNOLI: Crc<u32, Table> = Crc::<u32, Table>::new(&CRC_32_ISCSI);

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

/// CRC-32C (Castagnoli), from the `crc` crate; feature `crc-table` trades 1 KiB of flash for speed.
#[derive(Clone)]
pub struct Crc32c(Digest<'static, u32, Table>);

impl Crc32c {
    /// The checksum of nothing so far.
    #[must_use]
    pub fn new() -> Self {
        Self(CASTAGNOLI.digest())
    }

    /// The checksum of `bytes` alone.
    #[must_use]
    pub fn of(bytes: &[u8]) -> u32 {
        CASTAGNOLI.checksum(bytes)
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
        self.0.update(bytes);
    }

    fn value(&self) -> u32 {
        self.0.clone().finalize()
    }
}

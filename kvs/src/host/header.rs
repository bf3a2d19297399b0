//! Sector headers, as a reader of dumps sees them: of any version and geometry.

use crate::engine::header::{COPY_LEN, SectorHeader, VERSION};
use crate::format::header_stride;

/// A sector's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Header {
    /// The version of the flash format.
    pub version: u8,
    /// The [`Checksum::ID`](crate::Checksum::ID) of the entries' checksum.
    pub checksum: u8,
    /// The powers of two of the sector size and the write size, both rounded down.
    pub geometry: (u8, u8),
    /// Counts up each time a sector is opened.
    pub sequence: u32,
    /// How often the sector has been erased.
    pub erases: u32,
}

impl Header {
    /// Bytes of one copy.
    pub const LEN: usize = COPY_LEN as usize;
    /// The version of the flash format that this crate reads and writes.
    pub const VERSION: u8 = VERSION as u8;

    /// The copy of a header at the front of `bytes`, if there is a good one.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let header = SectorHeader::decode(bytes.first_chunk()?)?;
        Some(Self {
            version: header.layout.version(),
            checksum: header.layout.checksum(),
            geometry: header.layout.geometry(),
            sequence: header.sequence,
            erases: header.erases,
        })
    }

    /// The header of the sector that begins with `bytes`: its second copy where the first is bad.
    #[must_use]
    pub fn find(bytes: &[u8], write_size: u32) -> Option<Self> {
        let [first, second] = Self::copies(bytes, write_size);
        first.or(second)
    }

    /// Both copies.
    #[must_use]
    pub fn copies(bytes: &[u8], write_size: u32) -> [Option<Self>; 2] {
        let stride = header_stride(write_size) as usize;
        [Some(bytes), bytes.get(stride..)].map(|bytes| Self::decode(bytes?))
    }

    /// Where the second copy is, and how many bytes both take.
    #[must_use]
    pub fn places(write_size: u32) -> (usize, usize) {
        let stride = header_stride(write_size) as usize;
        (stride, stride.saturating_mul(2))
    }

    /// The sector size, if it is a power of two; else the power of two below it.
    #[must_use]
    pub fn sector_size(&self) -> u32 {
        1u32.checked_shl(self.geometry.0.into()).unwrap_or(0)
    }

    /// The write size.
    #[must_use]
    pub fn write_size(&self) -> u32 {
        1u32.checked_shl(self.geometry.1.into()).unwrap_or(0)
    }
}

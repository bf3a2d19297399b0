//! The header of a sector: which sectors there are, and in which order they were opened.
//!
//! 16 bytes, twice, each in words of its own: "KV", the layout, the sequence, the erase count, and
//! their CRC-32C. Pure: from bytes and to bytes.

use crate::checksum::Crc32c;

/// The length of one copy.
pub(crate) const COPY_LEN: u32 = 16;
/// The largest sequence.
pub(crate) const SEQUENCE_MAX: u32 = 0xEFFF_FFFF;

const MAGIC: u32 = u32::from_le_bytes([b'K', b'V', 0, 0]);
pub(crate) const VERSION: u32 = 1;

/// What one partition's headers have in common: a writer that expects another layout must not touch
/// them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Layout(u32);

impl Layout {
    /// Of nothing.
    pub(crate) const NONE: Self = Self(0);

    pub(crate) fn version(self) -> u8 {
        (self.0 >> 20) as u8 & 0xF
    }

    /// Which checksum the entries have.
    pub(crate) fn checksum(self) -> u8 {
        (self.0 >> 16) as u8 & 0xF
    }

    /// The logarithms of the sector's and the word's size.
    pub(crate) fn geometry(self) -> (u8, u8) {
        let sizes = (self.0 >> 24) as u8;
        (sizes >> 3, sizes & 7)
    }

    /// The version of the format and which checksum it has; logarithms of the sector's and the
    /// word's size.
    pub(crate) fn new(checksum: u8, sector_log: u32, word_log: u32) -> Self {
        let sizes = sector_log << 3 | word_log;
        Self(MAGIC | (VERSION << 4 | u32::from(checksum)) << 16 | sizes << 24)
    }
}

/// A sector's header.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct SectorHeader {
    pub(crate) layout: Layout,
    /// Counts up with each header that is programmed.
    pub(crate) sequence: u32,
    /// How often the sector has been erased.
    pub(crate) erases: u32,
}

impl SectorHeader {
    /// From the bytes of one copy; `None` if they are no valid header.
    pub(crate) fn decode(bytes: &[u8; COPY_LEN as usize]) -> Option<Self> {
        let numbers: [[u8; 4]; 4] = bytemuck::cast(*bytes);
        let [layout, sequence, erases, checksum] = numbers.map(u32::from_le_bytes);
        let (front, _) = bytes.split_last_chunk::<4>()?;
        let is_right = Crc32c::of(front) == checksum
            && layout & 0xFFFF == MAGIC
            && (1..=SEQUENCE_MAX).contains(&sequence);
        is_right.then_some(Self {
            layout: Layout(layout),
            sequence,
            erases,
        })
    }

    /// The bytes of one copy.
    pub(crate) fn encode(&self) -> [u8; COPY_LEN as usize] {
        let numbers = [self.layout.0, self.sequence, self.erases].map(u32::to_le);
        let [a, b, c] = numbers;
        let checksum = Crc32c::of(bytemuck::bytes_of(&numbers));
        bytemuck::cast([a, b, c, checksum.to_le()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read_as_they_are_written() {
        let header = SectorHeader {
            layout: Layout::new(0, 12, 3),
            sequence: 0x0102_0304,
            erases: 77,
        };
        let bytes = header.encode();
        assert_eq!(bytes[..8], [b'K', b'V', 0x10, 12 << 3 | 3, 4, 3, 2, 1]);
        assert_eq!(SectorHeader::decode(&bytes), Some(header));
        for bit in 0..128u32 {
            let flipped = u128::from_le_bytes(bytes) ^ 1 << bit;
            assert_eq!(SectorHeader::decode(&flipped.to_le_bytes()), None);
        }
        assert_eq!(SectorHeader::decode(&[0xFF; 16]), None);
        let none = SectorHeader {
            sequence: 0,
            ..header
        };
        assert_eq!(SectorHeader::decode(&none.encode()), None);
    }
}

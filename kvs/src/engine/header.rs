//! The header of a sector: which sectors there are, and in which order they were opened.
//!
//! 16 bytes, twice, each in words of its own. Pure: from bytes and to bytes.

use crate::checksum::Crc32c;

/// The length of one copy.
pub(super) const COPY_LEN: u32 = 16;
/// The largest sequence.
pub(super) const SEQUENCE_MAX: u32 = 0xEFFF_FFFF;

const MAGIC: [u8; 2] = *b"KV";
const VERSION: u8 = 1;

/// What one partition's headers have in common: a writer that expects another layout must not touch
/// them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Layout {
    /// The version of the format and which checksum it has; logarithms of the sector's and the
    /// word's size.
    bytes: [u8; 2],
}

impl Layout {
    pub(super) fn new(checksum: u8, sector_size: u32, word: u32) -> Self {
        let sizes = sector_size.trailing_zeros() << 3 | word.trailing_zeros();
        Self {
            bytes: [VERSION << 4 | checksum, sizes as u8],
        }
    }
}

/// A sector's header.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct SectorHeader {
    pub(super) layout: Layout,
    /// Counts up with each header that is programmed.
    pub(super) sequence: u32,
    /// How often the sector has been erased.
    pub(super) erases: u32,
}

impl SectorHeader {
    /// From the bytes of one copy; `None` if they are no valid header.
    pub(super) fn decode(bytes: &[u8; COPY_LEN as usize]) -> Option<Self> {
        let [magic @ .., c0, c1, c2, c3] = bytes;
        if Crc32c::of(magic) != u32::from_le_bytes([*c0, *c1, *c2, *c3]) {
            return None;
        }
        let [m0, m1, version, sizes, s0, s1, s2, s3, e0, e1, e2, e3] = magic;
        let sequence = u32::from_le_bytes([*s0, *s1, *s2, *s3]);
        let is_ours = [*m0, *m1] == MAGIC && (1..=SEQUENCE_MAX).contains(&sequence);
        is_ours.then_some(Self {
            layout: Layout {
                bytes: [*version, *sizes],
            },
            sequence,
            erases: u32::from_le_bytes([*e0, *e1, *e2, *e3]),
        })
    }

    /// The bytes of one copy.
    pub(super) fn encode(&self) -> [u8; COPY_LEN as usize] {
        let [m0, m1] = MAGIC;
        let [version, sizes] = self.layout.bytes;
        let [s0, s1, s2, s3] = self.sequence.to_le_bytes();
        let [e0, e1, e2, e3] = self.erases.to_le_bytes();
        let body = [m0, m1, version, sizes, s0, s1, s2, s3, e0, e1, e2, e3];
        let [c0, c1, c2, c3] = Crc32c::of(&body).to_le_bytes();
        [
            m0, m1, version, sizes, s0, s1, s2, s3, e0, e1, e2, e3, c0, c1, c2, c3,
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read_as_they_are_written() {
        let header = SectorHeader {
            layout: Layout::new(0, 4096, 8),
            sequence: 0x0102_0304,
            erases: 77,
        };
        let bytes = header.encode();
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

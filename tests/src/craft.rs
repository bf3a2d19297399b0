//! The format's bytes, written down a second time and independently: for crafted images.

use kvs::Crc32c;

/// The front of a tag that says that more of the commit follow.
pub const MORE: u8 = 0x40;
/// The front of a tag that says that the entry continues a commit.
pub const CONTINUES: u8 = 0x20;

/// How sectors of `sector` bytes with words of `W` are laid out, in a version and with a checksum.
#[derive(Clone, Copy, Debug)]
pub struct Format<const W: usize> {
    /// Bytes of a sector.
    pub sector: u32,
    /// The version of the format.
    pub version: u8,
    /// Which checksum.
    pub checksum: u8,
}

impl<const W: usize> Format<W> {
    /// This version, with CRC-32C.
    pub const fn new(sector: u32) -> Self {
        Self {
            sector,
            version: 1,
            checksum: 0,
        }
    }

    /// One copy of a header, not padded.
    pub fn header_copy(&self, sequence: u32, erases: u32) -> [u8; 16] {
        let mut copy = [0; 16];
        copy[..2].copy_from_slice(b"KV");
        copy[2] = self.version << 4 | self.checksum;
        copy[3] = (self.sector.ilog2() as u8) << 3 | W.ilog2() as u8;
        copy[4..8].copy_from_slice(&sequence.to_le_bytes());
        copy[8..12].copy_from_slice(&erases.to_le_bytes());
        seal_header(&mut copy);
        copy
    }

    /// A sector: its header, then what `entries` says, in order, then erased.
    pub fn sector(&self, sequence: u32, erases: u32, entries: &[Entry<'_>]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for _ in 0..2 {
            bytes.extend(self.header_copy(sequence, erases));
            bytes.resize(bytes.len().next_multiple_of(W), 0xFF);
        }
        for entry in entries {
            let encoded = entry.encode(sequence, bytes.len() as u32);
            bytes.extend(encoded);
            bytes.resize(bytes.len().next_multiple_of(W), 0xFF);
        }
        assert!(
            bytes.len() <= self.sector as usize,
            "the test's entries don't fit"
        );
        bytes.resize(self.sector as usize, 0xFF);
        bytes
    }
}

/// Recomputes the checksum of a header copy.
pub fn seal_header(copy: &mut [u8]) {
    let sum = Crc32c::of(&copy[..12]);
    copy[12..16].copy_from_slice(&sum.to_le_bytes());
}

/// An entry. The `u8` are flags, [`MORE`] and [`CONTINUES`].
#[derive(Clone, Copy, Debug)]
pub enum Entry<'a> {
    /// A value under a hash.
    Put(u8, u32, &'a [u8]),
    /// A value under a name.
    Named(u8, &'a str, &'a [u8]),
    /// A deleted key.
    Delete(u8, u32),
    /// Anything, with a good checksum behind it.
    Sealed(&'a [u8]),
    /// Anything.
    Raw(&'a [u8]),
}

impl Entry<'_> {
    /// The bytes, without padding, of an entry that stands at `offset` of the sector with `sequence`.
    pub fn encode(&self, sequence: u32, offset: u32) -> Vec<u8> {
        let mut bytes = match self {
            Self::Put(flags, key, value) => {
                let short = value.len() < 32;
                let tag = if short { value.len() as u8 } else { 0x81 };
                let mut bytes = vec![flags | tag];
                bytes.extend(key.to_le_bytes());
                if !short {
                    bytes.extend((value.len() as u16).to_le_bytes());
                }
                bytes.extend(*value);
                bytes
            }
            Self::Named(flags, name, value) => {
                let mut bytes = vec![flags | 0x82, name.len() as u8];
                bytes.extend((value.len() as u16).to_le_bytes());
                bytes.extend(name.bytes());
                bytes.extend(*value);
                bytes
            }
            Self::Delete(flags, key) => {
                let mut bytes = vec![flags | 0x80];
                bytes.extend(key.to_le_bytes());
                bytes
            }
            Self::Sealed(bytes) => bytes.to_vec(),
            Self::Raw(bytes) => return bytes.to_vec(),
        };
        let sum = Crc32c::of(&bytes) ^ sequence.rotate_left(16) ^ offset;
        bytes.extend(sum.to_le_bytes());
        bytes
    }
}

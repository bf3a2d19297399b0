//! The format's bytes, written down a second time and independently: for crafted images.

use kvs::{Crc32c, key_hash};

/// In an entry's flags, and in its tag: more of the commit follow.
pub const MORE: u8 = 0x40;
/// In an entry's flags: it continues a commit.
pub const CONTINUES: u8 = 0x01;
/// In an entry's flags: it is a copy that a collection made.
pub const COPY: u8 = 0x02;

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

    /// Where entries begin.
    pub const fn first(&self) -> u32 {
        if W > 16 { 2 * W as u32 } else { 32 }
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

    /// The opening of a partition's first sector: no other was written to before.
    pub fn first_opening(&self) -> Entry<'static> {
        Entry::Opening {
            flags: 0,
            sequence: 0,
            end: self.sector / W as u32,
            is_unclean: false,
            slots: 0,
        }
    }
}

/// Recomputes the checksum of a header copy.
pub fn seal_header(copy: &mut [u8]) {
    let sum = Crc32c::of(&copy[..12]);
    copy[12..16].copy_from_slice(&sum.to_le_bytes());
}

/// The checksum that stands behind an entry's `bytes`, where it stands, and with these flags.
pub fn checksum(bytes: &[u8], flags: u8, sequence: u32, offset: u32) -> u32 {
    let mut bytes = bytes.to_vec();
    let mut sum = sequence.rotate_left(16) ^ offset;
    if let Some(tag) = bytes.first_mut()
        && *tag & MORE != 0
    {
        *tag &= !MORE;
        sum ^= 0xC2B2_AE3D;
    }
    if flags & CONTINUES != 0 {
        sum ^= 0x9E37_79B9;
    }
    if flags & COPY != 0 {
        sum ^= 0x85EB_CA77;
    }
    sum ^ Crc32c::of(&bytes)
}

/// An entry. Each has flags: [`MORE`], and [`CONTINUES`] or [`COPY`].
#[derive(Clone, Copy, Debug)]
pub enum Entry<'a> {
    /// A value under a hash.
    Put(u8, u32, &'a [u8]),
    /// A value under a name.
    Named(u8, &'a str, &'a [u8]),
    /// A deleted key.
    Delete(u8, u32),
    /// What a sector begins with.
    Opening {
        /// As of all entries.
        flags: u8,
        /// Of the sector that was written to before.
        sequence: u32,
        /// Where that ended, in words; 65,536 is written as 0.
        end: u32,
        /// Something may stand behind that.
        is_unclean: bool,
        /// How many items follow in tables.
        slots: u16,
    },
    /// What stands behind the copies of a collection.
    Mark,
    /// Anything, with a good checksum behind it.
    Sealed(u8, &'a [u8]),
    /// Anything.
    Raw(&'a [u8]),
}

impl Entry<'_> {
    /// The bytes, without padding, of an entry that stands at `offset` of the sector with `sequence`.
    pub fn encode(&self, sequence: u32, offset: u32) -> Vec<u8> {
        let (flags, mut bytes) = match *self {
            Self::Put(flags, key, value) => (flags, put(key, value, (0, 62, 0x81))),
            Self::Named(flags, name, value) => {
                let value = [&[name.len() as u8], name.as_bytes(), value].concat();
                (flags, put(key_hash(name), &value, (0x88, 22, 0x82)))
            }
            Self::Delete(flags, key) => (flags, [&[0x80][..], &key.to_le_bytes()].concat()),
            Self::Opening {
                flags,
                sequence,
                end,
                is_unclean,
                slots,
            } => {
                let of = sequence << 21 | u32::from(is_unclean) << 20 | end & 0xF_FFFF;
                (flags, long(0x84, of, slots, &[]))
            }
            Self::Mark => (0, long(0x85, 0, 0, &[])),
            Self::Sealed(flags, bytes) => (flags, bytes.to_vec()),
            Self::Raw(bytes) => return bytes.to_vec(),
        };
        if let Some(tag) = bytes.first_mut() {
            *tag |= flags & MORE;
        }
        let sum = checksum(&bytes, flags, sequence, offset);
        bytes.extend(sum.to_le_bytes());
        bytes
    }
}

/// A value up to its checksum: the short form begins at a tag, for values up to a length.
fn put(key: u32, value: &[u8], (short, most, tag): (u8, usize, u8)) -> Vec<u8> {
    if value.len() > most {
        return long(tag, key, value.len() as u16, value);
    }
    let tag = short + value.len() as u8;
    [&[tag][..], &key.to_le_bytes(), value].concat()
}

fn long(tag: u8, key: u32, len: u16, value: &[u8]) -> Vec<u8> {
    let (key, len) = (key.to_le_bytes(), len.to_le_bytes());
    [&[tag][..], &key, &len, value].concat()
}

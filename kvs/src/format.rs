//! The bytes in flash: sector headers and entries. Pure encoding; knows no flash and no RAM map.
//!
//! Numbers are little endian. Headers and entries start at multiples of the write size and are padded to it with
//! `FF`. FORMAT.md says all of this for a second implementation.

use crate::checksum::Crc32c;
use crate::hash::KeyHasher;

mod summary;
pub(crate) use summary::*;

/// The version of the format that this code reads and writes.
pub(crate) const VERSION: u8 = 1;
/// One copy of a sector header.
pub(crate) const HEADER_COPY: usize = 16;
/// The longest name of a named entry.
pub const MAX_NAME_LEN: usize = 63;
/// The most bytes that have to be seen before an entry's size is known.
pub(crate) const MAX_HEAD: usize = 7;
/// Sequences from here on are taken for damage, so that counting up can't overflow.
pub(crate) const MAX_SEQUENCE: u32 = 0xF000_0000;
const MAX_ERASES: u32 = 0x00FF_FFFF;
/// Bytes of an entry's checksum.
pub(crate) const CHECKSUM: u32 = 4;

/// What a header says of how its partition is laid out. All of it must match before anything is believed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Layout {
    pub(crate) version: u8,
    pub(crate) checksum: u8,
    /// The sector size's and write size's powers of two, rounded down.
    pub(crate) geometry: u8,
}

impl Layout {
    pub(crate) const fn new(sector_size: u32, write_size: u32, checksum: u8) -> Self {
        Self {
            version: VERSION,
            checksum,
            geometry: ((log2(sector_size) << 3) | (log2(write_size) & 7)) as u8,
        }
    }
}

const fn log2(size: u32) -> u32 {
    (size | 1).ilog2()
}

/// A sector header, 16 bytes, written twice in a row (each copy padded to the write size):
///
/// ```text
///  0    1    2         3         4         8          12         16
/// +----+----+---------+---------+---------+----------+----------+
/// | K  | V  | version | geometry| sequence| erases   | CRC-32C  |
/// +----+----+---------+---------+---------+----------+----------+
///            high half: version   u32       u32        of bytes 0..12
///            low half: checksum id
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Header {
    pub(crate) layout: Layout,
    /// Counts up each time a sector is opened: the order of sectors in time.
    pub(crate) sequence: u32,
    /// How often the sector has been erased.
    pub(crate) erases: u32,
}

impl Header {
    pub(crate) fn encode(&self) -> [u8; HEADER_COPY] {
        let [s0, s1, s2, s3] = self.sequence.to_le_bytes();
        let [e0, e1, e2, e3] = self.erases.min(MAX_ERASES).to_le_bytes();
        let versions = self.layout.version << 4 | self.layout.checksum & 0x0F;
        let geometry = self.layout.geometry;
        let body = [
            b'K', b'V', versions, geometry, s0, s1, s2, s3, e0, e1, e2, e3,
        ];
        let [c0, c1, c2, c3] = Crc32c::of(&body).to_le_bytes();
        [
            b'K', b'V', versions, geometry, s0, s1, s2, s3, e0, e1, e2, e3, c0, c1, c2, c3,
        ]
    }

    /// The header in `bytes`, of any version. `None`: these bytes are no header.
    pub(crate) fn decode(bytes: &[u8; HEADER_COPY]) -> Option<Self> {
        let [
            b'K',
            b'V',
            versions,
            geometry,
            s0,
            s1,
            s2,
            s3,
            e0,
            e1,
            e2,
            e3,
            c0,
            c1,
            c2,
            c3,
        ] = *bytes
        else {
            return None;
        };
        let (body, _) = bytes.split_at(12);
        let header = Self {
            layout: Layout {
                version: versions >> 4,
                checksum: versions & 0x0F,
                geometry,
            },
            sequence: u32::from_le_bytes([s0, s1, s2, s3]),
            erases: u32::from_le_bytes([e0, e1, e2, e3]).min(MAX_ERASES),
        };
        let sound = Crc32c::of(body) == u32::from_le_bytes([c0, c1, c2, c3])
            && header.sequence != 0
            && header.sequence < MAX_SEQUENCE;
        sound.then_some(header)
    }
}

/// How far apart the two copies of a header are: each has words of its own, so that one bad word costs one copy.
pub(crate) const fn header_stride(write_size: u32) -> u32 {
    if write_size > HEADER_COPY as u32 {
        write_size
    } else {
        HEADER_COPY as u32
    }
}

/// What an entry holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// A value under a key hash.
    Hashed,
    /// A value under a name.
    Named,
    /// The key is deleted.
    Tombstone,
}

/// The front of an entry: all before the value.
///
/// ```text
/// short      | tag | key hash     | value 0..=31 | CRC |     tag: 0 M C LLLLL
/// tombstone  | tag | key hash     | CRC |                    tag: 1 M C 00000
/// long       | tag | key hash     | length u16   | value | CRC |   1 M C 00001
/// named      | tag | name length  | length u16   | name  | value | CRC |   1 M C 00010
/// ```
///
/// M: more entries of this commit follow. C: this entry continues the commit of the one before. A tag of `FF` is
/// erased flash.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Head {
    pub(crate) kind: Kind,
    pub(crate) more: bool,
    pub(crate) continues: bool,
    /// The key's hash; of a named entry only known from its name.
    pub(crate) hash: u32,
    pub(crate) name_len: u8,
    pub(crate) value_len: u16,
}

const MORE: u8 = 0x40;
const CONTINUES: u8 = 0x20;
const KIND: u8 = 0x80;
const LOW: u8 = 0x1F;
const TOMBSTONE: u8 = 0;
const LONG: u8 = 1;
const NAMED: u8 = 2;
pub(crate) const ERASED: u8 = 0xFF;
/// Bytes of a tombstone, without padding.
pub(crate) const TOMBSTONE_LEN: u32 = 9;

impl Head {
    /// The head at the front of `bytes`, which hold [`MAX_HEAD`] bytes or all there are.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let (&tag, rest) = bytes.split_first()?;
        let mut head = Self {
            kind: Kind::Hashed,
            more: tag & MORE != 0,
            continues: tag & CONTINUES != 0,
            hash: 0,
            name_len: 0,
            value_len: 0,
        };
        if tag & KIND != 0 && tag & LOW == NAMED {
            let [name_len, l0, l1, ..] = *rest else {
                return None;
            };
            head.kind = Kind::Named;
            head.name_len = name_len;
            head.value_len = u16::from_le_bytes([l0, l1]);
            let allowed = name_len != 0 && usize::from(name_len) <= MAX_NAME_LEN;
            return allowed.then_some(head);
        }
        let (hash, rest) = rest.split_first_chunk()?;
        head.hash = u32::from_le_bytes(*hash);
        match (tag & KIND, tag & LOW) {
            (0, len) => head.value_len = u16::from(len),
            (_, TOMBSTONE) => head.kind = Kind::Tombstone,
            (_, LONG) => {
                let (len, _) = rest.split_first_chunk()?;
                head.value_len = u16::from_le_bytes(*len);
                // One way to write a thing: what fits the short form is not written long.
                if head.value_len <= u16::from(LOW) {
                    return None;
                }
            }
            _ => return None,
        }
        Some(head)
    }

    /// The head's bytes before a name: how many there are, and what they are.
    pub(crate) fn encode(&self) -> ([u8; MAX_HEAD], usize) {
        let flags = if self.more { MORE } else { 0 } | if self.continues { CONTINUES } else { 0 };
        let [h0, h1, h2, h3] = self.hash.to_le_bytes();
        let [l0, l1] = self.value_len.to_le_bytes();
        match self.kind {
            Kind::Tombstone => ([flags | KIND | TOMBSTONE, h0, h1, h2, h3, 0, 0], 5),
            Kind::Named => ([flags | KIND | NAMED, self.name_len, l0, l1, 0, 0, 0], 4),
            Kind::Hashed if self.value_len <= u16::from(LOW) => {
                ([flags | l0, h0, h1, h2, h3, 0, 0], 5)
            }
            Kind::Hashed => ([flags | KIND | LONG, h0, h1, h2, h3, l0, l1], 7),
        }
    }

    /// The head as a commit of its own: what a copy gets.
    pub(crate) fn alone(self) -> Self {
        Self {
            more: false,
            continues: false,
            ..self
        }
    }

    /// Bytes before the value: tag, hash or lengths, name.
    pub(crate) fn len(&self) -> u32 {
        match self.kind {
            Kind::Named => 4u32.wrapping_add(u32::from(self.name_len)),
            Kind::Hashed if self.value_len > u16::from(LOW) => 7,
            Kind::Hashed | Kind::Tombstone => 5,
        }
    }

    /// Bytes of the whole entry, without padding.
    pub(crate) fn entry_len(&self) -> u32 {
        self.len()
            .wrapping_add(u32::from(self.value_len))
            .wrapping_add(CHECKSUM)
    }

    /// Bytes that the checksum covers.
    pub(crate) fn checked_len(&self) -> u32 {
        self.len().wrapping_add(u32::from(self.value_len))
    }
}

/// Behind so many erased bytes no entry counts: no writer leaves a gap as long, and a mount need not read on.
pub(crate) const GAP: u32 = 512;

/// What an entry's checksum is XORed with: where it stands, so that it counts nowhere else. Bytes that look like an
/// entry inside of a value, or are left over from before an erase, never pass for one.
pub(crate) fn place_salt(sequence: u32, offset: u32) -> u32 {
    sequence.rotate_left(16) ^ offset
}

/// `len` rounded up to the write size, a power of two.
pub(crate) const fn pad(len: u32, write_size: u32) -> u32 {
    let mask = write_size.saturating_sub(1);
    len.wrapping_add(mask) & !mask
}

/// The hash of a name.
pub(crate) fn name_hash(name: &[u8]) -> u32 {
    name.iter()
        .fold(KeyHasher::new(), |hasher, byte| hasher.byte(*byte))
        .finish()
}

/// The buffer that a value of `len` bytes is encoded in with its head, checksum and padding, for words up to 32 bytes.
pub(crate) const fn buffer_for(len: usize) -> usize {
    let whole = len.wrapping_add(LARGEST_OVERHEAD) & !31;
    if whole < MIN_BUFFER {
        MIN_BUFFER
    } else {
        whole
    }
}

/// Head, checksum and the padding of a 32-byte word.
const LARGEST_OVERHEAD: usize = 7 + 4 + 31;

/// The largest word: its power of two has three bits in the header.
pub(crate) const MAX_WRITE_SIZE: usize = 128;

/// The smallest buffer a store works with.
pub(crate) const MIN_BUFFER: usize = 64;

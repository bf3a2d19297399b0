//! Entries: what one put or delete is in flash, and what guards it.
//!
//! ```text
//! short      tag | key hash u32 | value, up to 62 bytes | checksum u32 | pad
//! tombstone  tag | key hash u32 | checksum u32 | pad
//! long       tag | key hash u32 | value length u16 | value | checksum u32 | pad
//! named      tag | value length u16 | name length u8 | name | value | checksum u32 | pad
//! opening    tag | end u17, sequence u15 | table length u16 | table | checksum u32 | pad
//! ```
//!
//! Pure: from bytes and to bytes. What an entry says of its place and of its commit is in the
//! checksum's salt, so that a copy of an entry has the checksum of its original, salted anew.

use crate::bytes::copy;
use crate::change::RawKey;
use crate::format::pad;

/// In a tag: more entries of the same commit follow.
const MORE: u8 = 0x40;
/// The longest value of a short entry.
pub(super) const SHORT_MAX: u32 = 62;
/// The longest header, without a name.
pub(super) const HEADER_MAX: u32 = 7;
/// The length of a checksum.
pub(super) const CHECKSUM_LEN: u32 = 4;

const TOMBSTONE: u8 = 0x80;
const LONG: u8 = 0x81;
const NAMED: u8 = 0x82;
const OPENING: u8 = 0x83;

/// In an opening, the bits for where the sector before ended; the others tell which it is.
const END_BITS: u32 = 17;
const END_MAX: u32 = (1 << END_BITS) - 1;

/// How an entry stands in the log. It is XORed into the checksum: a constant each, so far from what
/// another place in flash would XOR into it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Role {
    /// Written by a commit, of which it is the first or only entry.
    First,
    /// Written by the commit that wrote the entry before.
    Continues,
    /// Made by a collection, of an entry that stands elsewhere.
    Copy,
}

impl Role {
    pub(super) const ALL: [Self; 3] = [Self::First, Self::Continues, Self::Copy];

    /// What the role adds to the salt, where more entries of the commit follow or not.
    pub(super) fn salt(self, more: bool) -> u32 {
        let role = match self {
            Self::First => 0,
            Self::Continues => 0x9E37_79B9,
            Self::Copy => 0x85EB_CA77,
        };
        role ^ if more { 0xC2B2_AE3D } else { 0 }
    }
}

/// What an entry begins with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct EntryHeader {
    tag: u8,
    name_len: u8,
    /// The key's; of an opening, where the sector that was active before it ended.
    pub(super) hash: u32,
    pub(super) value_len: u32,
}

impl EntryHeader {
    /// Of nothing.
    pub(super) const NONE: Self = Self {
        tag: 0,
        name_len: 0,
        hash: 0,
        value_len: 0,
    };

    /// The header of a value of so many bytes.
    pub(super) fn value(hash: u32, value_len: u32) -> Self {
        let tag = if value_len <= SHORT_MAX {
            value_len as u8
        } else {
            LONG
        };
        Self {
            tag,
            name_len: 0,
            hash,
            value_len,
        }
    }

    /// The header of a key's value of so many bytes.
    pub(super) fn of(key: &RawKey<'_>, value_len: u32) -> Self {
        match key {
            RawKey::Hash(hash) => Self::value(*hash, value_len),
            RawKey::Name(name) => Self {
                tag: NAMED,
                name_len: name.len() as u8,
                hash: key.hash(),
                value_len,
            },
        }
    }

    pub(super) fn tombstone(hash: u32) -> Self {
        Self {
            tag: TOMBSTONE,
            name_len: 0,
            hash,
            value_len: 0,
        }
    }

    /// The header of a sector's first entry: where the sector of this sequence, which was the active
    /// one until then, ended, in words; and how long the table is.
    pub(super) fn opening(sequence: u32, end: u32, table_len: u32) -> Self {
        Self {
            tag: OPENING,
            name_len: 0,
            hash: sequence << END_BITS | end & END_MAX,
            value_len: table_len,
        }
    }

    /// Where the sector of this sequence ended, in words, if the opening tells.
    pub(super) fn end_of(&self, sequence: u32) -> Option<u32> {
        let is_of = self.is_opening() && self.hash >> END_BITS == sequence << END_BITS >> END_BITS;
        is_of.then_some(self.hash & END_MAX)
    }

    /// The header with more entries of its commit to follow, or not.
    pub(super) fn with_more(self, more: bool) -> Self {
        let more = if more { MORE } else { 0 };
        Self {
            tag: self.tag & !MORE | more,
            ..self
        }
    }

    /// The header at the front of `bytes`, which are all that are left if they are fewer than
    /// [`HEADER_MAX`]. `None` if there is none of these kinds, or nothing. The hash of a name is
    /// still to be computed.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let [tag, a, b, c, d, rest @ ..] = bytes else {
            return None;
        };
        let (mut hash, mut name_len) = (u32::from_le_bytes([*a, *b, *c, *d]), 0);
        let value_len = match (*tag & !MORE, rest) {
            (len, _) if u32::from(len) <= SHORT_MAX => u32::from(len),
            (TOMBSTONE, _) => 0,
            (LONG | OPENING, [low, high, ..]) => u32::from(u16::from_le_bytes([*low, *high])),
            (NAMED, _) => {
                (hash, name_len) = (0, *c);
                u32::from(u16::from_le_bytes([*a, *b]))
            }
            _ => return None,
        };
        Some(Self {
            tag: *tag,
            name_len,
            hash,
            value_len,
        })
    }

    /// Writes the header, but for the name, to the front of `out`.
    pub(super) fn encode(&self, out: &mut [u8]) {
        let [low, high, ..] = self.value_len.to_le_bytes();
        let [a, b, c, d] = match self.is_named() {
            true => [low, high, self.name_len, 0],
            false => self.hash.to_le_bytes(),
        };
        let bytes = [self.tag, a, b, c, d, low, high];
        let len = self.name_offset() as usize;
        copy(out, bytes.get(..len).unwrap_or_default());
    }

    pub(super) fn tag(&self) -> u8 {
        self.tag
    }

    /// The tag as the checksum covers it: without what changes where the entry is copied.
    pub(super) fn checked_tag(&self) -> u8 {
        self.tag & !MORE
    }

    pub(super) fn has_more(&self) -> bool {
        self.tag & MORE != 0
    }

    pub(super) fn is_tombstone(&self) -> bool {
        self.tag & !MORE == TOMBSTONE
    }

    pub(super) fn is_opening(&self) -> bool {
        self.tag & !MORE == OPENING
    }

    pub(super) fn is_named(&self) -> bool {
        self.tag & !MORE == NAMED
    }

    pub(super) fn name_len(&self) -> u32 {
        self.name_len.into()
    }

    /// The length of the header without the name, which is where the name begins.
    pub(super) fn name_offset(&self) -> u32 {
        match self.tag & !MORE {
            LONG | OPENING => 7,
            NAMED => 4,
            _ => 5,
        }
    }

    /// The length of the header, which is where the value begins.
    pub(super) fn len(&self) -> u32 {
        self.name_offset().wrapping_add(self.name_len())
    }

    /// Where the checksum is, from the entry's start.
    pub(super) fn body_len(&self) -> u32 {
        self.len().wrapping_add(self.value_len)
    }

    /// The length of the entry, padded to words of `word` bytes.
    pub(super) fn entry_len(&self, word: u32) -> u32 {
        pad(self.body_len().wrapping_add(CHECKSUM_LEN), word)
    }
}

/// Whether an entry with this tag has more of its commit behind it.
pub(super) fn has_more(tag: u8) -> bool {
    tag & MORE != 0
}

/// What the checksum of an entry is XORed with: the sequence of its sector, and its offset there.
pub(super) fn salt(sequence: u32, offset: u32) -> u32 {
    sequence.rotate_left(16) ^ offset
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::ERASED;

    fn bytes(header: &EntryHeader) -> [u8; HEADER_MAX as usize] {
        let mut bytes = [0; HEADER_MAX as usize];
        header.encode(&mut bytes);
        bytes
    }

    #[test]
    fn headers_are_read_as_they_are_written() {
        for hash in [0, 1, 0xFFFF_FFFF, 0x1234_5678] {
            for len in [0, 1, SHORT_MAX, SHORT_MAX + 1, 200, 0xFFFF] {
                for header in [
                    EntryHeader::value(hash, len),
                    EntryHeader::tombstone(hash),
                    EntryHeader::opening(hash, 7, len),
                ] {
                    for more in [false, true] {
                        let header = header.with_more(more);
                        let bytes = bytes(&header);
                        assert_eq!(EntryHeader::decode(&bytes), Some(header));
                        assert_eq!(header.has_more(), more);
                        assert_ne!(bytes[0], ERASED);
                    }
                }
            }
        }
    }

    #[test]
    fn a_name_is_in_the_header() {
        let header = EntryHeader::of(&RawKey::Name("serial"), 300);
        assert_eq!(header.len(), 4 + 6);
        let read = EntryHeader::decode(&bytes(&header)).unwrap_or(header.with_more(true));
        let hash = header.hash;
        assert_eq!(EntryHeader { hash, ..read }, header);
    }

    #[test]
    fn an_opening_tells_of_one_sector() {
        for sequence in [1, 0x7FFF, 0x8000, 0x1234_5678] {
            for end in [0, 32, 4096, 65536] {
                let opening = EntryHeader::opening(sequence, end, 0);
                assert_eq!(opening.end_of(sequence), Some(end));
                assert_eq!(opening.end_of(sequence + 1), None);
            }
        }
        assert_eq!(EntryHeader::value(0, 1).end_of(0), None);
    }

    #[test]
    fn what_is_no_header_is_none() {
        let known = (0..=255u8).filter(|tag| {
            let bytes = [*tag, 0, 0, 0, 0, 0, 0];
            EntryHeader::decode(&bytes).is_some()
        });
        // 63 lengths, four kinds, each with more to follow or not.
        assert_eq!(known.count(), 2 * (63 + 4));
        assert_eq!(EntryHeader::decode(&[ERASED; 7]), None);
        assert_eq!(EntryHeader::decode(&[1, 2, 3, 4]), None);
        assert_eq!(EntryHeader::decode(&[LONG, 0, 0, 0, 0, 1]), None);
    }
}

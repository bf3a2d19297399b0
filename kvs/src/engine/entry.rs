//! Entries: what one put or delete is in flash, and what guards it.
//!
//! ```text
//! short        tag | key hash u32 | value, up to 62 bytes | checksum u32 | pad
//! short named  tag | key hash u32 | name and value, up to 22 bytes | checksum u32 | pad
//! tombstone    tag | key hash u32 | checksum u32 | pad
//! long         tag | key hash u32 | length u16 | value | checksum u32 | pad
//! long named   tag | key hash u32 | length u16 | name and value | checksum u32 | pad
//! opening      tag | end u20, unclean u1, sequence u11 | slots u16 | checksum u32 | pad
//! mark         tag | 0 u32 | 0 u16 | checksum u32 | pad
//! table        tag | address bits u8, sector u24 | table length u16 | slots | checksum u32 | pad
//! ```
//!
//! In front of a name stands its length, one byte. To the engine it is a part of the value.
//!
//! Pure: from bytes and to bytes. What an entry says of its place and of its commit is in the
//! checksum's salt, so that a copy of an entry has the checksum of its original, salted anew.

use super::place::TABLE_ITEM;
use crate::bytes::copy;
use crate::format::pad;

/// In a tag: more entries of the same commit follow.
const MORE: u8 = 0x40;
/// The longest value of a short entry.
const SHORT_MAX: u32 = 62;
/// The longest header.
pub(crate) const HEADER_MAX: u32 = 7;
/// The shortest header.
pub(crate) const HEADER_MIN: u32 = 5;
/// The length of a checksum.
pub(crate) const CHECKSUM_LEN: u32 = 4;

const TOMBSTONE: u8 = 0x80;
const LONG: u8 = 0x81;
const LONG_NAMED: u8 = 0x82;
const TABLE: u8 = 0x83;
const OPENING: u8 = 0x84;
const MARK: u8 = 0x85;
/// The tag of a short entry with a name, and nothing else.
const NAMED: u8 = 0x88;
/// The longest name and value of a short entry: so that two bits of each tag, at least, are not as in
/// erased flash.
const NAMED_MAX: u32 = 22;
const NAMED_LAST: u8 = NAMED.wrapping_add(NAMED_MAX as u8);

/// In an opening, the bits for where the sector before ended.
const END_MASK: u32 = 0xF_FFFF;
/// In an opening: something may stand behind that end.
const UNCLEAN: u32 = 0x10_0000;
/// In an opening, where the bits begin that tell which sector that was.
const SEQUENCE_SHIFT: u32 = 21;

/// In an opening's number of slots: they are of the keys that were in the sector before, and not of
/// all.
const OF_LAST: u16 = 0x8000;

/// How an entry stands in the log. It is XORed into the checksum: a constant each, so far from what
/// another place in flash would XOR into it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Role {
    /// Written by a commit, of which it is the first or only entry.
    First,
    /// Written by the commit that wrote the entry before.
    Continues,
    /// Made by a collection, of an entry that stands elsewhere.
    Copy,
}

impl Role {
    /// What the role adds to the salt, where more entries of the commit follow or not.
    pub(crate) fn salt(self, has_more: bool) -> u32 {
        let role = match self {
            Self::First => 0,
            Self::Continues => 0x9E37_79B9,
            Self::Copy => 0x85EB_CA77,
        };
        role ^ if has_more { 0xC2B2_AE3D } else { 0 }
    }

    /// The role that adds this.
    pub(crate) fn of(salt: u32, has_more: bool) -> Option<Self> {
        let all = [Self::First, Self::Continues, Self::Copy];
        all.into_iter().find(|role| role.salt(has_more) == salt)
    }
}

/// What an entry begins with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct EntryHeader {
    /// The key's; of an opening, where the sector that was active before it ended.
    pub(crate) hash: u32,
    /// The length of the value; of an opening, how many slots follow in tables.
    len: u16,
    tag: u8,
}

impl EntryHeader {
    /// Of nothing.
    pub(crate) const NONE: Self = Self {
        hash: 0,
        len: 0,
        tag: 0,
    };

    /// The header of a value of so many bytes, its name among them if it has one.
    pub(crate) fn value(hash: u32, len: u16, is_named: bool) -> Self {
        let (short, most, long) = match is_named {
            false => (0, SHORT_MAX, LONG),
            true => (NAMED, NAMED_MAX, LONG_NAMED),
        };
        let is_short = u32::from(len) <= most;
        let tag = if is_short {
            short.wrapping_add(len as u8)
        } else {
            long
        };
        Self { hash, len, tag }
    }

    /// The header of a tombstone, of a value with a name or without.
    pub(crate) fn tombstone(hash: u32, is_named: bool) -> Self {
        let tag = TOMBSTONE;
        let len = u16::from(is_named);
        Self { hash, len, tag }
    }

    /// Whether what a tombstone hides has a name, where it has just been made.
    pub(crate) fn hides_named(&self) -> bool {
        self.len != 0
    }

    /// The header of a sector's first entry: where the sector of this sequence, which was the active
    /// one until then, ended, in words; whether something may stand behind that; and how many slots
    /// follow.
    pub(crate) fn opening(sequence: u32, end: u32, is_unclean: bool, slots: u16) -> Self {
        let unclean = if is_unclean { UNCLEAN } else { 0 };
        Self {
            hash: sequence << SEQUENCE_SHIFT | unclean | end & END_MASK,
            len: slots,
            tag: OPENING,
        }
    }

    /// The header of a table of so many slots, whose addresses have so many bits, in this sector.
    pub(crate) fn table(count: u16, address_bits: u32, sector: usize) -> Self {
        Self {
            hash: address_bits | (sector as u32) << 8,
            len: count.wrapping_mul(TABLE_ITEM as u16),
            tag: TABLE,
        }
    }

    /// Where the sector of this sequence ended, in words, if the opening tells.
    pub(crate) fn end_of(&self, sequence: u32) -> Option<u32> {
        // The end is behind the header, so that 0 stands for the number that has no room.
        let end = match self.hash & END_MASK {
            0 => END_MASK.wrapping_add(1),
            end => end,
        };
        self.is_after(sequence).then_some(end)
    }

    /// Whether it is an opening that was written when the sector of this sequence was active.
    pub(crate) fn is_after(&self, sequence: u32) -> bool {
        let of = sequence << SEQUENCE_SHIFT;
        self.is_opening() && (self.hash ^ of) >> SEQUENCE_SHIFT == 0
    }

    /// Whether it is an opening that says that something may stand behind the end of the sector of
    /// this sequence.
    pub(crate) fn is_unclean(&self, sequence: u32) -> bool {
        self.is_after(sequence) && self.hash & UNCLEAN != 0
    }

    /// Of a table: how many bits its addresses have.
    pub(crate) fn address_bits(&self) -> u32 {
        self.hash & 0xFF
    }

    /// Of a table: whether it was written to this sector.
    pub(crate) fn is_of(&self, sector: usize) -> bool {
        self.hash >> 8 == sector as u32
    }

    /// The header of what is written behind the copies of a collection.
    pub(crate) fn mark() -> Self {
        let tag = MARK;
        Self {
            hash: 0,
            len: 0,
            tag,
        }
    }

    /// How many slots follow an opening.
    pub(crate) fn slots(&self) -> u16 {
        self.len & !OF_LAST
    }

    /// Of an opening: whether its tables are of all keys.
    pub(crate) fn tells_all(&self) -> bool {
        self.len != 0 && self.len & OF_LAST == 0
    }

    /// Of an opening: whether its tables are of the keys that were in the sector before.
    pub(crate) fn tells_last(&self) -> bool {
        self.len & OF_LAST != 0
    }

    /// Says of an opening that its tables are of the keys that were in the sector before.
    pub(crate) fn set_of_last(&mut self) {
        self.len |= OF_LAST;
    }

    /// Says whether more entries of its commit follow.
    pub(crate) fn set_more(&mut self, has_more: bool) {
        self.tag = if has_more {
            self.tag | MORE
        } else {
            self.tag & !MORE
        };
    }

    /// The header at the front of `bytes`, which are all that are left if they are fewer than
    /// [`HEADER_MAX`]. `None` if there is none of these kinds, or nothing.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let [tag, a, b, c, d, rest @ ..] = bytes else {
            return None;
        };
        let hash = u32::from_le_bytes([*a, *b, *c, *d]);
        let len = match (*tag & !MORE, rest) {
            (len, _) if u32::from(len) <= SHORT_MAX => len.into(),
            (TOMBSTONE, _) => 0,
            (tag @ NAMED..=NAMED_LAST, _) => tag.wrapping_sub(NAMED).into(),
            (LONG..=MARK, [low, high, ..]) => u16::from_le_bytes([*low, *high]),
            _ => return None,
        };
        let tag = *tag;
        Some(Self { hash, len, tag })
    }

    /// Writes the header to the front of `out`.
    pub(crate) fn encode(&self, out: &mut [u8]) {
        let [a, b, c, d] = self.hash.to_le_bytes();
        let [low, high] = self.len.to_le_bytes();
        let bytes = [self.tag, a, b, c, d, low, high];
        let len = self.value_offset() as usize;
        copy(out, bytes.get(..len).unwrap_or_default());
    }

    pub(crate) fn tag(&self) -> u8 {
        self.tag
    }

    pub(crate) fn has_more(&self) -> bool {
        has_more(self.tag)
    }

    pub(crate) fn is_tombstone(&self) -> bool {
        self.tag & !MORE == TOMBSTONE
    }

    pub(crate) fn is_named(&self) -> bool {
        matches!(self.tag & !MORE, LONG_NAMED | NAMED..)
    }

    pub(crate) fn is_opening(&self) -> bool {
        self.tag & !MORE == OPENING
    }

    /// Whether it is of the sector, and of no key.
    pub(crate) fn is_of_sector(&self) -> bool {
        matches!(self.tag & !MORE, TABLE | OPENING | MARK)
    }

    pub(crate) fn is_mark(&self) -> bool {
        self.tag & !MORE == MARK
    }

    pub(crate) fn is_table(&self) -> bool {
        self.tag & !MORE == TABLE
    }

    /// Whether it may claim more than a short entry.
    pub(crate) fn is_long(&self) -> bool {
        self.value_offset() == HEADER_MAX
    }

    /// Where the value begins, from the entry's start.
    pub(crate) fn value_offset(&self) -> u32 {
        match self.tag & !MORE {
            LONG..=MARK => HEADER_MAX,
            _ => HEADER_MIN,
        }
    }

    pub(crate) fn value_len(&self) -> u32 {
        if self.is_opening() || self.is_tombstone() {
            0
        } else {
            self.len.into()
        }
    }

    /// Where the checksum is, from the entry's start.
    pub(crate) fn body_len(&self) -> u32 {
        self.value_offset().wrapping_add(self.value_len())
    }

    /// The length of the entry, padded to words of `word` bytes.
    pub(crate) fn entry_len(&self, word: u32) -> u32 {
        pad(self.body_len().wrapping_add(CHECKSUM_LEN), word)
    }
}

/// Whether an entry with this tag has more of its commit behind it.
pub(crate) fn has_more(tag: u8) -> bool {
    tag & MORE != 0
}

/// The tag as the checksum covers it: without what changes where the entry is copied.
pub(crate) fn checked(tag: u8) -> u8 {
    tag & !MORE
}

/// What the checksum of an entry is XORed with: the sequence of its sector, and its offset there.
pub(crate) fn salt(sequence: u32, offset: u32) -> u32 {
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
            for len in [0, 1, 22, 23, 62, 63, 200, 0xFFFF] {
                for mut header in [
                    EntryHeader::value(hash, len, false),
                    EntryHeader::value(hash, len, true),
                    EntryHeader::tombstone(hash, false),
                    EntryHeader::opening(hash, 7, false, len),
                    EntryHeader::mark(),
                    EntryHeader::table(len / 8, 17, 3),
                ] {
                    for more in [false, true] {
                        header.set_more(more);
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
    fn an_opening_tells_of_one_sector() {
        for sequence in [1, 0x7FFE, 0x8000, 0x1234_5678] {
            for end in [8, 4096, 65536, 1_048_575, 1_048_576] {
                for is_unclean in [false, true] {
                    let opening = EntryHeader::opening(sequence, end, is_unclean, 0);
                    assert_eq!(opening.end_of(sequence), Some(end));
                    assert_eq!(opening.is_unclean(sequence), is_unclean);
                    assert_eq!(opening.end_of(sequence + 1), None);
                    assert!(!opening.is_unclean(sequence + 1));
                }
            }
        }
        assert_eq!(EntryHeader::value(0, 1, false).end_of(0), None);
    }

    #[test]
    fn what_is_no_header_is_none() {
        let known = (0..=255u8).filter(|tag| {
            let bytes = [*tag, 0, 0, 0, 0, 0, 0];
            EntryHeader::decode(&bytes).is_some()
        });
        // 63 lengths, 23 with a name, six kinds, each with more to follow or not.
        assert_eq!(known.clone().count(), 2 * (63 + 23 + 6));
        // No flip of one bit makes one look erased.
        let mut zeros = known.map(u8::count_zeros);
        assert!(zeros.all(|zeros| zeros >= 2));
        assert_eq!(EntryHeader::decode(&[ERASED; 7]), None);
        assert_eq!(EntryHeader::decode(&[1, 2, 3, 4]), None);
        assert_eq!(EntryHeader::decode(&[LONG, 0, 0, 0, 0, 1]), None);
    }
}

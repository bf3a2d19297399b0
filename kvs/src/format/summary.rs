//! Summaries as bytes.

use super::{TOMBSTONE_LEN, log2, pad};

/// Where the last entry of a key is, in the summary at the end of a closed sector:
///
/// ```text
///  |  00, up to a word   | item | item | .. | footer |  <- the sector's end
///
/// item    | key hash u32 | offset u16 | size u16 |         in words; size 0: a tombstone
/// footer  | items u16 | their complement u16 | keys u32 | their prints u32 | CRC-32C u32 |
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct SummaryItem {
    pub(crate) hash: u32,
    /// From the start of the sector.
    pub(crate) offset: u32,
    /// With padding.
    pub(crate) size: u32,
    pub(crate) tombstone: bool,
}

/// Bytes of an item.
pub(crate) const SUMMARY_ITEM: u32 = 8;

pub(crate) const SUMMARY_FOOTER: u32 = 16;

impl SummaryItem {
    pub(crate) fn encode(&self, write_size: u32) -> [u8; SUMMARY_ITEM as usize] {
        let words = |bytes: u32| (bytes >> log2(write_size)) as u16;
        let [h0, h1, h2, h3] = self.hash.to_le_bytes();
        let [o0, o1] = words(self.offset).to_le_bytes();
        let size = if self.tombstone { 0 } else { self.size };
        let [s0, s1] = words(size).to_le_bytes();
        [h0, h1, h2, h3, o0, o1, s0, s1]
    }

    pub(crate) fn decode(bytes: [u8; SUMMARY_ITEM as usize], write_size: u32) -> Self {
        let [h0, h1, h2, h3, o0, o1, s0, s1] = bytes;
        let bytes = |words: [u8; 2]| u32::from(u16::from_le_bytes(words)) << log2(write_size);
        let size = bytes([s0, s1]);
        let tombstone = size == 0;
        Self {
            hash: u32::from_le_bytes([h0, h1, h2, h3]),
            offset: bytes([o0, o1]),
            size: if tombstone {
                pad(TOMBSTONE_LEN, write_size)
            } else {
                size
            },
            tombstone,
        }
    }
}

/// Bytes from the first item of a summary of so many keys on.
pub(crate) fn summary_len(keys: usize) -> u32 {
    (keys as u32)
        .saturating_mul(SUMMARY_ITEM)
        .saturating_add(SUMMARY_FOOTER)
}

/// Bytes of a summary whose items and footer take `len`. At least one 00 is in front: were the first word to begin with what reads
/// as erased, a program that is cut there might not be seen, and the word be programmed again.
pub(crate) fn summary_size(len: u32, write_size: u32) -> u32 {
    pad(len.saturating_add(1), write_size)
}

/// Whether all offsets of a sector of `size` bytes fit into 16 bits, in words.
pub(crate) fn summary_reaches(size: u32, write_size: u32) -> bool {
    size.saturating_sub(1) >> log2(write_size) <= u32::from(u16::MAX)
}

/// A summary's footer up to its checksum.
pub(crate) fn summary_footer(items: u16, keys: Keys) -> [u8; 12] {
    let [i0, i1] = items.to_le_bytes();
    let [k0, k1, k2, k3] = keys.count.to_le_bytes();
    let [p0, p1, p2, p3] = keys.prints.to_le_bytes();
    [i0, i1, !i0, !i1, k0, k1, k2, k3, p0, p1, p2, p3]
}

/// How many items a footer tells of, and the keys of its map; `None`: it is none.
pub(crate) fn summary_items(footer: [u8; SUMMARY_FOOTER as usize]) -> Option<(usize, Keys)> {
    let [i0, i1, n0, n1, k0, k1, k2, k3, p0, p1, p2, p3, ..] = footer;
    let items = usize::from(u16::from_le_bytes([i0, i1]));
    let keys = Keys {
        count: u32::from_le_bytes([k0, k1, k2, k3]),
        prints: u32::from_le_bytes([p0, p1, p2, p3]),
    };
    ([!i0, !i1] == [n0, n1]).then_some((items, keys))
}

/// Which keys a map has: how many, and the sum of a print of each.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Keys {
    count: u32,
    prints: u32,
}

impl Keys {
    /// With one more key, or tombstone of one.
    pub(crate) fn with(self, hash: u32, tombstone: bool) -> Self {
        let key = if tombstone { !hash } else { hash };
        let mixed = key.wrapping_mul(0x9E37_79B1);
        let print = (mixed ^ mixed >> 15).wrapping_mul(0x85EB_CA77);
        Self {
            count: self.count.wrapping_add(1),
            prints: self.prints.wrapping_add(print),
        }
    }
}

//! What stands where in an image, read by FORMAT.md and not by the engine; and what is left of it when some of its
//! bytes have changed.

use std::collections::BTreeSet;
use std::ops::Range;

use kvs::Crc32c;

use crate::craft::{CONTINUES, COPY, MORE, checksum};

/// A whole entry of an undamaged image.
pub(super) struct Entry {
    pub(super) hash: u32,
    /// `None`: a tombstone.
    pub(super) value: Option<Vec<u8>>,
    pub(super) sector: usize,
    /// When it was written: the sequence of its sector, and its address.
    pub(super) time: (u32, usize),
    /// Bytes that its checksum covers, and the checksum.
    len: usize,
    /// The address of the first entry of its commit.
    pub(super) commit: usize,
    /// All of its commit is there.
    committed: bool,
    /// It is of its sector and of no key: an opening, a table, a mark.
    is_of_sector: bool,
}

impl Entry {
    pub(super) fn address(&self) -> usize {
        self.time.1
    }

    /// What its checksum covers, and the checksum.
    pub(super) fn bytes(&self) -> Range<usize> {
        self.address()..self.address() + self.len
    }

    fn begins(&self) -> bool {
        self.commit == self.address()
    }
}

/// An undamaged image, and where its entries are.
pub(super) struct Layout {
    image: Vec<u8>,
    pub(super) sector: usize,
    word: usize,
    pub(super) entries: Vec<Entry>,
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// The sequence in a sector's header, from whichever copy is good.
pub(super) fn sequence(sector: &[u8], word: usize) -> Option<u32> {
    [0, word.max(16)].into_iter().find_map(|at| {
        let copy = &sector[at..at + 16];
        let good = copy.starts_with(b"KV") && u32_at(copy, 12) == Some(Crc32c::of(&copy[..12]));
        u32_at(copy, 4).filter(|_| good)
    })
}

/// What stands at a place.
struct Whole {
    hash: u32,
    value: Option<Vec<u8>>,
    len: usize,
    continues: bool,
    is_of_sector: bool,
}

/// The whole entry at `at`.
fn whole(sector: &[u8], sequence: u32, at: usize) -> Option<Whole> {
    let entry = &sector[at..];
    let tag = entry.first()? & !MORE;
    let hash = u32_at(entry, 1)?;
    let long = || {
        Some(usize::from(u16::from_le_bytes([
            *entry.get(5)?,
            *entry.get(6)?,
        ])))
    };
    let mut value = match tag {
        0..=62 => 5..5 + usize::from(tag),
        0x80 => 5..5,
        0x88..=0x9E => 5..5 + usize::from(tag - 0x88),
        0x81..=0x83 => 7..7 + long()?,
        0x84 | 0x85 => 7..7,
        _ => return None,
    };
    let end = value.end;
    let (body, stored) = (entry.get(..end)?, u32_at(entry, end)?);
    let is = |flags| checksum(body, flags, sequence, at as u32) == stored;
    let continues = is(CONTINUES);
    if !continues && !is(0) && !is(COPY) {
        return None;
    }
    if matches!(tag, 0x82 | 0x88..) {
        value.start += 1 + usize::from(*entry.get(value.start)?);
    }
    Some(Whole {
        hash,
        value: (tag != 0x80).then(|| entry[value].to_vec()),
        len: end + 4,
        continues,
        is_of_sector: matches!(tag, 0x83..=0x85),
    })
}

impl Layout {
    /// Reads an image in which nothing has rotted: behind what is torn stands nothing.
    pub(super) fn read(image: &[u8], sector: usize, word: usize) -> Self {
        let mut entries = Vec::new();
        for (index, bytes) in image.chunks(sector).enumerate() {
            let Some(sequence) = sequence(bytes, word) else {
                continue;
            };
            let mut at = 2 * word.max(16);
            let mut commit = at;
            while at < sector
                && let Some(whole) = whole(bytes, sequence, at)
            {
                let len = whole.len;
                if !whole.continues {
                    commit = at;
                }
                entries.push(Entry {
                    hash: whole.hash,
                    value: whole.value,
                    is_of_sector: whole.is_of_sector,
                    sector: index,
                    time: (sequence, index * sector + at),
                    len,
                    commit: index * sector + commit,
                    committed: false,
                });
                if bytes[at] & MORE == 0 {
                    let from = index * sector + commit;
                    let commit = entries.iter_mut().filter(|entry| entry.commit == from);
                    commit.for_each(|entry| entry.committed = true);
                }
                at = (at + len).next_multiple_of(word);
            }
        }
        Self {
            image: image.to_vec(),
            sector,
            word,
            entries,
        }
    }

    /// How many sectors have a table.
    pub(super) fn tables(&self) -> usize {
        let entries = self.entries.iter();
        let tables = entries.filter(|entry| self.image[entry.address()] & !MORE == 0x83);
        let sectors: BTreeSet<_> = tables.map(|entry| entry.sector).collect();
        sectors.len()
    }

    /// The opening of the sector that was opened after the one of an entry.
    fn opening_behind(&self, of: &Entry) -> Option<&Entry> {
        let entries = self.entries.iter();
        let later = entries.filter(|entry| entry.time.0 > of.time.0);
        let next = later.min_by_key(|entry| entry.time);
        next.filter(|entry| self.image[entry.address()] & !MORE == 0x84)
    }

    /// The entries of which a byte is another one in `damaged`.
    fn hit<'a>(&'a self, damaged: &'a [u8]) -> impl Iterator<Item = &'a Entry> + Clone {
        self.entries
            .iter()
            .filter(move |entry| self.image[entry.bytes()] != damaged[entry.bytes()])
    }

    /// The sectors both of whose header copies are bad in `damaged`, of those that had a good one.
    pub(super) fn sectors_lost(&self, damaged: &[u8]) -> Vec<usize> {
        let sectors = self
            .image
            .chunks(self.sector)
            .zip(damaged.chunks(self.sector));
        let lost = sectors.enumerate().filter(|(_, (clean, damaged))| {
            sequence(clean, self.word).is_some() && sequence(damaged, self.word).is_none()
        });
        lost.map(|(index, _)| index).collect()
    }

    /// The entries that count in `damaged`, newest first.
    ///
    /// All but those that were hit, and those in a sector whose header is gone. Where a commit of several keys was hit,
    /// the rest of it counts if a whole commit stands behind it in its sector, or if the opening of the next sector says that it
    /// did not end before: else it looks like one that was cut.
    pub(super) fn left(&self, damaged: &[u8]) -> Vec<&Entry> {
        let lost = self.sectors_lost(damaged);
        let hit: Vec<_> = self.hit(damaged).collect();
        let is_hit = |entry: &Entry| hit.iter().any(|hit| hit.address() == entry.address());
        let proven = |of: &Entry| {
            let mut behind = self.entries.iter().filter(|entry| {
                entry.sector == of.sector && entry.begins() && entry.address() > of.commit
            });
            let next = self.opening_behind(of);
            let is_told = next.is_some_and(|next| !is_hit(next) && !lost.contains(&next.sector));
            behind.any(|entry| !is_hit(entry)) || is_told
        };
        let counts = |entry: &&Entry| {
            let whole = !hit.iter().any(|hit| hit.commit == entry.commit);
            entry.committed
                && !entry.is_of_sector
                && !lost.contains(&entry.sector)
                && !is_hit(entry)
                && (whole || proven(entry))
        };
        let mut left: Vec<_> = self.entries.iter().filter(counts).collect();
        left.sort_by_key(|entry| std::cmp::Reverse(entry.time));
        left
    }

    /// The newest committed entry of a key.
    pub(super) fn newest(&self, hash: u32) -> Option<&Entry> {
        let entries = self.entries.iter();
        let of_key =
            entries.filter(|entry| entry.committed && !entry.is_of_sector && entry.hash == hash);
        of_key.max_by_key(|entry| entry.time)
    }

    /// Whether of each commit that was hit, and of all behind it in its sector, nothing is left that is not erased; or of the
    /// front of its sector, headers and 64 bytes, which is what a mount looks at where there is no header.
    pub(super) fn reads_as_erased(&self, damaged: &[u8]) -> bool {
        let front = (2 * self.word.max(16) + 64).min(self.sector);
        let erased = |from: usize, to: usize| damaged[from..to].iter().all(|byte| *byte == 0xFF);
        self.hit(damaged).all(|entry| {
            let start = entry.sector * self.sector;
            erased(entry.commit, start + self.sector) || erased(start, start + front)
        })
    }
}

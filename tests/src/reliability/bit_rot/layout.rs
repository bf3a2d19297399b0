//! What stands where in an image, read by FORMAT.md and not by the engine; and what is left of it when some of its
//! bytes have changed.

use std::ops::Range;

use kvs::{Crc32c, key_hash};

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

/// The hash, the value and the checked length of the whole entry at `at`.
fn whole(sector: &[u8], sequence: u32, at: usize) -> Option<(u32, Option<Vec<u8>>, usize)> {
    let entry = &sector[at..];
    let &[tag, name, l0, l1, ..] = entry else {
        return None;
    };
    let hash = u32_at(entry, 1)?;
    let (hash, value) = match (tag >> 7, tag & 31) {
        (0, len) => (hash, 5..5 + usize::from(len)),
        (_, 0) => (hash, 5..5),
        (_, 1) => {
            let len = u16::from_le_bytes([*entry.get(5)?, *entry.get(6)?]);
            (hash, 7..7 + usize::from(len))
        }
        (_, 2) => {
            let from = 4 + usize::from(name);
            let name = str::from_utf8(entry.get(4..from)?).ok()?;
            let len = usize::from(u16::from_le_bytes([l0, l1]));
            (key_hash(name), from..from + len)
        }
        _ => return None,
    };
    let sum = Crc32c::of(entry.get(..value.end)?) ^ sequence.rotate_left(16) ^ at as u32;
    let end = value.end;
    let is_tombstone = tag & 0x9F == 0x80;
    let value = (!is_tombstone).then(|| entry[value].to_vec());
    (u32_at(entry, end)? == sum).then_some((hash, value, end + 4))
}

/// Whether a sector ends with a summary that adds up.
fn has_summary(sector: &[u8], word: usize) -> bool {
    let Some((sequence, footer)) = sequence(sector, word).zip(sector.last_chunk::<16>()) else {
        return false;
    };
    let [c0, c1, n0, n1, ..] = *footer;
    let len = 8 * usize::from(u16::from_le_bytes([c0, c1])) + 16;
    let Some(from) = sector.len().checked_sub(len) else {
        return false;
    };
    let sum = Crc32c::of(&sector[from..sector.len() - 4]);
    [!c0, !c1] == [n0, n1]
        && u32_at(footer, 12) == Some(sum ^ sequence.rotate_left(16) ^ from as u32)
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
                && let Some((hash, value, len)) = whole(bytes, sequence, at)
            {
                if bytes[at] & 0x20 == 0 {
                    commit = at;
                }
                entries.push(Entry {
                    hash,
                    value,
                    sector: index,
                    time: (sequence, index * sector + at),
                    len,
                    commit: index * sector + commit,
                    committed: false,
                });
                if bytes[at] & 0x40 == 0 {
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

    /// How many sectors end with a summary.
    pub(super) fn summaries(&self) -> usize {
        let sectors = self.image.chunks(self.sector);
        sectors
            .filter(|bytes| has_summary(bytes, self.word))
            .count()
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
    /// the rest of it counts if a whole commit or a summary stands behind it in its sector: else it looks like one that was
    /// cut.
    pub(super) fn left(&self, damaged: &[u8]) -> Vec<&Entry> {
        let lost = self.sectors_lost(damaged);
        let hit: Vec<_> = self.hit(damaged).collect();
        let is_hit = |entry: &Entry| hit.iter().any(|hit| hit.address() == entry.address());
        let proven = |of: &Entry| {
            let mut behind = self.entries.iter().filter(|entry| {
                entry.sector == of.sector && entry.begins() && entry.address() > of.commit
            });
            let sector = &damaged[of.sector * self.sector..][..self.sector];
            behind.any(|entry| !is_hit(entry)) || has_summary(sector, self.word)
        };
        let counts = |entry: &&Entry| {
            let whole = !hit.iter().any(|hit| hit.commit == entry.commit);
            entry.committed
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
        let of_key = entries.filter(|entry| entry.committed && entry.hash == hash);
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

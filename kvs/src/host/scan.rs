//! A sector's bytes, cut into pieces: header, entries, damage, erased flash.
//!
//! Goes through a sector as FORMAT.md says, and tells what it met; the store's own walk (`store/scan.rs`) tells less, and
//! does it in little memory.

use core::ops::Range;
use std::string::String;
use std::vec::Vec;

use super::Header;
use crate::checksum::{Checksum, Crc32c};
use crate::format::{
    ERASED, GAP, Head, Kind, MAX_HEAD, SUMMARY_FOOTER, name_hash, pad, place_salt, summary_items,
    summary_len, summary_size,
};

/// The key of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryKey {
    /// Its hash: typed settings, and tombstones.
    Hash(u32),
    /// Its name; what is not UTF-8 in it is replaced.
    Name(String),
}

/// A whole entry.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// From the start of its sector.
    pub offset: u32,
    /// With padding.
    pub size: u32,
    /// The key.
    pub key: EntryKey,
    /// The key's hash, of named entries too.
    pub hash: u32,
    /// Where in the sector the value is; empty for a tombstone.
    pub value: Range<usize>,
    /// It says that the key is deleted.
    pub is_tombstone: bool,
    /// More entries of its commit follow.
    pub more: bool,
    /// It continues the commit of the entry before.
    pub continues: bool,
    /// Its commit was finished, or something was appended behind it, which says the same.
    pub committed: bool,
}

/// Why bytes are no entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Damage {
    /// No entry begins like this.
    NoEntry,
    /// An entry of so many bytes would reach beyond the sector.
    TooLong(u32),
    /// The checksum of an entry does not fit.
    Checksum {
        /// Bytes that it claims.
        len: u32,
        /// The hash that it claims, unless it is of a named entry.
        hash: Option<u32>,
    },
    /// Erased words, with something behind them.
    Hole,
}

/// A piece of a sector.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Piece {
    /// Both copies of the header, or where they should be.
    Header,
    /// A whole entry.
    Entry(Entry),
    /// What is no entry.
    Damaged {
        /// From the start of the sector.
        offset: u32,
        /// Bytes.
        size: u32,
        /// What was met first.
        why: Damage,
        /// Nothing stands behind it: torn by a power cut, most likely, rather than rotten.
        is_tail: bool,
    },
    /// Erased flash, up to the summary or the end of the sector.
    Erased {
        /// From the start of the sector.
        offset: u32,
        /// Bytes.
        size: u32,
    },
    /// The summary that the sector was closed with: it tells where the last entry of each key is. Up to the end of the sector.
    Summary {
        /// From the start of the sector.
        offset: u32,
        /// Bytes.
        size: u32,
        /// Keys that it tells of.
        keys: usize,
    },
}

/// A sector, in pieces.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sector {
    /// Its header, if one copy is good. Without, nothing in it counts, and it is one piece of damage or erased flash.
    pub header: Option<Header>,
    /// Which copies of the header are good, and say the same.
    pub good_copies: [bool; 2],
    /// In order of offset, without gaps.
    pub pieces: Vec<Piece>,
}

/// Cuts a sector into pieces. `bytes` is all of it, `write_size` a power of two.
///
/// Takes any bytes. Entries of another format version, or with another checksum than CRC-32C, are seen as damage.
#[must_use]
pub fn sector(bytes: &[u8], write_size: u32) -> Sector {
    let copies = Header::copies(bytes, write_size);
    let header = copies[0].or(copies[1]);
    let good_copies = copies.map(|copy| copy.is_some() && copy == header);
    let mut out = Sector {
        header,
        good_copies,
        pieces: Vec::new(),
    };
    let Some(header) = header else {
        out.pieces
            .push(match bytes.iter().all(|byte| *byte == ERASED) {
                true => Piece::Erased {
                    offset: 0,
                    size: bytes.len() as u32,
                },
                false => Piece::Damaged {
                    offset: 0,
                    size: bytes.len() as u32,
                    why: Damage::NoEntry,
                    is_tail: true,
                },
            });
        return out;
    };
    out.pieces.push(Piece::Header);
    let summary = summary(bytes, header.sequence, write_size);
    let end = summary.map_or(bytes.len(), |(offset, _)| offset);
    let mut walk = Walk {
        bytes: bytes.get(..end).unwrap_or(bytes),
        write_size,
        sequence: header.sequence,
        patience: bytes.len().saturating_mul(4),
        pieces: out.pieces,
        open_from: None,
    };
    walk.run(Header::places(write_size).1 as u32);
    match summary {
        Some((offset, keys)) => walk.pieces.push(Piece::Summary {
            offset: offset as u32,
            size: bytes.len().saturating_sub(offset) as u32,
            keys,
        }),
        // What was torn has a summary behind it only if it was committed, and has rotted.
        None => walk.mark_tail(),
    }
    out.pieces = walk.pieces;
    out
}

/// Where the summary of a sector begins, and how many keys it tells of, if it has one whose checksum is good.
fn summary(bytes: &[u8], sequence: u32, write_size: u32) -> Option<(usize, usize)> {
    let footer: &[u8; SUMMARY_FOOTER as usize] = bytes.last_chunk()?;
    let (keys, _) = summary_items(*footer)?;
    let len = summary_len(keys);
    let first = bytes.len().checked_sub(len as usize)?;
    let offset = bytes
        .len()
        .checked_sub(summary_size(len, write_size) as usize)?;
    let (body, check) = bytes.get(first..)?.split_last_chunk()?;
    let mut crc = Crc32c::new();
    crc.update(body);
    let good = crc.value() ^ place_salt(sequence, first as u32) == u32::from_le_bytes(*check);
    (good && offset >= Header::places(write_size).1).then_some((offset, keys))
}

/// An entry of up to this many bytes is checked whatever patience is left, as the store does.
const CHEAP: u32 = 64;

struct Walk<'a> {
    bytes: &'a [u8],
    write_size: u32,
    sequence: u32,
    /// Bytes that may still be spent on long entries that turn out bad.
    patience: usize,
    pieces: Vec<Piece>,
    /// The first piece of an unfinished commit.
    open_from: Option<usize>,
}

impl Walk<'_> {
    fn run(&mut self, from: u32) {
        let end = self.bytes.len() as u32;
        let mut at = from;
        while at < end {
            let rest = self.bytes.get(at as usize..).unwrap_or(&[]);
            if rest.first() == Some(&ERASED) {
                let Some(programmed) = rest.iter().position(|byte| *byte != ERASED) else {
                    self.pieces.push(Piece::Erased {
                        offset: at,
                        size: end.saturating_sub(at),
                    });
                    break;
                };
                if programmed as u32 >= GAP {
                    // Nothing counts behind that.
                    self.damaged(at, end.saturating_sub(at), Damage::Hole);
                    break;
                }
                let mask = self.write_size.saturating_sub(1);
                let len = (programmed as u32 & !mask).max(self.write_size);
                self.damaged(at, len, Damage::Hole);
                at = at.saturating_add(len);
                continue;
            }
            match self.entry(rest, at) {
                Ok(entry) => {
                    at = at.saturating_add(entry.size);
                    self.take(entry);
                }
                Err(why) => {
                    self.damaged(at, self.write_size, why);
                    at = at.saturating_add(self.write_size);
                }
            }
        }
    }

    /// The entry at the front of `rest`, which begins at offset `at`.
    fn entry(&mut self, rest: &[u8], at: u32) -> Result<Entry, Damage> {
        let first = rest.get(..MAX_HEAD).unwrap_or(rest);
        let head = Head::decode(first).ok_or(Damage::NoEntry)?;
        let len = head.entry_len();
        let size = pad(len, self.write_size);
        let checked = head.checked_len() as usize;
        let (body, behind) = rest
            .split_at_checked(checked)
            .filter(|_| size as usize <= rest.len())
            .ok_or(Damage::TooLong(len))?;
        if size > CHEAP && size as usize > self.patience {
            return Err(Damage::TooLong(len));
        }
        let mut crc = Crc32c::new();
        crc.update(body);
        let stored = behind.first_chunk().ok_or(Damage::TooLong(len))?;
        if crc.value() ^ place_salt(self.sequence, at) != u32::from_le_bytes(*stored) {
            if size > CHEAP {
                self.patience = self.patience.saturating_sub(len as usize);
            }
            let hash = (head.kind != Kind::Named).then_some(head.hash);
            return Err(Damage::Checksum { len, hash });
        }
        let value = head.len() as usize..checked;
        let key = match head.kind {
            Kind::Named => {
                let name = body.get(4..value.start).unwrap_or(&[]);
                let text = String::from_utf8_lossy(name).into_owned();
                (EntryKey::Name(text), name_hash(name))
            }
            Kind::Hashed | Kind::Tombstone => (EntryKey::Hash(head.hash), head.hash),
        };
        let place = |offset: usize| offset.saturating_add(at as usize);
        Ok(Entry {
            offset: at,
            size,
            key: key.0,
            hash: key.1,
            value: place(value.start)..place(value.end),
            is_tombstone: head.kind == Kind::Tombstone,
            more: head.more,
            continues: head.continues,
            committed: true,
        })
    }

    /// A whole entry: what is before it was committed if it begins a commit, or ends one without a hole.
    fn take(&mut self, mut entry: Entry) {
        let here = self.pieces.len();
        if !entry.continues {
            self.open_from = entry.more.then_some(here);
        } else if self.open_from.is_none() {
            // Its front is gone.
            self.open_from = Some(here);
        } else if !entry.more && self.is_intact() {
            self.open_from = None;
        }
        entry.committed = true;
        self.pieces.push(Piece::Entry(entry));
    }

    /// Whether the unfinished commit begins with its first entry and has no hole.
    fn is_intact(&self) -> bool {
        let open = self.open_from.and_then(|from| self.pieces.get(from..));
        let mut open = open.unwrap_or(&[]).iter();
        matches!(open.next(), Some(Piece::Entry(first)) if !first.continues)
            && open.all(|piece| matches!(piece, Piece::Entry(_)))
    }

    fn damaged(&mut self, at: u32, len: u32, why: Damage) {
        if let Some(Piece::Damaged { offset, size, .. }) = self.pieces.last_mut()
            && offset.saturating_add(*size) == at
        {
            *size = size.saturating_add(len);
            return;
        }
        self.open_from.get_or_insert(self.pieces.len());
        self.pieces.push(Piece::Damaged {
            offset: at,
            size: len,
            why,
            is_tail: false,
        });
    }

    /// What no commit follows is a torn tail, and does not count.
    fn mark_tail(&mut self) {
        let tail = self.open_from.and_then(|from| self.pieces.get_mut(from..));
        for piece in tail.unwrap_or_default() {
            match piece {
                Piece::Entry(entry) => entry.committed = false,
                Piece::Damaged { is_tail, .. } => *is_tail = true,
                Piece::Header | Piece::Erased { .. } | Piece::Summary { .. } => {}
            }
        }
    }
}

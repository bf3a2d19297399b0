//! What a sector is made of, as a reader of a dump sees it.

use core::ops::Range;
use std::string::String;
use std::vec::Vec;

use super::Header;

/// The key of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntryKey {
    /// Its hash: typed settings, and tombstones.
    Hash(u32),
    /// Its name; what is not UTF-8 in it is replaced.
    Name(String),
}

/// A whole entry of a key.
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
    /// Where in the sector the value is, without the name; empty for a tombstone. The checksum
    /// follows, 4 bytes, and then padding.
    pub value: Range<usize>,
    /// It says that the key is deleted.
    pub is_tombstone: bool,
    /// A collection made it of an entry that stood elsewhere.
    pub is_copy: bool,
    /// More entries of its commit follow.
    pub more: bool,
    /// It continues the commit of the entry before.
    pub continues: bool,
    /// Its commit was finished, and counts.
    pub committed: bool,
}

/// Where a sector ended when the next one was opened: what stands behind that does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SectorEnd {
    /// The number of the sector in its partition.
    pub sector: usize,
    /// From the start of that sector.
    pub offset: u32,
    /// Something may stand behind it: a torn commit, most likely.
    pub is_unclean: bool,
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
        /// The hash of the key that it claims, unless it would be of the sector.
        hash: Option<u32>,
    },
    /// Erased words, with something behind them.
    Hole,
}

/// A piece of a sector.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Piece {
    /// Both copies of the header.
    Header {
        /// Bytes of both, with padding.
        size: u32,
    },
    /// What a sector begins with once it is written to.
    Opening {
        /// From the start of the sector.
        offset: u32,
        /// Bytes.
        size: u32,
        /// How many keys the tables tell of that follow it: all that there were, if any.
        keys: usize,
        /// Where the sector ended that was written to before, if that is still there.
        before: Option<SectorEnd>,
    },
    /// A part of the table behind an opening: where the latest entries of keys were when the
    /// sector was opened. A mount goes by it.
    Table {
        /// From the start of the sector.
        offset: u32,
        /// Bytes.
        size: u32,
        /// How many keys it tells of.
        keys: usize,
    },
    /// A whole entry of a key.
    Entry(Entry),
    /// What a collection writes behind its copies: what follows is no copy.
    Mark {
        /// From the start of the sector.
        offset: u32,
        /// Bytes.
        size: u32,
    },
    /// What is no entry.
    Damaged {
        /// From the start of the sector.
        offset: u32,
        /// Bytes.
        size: u32,
        /// What was met first.
        why: Damage,
        /// It stands behind all that counts: torn by a power cut, most likely, rather than rotten.
        is_tail: bool,
    },
    /// Erased flash, up to the end of the sector.
    Erased {
        /// From the start of the sector.
        offset: u32,
        /// Bytes.
        size: u32,
    },
}

impl Piece {
    /// From the start of the sector.
    #[must_use]
    pub fn offset(&self) -> u32 {
        match self {
            Self::Header { .. } => 0,
            Self::Entry(entry) => entry.offset,
            Self::Opening { offset, .. }
            | Self::Table { offset, .. }
            | Self::Mark { offset, .. }
            | Self::Damaged { offset, .. }
            | Self::Erased { offset, .. } => *offset,
        }
    }

    /// Bytes, with padding.
    #[must_use]
    pub fn size(&self) -> u32 {
        match self {
            Self::Entry(entry) => entry.size,
            Self::Header { size }
            | Self::Opening { size, .. }
            | Self::Table { size, .. }
            | Self::Mark { size, .. }
            | Self::Damaged { size, .. }
            | Self::Erased { size, .. } => *size,
        }
    }
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

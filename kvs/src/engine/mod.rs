//! The engine: a log-structured key-value store for hashed keys.
//!
//! From the flash up, each layer a type that owns its state:
//!
//! ```text
//! Flash    a partition and the buffer its bytes pass through
//! Index    in RAM: the latest entry of each key, and what is known of each sector
//! Engine   entries in flash <-> the index: mount, lookup, commit, garbage collection
//! ```
//!
//! Nothing here waits. Where a driver is async, a call ends with [`Fault::Pending`] for each flash
//! operation, and is made again when that is done, with the same [`Job`], in which it has noted how
//! far it came.
//!
//! # Glossary
//!
//! | | |
//! |---|---|
//! | entry | one put or delete in flash |
//! | commit | the entries that are written together, and count together or not at all |
//! | latest entry | of a key, the last one that was committed; the others are superseded |
//! | live | what is some key's latest entry |
//! | active sector | where entries are appended |
//! | free sector | one without a live entry; *erased ahead* if it is ready to be opened |
//! | sequence | the order in which sectors were opened |
//! | opening | a sector's first entry: where the sector before it ended, perhaps with a table of all keys |
//! | tail | what follows the last commit of the active sector |
//! | suspect | the last commit before a mount: the power may have failed while it was written, and it may read differently each time |
//! | copy | an entry that a collection made of a live one |
//! | to replace | of a commit under way: to write a newer entry of a key |
//! | job | how far a call has come that has to wait for the flash |

mod append;
mod batch;
mod commit;
pub(crate) mod entry;
mod flash;
mod gc;
pub(crate) mod header;
mod index;
mod inspect;
mod job;
mod mount;
mod place;
mod read;
mod rescue;
mod scan;
mod undo;
mod unlisted;

#[cfg(all(test, feature = "blocking", feature = "async", feature = "sim"))]
mod tests;

use crate::checksum::{Checksum, Crc32c};
use crate::format::header_stride;
use crate::options::Options;

pub(crate) use batch::{Batch, Value};
use flash::Flash;
pub(crate) use flash::{Device, FAILED, Operation};
use index::Index;
pub(crate) use index::Sector;
pub(crate) use job::Job;
pub(crate) use place::Slot;
#[cfg(feature = "host")]
pub(crate) use read::PATIENCE;
#[cfg(feature = "host")]
pub(crate) use scan::QUIET;

/// The most words of a partition.
pub(crate) const WORDS_MAX: u32 = 1 << place::ADDRESS_BITS_MAX;
/// The most words of a sector: the next one says in 20 bits where it ended.
pub(crate) const SECTOR_WORDS_MAX: u32 = 1 << 20;

/// Why something can't be done: one byte, which fits a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Not yet: the driver has something to do first.
    Pending,
    /// The driver reports an error.
    Flash,
    /// Flash is not erased where it should be.
    NotErased,
    /// What was programmed reads back as something else.
    VerifyFailed,
    /// The key has an entry that does not count.
    Corrupt,
    Full,
    CommitTooLarge,
    /// A value does not fit into the buffer.
    BufferTooSmall,
    TooManyKeys,
    /// A value can't be had from the batch, which has the reason.
    Refused,
    /// The caller has to make the value of a change, and to put it into the buffer, behind
    /// [`Engine::MADE_AT`] bytes. Then the call is to be made again.
    Wanted,
    /// The key of a name has the hash of another key.
    NameCollision,
    /// Nothing may be written.
    ReadOnly,
    /// Another layout or version.
    Incompatible,
    /// The flash reads 00 where it is erased.
    ErasedValue,
    /// All sequences are used.
    WornOut,
    /// What was read before may not count any more: what was under way has to start over.
    Remounted,
}

/// The number of the active sector where there is none.
const NONE: usize = usize::MAX;

#[repr(C)]
pub(crate) struct Engine<'a, D, C = Crc32c> {
    flags: u16,
    /// Places where something had rotted.
    damaged: u16,
    checksum: C,
    active: usize,
    /// Where the committed entries of the active sector end.
    end: u32,
    /// Where the suspect commit begins, in the active sector.
    suspect_from: u32,
    /// The largest sequence of all headers.
    sequence: u32,
    /// The collection under way takes sectors from before this sequence.
    gc_before_sequence: u32,
    wear_spread: u16,
    index: Index<'a>,
    flash: Flash<D>,
    /// How many collections there were since the mount.
    collections: u16,
    options: Options,
    /// How many sectors were opened since the last table of all keys.
    since_table: u8,
    /// The sequence of the sector that has it; 0 if there is none.
    table_from: u32,
    /// How often all was read anew.
    mounts: u8,
    /// The need of the last commit that was refused because it must not collect.
    refused: u16,
    /// How many values have no slot.
    unlisted: u16,
    /// Counts the programs and erases that failed.
    failures: u8,
    /// Up to this address, what reads as erased may read differently the next time: a program that
    /// was cut may have reached as far.
    unseen_to: u32,
}

/// Nothing more is appended to the active sector.
const CLOSED: u16 = 1;
/// All committed entries of the active sector are copies.
const ONLY_COPIES: u16 = 2;
/// The index is not what is in flash: it is to be filled anew.
const STALE: u16 = 4;
/// The mount went by a table, whose entries have not been checked.
const BY_TABLE: u16 = 8;
/// A table was wrong: mounts do without.
const NO_TABLES: u16 = 16;
/// The last commit may read differently the next time.
const SUSPECT: u16 = 32;
/// Something could not be read when all was read last.
const UNREAD: u16 = 2048;
/// There are keys that have no slot.
const PARTIAL: u16 = 1024;
/// There is a mark in the active sector.
const MARKED: u16 = 512;
/// Something is being written, by a call whose future may be dropped.
const WRITING: u16 = 256;
/// The commit under way has taken sectors into use again that have failed.
const REVIVED: u16 = 64;
/// The newest header may read differently the next time.
const HEADER_UNSEEN: u16 = 128;

impl<D: Device, C: Checksum> Engine<'_, D, C> {
    const WORD: u32 = D::WORD;
    /// Where a sector's entries begin.
    const FIRST: u32 = header_stride(D::WORD).wrapping_mul(2);

    /// Where in the buffer a value goes that was [wanted](Fault::Wanted).
    pub(crate) const MADE_AT: usize = entry::HEADER_MAX as usize;

    pub(crate) fn device(&mut self) -> &mut D {
        self.flash.device()
    }

    /// Keeps so many bytes at the end of the buffer from what is read later.
    pub(crate) fn reserve(&mut self, len: usize) {
        self.flash.reserve(len);
    }

    /// The buffer. What it held of the flash is gone.
    pub(crate) fn buffer_mut(&mut self) -> &mut [u8] {
        self.flash.stage()
    }

    fn is(&self, flag: u16) -> bool {
        self.flags & flag != 0
    }

    fn set(&mut self, flag: u16, on: bool) {
        self.flags = if on {
            self.flags | flag
        } else {
            self.flags & !flag
        };
    }

    /// The bytes for entries in a sector.
    fn payload(&self) -> u32 {
        self.flash.sector_size().wrapping_sub(Self::FIRST)
    }

    /// The bytes that can be appended to the active sector.
    fn room(&self) -> u32 {
        if self.active == NONE || self.is(CLOSED) {
            return 0;
        }
        self.flash.sector_size().wrapping_sub(self.end)
    }

    /// The address where the next entry goes.
    fn write_address(&self) -> u32 {
        self.flash.base(self.active).wrapping_add(self.end)
    }
}

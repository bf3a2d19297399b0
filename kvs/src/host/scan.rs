//! A partition's bytes, cut into pieces: headers, entries, damage, erased flash.
//!
//! Goes through the sectors as FORMAT.md says, and tells what it met; the engine's own scan (`engine/scan.rs`) tells less,
//! and does it in little memory.

use std::string::String;
use std::vec::Vec;

use super::Header;
use super::crc::Checksums;
use super::piece::{Damage, Entry, EntryKey, Piece, Sector, SectorEnd};
use crate::checksum::Crc32c;
use crate::engine::entry::{self, CHECKSUM_LEN, EntryHeader, HEADER_MAX, Role};
use crate::engine::{PATIENCE, QUIET};
use crate::format::{ERASED, header_stride};

/// The bytes of one key in a table.
const TABLE_ITEM: u32 = 8;

/// Cuts the sectors of a partition into pieces. `bytes` is all of it, `sector_size` the bytes of a
/// sector, and `write_size` a power of two.
///
/// Takes any bytes, in a time that grows with their number only; if the last sector is not all there, what there is of it is cut. Entries of
/// another format version, or with another checksum than CRC-32C, are seen as damage.
#[must_use]
pub fn sectors(bytes: &[u8], sector_size: u32, write_size: u32) -> Vec<Sector> {
    let all = bytes.chunks((sector_size as usize).max(1));
    let mut all: Vec<_> = all.map(|bytes| Raw::new(bytes, write_size)).collect();
    let mut opened: Vec<_> = (all.iter().enumerate())
        .filter_map(|(number, sector)| Some((sector.header?.sequence, number)))
        .collect();
    opened.sort_unstable();
    // The newest may have been erased ahead.
    let is_ahead = |number: usize| all.get(number).is_some_and(Raw::is_front_erased);
    while opened.pop_if(|(_, number)| is_ahead(*number)).is_some() {}
    for (_, number) in &opened {
        if let Some(sector) = all.get_mut(*number) {
            sector.is_opened = true;
        }
    }
    // Each says where the one before it ended.
    let mut before: Option<(usize, u32)> = None;
    for (sequence, number) in opened {
        if let Some((before, before_sequence)) = before.filter(|(_, last)| *last != sequence) {
            let opening = all.get(number).and_then(Raw::opening);
            let end = opening.and_then(|opening| end_by(&opening, before_sequence, write_size));
            if let Some((offset, is_unclean)) = end
                && let Some(sector) = all.get_mut(before)
                && sector.may_end_at(offset)
            {
                sector.end = Some(offset);
                let end = SectorEnd {
                    sector: before,
                    offset,
                    is_unclean,
                };
                if let Some(sector) = all.get_mut(number) {
                    sector.before = Some(end);
                }
            }
        }
        before = Some((number, sequence));
    }
    all.iter().map(Raw::cut).collect()
}

/// Where the sector of this sequence ended by an opening, and whether something may be behind that.
fn end_by(opening: &EntryHeader, sequence: u32, write_size: u32) -> Option<(u32, bool)> {
    let words = opening.end_of(sequence)?;
    let offset = words.checked_mul(write_size)?;
    Some((offset, opening.is_unclean(sequence)))
}

/// A sector that has not been cut yet.
struct Raw<'a> {
    bytes: &'a [u8],
    write_size: u32,
    header: Option<Header>,
    good_copies: [bool; 2],
    is_opened: bool,
    /// Where it ended, if the sector that was opened next says so.
    end: Option<u32>,
    /// What its opening says of the sector before.
    before: Option<SectorEnd>,
}

impl<'a> Raw<'a> {
    fn new(bytes: &'a [u8], write_size: u32) -> Self {
        let copies = Header::copies(bytes, write_size);
        let header = copies[0].or(copies[1]);
        Self {
            bytes,
            write_size,
            header,
            good_copies: copies.map(|copy| copy.is_some() && copy == header),
            is_opened: false,
            end: None,
            before: None,
        }
    }

    /// Where entries begin.
    fn first(&self) -> u32 {
        header_stride(self.write_size).saturating_mul(2)
    }

    /// Whether it looks as if it had not been opened.
    fn is_front_erased(&self) -> bool {
        let entries = self.bytes.get(self.first() as usize..).unwrap_or_default();
        let mut front = entries.iter().take(QUIET as usize);
        front.all(|byte| *byte == ERASED)
    }

    /// Whether another sector may say that this one ended there.
    fn may_end_at(&self, offset: u32) -> bool {
        offset >= self.first() && offset as usize <= self.bytes.len()
    }

    /// Its first entry, if that is whole and an opening.
    fn opening(&self) -> Option<EntryHeader> {
        let first = self.first();
        let front = self
            .bytes
            .get(..first.saturating_add(HEADER_MAX) as usize)?;
        let (header, _) = self.entry(first, &Checksums::of(front)).ok()?;
        Some(header).filter(EntryHeader::is_opening)
    }

    /// The entry at an offset, if it is whole. The checksums are those of the sector's bytes.
    fn entry(&self, at: u32, checksums: &Checksums) -> Result<(EntryHeader, Role), Damage> {
        let rest = self.bytes.get(at as usize..).unwrap_or_default();
        let front = rest.get(..HEADER_MAX as usize).unwrap_or(rest);
        let header = EntryHeader::decode(front).ok_or(Damage::NoEntry)?;
        let (body, size) = (header.body_len(), header.entry_len(self.write_size));
        let len = body.saturating_add(CHECKSUM_LEN);
        let behind = rest
            .get(body as usize..)
            .filter(|_| size as usize <= rest.len());
        let stored = behind.and_then(|behind| behind.first_chunk());
        let stored = stored.ok_or(Damage::TooLong(len))?;
        let tag = Crc32c::of(&[entry::checked(header.tag())]);
        let from = (at as usize).saturating_add(1);
        let to = (at as usize).saturating_add(body as usize);
        let checksum = checksums.behind(tag, from, to).unwrap_or_default();
        let sequence = self.header.map_or(0, |header| header.sequence);
        let salt = checksum ^ u32::from_le_bytes(*stored) ^ entry::salt(sequence, at);
        match Role::of(salt, header.has_more()) {
            Some(role) => Ok((header, role)),
            None => Err(Damage::Checksum {
                len,
                hash: (!header.is_of_sector()).then_some(header.hash),
            }),
        }
    }

    fn cut(&self) -> Sector {
        let mut pieces = Vec::new();
        let len = self.bytes.len() as u32;
        let is_erased = self.bytes.iter().all(|byte| *byte == ERASED);
        if self.header.is_some() {
            let size = self.first().min(len);
            let mut cut = Cut {
                sector: self,
                checksums: Checksums::of(self.bytes),
                proven: self.end.unwrap_or(0),
                is_over: !self.is_opened,
                only_copies: true,
                pending: None,
                is_intact: false,
                in_vain: 0,
                pieces: std::vec![Piece::Header { size }],
            };
            cut.run(size, len);
            pieces = cut.pieces;
        } else if is_erased {
            let (offset, size) = (0, len);
            pieces.push(Piece::Erased { offset, size });
        } else {
            pieces.push(Piece::Damaged {
                offset: 0,
                size: len,
                why: Damage::NoEntry,
                is_tail: true,
            });
        }
        Sector {
            header: self.header,
            good_copies: self.good_copies,
            pieces,
        }
    }
}

/// A sector that is being cut. What counts in it is decided as the engine does.
struct Cut<'a> {
    sector: &'a Raw<'a>,
    checksums: Checksums,
    /// In front of this offset, all that is whole was committed.
    proven: u32,
    /// Nothing counts from here on.
    is_over: bool,
    /// What was committed so far is copies.
    only_copies: bool,
    /// The piece with which what is undecided begins.
    pending: Option<usize>,
    /// What is undecided is a commit without a hole so far.
    is_intact: bool,
    /// The bytes of entries that do not check.
    in_vain: u32,
    pieces: Vec<Piece>,
}

impl Cut<'_> {
    fn run(&mut self, from: u32, to: u32) {
        let mut at = from;
        while at < to {
            if self.sector.end.is_some_and(|end| at >= end) {
                self.is_over = true;
            }
            let rest = self.sector.bytes.get(at as usize..).unwrap_or_default();
            let programmed = rest.iter().position(|byte| *byte != ERASED);
            let Some(programmed) = programmed else {
                self.pieces.push(Piece::Erased {
                    offset: at,
                    size: to.saturating_sub(at),
                });
                break;
            };
            let size = if programmed != 0 {
                let word = self.sector.write_size.max(1);
                let words = (programmed as u32).checked_div(word).unwrap_or(0);
                let size = words.max(1).saturating_mul(word);
                // Without anything undecided, this is where the sector ends; but a collection that was
                // cut may have gone on behind words that look erased.
                let is_open = at >= self.proven && self.pending.is_none();
                self.is_over |= is_open && size >= QUIET && !self.only_copies;
                let is_gap = is_open && !self.is_over;
                let size = self.take_damage(at, size.min(to.saturating_sub(at)), Damage::Hole);
                if is_gap {
                    self.pending = None;
                }
                size
            } else {
                match self.entry(at) {
                    Ok((header, role)) => self.take_entry(at, &header, role),
                    Err(why) => {
                        let word = self.sector.write_size.max(1);
                        self.take_damage(at, word.min(to.saturating_sub(at)), why)
                    }
                }
            };
            at = at.saturating_add(size);
        }
        // What no commit follows is a torn tail, and does not count.
        self.decide(false);
    }

    /// The entry at an offset, if it is whole; but not if too much was read of the sector in vain.
    fn entry(&mut self, at: u32) -> Result<(EntryHeader, Role), Damage> {
        let entry = self.sector.entry(at, &self.checksums);
        let front = self.sector.bytes.get(at as usize..).unwrap_or_default();
        let header = EntryHeader::decode(front).filter(EntryHeader::is_long);
        let (Some(header), Ok(_) | Err(Damage::Checksum { .. })) = (header, &entry) else {
            return entry;
        };
        let most = (self.sector.bytes.len() as u32).saturating_mul(PATIENCE);
        let sum = self.in_vain.saturating_add(header.body_len());
        if sum > most {
            return Err(Damage::NoEntry);
        }
        if entry.is_err() {
            self.in_vain = sum;
        }
        entry
    }

    /// Takes a whole entry; returns its size.
    fn take_entry(&mut self, at: u32, header: &EntryHeader, role: Role) -> u32 {
        let begins = role != Role::Continues;
        let is_proven = at < self.proven;
        if !is_proven && !self.is_over {
            if begins {
                // What stands before it was committed, and has rotted.
                self.decide(true);
            }
            if self.pending.is_none() {
                (self.pending, self.is_intact) = (Some(self.pieces.len()), begins);
            }
        }
        let piece = self.piece(at, header, role);
        self.pieces.push(piece);
        if self.is_intact && !header.has_more() {
            self.decide(true);
        }
        header.entry_len(self.sector.write_size)
    }

    /// Takes what is no entry; returns its size.
    fn take_damage(&mut self, at: u32, len: u32, why: Damage) -> u32 {
        if at >= self.proven && !self.is_over {
            self.pending.get_or_insert(self.pieces.len());
            self.is_intact = false;
        }
        match self.pieces.last_mut() {
            Some(Piece::Damaged {
                size,
                is_tail: false,
                ..
            }) if !self.is_over => *size = size.saturating_add(len),
            Some(Piece::Damaged {
                size,
                is_tail: true,
                ..
            }) if self.is_over => *size = size.saturating_add(len),
            _ => self.pieces.push(Piece::Damaged {
                offset: at,
                size: len,
                why,
                is_tail: self.is_over,
            }),
        }
        len
    }

    /// Says of what is undecided whether it counts.
    fn decide(&mut self, counts: bool) {
        let from = self.pending.take();
        let pieces = from.and_then(|from| self.pieces.get_mut(from..));
        for piece in pieces.unwrap_or_default() {
            match piece {
                Piece::Entry(entry) => {
                    entry.committed = counts;
                    self.only_copies &= !counts || entry.is_copy;
                }
                Piece::Damaged { is_tail, .. } => *is_tail = !counts,
                _ => {}
            }
        }
        self.is_intact = false;
    }

    fn piece(&self, offset: u32, header: &EntryHeader, role: Role) -> Piece {
        let size = header.entry_len(self.sector.write_size);
        if header.is_opening() {
            let is_first = offset == self.sector.first();
            return Piece::Opening {
                offset,
                size,
                keys: header.slots().into(),
                before: self.sector.before.filter(|_| is_first),
            };
        }
        if header.is_table() {
            let keys = header.value_len().checked_div(TABLE_ITEM).unwrap_or(0) as usize;
            return Piece::Table { offset, size, keys };
        }
        if header.is_mark() {
            return Piece::Mark { offset, size };
        }
        let place = |at: u32| offset.saturating_add(at) as usize;
        let mut value = place(header.value_offset())..place(header.body_len());
        let mut key = EntryKey::Hash(header.hash);
        let bytes = self.sector.bytes.get(value.clone()).unwrap_or_default();
        if header.is_named()
            && let Some((len, rest)) = bytes.split_first()
        {
            let name = rest.get(..usize::from(*len)).unwrap_or_default();
            key = EntryKey::Name(String::from_utf8_lossy(name).into_owned());
            value.start = value.start.saturating_add(name.len()).saturating_add(1);
        }
        Piece::Entry(Entry {
            offset,
            size,
            key,
            hash: header.hash,
            value,
            is_tombstone: header.is_tombstone(),
            is_copy: role == Role::Copy,
            more: header.has_more(),
            continues: role == Role::Continues,
            committed: offset < self.proven,
        })
    }
}

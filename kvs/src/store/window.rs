//! A window over a sector: bytes through the buffer, and the entry at an offset.
//!
//! Reads each byte once, gets past what can't be read, and checks an entry by itself. What a sequence of entries means,
//! `scan.rs` decides.

use super::flash::{CHUNK, Partition};
use super::{NorFlash, bisync};
use crate::bytes::{Aligned, is_erased, move_within};
use crate::checksum::Checksum;
use crate::error::Error;
use crate::format::{CHECKSUM, ERASED, Head, Kind, MAX_HEAD, name_hash, pad, place_salt};
use crate::map::Place;

/// A whole entry.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) head: Head,
    /// The key's hash, of named entries too.
    pub(crate) hash: u32,
    /// From the start of its sector.
    pub(crate) offset: u32,
    /// With padding.
    pub(crate) size: u32,
}

impl Entry {
    /// The entry at the front of `bytes`, which hold at least its head and name.
    pub(crate) fn parse(bytes: &[u8], offset: u32, write_size: u32) -> Option<Self> {
        let head = Head::decode(bytes)?;
        let hash = match head.kind {
            Kind::Named => name_hash(bytes.get(4..head.len() as usize)?),
            Kind::Hashed | Kind::Tombstone => head.hash,
        };
        let size = pad(head.entry_len(), write_size);
        Some(Self {
            head,
            hash,
            offset,
            size,
        })
    }

    pub(crate) fn end(&self) -> u32 {
        self.offset.wrapping_add(self.size)
    }

    /// Where it is, in a sector that begins at `base`.
    pub(crate) fn place(&self, base: u32) -> Place {
        Place {
            address: base.wrapping_add(self.offset),
            size: Some(self.size),
            tombstone: self.is_tombstone(),
        }
    }

    /// Where the value begins in its sector.
    pub(crate) fn value_offset(&self) -> u32 {
        self.offset.wrapping_add(self.head.len())
    }

    pub(crate) fn is_tombstone(&self) -> bool {
        self.head.kind == Kind::Tombstone
    }
}

/// What is found at an offset.
pub(crate) enum Probe {
    Whole(Entry),
    /// An erased byte.
    Blank,
    Bad,
}

/// Which part of a sector a buffer holds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View {
    pub(crate) start: u32,
    pub(crate) len: u32,
    /// Of the words that could not be read, here or before; see [`note_hole`]. 0: there were none.
    pub(crate) holes: u8,
}

impl View {
    pub(crate) fn new(start: u32, len: u32) -> Self {
        Self {
            start,
            len,
            holes: 0,
        }
    }
}

/// A part of a sector, seen through a buffer that slides over it and reads each byte once.
pub(crate) struct Window<'w, F: NorFlash> {
    pub(crate) flash: &'w mut Partition<F>,
    buffer: &'w mut [u8],
    base: u32,
    pub(crate) view: View,
    /// Nothing behind this offset is read.
    limit: u32,
    /// Where something begins that will be looked at again: kept in the buffer if it fits.
    pub(crate) pin: Option<u32>,
    /// Why a word could not be read, if one could not. Such words count as damage.
    pub(crate) failed: Option<Error<F::Error>>,
}

/// What stands for a word that can't be read. Not erased; now and then what was there, so that an entry seems whole.
const UNREADABLE: u8 = 0x55;

#[bisync]
impl<'w, F: NorFlash> Window<'w, F> {
    /// Over `sector` up to offset `limit`.
    pub(crate) fn new(
        flash: &'w mut Partition<F>,
        buffer: &'w mut [u8],
        sector: usize,
        limit: u32,
    ) -> Self {
        let base = flash.base(sector);
        Self {
            flash,
            buffer,
            base,
            view: View::new(0, 0),
            limit,
            pin: None,
            failed: None,
        }
    }

    pub(crate) fn sector_size(&self) -> u32 {
        self.flash.sector_size
    }

    /// The buffer holds part of the sector already.
    pub(crate) fn loaded(mut self, view: View) -> Self {
        self.view = view;
        self
    }

    /// The bytes from `offset` on: `need` of them, or what is there before the limit or fits the buffer.
    pub(crate) async fn at(&mut self, offset: u32, need: usize) -> &[u8] {
        let end = self.view.start.wrapping_add(self.view.len);
        let inside = (self.view.start..end).contains(&offset);
        let have = if inside {
            end.saturating_sub(offset)
        } else {
            0
        };
        if (have as usize) < need && offset.wrapping_add(have) < self.limit {
            self.fill(offset, need).await;
        }
        let from = offset.saturating_sub(self.view.start) as usize;
        self.buffer.get(from..self.view.len as usize).unwrap_or(&[])
    }

    /// `len` bytes from `offset` on, for as long as the buffer is borrowed; fewer where the buffer is too short.
    pub(crate) async fn into_bytes(mut self, offset: u32, len: usize) -> &'w [u8] {
        self.at(offset, len).await;
        let from = offset.saturating_sub(self.view.start) as usize;
        let buffer: &'w [u8] = self.buffer;
        buffer.get(from..from.wrapping_add(len)).unwrap_or(&[])
    }

    /// Moves what is still needed to the front of the buffer and reads on behind it.
    async fn fill(&mut self, offset: u32, need: usize) {
        let end = self.view.start.wrapping_add(self.view.len);
        let fits = |from: u32| {
            let len = offset.saturating_sub(from) as usize;
            (self.view.start..=offset).contains(&from)
                && len.wrapping_add(need) <= self.buffer.len()
        };
        let from = self.pin.filter(|pin| fits(*pin)).unwrap_or(offset);
        // A few bytes more, so that what is read goes to aligned memory, as the DMA of some drivers wants it.
        let aligned = end.wrapping_sub(pad(end.saturating_sub(from), 4));
        let from = if fits(aligned) { aligned } else { from };
        let mut keep = 0;
        if (self.view.start..end).contains(&from) {
            keep = end.saturating_sub(from);
            let first = from.saturating_sub(self.view.start) as usize;
            move_within(self.buffer, first, 0, keep as usize);
            self.view.start = from;
        } else {
            self.view.start = offset & !Partition::<F>::READ_SIZE.saturating_sub(1);
        }
        self.view.len = keep;
        let at = self.view.start.wrapping_add(keep);
        let room = (self.buffer.len() as u32).saturating_sub(keep);
        let room =
            room.min(self.limit.saturating_sub(at)) & !Partition::<F>::READ_SIZE.saturating_sub(1);
        let until = keep.wrapping_add(room) as usize;
        let Some(free) = self.buffer.get_mut(keep as usize..until) else {
            return;
        };
        let address = self.base.wrapping_add(at);
        if self.flash.read(address, free).await.is_err() {
            // One word with an ECC error must not hide its neighbours.
            let (mut at, mut rest) = (address, free);
            while !rest.is_empty() {
                let inside = at & Partition::<F>::WRITE_SIZE.saturating_sub(1);
                let len = Partition::<F>::WRITE_SIZE.saturating_sub(inside);
                let Some((word, later)) = rest.split_at_mut_checked((len as usize).min(rest.len()))
                else {
                    break;
                };
                if let Err(error) = self.flash.read(at, word).await {
                    word.fill(UNREADABLE);
                    self.failed = Some(error);
                    self.view.holes = note_hole(self.view.holes, at);
                }
                at = at.wrapping_add(len);
                rest = later;
            }
        }
        self.view.len = until as u32;
    }

    /// Looks for an entry at `offset`. `trusted` is whether its checksum need not be computed, `long` how many bytes
    /// the entry may have.
    pub(crate) async fn probe<C: Checksum>(
        &mut self,
        checksum: &mut C,
        sequence: u32,
        offset: u32,
        trusted: bool,
        long: u32,
    ) -> Probe {
        let bytes = self.at(offset, MAX_HEAD).await;
        if bytes.first() == Some(&ERASED) {
            return Probe::Blank;
        }
        let have = bytes.len();
        let Some(head) = Head::decode(bytes) else {
            return Probe::Bad;
        };
        let size = pad(head.entry_len(), Partition::<F>::WRITE_SIZE);
        if size > long || offset.wrapping_add(size) > self.flash.sector_size {
            return Probe::Bad;
        }
        // The whole entry in one read, where the buffer holds it.
        let whole = (size as usize).min(self.buffer.len());
        if have < whole {
            self.at(offset, whole).await;
        }
        let hash = if head.kind == Kind::Named {
            let len = usize::from(head.name_len);
            match self.at(offset.wrapping_add(4), len).await.get(..len) {
                Some(name) => name_hash(name),
                None => return Probe::Bad,
            }
        } else {
            head.hash
        };
        if !trusted && !self.check(checksum, sequence, offset, &head).await {
            return Probe::Bad;
        }
        if self.view.holes != 0 && !self.is_readable(offset, size).await {
            return Probe::Bad;
        }
        Probe::Whole(Entry {
            head,
            hash,
            offset,
            size,
        })
    }

    async fn check<C: Checksum>(
        &mut self,
        checksum: &mut C,
        sequence: u32,
        offset: u32,
        head: &Head,
    ) -> bool {
        checksum.reset();
        let end = offset.wrapping_add(head.checked_len());
        let mut at = offset;
        loop {
            let left = end.saturating_sub(at) as usize;
            let need = left.wrapping_add(CHECKSUM as usize).min(self.buffer.len());
            let bytes = self.at(at, need).await;
            let (now, rest) = bytes.split_at_checked(left).unwrap_or((bytes, &[]));
            checksum.update(now);
            if let Some(stored) = rest.first_chunk() {
                let expected = checksum.value() ^ place_salt(sequence, offset);
                return u32::from_le_bytes(*stored) == expected;
            }
            if now.is_empty() {
                return false;
            }
            at = at.wrapping_add(now.len() as u32);
        }
    }

    /// Whether all of `len` bytes can be read, and none of them was just guessed right.
    async fn is_readable(&mut self, offset: u32, len: u32) -> bool {
        let (mut at, end) = (offset, offset.wrapping_add(len));
        while at < end {
            let mut scratch = Aligned([0; CHUNK]);
            let count = (end.saturating_sub(at) as usize).min(CHUNK);
            let bytes = scratch.0.get_mut(..count).unwrap_or(&mut []);
            if self
                .flash
                .read(self.base.wrapping_add(at), bytes)
                .await
                .is_err()
            {
                return false;
            }
            at = at.wrapping_add(CHUNK as u32);
        }
        true
    }

    /// The first byte from `offset` up to `end` that is not erased, rounded down to its word.
    pub(crate) async fn programmed_from(&mut self, offset: u32, end: u32) -> Option<u32> {
        let mut at = offset;
        while at < end {
            let bytes = self.at(at, 1).await;
            if bytes.is_empty() {
                return None;
            }
            if !is_erased(bytes)
                && let Some(index) = bytes.iter().position(|byte| *byte != ERASED)
            {
                let found = at.wrapping_add(index as u32);
                let word = found & !Partition::<F>::WRITE_SIZE.saturating_sub(1);
                // The buffer may hold more than was asked for.
                return (found < end).then_some(word);
            }
            at = at.wrapping_add(bytes.len() as u32);
        }
        None
    }

    /// Whether everything up to the limit is erased.
    pub(crate) async fn is_blank(&mut self, from: u32) -> bool {
        let limit = self.limit;
        self.programmed_from(from, limit).await.is_none() && self.failed.is_none()
    }
}

/// Adds the address of a word that can't be read to the digest of others. Equal digests: most likely the same words. Never 0.
pub(crate) fn note_hole(holes: u8, address: u32) -> u8 {
    let mixed = address.wrapping_add(1).wrapping_mul(0x9E37_79B1) >> 24;
    holes.wrapping_mul(31).wrapping_add(mixed as u8).max(1)
}

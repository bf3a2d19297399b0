//! Mounting: from what is in flash to the index.

use core::ops::Range;

use super::flash::Flash;
use super::header::{COPY_LEN, Layout, SectorHeader};
use super::index::{ERASED_AHEAD, Index, Sector, Slot, TABLE_ITEM, UNKNOWN};
use super::read::{Entry, Found};
use super::scan::Scanned;
use super::{
    BY_TABLE, CLOSED, Engine, FRESH, Fault, NO_TABLES, NONE, NorFlash, ONLY_COPIES, STALE, bisync,
};
use crate::bytes::is_erased;
use crate::checksum::Crc32c;
use crate::format::{ERASED, header_stride};

/// What of the flash a mount leaves out.
#[derive(Clone, Copy)]
pub(super) enum Except {
    Nothing,
    /// This sector, whose entries are all copies.
    Sector(usize),
    /// What stands from this address on in the active sector: it reads now so, now so.
    From(u32),
}

#[bisync]
impl<'a, F: NorFlash> Engine<'a, F> {
    /// Mounts the partition in `range`, whose sectors have this size, a power of two.
    pub(crate) async fn mount(
        driver: F,
        range: Range<u32>,
        sector_size: u32,
        slots: &'a mut [Slot],
        sectors: &'a mut [Sector],
        buffer: &'a mut [u8],
    ) -> Result<Self, Fault> {
        let flash = Flash::new(driver, range.start, sector_size, buffer);
        let shift = sector_size
            .trailing_zeros()
            .wrapping_sub(Self::WORD.trailing_zeros());
        let mut engine = Self {
            flash,
            index: Index::new(slots, sectors, shift),
            checksum: Crc32c::new(),
            active: NONE,
            end: 0,
            suspect_from: 0,
            sequence: 0,
            gc_before_sequence: 0,
            wear_spread: 100,
            flags: 0,
            damaged: 0,
            since_table: 0,
        };
        engine.set(STALE, true);
        engine.resume().await?;
        Ok(engine)
    }
}

#[bisync]
impl<F: NorFlash> Engine<'_, F> {
    /// Fills the index from what is in flash, but for what is excepted.
    #[inline(never)]
    pub(super) async fn read_all(&mut self, except: Except) -> Result<(), Fault> {
        self.index.clear();
        self.flash.forget();
        self.damaged = 0;
        self.active = NONE;
        self.end = self.flash.sector_size();
        self.suspect_from = self.end;
        self.flags = FRESH | STALE | self.flags & NO_TABLES;
        self.read_headers().await?;
        let mut sequence = 0;
        let table = self.read_table(except).await;
        if let Some(number) = table {
            // All that is older is in the table.
            sequence = self.index.sector(number).sequence.wrapping_sub(1);
            self.set(BY_TABLE, true);
        }
        // The newest sector that has entries.
        while let Some(number) = self.index.next_after(sequence) {
            sequence = self.index.sector(number).sequence;
            if self.index.sector(number).is(ERASED_AHEAD) {
                continue;
            }
            if matches!(except, Except::Sector(other) if other == number) {
                self.mark_unknown(number);
                continue;
            }
            let only_copies = self.is(ONLY_COPIES);
            self.set(ONLY_COPIES, true);
            let scanned = self.read_sector(number, except).await?;
            if scanned.entries == 0 {
                // It was opened at most, and nothing was committed to it.
                self.set(ONLY_COPIES, only_copies);
                self.set(CLOSED, true);
                self.mark_unknown(number);
                continue;
            }
            self.active = number;
            self.end = self.flash.offset_within(number, scanned.end);
            self.suspect_from = self.flash.offset_within(number, scanned.last_from);
            let is_void = matches!(except, Except::From(_));
            self.set(
                CLOSED,
                scanned.is_torn || is_void && Some(number) == self.newest_opened(u32::MAX),
            );
        }
        if self.has_unknown() || matches!(except, Except::Sector(_)) {
            self.set(CLOSED, true);
        }
        if table.is_some() && (self.active == NONE || !self.index.is_complete()) {
            // What the table tells of is not all there: the next time, all is read.
            self.set(NO_TABLES, true);
            return Ok(());
        }
        self.forget_tombstones();
        self.gc_before_sequence = self.index.sector(self.active).sequence;
        self.set(STALE, false);
        Ok(())
    }

    /// Must be called before the index is used: reads all anew where that did not succeed before.
    pub(super) async fn resume(&mut self) -> Result<(), Fault> {
        // Twice at most: a table may turn out to be wrong.
        while self.is(STALE) {
            self.read_all(Except::Nothing).await?;
        }
        Ok(())
    }

    /// Must be called where an entry is not there that the index tells of. `true` if a table may
    /// have been wrong: then all is read anew, without tables, before the index is used again.
    pub(super) fn doubt_table(&mut self) -> bool {
        let is_by_table = self.is(BY_TABLE);
        if is_by_table {
            self.set(STALE | NO_TABLES, true);
        }
        is_by_table
    }

    /// Takes the newest table into the index, and returns the sector that it is in.
    async fn read_table(&mut self, except: Except) -> Option<usize> {
        self.since_table = 0;
        if self.is(NO_TABLES) {
            return None;
        }
        let mut before = u32::MAX;
        loop {
            let number = self.newest_opened(before)?;
            before = self.index.sector(number).sequence;
            let opening = self.flash.base(number).wrapping_add(Self::FIRST);
            let is_left_out = matches!(except, Except::Sector(other) if other == number);
            if !is_left_out
                && let Found::Entry(entry) = self.probe(opening).await
                && entry.header.is_opening()
                && entry.header.value_len != 0
            {
                return self.take_table(&entry, before).await.then_some(number);
            }
            self.since_table = self.since_table.saturating_add(1);
        }
    }

    /// Takes a table into the index. `false` if there is no room for it, or it can't be read.
    async fn take_table(&mut self, entry: &Entry, sequence: u32) -> bool {
        let mut at = entry.address.wrapping_add(entry.header.len());
        let end = entry.address.wrapping_add(entry.header.body_len());
        while at < end {
            let bytes = self.flash.bytes(at, TABLE_ITEM).await;
            let item = bytes.first_chunk().map(Slot::decode);
            if !item.is_some_and(|slot| self.index.push(slot, sequence)) {
                self.index.clear_slots();
                return false;
            }
            at = at.wrapping_add(TABLE_ITEM);
        }
        true
    }

    /// The headers of all sectors.
    async fn read_headers(&mut self) -> Result<(), Fault> {
        let layout = self.layout();
        let (mut most, mut is_readable) = (0, false);
        for number in 0..self.index.sector_count() {
            let base = self.flash.base(number);
            let (mut found, mut is_used) = (None, false);
            for at in [base, base.wrapping_add(header_stride(Self::WORD))] {
                let bytes = self.flash.bytes(at, COPY_LEN).await;
                is_readable |= !bytes.is_empty();
                is_used |= !is_erased(bytes);
                found = bytes.first_chunk().and_then(SectorHeader::decode);
                if found.is_some() {
                    break;
                }
            }
            let first = base.wrapping_add(Self::FIRST);
            let bytes = self.flash.bytes(first, 1).await;
            let is_blank = bytes.first() == Some(&ERASED);
            let Some(sector) = self.index.sector_mut(number) else {
                break;
            };
            if let Some(header) = found {
                if header.layout != layout {
                    return Err(Fault::Incompatible);
                }
                sector.sequence = header.sequence;
                sector.erases = header.erases;
                if is_blank {
                    sector.flags |= ERASED_AHEAD;
                }
                self.sequence = self.sequence.max(header.sequence);
                most = most.max(header.erases);
            } else if is_used || !is_blank {
                sector.flags |= UNKNOWN;
            }
        }
        if !is_readable {
            // Not to be taken for an empty partition.
            return Err(Fault::Flash);
        }
        for number in 0..self.index.sector_count() {
            if let Some(sector) = self.index.sector_mut(number)
                && sector.sequence == 0
            {
                sector.erases = most;
            }
        }
        Ok(())
    }

    /// The entries of one sector.
    async fn read_sector(&mut self, number: usize, except: Except) -> Result<Scanned, Fault> {
        let base = self.flash.base(number);
        let sequence = self.index.sector(number).sequence;
        let first = base.wrapping_add(Self::FIRST);
        let mut to = base.wrapping_add(self.flash.sector_size());
        let mut proven = first;
        // The sector that was opened next says where this one ended.
        let mut after = sequence;
        while let Some(next) = self.index.next_after(after) {
            after = self.index.sector(next).sequence;
            if self.index.sector(next).is(ERASED_AHEAD) {
                continue;
            }
            let opening = self.flash.base(next).wrapping_add(Self::FIRST);
            if let Found::Entry(entry) = self.probe(opening).await
                && let Some(end) = entry.header.end_of(sequence)
            {
                let end = base.wrapping_add(end.wrapping_mul(Self::WORD));
                if end >= first && end <= to {
                    (to, proven) = (end, end);
                }
            }
            break;
        }
        if let Except::From(address) = except
            && address >= first
            && address < to
        {
            to = address;
        }
        self.scan(first, to, proven.min(to)).await
    }

    pub(super) fn layout(&self) -> Layout {
        Layout::new(0, self.flash.sector_size(), Self::WORD)
    }

    /// Notes that nothing in a sector counts, and that it is to be erased before anything is
    /// written: what is written next must not be taken for what follows it.
    pub(super) fn mark_unknown(&mut self, number: usize) {
        if let Some(sector) = self.index.sector_mut(number) {
            sector.flags = sector.flags & !ERASED_AHEAD | UNKNOWN;
        }
    }

    /// The newest sector of those before `sequence` that are not erased ahead.
    fn newest_opened(&self, sequence: u32) -> Option<usize> {
        self.index.lowest(&|_, sector| {
            let is_opened = sector.sequence != 0 && !sector.is(ERASED_AHEAD);
            if is_opened && sector.sequence < sequence {
                !sector.sequence
            } else {
                u32::MAX
            }
        })
    }

    /// Whether there is a sector without a header that has been used: it may have been the newest.
    fn has_unknown(&self) -> bool {
        self.index.sectors().any(|(_, sector)| sector.is(UNKNOWN))
    }
}

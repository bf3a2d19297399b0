//! Room: opening sectors, collecting the live entries of others, wear levelling.
//!
//! At least one sector is free whenever a commit is finished. When the last one is opened, the live
//! entries of another are copied into it before anything new; until then the copies may be undone.

use super::entry::{CHECKSUM_LEN, EntryHeader, Role};
use super::header::{SEQUENCE_MAX, SectorHeader};
use super::index::{ERASED_AHEAD, FAILED, NEEDED, RETIRED, TABLE_ITEM, UNKNOWN};
use super::mount::Except;
use super::{BY_TABLE, CLOSED, Engine, Fault, NONE, NorFlash, ONLY_COPIES, bisync};
use crate::bytes::copy;
use crate::checksum::Checksum;
use crate::format::{ERASED, header_stride};

#[bisync]
impl<F: NorFlash> Engine<'_, F> {
    /// Makes room for `need` bytes in the active sector, so that one sector is free when they are
    /// there.
    #[inline(never)]
    pub(super) async fn make_room(&mut self, need: u32) -> Result<(), Fault> {
        let mut is_collecting = false;
        // More steps than there can be entries to move.
        for _ in 0..self.index.slots().len().wrapping_mul(4).wrapping_add(64) {
            let (free, is_spare) = self.free_sectors();
            // If the commit is cut, its predecessors are live: then a sector has to be free all the
            // same, or the active one must hold copies only, so that it can be undone.
            let is_safe = free != 0 && (self.is(ONLY_COPIES) || is_spare);
            if need <= self.room() && is_safe {
                return Ok(());
            }
            if free != 0 && !is_spare {
                return self.undo().await;
            }
            let cold = self.victim(true);
            if free >= 2 && (cold.is_none() || is_collecting) {
                self.open_next().await?;
                continue;
            }
            if !is_collecting {
                is_collecting = true;
                if free == 1 && !self.can_make(need) {
                    return Err(Fault::Full);
                }
                if free == 1 {
                    self.open_next().await?;
                }
                if free != 0 {
                    self.gc_before_sequence = self.index.sector(self.active).sequence;
                    continue;
                }
            }
            let Some(victim) = cold.or_else(|| self.victim(false)) else {
                return self.undo().await;
            };
            if !self.move_one(victim).await? {
                return self.undo().await;
            }
        }
        Err(Fault::Full)
    }

    /// How many sectors are free, the active one aside, with what the commit under way replaces;
    /// and whether one of them is free without.
    #[inline(never)]
    fn free_sectors(&self) -> (usize, bool) {
        let (mut free, mut is_spare) = (0usize, false);
        for (number, sector) in self.index.sectors() {
            if sector.live() == 0 && number != self.active && !sector.is(RETIRED) {
                free = free.wrapping_add(1);
                is_spare |= !sector.is(NEEDED);
            }
        }
        (free, is_spare)
    }

    /// Begins a collection that was cut and can't go on anew: the copies do not count.
    #[inline(never)]
    async fn undo(&mut self) -> Result<(), Fault> {
        if !self.is(ONLY_COPIES) || self.active == NONE {
            return Err(Fault::Full);
        }
        let copies = self.active;
        self.index.end_commit();
        self.read_all(Except::Sector(copies)).await?;
        self.set(super::FRESH, false);
        Err(Fault::Remounted)
    }

    /// Whether a collection would make so much room.
    fn can_make(&self, need: u32) -> bool {
        let (mut least, mut sum, mut count) = (u32::MAX, 0u32, 0u32);
        for (_, sector) in self
            .index
            .sectors()
            .filter(|(_, sector)| !sector.is(RETIRED))
        {
            let live = sector.live().wrapping_mul(Self::WORD);
            if live != 0 {
                least = least.min(live);
            }
            sum = sum.wrapping_add(live);
            count = count.wrapping_add(1);
        }
        let payload = self.payload().wrapping_sub(self.opening_len());
        let longest = self.index.longest().wrapping_mul(Self::WORD);
        let waste = longest.wrapping_mul(count);
        least.saturating_add(need) <= payload
            || sum.wrapping_add(need).wrapping_add(waste)
                <= payload.wrapping_mul(count.wrapping_sub(1))
    }

    /// The sector to collect: the one with the fewest live words; or the one that has been spared
    /// for too long, if there is one and `cold` asks for it.
    #[inline(never)]
    fn victim(&self, cold: bool) -> Option<usize> {
        let most = self
            .index
            .sectors()
            .fold(0, |most, (_, sector)| sector.erases.max(most));
        self.index.lowest(&|number, sector| {
            let is_old = sector.sequence < self.gc_before_sequence && number != self.active;
            let is_spared = sector.erases.wrapping_add(self.wear_spread.into()) < most;
            if sector.live() == 0 || sector.is(RETIRED) || !is_old {
                u32::MAX
            } else if !cold {
                sector.live()
            } else if is_spared {
                sector.erases
            } else {
                u32::MAX
            }
        })
    }

    /// The free sector to open next: those erased ahead in the order of their sequences, then those
    /// without a header, then the least worn.
    #[inline(never)]
    fn next_free(&self) -> Option<usize> {
        self.index.lowest(&|number, sector| {
            let is_taken = number == self.active || sector.is(RETIRED | NEEDED);
            if sector.live() != 0 || is_taken {
                return u32::MAX;
            }
            if sector.is(ERASED_AHEAD) {
                return sector.sequence & 0x0FFF_FFFF;
            }
            let rank = if sector.is(FAILED) {
                4 << 28
            } else if sector.sequence == 0 {
                1 << 28
            } else {
                2 << 28
            };
            rank | sector.erases & 0x0FFF_FFFF
        })
    }

    /// The most that an opening takes.
    pub(super) fn opening_len(&self) -> u32 {
        self.opening(self.table_len()).entry_len(Self::WORD)
    }

    /// The header of the next sector's first entry.
    fn opening(&self, table_len: u32) -> EntryHeader {
        let before = self.index.sector(self.active).sequence;
        let end = self.end >> Self::WORD.trailing_zeros();
        EntryHeader::opening(before, end, table_len)
    }

    /// The length of a table of all keys, if the next sector begins with one: so that tables take no
    /// more than a sixteenth of all sectors, and a quarter of one.
    fn table_len(&self) -> u32 {
        let len = (self.index.table_count() as u32).wrapping_mul(TABLE_ITEM);
        let sectors = u32::from(self.since_table).saturating_add(1);
        let is_worth = len.saturating_mul(16) <= self.payload().saturating_mul(sectors);
        if is_worth && len <= self.payload() / 4 {
            len
        } else {
            0
        }
    }

    /// Makes the next free sector the active one.
    #[inline(never)]
    async fn open_next(&mut self) -> Result<(), Fault> {
        let Some(next) = self.next_free() else {
            return Err(Fault::Full);
        };
        let first = self.flash.base(next).wrapping_add(Self::FIRST);
        let is_ready = self.index.sector(next).is(ERASED_AHEAD);
        if !is_ready || !self.flash.is_erased(first, self.payload()).await {
            self.prepare(next).await?;
        }
        self.forget_tombstones();
        let opening = self.opening(self.table_len());
        self.since_table = match opening.value_len {
            0 => self.since_table.saturating_add(1),
            _ => 0,
        };
        if let Some(sector) = self.index.sector_mut(next) {
            sector.flags &= !ERASED_AHEAD;
        }
        self.active = next;
        self.end = Self::FIRST;
        self.set(CLOSED, false);
        self.set(ONLY_COPIES, true);
        let opened = self.write_opening(opening, first).await;
        if opened.is_err() {
            self.fail(next);
        }
        opened
    }

    /// Writes a sector's first entry, with the slots of all keys as its value if it has a table.
    async fn write_opening(&mut self, opening: EntryHeader, first: u32) -> Result<(), Fault> {
        let len = opening.entry_len(Self::WORD);
        let salt = self.salt_of(first) ^ Role::First.salt(false);
        self.begin_checksum(opening);
        copy(self.flash.stage(), &opening.encode());
        let (mut address, mut staged) = (first, opening.len());
        let end = first.wrapping_add(len);
        let mut slot = 0usize;
        while address.wrapping_add(staged) < end {
            let mut item = [ERASED; TABLE_ITEM as usize];
            let written = address.wrapping_add(staged).wrapping_sub(first);
            let mut count = TABLE_ITEM;
            if written < opening.body_len() {
                let next = self.index.slots().get(slot).copied();
                slot = slot.wrapping_add(1);
                let Some(next) = next.filter(|next| !next.is_new()) else {
                    continue;
                };
                item = next.encode();
                self.checksum.update(&item);
            } else if written == opening.body_len() {
                count = CHECKSUM_LEN;
                copy(&mut item, &(self.checksum.value() ^ salt).to_le_bytes());
            } else {
                count = 1;
            }
            for byte in item.into_iter().take(count as usize) {
                self.flash.put(staged, byte);
                staged = staged.wrapping_add(1);
                if staged == self.flash.stage_len() {
                    self.flash.program(address, staged).await?;
                    address = address.wrapping_add(staged);
                    staged = 0;
                }
            }
        }
        self.flash.program(address, staged).await?;
        self.take_in(first, end).await
    }

    /// Erases a free sector, and gives it a header.
    #[inline(never)]
    pub(super) async fn prepare(&mut self, number: usize) -> Result<(), Fault> {
        self.verify_table().await?;
        let sequence = self.sequence.wrapping_add(1);
        if sequence > SEQUENCE_MAX {
            return Err(Fault::WornOut);
        }
        self.sequence = sequence;
        // What the active sector has copies of may be in there.
        self.set(ONLY_COPIES, false);
        let erased = self.flash.erase(number).await;
        let header = SectorHeader {
            layout: self.layout(),
            sequence,
            erases: self.index.sector(number).erases.wrapping_add(1),
        };
        let front = self
            .flash
            .stage()
            .get_mut(..Self::FIRST as usize)
            .unwrap_or_default();
        front.fill(ERASED);
        for target in front.chunks_mut(header_stride(Self::WORD) as usize) {
            copy(target, &header.encode());
        }
        let base = self.flash.base(number);
        let written = match erased {
            Ok(()) => self.flash.program(base, Self::FIRST).await,
            Err(fault) => Err(fault),
        };
        if let Some(sector) = self.index.sector_mut(number) {
            sector.erases = header.erases;
            sector.sequence = if written.is_ok() { sequence } else { 0 };
            sector.flags = sector.flags & (FAILED | RETIRED) | ERASED_AHEAD;
        }
        if written.is_err() {
            self.fail(number);
        }
        written
    }

    /// Checks the entries that a table told of, before something is erased in their favour.
    #[inline(never)]
    async fn verify_table(&mut self) -> Result<(), Fault> {
        if !self.is(BY_TABLE) {
            return Ok(());
        }
        for at in 0..self.index.slots().len() {
            let slot = self.index.slots().get(at).copied();
            let Some(slot) = slot.filter(|slot| !slot.is_new()) else {
                continue;
            };
            if self.entry_of(slot).await.is_none() {
                self.doubt_table();
                return Err(Fault::Remounted);
            }
        }
        self.set(BY_TABLE, false);
        Ok(())
    }

    /// Erases the sectors that have no valid header, and have been used: they may be newer than the
    /// active one, and may be readable another time.
    pub(super) async fn erase_unknown(&mut self) {
        for number in 0..self.index.sector_count() {
            let sector = self.index.sector(number);
            if sector.is(UNKNOWN) && sector.live() == 0 {
                // If it can't be had, another will do.
                let _ = self.prepare(number).await;
            }
        }
    }

    /// Forgets the tombstones in the oldest sector that has something: they hide nothing.
    #[inline(never)]
    pub(super) fn forget_tombstones(&mut self) {
        let oldest = self.index.lowest(&|_, sector| match sector.sequence {
            0 => u32::MAX,
            sequence => sequence,
        });
        let Some(oldest) = oldest else { return };
        while let Some(slot) = self.index.tombstone_in(oldest) {
            if slot.is_replaced() {
                self.index.forget_entry(slot.hash());
            } else {
                self.index.remove(slot);
            }
        }
    }

    /// Copies one live entry of `victim` into the active sector, or opens another for it. `false`
    /// if there is no place for it.
    #[inline(never)]
    async fn move_one(&mut self, victim: usize) -> Result<bool, Fault> {
        let Some(slot) = self.index.live_in(victim) else {
            return Ok(false);
        };
        let Some(entry) = self.entry_of(slot).await else {
            if self.doubt_table() {
                return Err(Fault::Remounted);
            }
            if self.flash.is_unreadable() {
                // It may be readable another time.
                if let Some(sector) = self.index.sector_mut(victim) {
                    sector.flags |= RETIRED;
                }
                return Ok(true);
            }
            self.damaged = self.damaged.saturating_add(1);
            self.index.remove(slot);
            return Ok(true);
        };
        let len = entry.header.entry_len(Self::WORD);
        if self.room() < len {
            if self.next_free().is_none() {
                return Ok(false);
            }
            self.open_next().await?;
            return Ok(true);
        }
        let checksum = self.checksum.value();
        let moved = self.copy_entry(entry.address, entry.header, checksum).await;
        if moved.is_err() {
            self.fail(self.active);
        }
        moved.map(|()| true)
    }

    /// Copies an entry, whose checksum without the salt is known, to the end of the active sector.
    async fn copy_entry(
        &mut self,
        from: u32,
        header: EntryHeader,
        checksum: u32,
    ) -> Result<(), Fault> {
        let to = self.write_address();
        let header = header.with_more(false);
        let len = header.entry_len(Self::WORD);
        if !self.flash.is_erased(to, len).await {
            return Err(Fault::NotErased);
        }
        let salt = self.salt_of(to) ^ Role::Copy.salt(false);
        let checksum = (checksum ^ salt).to_le_bytes();
        let body = header.body_len();
        let [tag, ..] = header.encode();
        let mut done = 0u32;
        while done < len {
            let count = len.wrapping_sub(done).min(self.flash.stage_len());
            self.flash.forget();
            if (self.flash.bytes(from.wrapping_add(done), count).await.len() as u32) < count {
                return Err(Fault::Flash);
            }
            let staged = self.flash.stage();
            for (at, byte) in (body..body.wrapping_add(CHECKSUM_LEN)).zip(checksum) {
                if let Some(target) = staged.get_mut(at.wrapping_sub(done) as usize) {
                    *target = byte;
                }
            }
            if done == 0
                && let Some(target) = staged.first_mut()
            {
                *target = tag;
            }
            self.flash.program(to.wrapping_add(done), count).await?;
            done = done.wrapping_add(count);
        }
        self.take_in(to, to.wrapping_add(len)).await
    }

    /// Does one step of what commits would do later: erases a free sector ahead, or moves an entry.
    /// Returns whether there is more to do.
    pub(crate) async fn maintain(&mut self) -> Result<bool, Fault> {
        self.begin_write().await?;
        let (free, _) = self.free_sectors();
        if free >= 2 || free == 1 && !self.is(ONLY_COPIES) {
            let ready = self
                .next_free()
                .filter(|next| !self.index.sector(*next).is(ERASED_AHEAD));
            if let Some(next) = ready {
                self.prepare(next).await?;
                return Ok(true);
            }
            if free >= 2 || !self.can_make(self.payload()) {
                return Ok(false);
            }
            self.gc_before_sequence = self.index.sector(self.active).sequence;
        }
        match self.victim(false) {
            Some(victim) if self.active != NONE => self.move_one(victim).await,
            _ => Ok(false),
        }
    }
}

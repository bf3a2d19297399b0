//! Making room: opening sectors, collecting live entries out of stale ones, levelling wear.
//!
//! Keeps invariants 2 and 3: a sector is erased only when it is dead, and at least one is whenever a commit returns.

use embedded_storage::nor_flash::NorFlash;

use crate::checksum::Checksum;
use crate::commit::Run;
use crate::error::Error;
use crate::flash::{CHUNK, FlashResult, Partition};
use crate::format::{ERASED, Header, Layout, MAX_SEQUENCE, TOMBSTONE_LEN, header_stride, pad};
use crate::map::Place;
use crate::scan::{Probe, Window};
use crate::store::Store;

/// What one step of [`maintain`](Store::maintain) did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Maintenance {
    /// There is nothing left to do.
    Idle,
    /// One live entry was moved out of a mostly stale sector.
    Moved,
    /// One sector was erased ahead of time.
    Erased,
}

impl<F: NorFlash, C: Checksum> Store<'_, F, C> {
    /// Does one bounded step of housekeeping: moves one entry, or erases one sector. Call it in idle time until it
    /// returns [`Idle`](Maintenance::Idle); a commit after that erases nothing.
    ///
    /// # Errors
    ///
    /// [`ReadOnly`](Error::ReadOnly), or what the flash says. The store stays usable.
    pub fn maintain(&mut self) -> FlashResult<F, Maintenance> {
        if self.options.read_only {
            return Err(Error::ReadOnly);
        }
        if self.dead() != 0
            && let Some(sector) = self.sectors.next_to_erase()
        {
            self.prepare(sector)?;
            return Ok(Maintenance::Erased);
        }
        if self.epoch == 0 {
            self.epoch = self.head_sequence();
        }
        // A second dead sector is room for any commit. It is worth moving entries for as long as the others stay
        // comfortably below full: nearer to that, each commit would set off a collection.
        let spare_after = (self.usable_sectors() as u32).saturating_sub(2);
        let comfortable = (self.payload() / 4)
            .saturating_mul(spare_after)
            .saturating_mul(3);
        let worthwhile = self.dead() == 0
            || self.dead() == 1
                && self.live_bytes() <= comfortable
                && self.can_make(self.payload())?;
        if !worthwhile || !self.collect_step()? {
            return Ok(Maintenance::Idle);
        }
        Ok(Maintenance::Moved)
    }

    /// Makes sure that the head takes `need` more bytes, and that a dead sector is left behind it.
    pub(crate) fn make_room(&mut self, need: u32) -> FlashResult<F> {
        if self.has_room(need) {
            return Ok(());
        }
        if self.dead() != 0 {
            self.level_wear()?;
        }
        let mut collecting = false;
        while !self.has_room(need) {
            if self
                .dead()
                .saturating_add(usize::from(self.head_is_stale()))
                >= 2
            {
                self.open_next()?;
                continue;
            }
            if !collecting {
                if self.dead() != 0 {
                    // All there is so far, the head included.
                    self.epoch = self.newest_in_use().saturating_add(1);
                }
                if !self.options.collect_on_write && self.dead() != 0 || !self.can_make(need)? {
                    return Err(self.full(need));
                }
                collecting = true;
                self.collections = self.collections.saturating_add(1);
            }
            if !self.collect_step()? {
                return Err(self.full(need));
            }
        }
        Ok(())
    }

    fn has_room(&self, need: u32) -> bool {
        self.dead() != 0 && self.end.saturating_add(need) <= self.flash.sector_size
    }

    /// Nothing in the head is a winner: when the next sector is opened, it is dead.
    fn head_is_stale(&self) -> bool {
        self.sectors
            .head
            .is_some_and(|head| self.sectors.get(head).is_dead())
    }

    fn newest_in_use(&self) -> u32 {
        self.sectors
            .iter()
            .filter(|(index, sector)| sector.live() != 0 || Some(*index) == self.sectors.head)
            .map(|(_, sector)| sector.sequence)
            .max()
            .unwrap_or(0)
    }

    fn full(&self, needed: u32) -> Error<F::Error> {
        Error::Full {
            needed,
            available: self.available(),
        }
    }

    /// Bytes that could be made available by collecting everything.
    pub(crate) fn available(&self) -> u32 {
        let sectors = (self.usable_sectors() as u32).saturating_sub(1);
        self.payload()
            .saturating_mul(sectors)
            .saturating_sub(self.live_bytes())
    }

    pub(crate) fn dead(&self) -> usize {
        self.sectors.dead().count()
    }

    pub(crate) fn usable_sectors(&self) -> usize {
        self.sectors
            .iter()
            .filter(|(_, sector)| !sector.is_retired())
            .count()
    }

    pub(crate) fn live_bytes(&self) -> u32 {
        self.sectors
            .iter()
            .fold(0u32, |sum, (_, sector)| sum.saturating_add(sector.live()))
    }

    fn head_sequence(&self) -> u32 {
        self.sectors
            .head
            .map_or(0, |head| self.sectors.get(head).sequence)
    }

    /// Whether collecting step by step would make `need` bytes of room: a dry run of
    /// [`collect_step`](Self::collect_step), so that a full store is told without wearing it.
    fn can_make(&mut self, need: u32) -> FlashResult<F, bool> {
        let payload = self.payload();
        let mut dead = self.dead();
        let mut free = if self.head_sequence() >= self.epoch {
            self.flash.sector_size.saturating_sub(self.end)
        } else {
            0
        };
        let mut last = None;
        while let Some(victim) = self.sectors.victim(self.epoch, last) {
            last = Some((self.sectors.get(victim).live(), victim));
            let mut from = 0;
            while let Some((next, place)) = self.live_entry(victim, from) {
                from = next;
                let size = self.size_at(place)?;
                if size > free {
                    if dead == 0 {
                        return Ok(false);
                    }
                    dead = dead.saturating_sub(1);
                    free = payload;
                }
                free = free.saturating_sub(size);
            }
            dead = dead.saturating_add(1);
            if dead >= 2 || free >= need {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Moves one entry out of the sector with the fewest live bytes. False: there is none to move, or no place.
    fn collect_step(&mut self) -> FlashResult<F, bool> {
        let Some(victim) = self.sectors.victim(self.epoch, None) else {
            return Ok(false);
        };
        let into_head = self.head_sequence() >= self.epoch;
        self.move_entry(victim, into_head)
    }

    /// Moves one live entry out of `victim`: into the head if it is `into_head` and has the room, else into the next
    /// sector.
    fn move_entry(&mut self, victim: usize, into_head: bool) -> FlashResult<F, bool> {
        let Some((_, place)) = self.live_entry(victim, 0) else {
            return Ok(false);
        };
        let size = self.size_at(place)?;
        if !into_head || self.end.saturating_add(size) > self.flash.sector_size {
            if self.dead() == 0 {
                return Ok(false);
            }
            self.open_next()?;
            // Opening may have made tombstones needless, this one among them.
            if self
                .map
                .slots()
                .iter()
                .all(|slot| self.map.packing.unpack(*slot) != place)
            {
                return Ok(true);
            }
        }
        if let Err(error) = self.copy(place, size) {
            self.retire_head();
            return Err(error);
        }
        Ok(true)
    }

    /// A live entry of `sector`, of those from map slot `from` on, and the slot behind it.
    fn live_entry(&self, sector: usize, from: usize) -> Option<(usize, Place)> {
        let base = self.flash.base(sector);
        let range = base..base.saturating_add(self.flash.sector_size);
        self.map
            .slots()
            .iter()
            .enumerate()
            .skip(from)
            .map(|(index, slot)| (index.saturating_add(1), self.map.packing.unpack(*slot)))
            .find(|(_, place)| range.contains(&place.address))
    }

    /// Copies the entry at `place` to the head, as a commit of its own, and lets the copy win.
    ///
    /// An entry that fails its checksum is forgotten; one that can't be read at all keeps its sector from being
    /// erased: it may be readable another time.
    fn copy(&mut self, place: Place, size: u32) -> FlashResult<F> {
        let (sector, offset) = self.flash.split(place.address);
        let sequence = self.sectors.get(sector).sequence;
        let limit = offset.saturating_add(size);
        let mut window = Window::new(&mut self.flash, self.buffer, sector, limit);
        let probe = window.probe(&mut self.checksum, sequence, offset, false, u32::MAX);
        if window.failed.is_some() {
            if let Some(sector) = self.sectors.edit(sector) {
                sector.retire();
            }
            return Ok(());
        }
        let Probe::Whole(entry) = probe else {
            self.drop_corrupt(sector, place, size);
            return Ok(());
        };
        let (head, view) = (entry.head.alone(), window.view);
        let mut run = self.new_run();
        let at = self.head_position(&run);
        let (bytes, len) = head.encode();
        let bytes = bytes.get(..len).unwrap_or(&[]);
        self.checksum.reset();
        if view.start == offset && view.len == size && size as usize <= self.stage_len() {
            // The buffer holds all of it.
            for (to, from) in self.buffer.iter_mut().zip(bytes) {
                *to = *from;
            }
            self.stage(&mut run, head.checked_len());
        } else {
            self.push(&mut run, bytes)?;
            self.push_from(&mut run, place.address, (len as u32, head.checked_len()))?;
        }
        self.seal(&mut run, at, head.entry_len())?;
        self.flush(&mut run)?;
        self.apply(&run)
    }

    /// Pushes the bytes from `range` of the entry at `address`.
    fn push_from(&mut self, run: &mut Run, address: u32, range: (u32, u32)) -> FlashResult<F> {
        let (from, to) = range;
        let mut done = 0u32;
        while done < to {
            let mut scratch = [0; CHUNK];
            // Up to the word that the last byte is in: that is still within the entry.
            let len = pad(to.saturating_sub(done), Partition::<F>::WRITE_SIZE).min(CHUNK as u32);
            let Some(chunk) = scratch.get_mut(..len as usize) else {
                break;
            };
            self.flash.read(address.saturating_add(done), chunk)?;
            let first = from.saturating_sub(done) as usize;
            let end = to.saturating_sub(done).min(len) as usize;
            self.push(run, chunk.get(first..end).unwrap_or(&[]))?;
            done = done.saturating_add(len);
        }
        Ok(())
    }

    /// Forgets an entry that has rotted since it was mounted: its key is gone.
    fn drop_corrupt(&mut self, sector: usize, place: Place, size: u32) {
        let hash = self
            .map
            .slots()
            .iter()
            .find(|slot| self.map.packing.unpack(**slot) == place)
            .map(|slot| slot.hash);
        if let Some(hash) = hash {
            self.map.remove(hash);
        }
        if let Some(sector) = self.sectors.edit(sector) {
            sector.sub_live(size);
        }
        self.corrupt = self.corrupt.saturating_add(1);
    }

    /// Makes the next dead sector the head, erasing it unless that was done ahead.
    pub(crate) fn open_next(&mut self) -> FlashResult<F> {
        loop {
            let Some(next) = self.sectors.next_to_open() else {
                return Err(self.full(0));
            };
            if !self.sectors.get(next).is_ready() {
                match self.prepare(next) {
                    Ok(()) => {}
                    // It is retired now; perhaps another one does.
                    Err(error) if self.dead() == 0 => return Err(error),
                    Err(_) => continue,
                }
            }
            if let Some(sector) = self.sectors.edit(next) {
                sector.set_ready(false);
            }
            self.sectors.head = Some(next);
            self.end = self.header_len();
            self.forget_tombstones();
            return Ok(());
        }
    }

    /// Erases a dead sector and gives it its new header: the proof that the erase was completed.
    fn prepare(&mut self, index: usize) -> FlashResult<F> {
        let sequence = self.next_sequence;
        if sequence >= MAX_SEQUENCE {
            return Err(Error::Exhausted);
        }
        self.next_sequence = sequence.saturating_add(1);
        let erases = self.sectors.get(index).erases.saturating_add(1);
        let result = self.flash.erase(index).and_then(|()| {
            self.write_header(
                Header {
                    layout: Layout::new(self.flash.sector_size, Partition::<F>::WRITE_SIZE, C::ID),
                    sequence,
                    erases,
                },
                index,
            )
        });
        if let Some(sector) = self.sectors.edit(index) {
            sector.erases = erases;
            match result {
                Ok(()) => {
                    sector.sequence = sequence;
                    sector.set_ready(true);
                }
                Err(_) => sector.retire(),
            }
        }
        if result.is_ok() {
            self.forget_tombstones();
        }
        result
    }

    fn write_header(&mut self, header: Header, index: usize) -> FlashResult<F> {
        let stride = header_stride(Partition::<F>::WRITE_SIZE) as usize;
        let copy = header.encode();
        let base = self.flash.base(index);
        let both = stride.saturating_mul(2);
        self.buffer.fill(ERASED);
        for at in [0, stride] {
            if let Some(target) = self.buffer.get_mut(at..at.saturating_add(copy.len())) {
                target.copy_from_slice(&copy);
            }
        }
        match self.buffer.get(..both) {
            Some(bytes) => self.flash.program(base, bytes),
            None => Err(Error::Geometry(crate::error::Geometry::Buffer)),
        }
    }

    /// Drops the tombstones of the oldest sector: nothing is left that they could shadow (invariant 2).
    fn forget_tombstones(&mut self) {
        let Some(oldest) = self.sectors.oldest() else {
            return;
        };
        let base = self.flash.base(oldest);
        let range = base..base.saturating_add(self.flash.sector_size);
        let size = pad(TOMBSTONE_LEN, Partition::<F>::WRITE_SIZE);
        let dropped = self.map.drop_tombstones(&range) as u32;
        if let Some(sector) = self.sectors.edit(oldest) {
            sector.sub_live(size.saturating_mul(dropped));
        }
    }

    /// Moves the coldest entries, if their sector has been spared so long that the wear has become uneven.
    fn level_wear(&mut self) -> FlashResult<F> {
        let (Some(coldest), Some(next)) = (self.sectors.coldest(), self.sectors.next_to_open())
        else {
            return Ok(());
        };
        let erases = |sector| self.sectors.get(sector).erases;
        let spared = erases(next).saturating_sub(erases(coldest));
        if spared <= self.options.wear_spread || !self.options.collect_on_write {
            return Ok(());
        }
        self.collections = self.collections.saturating_add(1);
        self.empty(coldest)
    }

    /// Moves everything that is live out of `sector`.
    fn empty(&mut self, sector: usize) -> FlashResult<F> {
        loop {
            let into_head = self.sectors.head != Some(sector);
            if self.sectors.get(sector).live() == 0 || !self.move_entry(sector, into_head)? {
                return Ok(());
            }
        }
    }

    /// Makes sure that the map has `new` slots to spare, by erasing what tombstones still shadow.
    pub(crate) fn make_slots(&mut self, new: usize) -> FlashResult<F> {
        let fits = |store: &Self| store.map.len().saturating_add(new) <= store.map.capacity();
        for _ in 0..self.sectors.len().saturating_mul(2) {
            if fits(self) || self.map.slots().iter().all(|slot| !slot.is_tombstone()) {
                break;
            }
            let Some(oldest) = self.sectors.oldest() else {
                break;
            };
            if self.sectors.dead().any(|(index, _)| index == oldest) {
                self.prepare(oldest)?;
            } else if self.dead() != 0 {
                self.empty(oldest)?;
            }
        }
        if fits(self) {
            Ok(())
        } else {
            Err(Error::TooManyKeys {
                capacity: self.map.capacity(),
            })
        }
    }
}

//! Room: how much there is, and what is done to have more. Keeps a dead sector at hand (invariant 3).
//!
//! Decides which sector is collected or erased when; the moving is `collect.rs`, the erasing `open.rs`.

use embedded_storage::nor_flash::NorFlash;

use crate::checksum::Checksum;
use crate::error::Error;
use crate::flash::FlashResult;
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
                let allowed = self.options.collect_on_write || self.dead() == 0;
                if !allowed || !self.can_make(need)? && !self.rescue(need)? {
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

    pub(crate) fn full(&self, needed: u32) -> Error<F::Error> {
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

    pub(crate) fn head_sequence(&self) -> u32 {
        self.sectors
            .head
            .map_or(0, |head| self.sectors.get(head).sequence)
    }

    /// Whether collecting step by step would make `need` bytes of room.
    fn can_make(&mut self, need: u32) -> FlashResult<F, bool> {
        let free = if self.head_sequence() >= self.epoch {
            self.flash.sector_size.saturating_sub(self.end)
        } else {
            0
        };
        self.would_make(need, free, None)
    }

    /// Whether collecting would make `need` bytes of room, with `free` bytes in the head to begin with and the sector
    /// `except` left out: a dry run of [`collect_step`](Self::collect_step), so that a full store is told without
    /// wearing it.
    pub(crate) fn would_make(
        &mut self,
        need: u32,
        mut free: u32,
        except: Option<usize>,
    ) -> FlashResult<F, bool> {
        let payload = self.payload();
        let mut dead = self.dead();
        let mut last = None;
        while let Some(victim) = self.sectors.victim(self.epoch, last) {
            last = Some((self.sectors.get(victim).live(), victim));
            if Some(victim) == except {
                continue;
            }
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

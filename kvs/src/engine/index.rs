//! The index: where the latest entry of each key is, and what is known of each sector. In RAM, and
//! filled by a mount.
//!
//! Pure: it reads no flash. Slots are sorted by hash. A sector's count of live words follows the
//! slots: whatever changes a slot goes through here.

use super::entry::EntryHeader;
use super::place::{Packing, Place, Slot};

/// What is known of a sector: 12 bytes of RAM.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sector {
    /// 0 if it has no valid header.
    pub(super) sequence: u32,
    pub(super) erases: u32,
    live: u16,
    pub(super) flags: u16,
}

/// Erased, with a header, and not opened yet.
pub(super) const ERASED_AHEAD: u16 = 1;
/// A program or an erase failed.
pub(super) const FAILED: u16 = 2;
/// It failed twice, and is left alone as long as there are others.
pub(super) const RETIRED: u16 = 4;
/// The commit under way replaces an entry in it.
pub(super) const NEEDED: u16 = 8;
/// It has no valid header, and has been used.
pub(super) const UNKNOWN: u16 = 16;
/// It has been erased just now, and has no header yet.
pub(super) const BLANK: u16 = 32;
/// Since the mount, it has been seen that all of it is erased behind its header.
pub(super) const CHECKED: u16 = 64;

/// Something may stand behind its end, of which only the opening of the next sector tells.
pub(super) const UNCLEAN: u16 = 256;

/// The opening of the next sector has a table of its keys, or of all.
pub(super) const COVERED: u16 = 512;
/// Its opening failed, and may have left nothing that can be seen.
pub(super) const TORN: u16 = 1024;

impl Sector {
    pub(crate) const UNKNOWN: Self = Self {
        sequence: 0,
        erases: 0,
        live: 0,
        flags: 0,
    };

    pub(super) fn is(&self, flag: u16) -> bool {
        self.flags & flag != 0
    }

    /// How much is some key's latest entry, but for what the commit under way replaces: 0 if nothing
    /// is. In units of one word or more.
    pub(super) fn live(&self) -> u32 {
        self.live.into()
    }
}

static NO_SECTOR: Sector = Sector::UNKNOWN;

pub(super) struct Index<'a> {
    slots: &'a mut [Slot],
    sectors: &'a mut [Sector],
    len: u16,
    /// The words from one sector to the next, as a power of two.
    sector_bits: u8,
    packing: Packing,
}

impl<'a> Index<'a> {
    /// An empty index of sectors that are `1 << sector_bits` words apart.
    pub(super) fn new(slots: &'a mut [Slot], sectors: &'a mut [Sector], sector_bits: u32) -> Self {
        let count_bits = usize::BITS.wrapping_sub(sectors.len().saturating_sub(1).leading_zeros());
        Self {
            slots,
            len: 0,
            sector_bits: sector_bits as u8,
            packing: Packing::new(sector_bits.wrapping_add(count_bits), sector_bits),
            sectors,
        }
    }

    pub(super) fn packing(&self) -> Packing {
        self.packing
    }

    /// How a table is packed whose addresses have so many bits.
    pub(super) fn packing_of_table(&self, address_bits: u32) -> Packing {
        Packing::new(address_bits, self.sector_bits.into())
    }

    /// Forgets all entries, and of the sectors all but what has failed.
    pub(super) fn clear(&mut self) {
        self.len = 0;
        for sector in self.sectors.iter_mut() {
            *sector = Sector {
                flags: sector.flags & (FAILED | RETIRED | TORN),
                ..Sector::UNKNOWN
            };
        }
    }

    /// How many slots there are.
    pub(super) fn capacity(&self) -> usize {
        self.slots.len()
    }

    pub(super) fn sector_count(&self) -> usize {
        self.sectors.len()
    }

    #[inline(never)]
    pub(super) fn sector(&self, number: usize) -> &Sector {
        self.sectors.get(number).unwrap_or(&NO_SECTOR)
    }

    #[inline(never)]
    pub(super) fn sector_mut(&mut self, number: usize) -> Option<&mut Sector> {
        self.sectors.get_mut(number)
    }

    /// Sets and clears flags of a sector.
    #[inline(never)]
    pub(super) fn flag(&mut self, number: usize, set: u16, clear: u16) {
        if let Some(sector) = self.sectors.get_mut(number) {
            sector.flags = sector.flags & !clear | set;
        }
    }

    pub(super) fn set_sequence(&mut self, number: usize, sequence: u32) {
        if let Some(sector) = self.sectors.get_mut(number) {
            sector.sequence = sequence;
        }
    }

    pub(super) fn sectors(&self) -> impl Iterator<Item = (usize, &Sector)> + '_ {
        self.sectors.iter().enumerate()
    }

    /// Takes sectors without a header for half as worn as the least and the most worn one together.
    pub(super) fn guess_erases(&mut self) {
        let known = self.sectors.iter().filter(|sector| sector.sequence != 0);
        let least = known.map(|sector| sector.erases).min().unwrap_or(0);
        let guess = least.wrapping_add(self.most_erases()) / 2;
        for sector in self.sectors.iter_mut() {
            if sector.sequence == 0 {
                sector.erases = guess;
            }
        }
    }

    /// How often the most worn sector has been erased.
    pub(super) fn most_erases(&self) -> u32 {
        self.sectors
            .iter()
            .fold(0, |most, sector| sector.erases.max(most))
    }

    /// Takes sectors into use again that have failed. `false` if there are none.
    pub(super) fn revive(&mut self) -> bool {
        let is_any = self
            .sectors
            .iter()
            .any(|sector| sector.is(FAILED | RETIRED));
        for sector in self.sectors.iter_mut() {
            sector.flags &= !(FAILED | RETIRED);
        }
        is_any
    }

    /// Leaves the sectors alone that have failed.
    pub(super) fn retire(&mut self) {
        for sector in self.sectors.iter_mut().filter(|sector| sector.is(FAILED)) {
            sector.flags |= RETIRED;
        }
    }

    /// The sector of the lowest rank below `u32::MAX`.
    #[inline(never)]
    pub(super) fn lowest(&self, rank: &dyn Fn(usize, &Sector) -> u32) -> Option<usize> {
        let (mut lowest, mut found) = (u32::MAX, None);
        for (number, sector) in self.sectors() {
            let rank = rank(number, sector);
            if rank < lowest {
                (lowest, found) = (rank, Some(number));
            }
        }
        found
    }

    /// The sector that was opened next after `sequence`.
    pub(super) fn next_after(&self, sequence: u32) -> Option<usize> {
        self.lowest(&|_, sector| match sector.sequence {
            newer if newer > sequence => newer,
            _ => u32::MAX,
        })
    }

    pub(super) fn sector_of(&self, place: Place) -> usize {
        (self.packing.word(place) >> (self.sector_bits & 31)) as usize
    }

    /// The slots, by hash.
    pub(super) fn slots(&self) -> &[Slot] {
        self.slots.get(..self.len.into()).unwrap_or_default()
    }

    /// Where the latest entry of a key is.
    pub(super) fn get(&self, hash: u32) -> Place {
        self.search_slot(hash)
            .map_or(Place::NONE, |slot| slot.place)
    }

    /// Where the slot of a key is, or would be.
    #[inline(never)]
    fn search(&self, hash: u32) -> usize {
        let (mut low, mut high) = (0usize, usize::from(self.len));
        while low < high {
            let middle = low.wrapping_add(high) >> 1;
            match self.slots.get(middle) {
                Some(slot) if slot.hash < hash => low = middle.wrapping_add(1),
                _ => high = middle,
            }
        }
        low
    }

    /// The slot of a key. If it has none, it is given one, if `is_added`.
    #[inline(never)]
    fn slot_mut(&mut self, hash: u32, is_added: bool) -> Option<&mut Slot> {
        let at = self.search(hash);
        let is_there = self.slots().get(at).is_some_and(|slot| slot.hash == hash);
        if !is_there {
            let end = usize::from(self.len).wrapping_add(1);
            let tail = self.slots.get_mut(at..end).filter(|_| is_added)?;
            let mut carried = Slot {
                hash,
                ..Slot::EMPTY
            };
            for slot in tail {
                core::mem::swap(slot, &mut carried);
            }
            self.len = self.len.wrapping_add(1);
        }
        self.slots.get_mut(at)
    }

    /// What is live in a sector is counted in so many words, as a power of two, so that it fits.
    fn unit(&self) -> u8 {
        self.sector_bits.saturating_sub(14) & 31
    }

    /// What an entry adds to the count of what is live.
    fn units(&self, place: Place) -> u32 {
        let len = self.packing.len(place);
        if place.is_none() {
            0
        } else {
            (len >> self.unit()).max(1)
        }
    }

    /// How many words of a sector are live.
    pub(super) fn live_words(&self, sector: &Sector) -> u32 {
        u32::from(sector.live) << self.unit()
    }

    /// Adds to what is live in an entry's sector, or takes from it.
    #[inline(never)]
    pub(super) fn count(&mut self, place: Place, is_added: bool) {
        let len = self.units(place) as u16;
        let number = self.sector_of(place);
        if let Some(sector) = self.sectors.get_mut(number) {
            sector.live = if is_added {
                sector.live.wrapping_add(len)
            } else {
                sector.live.wrapping_sub(len)
            };
        }
    }

    /// Makes this the key's latest entry. `false` if there is no slot for the key.
    ///
    /// A tombstone of a key that has no entry takes no slot: there is nothing that it hides.
    #[inline(never)]
    pub(super) fn insert_latest(&mut self, hash: u32, new: Place) -> bool {
        let is_added = !new.is_tombstone();
        let Some(slot) = self.slot_mut(hash, is_added) else {
            return !is_added;
        };
        let old = core::mem::replace(&mut slot.place, new);
        if !old.is_replaced() {
            self.count(old, false);
        }
        self.count(new, true);
        if new.is_tombstone()
            && self.sector_of(old) == self.sector_of(new)
            && let Some(slot) = self.slot_mut(hash, false)
        {
            slot.place = new.behind(old);
        }
        true
    }

    /// Takes a slot from a table that was written when `sequence` was the newest. `false` if there
    /// is no room.
    ///
    /// If its sector has been erased since, there is a newer entry of a value, which is still to come;
    /// and of a tombstone perhaps, or it hid nothing any more.
    pub(super) fn adopt(&mut self, mut new: Slot, sequence: u32) -> bool {
        let sector = self.sector(self.sector_of(new.place));
        if sector.is(ERASED_AHEAD | UNKNOWN) || sector.sequence == 0 || sector.sequence > sequence {
            new.place = new.place.without_address();
        }
        let Some(slot) = self.slot_mut(new.hash, true) else {
            return false;
        };
        let old = core::mem::replace(&mut slot.place, new.place);
        self.count(old, false);
        self.count(new.place, true);
        true
    }

    /// Whether there is a sector that has been used and has no valid header.
    pub(super) fn has_unknown(&self) -> bool {
        self.sectors.iter().any(|sector| sector.is(UNKNOWN))
    }

    /// Whether no entry is missing that a table told of.
    pub(super) fn is_complete(&self) -> bool {
        !self.slots().iter().any(|slot| slot.place.is_none())
    }

    /// Forgets all slots, and not what is live: they are those of some of the keys only.
    pub(super) fn clear_slots(&mut self) {
        self.len = 0;
    }

    /// Whether each slot has a key.
    pub(super) fn is_full(&self) -> bool {
        usize::from(self.len) >= self.slots.len()
    }

    /// The last hash.
    pub(super) fn last(&self) -> u32 {
        self.slots().last().map_or(0, |slot| slot.hash)
    }

    /// Forgets the last slot, as if its entries had not been met.
    pub(super) fn drop_last(&mut self) {
        if let Some(slot) = self.slots().last().copied() {
            self.count(slot.place, false);
            self.len = self.len.wrapping_sub(1);
        }
    }

    /// Gives a key a slot, at the cost of one that is not in `sector` if there is no other; returns
    /// whether that is of a value. `None` if there is none to be had. What is live stays live.
    /// A new key has that of a tombstone only.
    pub(super) fn list(
        &mut self,
        hash: u32,
        place: Place,
        sector: usize,
        is_new: bool,
    ) -> Option<Option<bool>> {
        let mut lost = None;
        if usize::from(self.len) >= self.slots.len() && self.search_slot(hash).is_none() {
            let from = self.search(hash);
            let (front, back) = self.slots().split_at_checked(from)?;
            // Tombstones first: they are looked for less.
            let others = || back.iter().chain(front);
            let may_go =
                |slot: &&Slot| !slot.place.is_replaced() && self.sector_of(slot.place) != sector;
            let tombstone = others().find(|slot| slot.place.is_tombstone() && may_go(slot));
            let value = || others().find(|slot| !is_new && may_go(slot));
            let other = *tombstone.or_else(value)?;
            lost = Some(other.place.is_value());
            let at = self.search(other.hash);
            for next in at..self.slots.len() {
                if let Some(slot) = self.slots.get(next.wrapping_add(1)).copied()
                    && let Some(target) = self.slots.get_mut(next)
                {
                    *target = slot;
                }
            }
            self.len = self.len.wrapping_sub(1);
        }
        self.slot_mut(hash, true)?.place = place;
        Some(lost)
    }

    fn search_slot(&self, hash: u32) -> Option<&Slot> {
        let slot = self.slots().get(self.search(hash));
        slot.filter(|slot| slot.hash == hash)
    }

    /// Forgets a key: nothing of it is left in flash, or nothing that counts.
    pub(super) fn remove(&mut self, hash: u32) {
        if let Some(slot) = self.slot_mut(hash, false) {
            let old = core::mem::replace(&mut slot.place, Place::NONE);
            self.count(old, false);
        }
        self.sweep(false, usize::MAX);
    }

    /// Forgets the tombstones in a sector, but for those that hide something in the sector itself: if
    /// the power fails while it is erased, that may be left without its tombstone. What the commit under way replaces has no entry any more
    /// then: the sector may be erased before the commit is there.
    pub(super) fn forget_tombstones(&mut self, sector: usize) {
        self.sweep(false, sector);
    }

    /// The commit under way did not happen, or is over: what it was to replace and did not is live
    /// again.
    pub(super) fn end_commit(&mut self) {
        self.sweep(true, usize::MAX);
        for sector in self.sectors.iter_mut() {
            sector.flags &= !NEEDED;
        }
    }

    /// Drops the slots that have no entry, after those of tombstones in a sector have lost theirs.
    #[inline(never)]
    fn sweep(&mut self, ends_commit: bool, tombstones_in: usize) {
        let mut kept = 0u16;
        for at in 0..usize::from(self.len) {
            let Some(mut slot) = self.slots.get(at).copied() else {
                break;
            };
            let place = slot.place;
            let is_gone = place.is_gone();
            let is_there = self.sector_of(place) == tombstones_in && !place.hides_near();
            if is_gone || place.is_tombstone() && is_there {
                if !place.is_replaced() {
                    self.count(place, false);
                }
                slot.place = place.without_entry();
            }
            if ends_commit && place.is_replaced() {
                slot.place = place.with_replaced(false);
                self.count(slot.place, true);
            }
            if slot.place != Place::NONE
                && let Some(target) = self.slots.get_mut(usize::from(kept))
            {
                *target = slot;
                kept = kept.wrapping_add(1);
            }
        }
        self.len = kept;
    }

    /// Notes that the commit under way replaces the key's entry, or writes its first. `false` if
    /// there is no slot for the key.
    #[inline(never)]
    pub(super) fn replace(&mut self, hash: u32) -> bool {
        let Some(slot) = self.slot_mut(hash, true) else {
            return false;
        };
        let old = slot.place;
        slot.place = old.with_replaced(true);
        if !old.is_replaced() && !old.is_none() {
            self.count(old, false);
            self.flag(self.sector_of(old), NEEDED, 0);
        }
        true
    }

    /// Notes whether the last load could not read a key.
    pub(super) fn set_unread(&mut self, hash: u32, is_unread: bool) {
        if let Some(slot) = self.slot_mut(hash, false) {
            slot.place = slot.place.with_unread(is_unread);
        }
    }

    /// Whether the last load could not read a key.
    pub(super) fn is_unread(&self, hash: u32) -> bool {
        self.get(hash).is_unread()
    }

    /// Whether there is a key that the last load could not read.
    pub(super) fn has_unread(&self) -> bool {
        self.slots().iter().any(|slot| slot.place.is_unread())
    }

    /// Some slot in a sector whose entry is live.
    pub(super) fn live_in(&self, sector: usize) -> Option<&Slot> {
        self.slots_in(sector).find(|slot| !slot.place.is_replaced())
    }

    /// The slots whose entry is in a sector, be it replaced by the commit under way or not.
    pub(super) fn slots_in(&self, sector: usize) -> impl Iterator<Item = &Slot> + '_ {
        self.table()
            .filter(move |slot| self.sector_of(slot.place) == sector)
    }

    /// The slots that have an entry, which are those in a table.
    pub(super) fn table(&self) -> impl Iterator<Item = &Slot> + '_ {
        self.slots().iter().filter(|slot| !slot.place.is_none())
    }

    /// Those in the tables behind an opening.
    pub(super) fn table_behind(&self, opening: &EntryHeader) -> impl Iterator<Item = &Slot> + '_ {
        let opening = *opening;
        self.table().filter(move |slot| {
            let sector = self.sector(self.sector_of(slot.place));
            !opening.tells_last() || opening.is_after(sector.sequence)
        })
    }

    /// The longest entry, in words.
    pub(super) fn longest(&self) -> u32 {
        self.slots()
            .iter()
            .fold(0, |most, slot| most.max(self.packing.len(slot.place)))
    }

    /// Checks what must always hold; panics where it does not. For tests.
    #[cfg(test)]
    pub(super) fn check_invariants(&self, is_partial: bool) {
        let sorted = self.slots().is_sorted_by(|one, next| one.hash < next.hash);
        assert!(sorted, "slots are sorted by hash, without repeats");
        for (number, sector) in self.sectors() {
            let live = self
                .table()
                .filter(|slot| !slot.place.is_replaced() && self.sector_of(slot.place) == number);
            let live: u32 = live.map(|slot| self.units(slot.place)).sum();
            let counted = u32::from(sector.live);
            let is_right = match is_partial {
                true => counted >= live,
                false => counted == live,
            };
            assert!(is_right, "live in sector {number}: {counted}, {live}");
        }
    }
}

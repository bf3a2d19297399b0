//! The index: where the latest entry of each key is, and what is known of each sector. In RAM, and
//! filled by a mount.
//!
//! Pure: it reads no flash. Slots are sorted by hash. A sector's count of live words follows the
//! slots: whatever changes a slot goes through here.

/// The length of an item of a table: a slot.
pub(super) const TABLE_ITEM: u32 = 8;

/// Where the latest entry of a key is: 8 bytes of RAM a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slot {
    hash: u32,
    /// Flags in the upper 3 bits; the entry's length, 9 bits; its address in words, 20 bits.
    place: u32,
}

/// The entry is a tombstone.
const TOMBSTONE: u32 = 1 << 31;
/// The commit under way replaces the entry: it does not count as live any more.
const REPLACED: u32 = 1 << 30;
const FLAGS: u32 = TOMBSTONE | REPLACED;
const LEN_SHIFT: u32 = 20;
const LEN_MASK: u32 = 0x1FF;
/// The last address in words.
pub(super) const WORD_MAX: u32 = (1 << LEN_SHIFT) - 1;
/// Lengths from this many words on are kept in steps of 256 words, rounded up.
const COARSE: u32 = 256;

impl Slot {
    pub(crate) const EMPTY: Self = Self { hash: 0, place: 0 };

    pub(super) fn new(hash: u32, word: u32, len: u32, is_tombstone: bool) -> Self {
        let flag = if is_tombstone { TOMBSTONE } else { 0 };
        let len = match len {
            0..COARSE => len,
            _ => COARSE.wrapping_add(len.wrapping_sub(1) / COARSE),
        };
        Self {
            hash,
            place: word & WORD_MAX | (len & LEN_MASK) << LEN_SHIFT | flag,
        }
    }

    /// From the bytes of an item of a table.
    pub(super) fn decode(item: &[u8; TABLE_ITEM as usize]) -> Self {
        let [a, b, c, d, e, f, g, h] = *item;
        Self {
            hash: u32::from_le_bytes([a, b, c, d]),
            place: u32::from_le_bytes([e, f, g, h]) & !REPLACED,
        }
    }

    /// The bytes of an item of a table.
    pub(super) fn encode(self) -> [u8; TABLE_ITEM as usize] {
        let [a, b, c, d] = self.hash.to_le_bytes();
        let [e, f, g, h] = (self.place & !REPLACED).to_le_bytes();
        [a, b, c, d, e, f, g, h]
    }

    pub(super) fn hash(self) -> u32 {
        self.hash
    }

    /// The entry's address in words.
    pub(super) fn word(self) -> u32 {
        self.place & WORD_MAX
    }

    /// The entry's length in words; of long ones, up to 255 words more.
    pub(super) fn len(self) -> u32 {
        match self.place >> LEN_SHIFT & LEN_MASK {
            len @ 0..COARSE => len,
            len => len
                .wrapping_sub(COARSE)
                .wrapping_add(1)
                .wrapping_mul(COARSE),
        }
    }

    pub(super) fn is_tombstone(self) -> bool {
        self.place & TOMBSTONE != 0
    }

    pub(super) fn is_replaced(self) -> bool {
        self.place & REPLACED != 0
    }

    /// Whether the key has no entry yet: the commit under way writes its first.
    pub(super) fn is_new(self) -> bool {
        self.place & !FLAGS == 0
    }
}

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

impl Sector {
    pub(crate) const UNKNOWN: Self = Self {
        sequence: 0,
        erases: 0,
        live: 0,
        flags: 0,
    };

    pub(super) fn is(self, flag: u16) -> bool {
        self.flags & flag != 0
    }

    /// The words of its entries that are some key's latest, but for those that the commit under way
    /// replaces.
    pub(super) fn live(self) -> u32 {
        self.live.into()
    }
}

pub(super) struct Index<'a> {
    slots: &'a mut [Slot],
    len: usize,
    sectors: &'a mut [Sector],
    /// From an address in words to a sector's number.
    shift: u32,
}

impl<'a> Index<'a> {
    /// An empty index of sectors of `1 << shift` words each.
    pub(super) fn new(slots: &'a mut [Slot], sectors: &'a mut [Sector], shift: u32) -> Self {
        Self {
            slots,
            len: 0,
            sectors,
            shift,
        }
    }

    /// Forgets all entries, and of the sectors all but what has failed.
    pub(super) fn clear(&mut self) {
        self.len = 0;
        for sector in self.sectors.iter_mut() {
            *sector = Sector {
                flags: sector.flags & (FAILED | RETIRED),
                ..Sector::UNKNOWN
            };
        }
    }

    /// Gives sectors without a header as many erases as the most worn one has.
    pub(super) fn guess_erases(&mut self) {
        let most = self.most_erases();
        for sector in self.sectors.iter_mut() {
            if sector.sequence == 0 {
                sector.erases = most;
            }
        }
    }

    /// How often the most worn sector has been erased.
    pub(super) fn most_erases(&self) -> u32 {
        self.sectors
            .iter()
            .fold(0, |most, sector| sector.erases.max(most))
    }

    pub(super) fn sector_count(&self) -> usize {
        self.sectors.len()
    }

    #[inline(never)]
    pub(super) fn sector(&self, number: usize) -> Sector {
        self.sectors.get(number).copied().unwrap_or(Sector::UNKNOWN)
    }

    pub(super) fn sector_mut(&mut self, number: usize) -> Option<&mut Sector> {
        self.sectors.get_mut(number)
    }

    /// Sets and clears flags of a sector.
    pub(super) fn flag(&mut self, number: usize, set: u16, clear: u16) {
        if let Some(sector) = self.sectors.get_mut(number) {
            sector.flags = sector.flags & !clear | set;
        }
    }

    pub(super) fn sectors(&self) -> impl Iterator<Item = (usize, Sector)> + '_ {
        self.sectors.iter().copied().enumerate()
    }

    /// The sector of the lowest rank below `u32::MAX`.
    #[inline(never)]
    pub(super) fn lowest(&self, rank: &dyn Fn(usize, Sector) -> u32) -> Option<usize> {
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

    pub(super) fn sector_of(&self, slot: Slot) -> usize {
        (slot.word() >> self.shift) as usize
    }

    /// The slots, by hash.
    pub(super) fn slots(&self) -> &[Slot] {
        self.slots.get(..self.len).unwrap_or_default()
    }

    /// The slot of a key.
    pub(super) fn get(&self, hash: u32) -> Option<Slot> {
        let (at, is_there) = self.search(hash);
        self.slots().get(at).copied().filter(|_| is_there)
    }

    /// Where the key is, or would be.
    #[inline(never)]
    fn search(&self, hash: u32) -> (usize, bool) {
        let (mut low, mut high) = (0usize, self.len);
        while low < high {
            let middle = low.wrapping_add(high) >> 1;
            match self.slots().get(middle) {
                Some(slot) if slot.hash < hash => low = middle.wrapping_add(1),
                _ => high = middle,
            }
        }
        let found = self.slots().get(low);
        (low, found.is_some_and(|slot| slot.hash == hash))
    }

    /// Adds to what is live in a slot's sector, or takes from it.
    fn count(&mut self, slot: Slot, is_added: bool) {
        let len = slot.len() as u16;
        let number = self.sector_of(slot);
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
    pub(super) fn insert_latest(&mut self, new: Slot) -> bool {
        let (at, is_there) = self.search(new.hash);
        if is_there {
            if let Some(old) = self.slots().get(at).copied()
                && !old.is_replaced()
            {
                self.count(old, false);
            }
        } else if new.is_tombstone() {
            return true;
        } else if !self.insert(at) {
            return false;
        }
        self.set(at, new);
        self.count(new, true);
        true
    }

    /// Takes a slot from a table, in which they are sorted, that was written when `sequence` was the
    /// newest. `false` if there is no room.
    ///
    /// If its sector has been erased since, a tombstone hides nothing any more; and of a value there
    /// is a newer entry, which is still to come.
    pub(super) fn push(&mut self, mut slot: Slot, sequence: u32) -> bool {
        let sector = self.sector(self.sector_of(slot));
        if sector.is(ERASED_AHEAD | UNKNOWN) || sector.sequence == 0 || sector.sequence > sequence {
            if slot.is_tombstone() {
                return true;
            }
            slot.place = 0;
        }
        let Some(target) = self.slots.get_mut(self.len) else {
            return false;
        };
        *target = slot;
        self.len = self.len.wrapping_add(1);
        self.count(slot, true);
        true
    }

    /// Whether no entry is missing that a table told of.
    pub(super) fn is_complete(&self) -> bool {
        !self.slots().iter().any(|slot| slot.is_new())
    }

    fn set(&mut self, at: usize, slot: Slot) {
        if let Some(target) = self.slots.get_mut(at) {
            *target = slot;
        }
    }

    /// Makes room at `at`. `false` if there is none.
    #[inline(never)]
    fn insert(&mut self, at: usize) -> bool {
        let Some(tail) = self.slots.get_mut(at..self.len.wrapping_add(1)) else {
            return false;
        };
        let mut carried = Slot::EMPTY;
        for slot in tail {
            core::mem::swap(slot, &mut carried);
        }
        self.len = self.len.wrapping_add(1);
        true
    }

    /// Drops the slots that are to go.
    #[inline(never)]
    fn retain(&mut self, keep: &dyn Fn(Slot) -> bool) {
        let mut kept = 0usize;
        for at in 0..self.len {
            let Some(slot) = self.slots.get(at).copied() else {
                break;
            };
            if keep(slot) {
                self.set(kept, slot);
                kept = kept.wrapping_add(1);
            }
        }
        self.len = kept;
    }

    /// Forgets a key: nothing of it is left in flash, or nothing that counts.
    #[inline(never)]
    pub(super) fn remove(&mut self, slot: Slot) {
        if !slot.is_replaced() {
            self.count(slot, false);
        }
        self.retain(&|other| other.hash != slot.hash);
    }

    /// Notes that the commit under way replaces the key's entry, or writes its first. `false` if
    /// there is no slot for the key.
    #[inline(never)]
    pub(super) fn replace(&mut self, hash: u32) -> bool {
        let (at, is_there) = self.search(hash);
        let mut slot = Slot { hash, place: 0 };
        if is_there {
            slot = self.slots().get(at).copied().unwrap_or(slot);
            if slot.is_replaced() {
                return true;
            }
            self.count(slot, false);
            let number = self.sector_of(slot);
            if let Some(sector) = self.sectors.get_mut(number) {
                sector.flags |= NEEDED;
            }
        } else if !self.insert(at) {
            return false;
        }
        slot.place |= REPLACED;
        self.set(at, slot);
        true
    }

    /// Whether the commit under way replaces the key's entry.
    pub(super) fn is_replaced(&self, hash: u32) -> bool {
        self.get(hash).is_some_and(Slot::is_replaced)
    }

    /// The commit under way did not happen, or is over: what it was to replace and did not is live
    /// again.
    #[inline(never)]
    pub(super) fn end_commit(&mut self) {
        for at in 0..self.len {
            let Some(slot) = self
                .slots
                .get(at)
                .copied()
                .filter(|slot| slot.is_replaced())
            else {
                continue;
            };
            let mut kept = slot;
            kept.place &= !REPLACED;
            self.set(at, kept);
            if !slot.is_new() {
                self.count(kept, true);
            }
        }
        self.retain(&|slot| !slot.is_new());
        for sector in self.sectors.iter_mut() {
            sector.flags &= !NEEDED;
        }
    }

    /// Some slot in a sector whose entry is live.
    pub(super) fn live_in(&self, sector: usize) -> Option<Slot> {
        let mut slots = self.slots().iter().copied();
        slots.find(|slot| !slot.is_replaced() && self.sector_of(*slot) == sector)
    }

    /// Some tombstone in a sector.
    pub(super) fn tombstone_in(&self, sector: usize) -> Option<Slot> {
        let mut slots = self.slots().iter().copied();
        slots.find(|slot| slot.is_tombstone() && self.sector_of(*slot) == sector)
    }

    /// Makes a tombstone that the commit under way replaces a key without an entry: its sector may
    /// be erased before the commit is there.
    pub(super) fn forget_entry(&mut self, hash: u32) {
        let (at, _) = self.search(hash);
        if let Some(slot) = self.slots.get_mut(at) {
            slot.place = REPLACED;
        }
    }

    /// How many slots have an entry, and so are in a table.
    pub(super) fn table_count(&self) -> usize {
        self.slots().iter().filter(|slot| !slot.is_new()).count()
    }

    /// The longest entry, in words.
    pub(super) fn longest(&self) -> u32 {
        self.slots()
            .iter()
            .fold(0, |most, slot| most.max(slot.len()))
    }

    /// Checks what must always hold; panics where it does not. For tests.
    #[cfg(test)]
    pub(super) fn check_invariants(&self) {
        let sorted = self.slots().is_sorted_by(|one, next| one.hash < next.hash);
        assert!(sorted, "slots are sorted by hash, without repeats");
        for (number, sector) in self.sectors() {
            let live = self.slots().iter().filter(|slot| {
                !slot.is_replaced() && !slot.is_new() && self.sector_of(**slot) == number
            });
            let live: u32 = live.map(|slot| slot.len()).sum();
            assert_eq!(sector.live(), live, "live words of sector {number}");
        }
    }
}

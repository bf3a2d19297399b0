//! The RAM map: for each key hash, where its winning entry is. 8 bytes a key, sorted by hash.
//!
//! Knows numbers only: no flash, no bytes of entries.

use core::fmt;
use core::ops::Range;

/// A key hash and the place of its winning entry, packed; see [`Packing`].
#[derive(Clone, Copy)]
pub(crate) struct Slot {
    pub(crate) hash: u32,
    place: u32,
}

impl Slot {
    pub(crate) const EMPTY: Self = Self { hash: 0, place: 0 };

    pub(crate) fn is_tombstone(&self) -> bool {
        self.place & TOMBSTONE != 0
    }

    /// Whether the commit under way writes this key.
    pub(crate) fn is_dirty(&self) -> bool {
        self.place & DIRTY != 0
    }

    /// Whether the last load could not read this key.
    pub(crate) fn is_unread(&self) -> bool {
        self.place & UNREAD != 0
    }

    /// Whether an old value of this key was found in flash.
    pub(crate) fn has_shadow(&self) -> bool {
        self.place & SHADOW != 0
    }
}

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#010x} at {:#010x}", self.hash, self.place)
    }
}

const TOMBSTONE: u32 = 1 << 31;
const DIRTY: u32 = 1 << 30;
const SHADOW: u32 = 1 << 29;
const UNREAD: u32 = 1 << 28;
/// Bits of a slot that hold size and address.
const PLACE_BITS: u32 = 28;

/// Where an entry is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Place {
    /// Bytes from the start of the partition.
    pub(crate) address: u32,
    /// The padded size in bytes; `None`: it did not fit the slot, the entry's head tells.
    pub(crate) size: Option<u32>,
    pub(crate) tombstone: bool,
}

/// How a place is packed into 28 bits: the address in words takes what the partition needs, the
/// size in words the rest. So nearly every entry's size is known without a look at the flash.
///
/// In one byte, because each byte of a store counts: the bits of an address's offset in a word, which
/// are 7 at most, and from bit 3 on those of an address in words.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Packing(u8);

impl Packing {
    /// For a partition of `bytes`; `None` where its addresses don't fit.
    pub(crate) fn new(bytes: u32, write_size: u32) -> Option<Self> {
        let word_bits = write_size.checked_ilog2()?;
        let address_bits = (bytes >> word_bits).checked_ilog2()?.wrapping_add(1);
        let fits = word_bits <= 7 && address_bits <= PLACE_BITS;
        fits.then_some(Self((word_bits | address_bits << 3) as u8))
    }

    fn word_bits(self) -> u32 {
        u32::from(self.0 & 7)
    }

    fn address_bits(self) -> u32 {
        u32::from(self.0 >> 3)
    }

    /// The size that stands for "did not fit": all ones.
    fn unknown(self) -> u32 {
        low_bits(PLACE_BITS.saturating_sub(self.address_bits()))
    }

    fn pack(self, place: Place) -> u32 {
        let words = place.size.unwrap_or(u32::MAX) >> self.word_bits();
        let words = words.min(self.unknown());
        let size = words.checked_shl(self.address_bits()).unwrap_or(0);
        let flag = if place.tombstone { TOMBSTONE } else { 0 };
        place.address >> self.word_bits() | size | flag
    }

    pub(crate) fn unpack(self, slot: Slot) -> Place {
        let packed = slot.place & low_bits(PLACE_BITS);
        let words = packed.checked_shr(self.address_bits()).unwrap_or(0);
        Place {
            address: (packed & low_bits(self.address_bits())) << self.word_bits(),
            size: (words != self.unknown()).then_some(words << self.word_bits()),
            tombstone: slot.is_tombstone(),
        }
    }
}

fn low_bits(count: u32) -> u32 {
    1u32.checked_shl(count).unwrap_or(0).wrapping_sub(1)
}

/// The slots in use, sorted by hash.
pub(crate) struct KeyMap<'a> {
    slots: &'a mut [Slot],
    len: u16,
    pub(crate) packing: Packing,
    /// Of the words that could not be read when the map was filled; 0: there were none.
    pub(crate) unread: u8,
}

impl<'a> KeyMap<'a> {
    /// Over `slots`, the first 65,535 of them.
    pub(crate) fn new(slots: &'a mut [Slot], packing: Packing) -> Self {
        let count = slots.len().min(u16::MAX.into());
        let (slots, _) = slots.split_at_mut(count);
        Self {
            slots,
            len: 0,
            packing,
            unread: 0,
        }
    }

    /// Slots in use, tombstones included.
    pub(crate) fn len(&self) -> usize {
        self.len.into()
    }

    pub(crate) fn capacity(&self) -> usize {
        self.slots.len()
    }

    pub(crate) fn slots(&self) -> &[Slot] {
        self.slots.get(..self.len()).unwrap_or(&[])
    }

    /// Forgets all.
    pub(crate) fn clear(&mut self) {
        self.len = 0;
    }

    fn search(&self, hash: u32) -> Result<usize, usize> {
        self.slots().binary_search_by_key(&hash, |slot| slot.hash)
    }

    pub(crate) fn find(&self, hash: u32) -> Option<Slot> {
        self.slots().get(self.search(hash).ok()?).copied()
    }

    /// The place of the key's winning entry, tombstones included.
    pub(crate) fn place(&self, hash: u32) -> Option<Place> {
        self.find(hash).map(|slot| self.packing.unpack(slot))
    }

    /// Sets the key's place. False: there is no slot left.
    #[must_use]
    pub(crate) fn set(&mut self, hash: u32, place: Place) -> bool {
        let slot = Slot {
            hash,
            place: self.packing.pack(place),
        };
        match self.search(hash) {
            Ok(index) => {
                if let Some(old) = self.slots.get_mut(index) {
                    // A collection may move a key that the commit under way is going to write.
                    let flags = old.place & (DIRTY | UNREAD);
                    *old = slot;
                    old.place |= flags;
                }
            }
            Err(index) => {
                let end = self.len().wrapping_add(1);
                let Some(tail) = self.slots.get_mut(index..end) else {
                    return false;
                };
                // Not `rotate_right`, which can panic as far as the compiler sees.
                let mut carried = slot;
                for place in tail {
                    core::mem::swap(place, &mut carried);
                }
                self.len = self.len.wrapping_add(1);
            }
        }
        true
    }

    pub(crate) fn remove(&mut self, hash: u32) {
        if let Ok(index) = self.search(hash)
            && let Some(tail) = self.slots.get_mut(index..usize::from(self.len))
        {
            let mut carried = Slot::EMPTY;
            for place in tail.iter_mut().rev() {
                core::mem::swap(place, &mut carried);
            }
            self.len = self.len.saturating_sub(1);
        }
    }

    /// Removes the tombstones in this range of addresses; returns how many there were.
    pub(crate) fn drop_tombstones(&mut self, range: &Range<u32>) -> usize {
        let (before, packing) = (self.len(), self.packing);
        let mut kept = 0usize;
        for index in 0..before {
            let Some(slot) = self.slots.get(index).copied() else {
                break;
            };
            if slot.is_tombstone() && range.contains(&packing.unpack(slot).address) {
                continue;
            }
            if let Some(target) = self.slots.get_mut(kept) {
                *target = slot;
            }
            kept = kept.wrapping_add(1);
        }
        self.len = u16::try_from(kept).unwrap_or(self.len);
        before.saturating_sub(kept)
    }

    /// Notes that the commit under way writes this key. False: it has no slot.
    pub(crate) fn set_dirty(&mut self, hash: u32) -> bool {
        self.set_flag(hash, DIRTY, true)
    }

    /// Notes whether a load could read this key, if it has a slot.
    pub(crate) fn set_unread(&mut self, hash: u32, is_unread: bool) {
        self.set_flag(hash, UNREAD, is_unread);
    }

    /// Notes whether something else of this key was found in flash.
    pub(crate) fn set_shadow(&mut self, hash: u32, is_found: bool) {
        self.set_flag(hash, SHADOW, is_found);
    }

    fn set_flag(&mut self, hash: u32, flag: u32, is_set: bool) -> bool {
        if let Ok(index) = self.search(hash)
            && let Some(slot) = self.slots.get_mut(index)
        {
            slot.place = slot.place & !flag | if is_set { flag } else { 0 };
            return true;
        }
        false
    }

    /// How many of the keys that the commit under way writes have a slot now: a value, or a
    /// tombstone.
    pub(crate) fn dirty(&self) -> usize {
        let slots = self.slots().iter();
        slots.filter(|slot| slot.is_dirty()).count()
    }

    pub(crate) fn clear_dirty(&mut self) {
        self.clear_flag(DIRTY);
    }

    /// The commit under way is made: what it wrote is known.
    pub(crate) fn note_written(&mut self) {
        for slot in self.slots.iter_mut().take(self.len.into()) {
            if slot.is_dirty() {
                slot.place &= !(DIRTY | UNREAD);
            }
        }
    }

    pub(crate) fn clear_shadows(&mut self) {
        self.clear_flag(SHADOW);
    }

    fn clear_flag(&mut self, flag: u32) {
        for slot in self.slots.iter_mut().take(self.len.into()) {
            slot.place &= !flag;
        }
    }
}

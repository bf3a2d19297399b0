//! Where an entry is: its address, its length and what it is, in four bytes.

/// The length of a slot in a table.
pub(super) const TABLE_ITEM: u32 = 8;

/// Where an entry is: flags, and below them its length and its address in words, as a [`Packing`]
/// says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place(u32);

/// The entry is a tombstone.
const TOMBSTONE: u32 = 1 << 31;
/// The commit under way replaces the entry: it does not count as live any more.
const REPLACED: u32 = 1 << 30;
/// The value has a name.
const NAMED: u32 = 1 << 29;
/// Of a tombstone: what it hides may be in its own sector.
const NEAR: u32 = NAMED;
/// The last load could not read the value.
const UNREAD: u32 = 1 << 28;
/// What is of the entry itself.
const OF_ENTRY: u32 = !(REPLACED | UNREAD);
/// The bits below the flags.
const PACKED_BITS: u32 = 28;
/// The most bits of them that an address may take.
pub(crate) const ADDRESS_BITS_MAX: u32 = 22;

/// How an address and a length share the bits of a place: the address has what the partition needs,
/// the length has the rest. Where that is not enough for a sector, long lengths are rounded up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Packing {
    address_bits: u8,
    /// Lengths from half of what fits on are kept in steps of so many words, as a power of two.
    step: u8,
}

impl Packing {
    /// For addresses of so many bits, and sectors of so many words, as a power of two.
    pub(super) fn new(address_bits: u32, sector_bits: u32) -> Self {
        let address_bits = address_bits.min(ADDRESS_BITS_MAX);
        let len_bits = PACKED_BITS.wrapping_sub(address_bits);
        let step = match sector_bits > len_bits {
            true => sector_bits.wrapping_sub(len_bits).wrapping_add(2),
            false => 0,
        };
        Self {
            address_bits: address_bits as u8,
            step: step as u8,
        }
    }

    pub(super) fn address_bits(self) -> u32 {
        self.address_bits.into()
    }

    /// The first length that is kept in steps.
    fn half(self) -> u32 {
        (1u32 << (PACKED_BITS - 1)) >> (self.address_bits & 31)
    }

    #[inline(never)]
    pub(super) fn place(self, word: u32, len: u32, is_tombstone: bool, is_named: bool) -> Place {
        let flag = if is_tombstone { TOMBSTONE } else { 0 } | if is_named { NAMED } else { 0 };
        let rest = len.saturating_sub(self.half());
        let rounding = (1u32 << (self.step & 31)).wrapping_sub(1);
        let steps = rest.wrapping_add(rounding) >> (self.step & 31);
        // An exact length fits always; one that another packing has rounded up may not.
        let most = self.half().wrapping_mul(2).wrapping_sub(1);
        let len = len.wrapping_sub(rest).wrapping_add(steps).min(most);
        Place(word | len << (self.address_bits & 31) | flag)
    }

    /// The entry's address in words.
    pub(super) fn word(self, place: Place) -> u32 {
        place.0 & (1u32 << (self.address_bits & 31)).wrapping_sub(1)
    }

    /// The entry's length in words, of a long one perhaps rounded up.
    pub(super) fn len(self, place: Place) -> u32 {
        let len = (place.0 & (UNREAD - 1)) >> (self.address_bits & 31);
        let steps = len.saturating_sub(self.half());
        len.wrapping_sub(steps)
            .wrapping_add(steps << (self.step & 31))
    }

    /// A place that was packed in another way.
    pub(super) fn repack(self, place: Place, packing: Self) -> Place {
        let (word, len) = (packing.word(place), packing.len(place));
        let flags = place.0 & (TOMBSTONE | NAMED);
        Place(self.place(word, len, false, false).0 | flags)
    }
}

impl Place {
    /// Nowhere.
    pub(super) const NONE: Self = Self(0);
    /// Of an entry that may be anywhere.
    pub(super) const UNKNOWN: Self = Self(1);

    pub(super) fn is_tombstone(self) -> bool {
        self.0 & TOMBSTONE != 0
    }

    /// The place of a later entry of the same key in the same sector.
    pub(super) fn behind(self, earlier: Self) -> Self {
        let is_needed = earlier.is_value() || earlier.hides_near();
        match self.is_tombstone() && is_needed {
            true => Self(self.0 | NEAR),
            false => self,
        }
    }

    /// Whether it is a tombstone of something in its own sector.
    pub(super) fn hides_near(self) -> bool {
        self.0 & (TOMBSTONE | NEAR) == TOMBSTONE | NEAR
    }

    pub(super) fn is_replaced(self) -> bool {
        self.0 & REPLACED != 0
    }

    /// Without what is not of the entry itself.
    pub(super) fn of_entry(self) -> Self {
        Self(self.0 & OF_ENTRY)
    }

    pub(super) fn is_named(self) -> bool {
        self.0 & NAMED != 0
    }

    /// Whether there is no entry: the key has none yet, or none any more.
    pub(super) fn is_none(self) -> bool {
        self.0 & OF_ENTRY == 0
    }

    /// Whether there is an entry that is a value.
    pub(super) fn is_value(self) -> bool {
        self.0 & TOMBSTONE == 0 && !self.is_none()
    }

    /// What is left if there is no entry any more.
    pub(super) fn without_entry(self) -> Self {
        Self(self.0 & REPLACED)
    }

    /// The same tombstone or value, of which it is not known where it is.
    pub(super) fn without_address(self) -> Self {
        Self(self.0 & TOMBSTONE)
    }

    /// Whether it is a tombstone that is not there any more.
    pub(super) fn is_gone(self) -> bool {
        self.0 & OF_ENTRY == TOMBSTONE
    }

    pub(super) fn with_replaced(self, is_replaced: bool) -> Self {
        match is_replaced {
            true => Self(self.0 | REPLACED),
            false => Self(self.0 & !REPLACED),
        }
    }

    /// Whether the last load could not read the value.
    pub(super) fn is_unread(self) -> bool {
        self.0 & UNREAD != 0
    }

    pub(super) fn with_unread(self, is_unread: bool) -> Self {
        match is_unread {
            true => Self(self.0 | UNREAD),
            false => Self(self.0 & !UNREAD),
        }
    }
}

/// A key and where its latest entry is: 8 bytes of RAM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slot {
    pub(super) hash: u32,
    pub(super) place: Place,
}

impl Slot {
    pub(crate) const EMPTY: Self = Self {
        hash: 0,
        place: Place::NONE,
    };

    /// From the bytes of an item of a table.
    pub(super) fn decode(item: &[u8; TABLE_ITEM as usize]) -> Self {
        let numbers: [[u8; 4]; 2] = bytemuck::cast(*item);
        let [hash, place] = numbers.map(u32::from_le_bytes);
        let place = Place(place & OF_ENTRY);
        Self { hash, place }
    }

    /// The bytes of an item of a table.
    pub(super) fn encode(self) -> [u8; TABLE_ITEM as usize] {
        bytemuck::cast([self.hash, self.place.0 & OF_ENTRY].map(u32::to_le_bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::{Packing, Place};

    #[test]
    fn places_are_kept_and_long_lengths_rounded_up() {
        for (sectors_bits, sector_bits) in [(1, 6), (3, 10), (4, 12), (7, 12), (4, 16), (1, 20)] {
            let address_bits = sectors_bits + sector_bits;
            let packing = Packing::new(address_bits, sector_bits);
            let is_exact = sector_bits <= 28 - address_bits;
            let half = 1 << (27 - address_bits);
            let lens = (0..5000).chain((0..1 << sector_bits).step_by(97));
            let mut last = 0;
            for len in lens.filter(|len| *len < 1 << sector_bits) {
                let word = (1 << address_bits) - 1 - len;
                let place = packing.place(word, len, true, false);
                let kept = packing.len(place);
                assert_eq!(packing.word(place), word);
                assert!(place.is_tombstone() && !place.is_replaced());
                assert!(kept >= len && (kept == len || len > half && !is_exact));
                assert!(kept >= last || len < last);
                last = len;
                let other = Packing::new((address_bits + 1).min(22), sector_bits);
                let again = packing.repack(other.place(word, len, false, true), other);
                assert_eq!(packing.word(again), word);
                let kept = packing.len(again);
                assert!(
                    kept >= len && again.is_named(),
                    "{sector_bits} {len} {kept}"
                );
            }
        }
        assert!(Place::NONE.is_none());
    }
}

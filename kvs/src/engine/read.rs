//! Reading entries: what stands at an address, and whether it counts.

use super::entry::{CHECKSUM_LEN, EntryHeader, HEADER_MAX, Role, salt};
use super::index::Slot;
use super::mount::Except;
use super::{Engine, FRESH, Fault, NorFlash, bisync};
use crate::checksum::Checksum;
use crate::format::ERASED;

/// How often an entry is read that does not check: a glitch on the bus is no damage, and a word
/// whose program was cut may read right the next time.
const TRIES: usize = 4;

/// What stands at an address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Found {
    Erased,
    /// No whole entry.
    Damage,
    Entry(Entry),
}

/// A whole entry: its checksum is right.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Entry {
    pub(super) header: EntryHeader,
    pub(super) role: Role,
    pub(super) address: u32,
}

#[bisync]
impl<F: NorFlash> Engine<'_, F> {
    /// Reads what stands at `address`, and checks it.
    #[inline(never)]
    pub(super) async fn probe(&mut self, address: u32) -> Found {
        let bytes = self.flash.bytes(address, HEADER_MAX).await;
        match bytes.first() {
            None => return Found::Damage,
            Some(&ERASED) => return Found::Erased,
            Some(_) => {}
        }
        let Some(header) = EntryHeader::decode(bytes) else {
            return Found::Damage;
        };
        let left = self
            .flash
            .sector_size()
            .wrapping_sub(self.flash.offset(address));
        if header.entry_len(Self::WORD) > left {
            return Found::Damage;
        }
        let Some(check) = self.check(address, header).await else {
            return Found::Damage;
        };
        let role = Role::ALL
            .into_iter()
            .find(|role| role.salt(header.has_more()) == check);
        match role {
            Some(role) => Found::Entry(Entry {
                header,
                role,
                address,
            }),
            None => Found::Damage,
        }
    }

    /// Computes the checksum of an entry, and returns in what it differs from the one that is
    /// stored, but for the salt of its place.
    async fn check(&mut self, address: u32, header: EntryHeader) -> Option<u32> {
        let end = address.wrapping_add(header.body_len());
        self.checksum.reset();
        self.checksum.update(&[header.checked_tag()]);
        let mut at = address.wrapping_add(1);
        let stored = loop {
            let left = end.wrapping_sub(at);
            let bytes = self.flash.bytes(at, left.wrapping_add(CHECKSUM_LEN)).await;
            let (body, rest) = bytes
                .split_at_checked(left as usize)
                .unwrap_or((bytes, &[]));
            self.checksum.update(body);
            if let Some(stored) = rest.first_chunk() {
                break u32::from_le_bytes(*stored);
            }
            if bytes.is_empty() {
                return None;
            }
            at = at.wrapping_add(body.len() as u32);
            if body.is_empty() {
                // The checksum itself begins at the end of what is held.
                self.flash.forget();
            }
        };
        Some(self.checksum.value() ^ stored ^ self.salt_of(address))
    }

    /// What the checksum of an entry at `address` is XORed with.
    pub(super) fn salt_of(&self, address: u32) -> u32 {
        let number = self.sector_at(address);
        salt(
            self.index.sector(number).sequence,
            self.flash.offset(address),
        )
    }

    /// The number of the sector that an address is in.
    pub(super) fn sector_at(&self, address: u32) -> usize {
        (address >> self.flash.sector_size().trailing_zeros()) as usize
    }

    /// The slot of an entry.
    pub(super) fn slot_of(entry: &Entry) -> Slot {
        let len = entry.header.entry_len(Self::WORD);
        let is_tombstone = entry.header.is_tombstone();
        let shift = Self::WORD.trailing_zeros();
        Slot::new(
            entry.header.hash,
            entry.address >> shift,
            len >> shift,
            is_tombstone,
        )
    }

    pub(super) fn address_of(slot: Slot) -> u32 {
        slot.word().wrapping_mul(Self::WORD)
    }

    /// Reads the latest entry of a key again.
    pub(super) async fn entry_of(&mut self, slot: Slot) -> Option<Entry> {
        for _ in 0..TRIES {
            if let Found::Entry(entry) = self.probe(Self::address_of(slot)).await
                && entry.header.hash == slot.hash()
            {
                return Some(entry);
            }
            self.flash.forget();
        }
        None
    }

    /// The value of a key: its bytes are in the buffer until the next call. [`Fault::Remounted`] if
    /// the last commit before the mount does not count any more, of which other values may have
    /// been read already.
    pub(crate) async fn get(&mut self, hash: u32) -> Result<Option<&[u8]>, Fault> {
        self.resume().await?;
        let Some(slot) = self.index.get(hash).filter(|slot| !slot.is_tombstone()) else {
            return Ok(None);
        };
        let Some(entry) = self.entry_of(slot).await else {
            return Err(self.void_suspect(slot).await);
        };
        let EntryHeader { value_len, .. } = entry.header;
        let from = entry.address.wrapping_add(entry.header.len());
        let bytes = self.flash.bytes(from, value_len).await;
        match bytes.get(..value_len as usize) {
            Some(value) => Ok(Some(value)),
            None => Err(Fault::BufferTooSmall),
        }
    }

    /// Makes the last commit before the mount count no more, if an entry that can't be read is of
    /// it: its words read differently each time.
    async fn void_suspect(&mut self, slot: Slot) -> Fault {
        let from = self.flash.base(self.active).wrapping_add(self.suspect_from);
        let is_suspect = self.is(FRESH)
            && self.index.sector_of(slot) == self.active
            && Self::address_of(slot) >= from;
        if !is_suspect {
            return match self.doubt_table() {
                true => Fault::Remounted,
                false => Fault::Corrupt,
            };
        }
        match self.read_all(Except::From(from)).await {
            Ok(()) => Fault::Remounted,
            Err(fault) => fault,
        }
    }
}

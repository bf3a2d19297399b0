//! Reading entries: what stands at an address, and whether it counts.

use super::entry::{CHECKSUM_LEN, EntryHeader, HEADER_MAX, Role, salt};
use super::index::Slot;
use super::mount::Except;
use super::{Device, Engine, Fault, Job, SUSPECT};
use crate::checksum::Checksum;
use crate::format::ERASED;
use crate::hash::KeyHasher;

/// How often an entry is read that does not check: a glitch on the bus is no damage, and a word
/// whose program was cut may read right the next time.
const TRIES: u8 = 4;

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

/// An entry that is being read.
pub(super) struct Probe {
    header: EntryHeader,
    /// The hash of its name so far.
    name: KeyHasher,
    /// How many of its bytes the checksum covers so far; 0 if none is being read.
    done: u32,
}

impl Probe {
    pub(super) const START: Self = Self {
        header: EntryHeader::NONE,
        name: KeyHasher::new(),
        done: 0,
    };
}

impl<D: Device, C: Checksum> Engine<'_, D, C> {
    /// Reads what stands at `address`, and checks it.
    #[inline(never)]
    pub(super) fn probe(&mut self, address: u32, probe: &mut Probe) -> Result<Found, Fault> {
        if probe.done == 0 {
            let bytes = self.flash.bytes(address, HEADER_MAX)?;
            match bytes.first() {
                None => return Ok(Found::Damage),
                Some(&ERASED) => return Ok(Found::Erased),
                Some(_) => {}
            }
            let Some(header) = EntryHeader::decode(bytes) else {
                return Ok(Found::Damage);
            };
            let offset = self.flash.offset(address);
            if header.entry_len(Self::WORD) > self.flash.sector_size().wrapping_sub(offset) {
                return Ok(Found::Damage);
            }
            probe.header = header;
            probe.name = KeyHasher::new();
            self.checksum.reset();
            self.checksum.update(&[header.checked_tag()]);
            probe.done = 1;
        }
        let checksum = self.read_checksum(address, probe)?;
        probe.done = 0;
        let mut header = probe.header;
        if header.is_named() {
            header.hash = probe.name.finish();
        }
        let role = checksum.and_then(|stored| self.role_of(address, header.tag(), stored));
        Ok(role.map_or(Found::Damage, |role| {
            Found::Entry(Entry {
                header,
                role,
                address,
            })
        }))
    }

    /// Computes the checksum of an entry; returns the one that is stored. `None` if that can't be
    /// read.
    fn read_checksum(&mut self, address: u32, probe: &mut Probe) -> Result<Option<u32>, Fault> {
        let name = probe.header.name_offset()..probe.header.len();
        loop {
            let left = probe.header.body_len().wrapping_sub(probe.done);
            let from = address.wrapping_add(probe.done);
            let bytes = self.flash.bytes(from, left.wrapping_add(CHECKSUM_LEN))?;
            if bytes.is_empty() {
                return Ok(None);
            }
            let (body, rest) = bytes
                .split_at_checked(left as usize)
                .unwrap_or((bytes, &[]));
            self.checksum.update(body);
            if !name.is_empty() {
                for (at, byte) in (probe.done..).zip(body) {
                    if name.contains(&at) {
                        probe.name = probe.name.byte(*byte);
                    }
                }
            }
            if let Some(stored) = rest.first_chunk() {
                return Ok(Some(u32::from_le_bytes(*stored)));
            }
            if body.is_empty() {
                // It is not all there, and can't be read.
                return Ok(None);
            }
            probe.done = probe.done.wrapping_add(body.len() as u32);
        }
    }

    /// The role of an entry at `address`, whose checksum has just been computed, and which has this
    /// tag and this checksum in flash. `None` if that is not right.
    pub(super) fn role_of(&self, address: u32, tag: u8, stored: u32) -> Option<Role> {
        let salt = self.checksum.value() ^ stored ^ self.salt_of(address);
        let more = super::entry::has_more(tag);
        Role::ALL.into_iter().find(|role| role.salt(more) == salt)
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

    /// Reads the latest entry of a key.
    pub(super) fn entry_of(&mut self, slot: Slot, job: &mut Job) -> Result<Option<Entry>, Fault> {
        loop {
            let found = self.probe(Self::address_of(slot), &mut job.probe)?;
            let entry = match found {
                Found::Entry(entry) if entry.header.hash == slot.hash() => Some(entry),
                _ => None,
            };
            job.tries = job.tries.wrapping_add(1);
            if entry.is_some() || job.tries == TRIES {
                job.tries = 0;
                return Ok(entry);
            }
            self.flash.forget();
        }
    }

    /// The value of a key: its bytes are in the buffer until the next call. [`Fault::Remounted`] if
    /// the last commit before the mount does not count any more, of which other values may have
    /// been read already.
    pub(crate) fn get(&mut self, hash: u32, job: &mut Job) -> Result<Option<&[u8]>, Fault> {
        if job.found.is_none() {
            self.resume(job)?;
            let Some(slot) = self.index.get(hash).filter(|slot| !slot.is_tombstone()) else {
                return Ok(None);
            };
            job.found = self.entry_of(slot, job)?;
            if job.found.is_none() {
                return Err(self.doubt(slot, job));
            }
        }
        let Some(entry) = job.found else {
            return Ok(None);
        };
        let EntryHeader { value_len, .. } = entry.header;
        let from = entry.address.wrapping_add(entry.header.len());
        let bytes = self.flash.bytes(from, value_len)?;
        job.found = None;
        match bytes.get(..value_len as usize) {
            Some(value) => Ok(Some(value)),
            None => Err(Fault::BufferTooSmall),
        }
    }

    /// What it means that the entry of this slot can't be read. Of the last commit before the mount
    /// nothing counts any more then: its words read differently each time.
    fn doubt(&mut self, slot: Slot, job: &mut Job) -> Fault {
        let from = self.flash.base(self.active).wrapping_add(self.suspect_from);
        let is_suspect = self.is(SUSPECT)
            && self.index.sector_of(slot) == self.active
            && Self::address_of(slot) >= from;
        if is_suspect {
            self.remount(Except::From(from), job)
        } else if self.doubt_table() {
            Fault::Remounted
        } else {
            Fault::Corrupt
        }
    }
}

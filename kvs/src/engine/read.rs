//! Reading entries: what stands at an address, and whether it counts.

use core::ops::Range;

use super::entry::{self, CHECKSUM_LEN, EntryHeader, HEADER_MAX, Role};
use super::mount::Except;
use super::place::Place;
use super::{BY_TABLE, Device, Engine, Fault, Job, SUSPECT};
use crate::checksum::Checksum;
use crate::events;
use crate::format::ERASED;

/// How often an entry is read that does not check: a glitch on the bus is no damage, and a word
/// whose program was cut may read right the next time.
const TRIES: u8 = 4;

/// What stands at an address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Found {
    Erased,
    /// No whole entry.
    Damage,
    /// A whole entry: its checksum is right.
    Entry,
}

/// The entry that was read last, or is being read.
#[derive(Clone, Copy)]
pub(super) struct Probe {
    pub(super) header: EntryHeader,
    pub(super) role: Role,
    /// Its checksum need not be computed.
    is_trusted: bool,
    /// How many of its bytes the checksum covers so far; 0 if it is not being read.
    done: u32,
    /// How many bytes were read of a sector for long entries that did not check, up to an address.
    in_vain: u32,
    in_vain_to: u32,
}

/// So many times its size is read of a sector, at most, for long entries that do not check.
pub(crate) const PATIENCE: u32 = 8;

impl Probe {
    /// Begins with a sector, or with an entry that is known to be there.
    pub(super) fn forget_vain(&mut self) {
        (self.in_vain, self.in_vain_to) = (0, 0);
    }

    pub(super) const START: Self = Self {
        header: EntryHeader::NONE,
        role: Role::First,
        is_trusted: false,
        done: 0,
        in_vain: 0,
        in_vain_to: 0,
    };
}

impl<D: Device, C: Checksum> Engine<'_, D, C> {
    /// Reads what stands at `address`, and checks it.
    #[inline(never)]
    pub(super) fn probe(&mut self, address: u32, probe: &mut Probe) -> Result<Found, Fault> {
        if probe.done == 0 {
            let bytes = self.flash.bytes(address, HEADER_MAX.max(Self::WORD))?;
            if bytes.first() == Some(&ERASED) {
                return Ok(Found::Erased);
            }
            let Some(header) = EntryHeader::decode(bytes) else {
                return Ok(Found::Damage);
            };
            probe.header = header;
            let end = self
                .flash
                .offset(address)
                .wrapping_add(header.entry_len(Self::WORD));
            let sum = probe.in_vain.wrapping_add(header.body_len());
            let is_new = header.is_long() && address >= probe.in_vain_to;
            let size = self.flash.sector_size();
            if end > size || is_new && sum > size.saturating_mul(PATIENCE) {
                return Ok(Found::Damage);
            }
            if probe.is_trusted {
                return Ok(Found::Entry);
            }
            self.checksum.reset();
            self.checksum.update(&[entry::checked(header.tag())]);
            probe.done = 1;
        }
        let body = probe.header.body_len();
        loop {
            let left = body.wrapping_sub(probe.done);
            let from = address.wrapping_add(probe.done);
            // What is held is not read again, but for a table, which is needed in one piece.
            let is_held = left != 0 && !self.flash.held(from).is_empty();
            let need = match is_held && !probe.header.is_table() {
                true => 1,
                false => left.wrapping_add(CHECKSUM_LEN),
            };
            let bytes = self.flash.bytes(from, need)?;
            let (front, rest) = bytes
                .split_at_checked(left as usize)
                .unwrap_or((bytes, &[]));
            self.checksum.update(front);
            let is_stuck = front.is_empty();
            probe.done = probe.done.wrapping_add(front.len() as u32);
            if let Some(stored) = rest.first_chunk() {
                probe.done = 0;
                let stored = u32::from_le_bytes(*stored);
                return Ok(match self.role_of(address, probe.header.tag(), stored) {
                    Some(role) => {
                        probe.role = role;
                        Found::Entry
                    }
                    None => {
                        if probe.header.is_long() && address >= probe.in_vain_to {
                            probe.in_vain = probe.in_vain.wrapping_add(body);
                            probe.in_vain_to = address.wrapping_add(1);
                        }
                        Found::Damage
                    }
                });
            }
            if is_stuck {
                // It is not all there, or can't be read.
                probe.done = 0;
                return Ok(Found::Damage);
            }
        }
    }

    /// How many bytes from `address` on are erased, as far as the buffer holds them: whole words.
    pub(super) fn erased_at(&self, address: u32) -> u32 {
        erased_len(self.flash.held(address)) & !Self::WORD.wrapping_sub(1)
    }

    /// Reads the opening of a sector that begins at `address`, and no more.
    pub(super) fn probe_opening(&mut self, address: u32, probe: &mut Probe) -> Result<bool, Fault> {
        if probe.done == 0 {
            let len = HEADER_MAX.wrapping_add(CHECKSUM_LEN).max(Self::WORD);
            self.flash.only(address, len)?;
        }
        let found = self.probe(address, probe)?;
        Ok(found == Found::Entry && probe.header.is_opening())
    }

    /// The role of an entry at `address`, whose checksum has just been computed, and which has this
    /// tag and this checksum in flash. `None` if that is not right.
    #[inline(never)]
    pub(super) fn role_of(&self, address: u32, tag: u8, stored: u32) -> Option<Role> {
        let salt = self.checksum.value() ^ stored ^ self.salt_of(address);
        Role::of(salt, entry::has_more(tag))
    }

    /// What the checksum of an entry at `address` is XORed with.
    pub(super) fn salt_of(&self, address: u32) -> u32 {
        let sector = self.index.sector(self.flash.sector_at(address));
        entry::salt(sector.sequence, self.flash.offset(address))
    }

    /// Where an entry is.
    pub(super) fn place_of(&self, address: u32, header: &EntryHeader) -> Place {
        let shift = Self::WORD.trailing_zeros();
        let len = header.entry_len(Self::WORD) >> shift;
        self.index.packing().place(
            address >> shift,
            len,
            header.is_tombstone(),
            header.is_named(),
        )
    }

    pub(super) fn address_of(&self, place: Place) -> u32 {
        let word = self.index.packing().word(place);
        word.wrapping_mul(Self::WORD)
    }

    /// The bytes of an entry, of a long one perhaps rounded up.
    pub(super) fn len_of(&self, place: Place) -> u32 {
        let words = self.index.packing().len(place);
        words.wrapping_mul(Self::WORD)
    }

    /// Reads the latest entry of a key, for the job's probe to hold. `false` if it does not check.
    #[inline(never)]
    pub(super) fn entry_of(
        &mut self,
        hash: u32,
        place: Place,
        job: &mut Job,
    ) -> Result<bool, Fault> {
        let address = self.address_of(place);
        loop {
            if job.probe.done == 0 {
                job.probe.forget_vain();
                // No more than the entry is needed.
                self.flash.only(address, self.len_of(place))?;
            }
            let found = self.probe(address, &mut job.probe)?;
            let is_there = found == Found::Entry && job.probe.header.hash == hash;
            job.tries = job.tries.wrapping_add(1);
            if is_there || job.tries == TRIES {
                job.tries = 0;
                return Ok(is_there);
            }
            self.flash.forget();
        }
    }

    /// Has the flash read anew, whatever the buffer holds of it.
    pub(crate) fn forget(&mut self) {
        self.flash.forget();
    }

    /// Looks up the entry of a key that has a value, for the job to hold. `false` if it has none.
    /// All may be read anew for it: then [`mounts`](Self::mounts) counts one more, and values that
    /// were read before may be others now.
    pub(crate) fn find(&mut self, hash: u32, job: &mut Job) -> Result<bool, Fault> {
        loop {
            self.resume(job)?;
            job.hash = hash;
            let place = self.locate(hash, job)?;
            if !place.is_value() {
                return Ok(false);
            }
            // What a mount has not read is checked now.
            job.probe.is_trusted = !self.options.verify_on_read && !self.is(BY_TABLE);
            let found = self.entry_of(hash, place, job);
            job.probe.is_trusted = false;
            if found? {
                job.found = self.address_of(place);
                return Ok(true);
            }
            let fault = self.doubt(place, job);
            if fault != Fault::Remounted {
                return Err(fault);
            }
        }
    }

    /// The bytes of the value that was found, from byte `skip` on: as many as there are, or fit into
    /// the buffer. They are in the buffer until the next call.
    pub(crate) fn value(&mut self, skip: u32, job: &Job) -> Result<&[u8], Fault> {
        let header = &job.probe.header;
        let from = header.value_offset().wrapping_add(skip);
        let len = header.value_len().saturating_sub(skip);
        let bytes = self.flash.bytes(job.found.wrapping_add(from), len)?;
        Ok(bytes.get(..len as usize).unwrap_or(bytes))
    }

    /// Where in the buffer the value is that was found, from byte `skip` on, as far as it fits.
    pub(crate) fn value_range(&self, skip: u32, job: &Job) -> Range<usize> {
        let header = &job.probe.header;
        let from = header.value_offset().wrapping_add(skip);
        let len = header.value_len().saturating_sub(skip);
        self.flash.held_range(job.found.wrapping_add(from), len)
    }

    /// What it means that an entry can't be read. Of the last commit before the mount nothing counts
    /// any more then: its words read differently each time.
    fn doubt(&mut self, place: Place, job: &mut Job) -> Fault {
        let from = self.flash.base(self.active).wrapping_add(self.suspect_from);
        let is_suspect = self.is(SUSPECT)
            && self.index.sector_of(place) == self.active
            && self.address_of(place) >= from;
        if self.flash.is_unreadable() {
            Fault::Flash
        } else if is_suspect {
            self.remount(Except::From(from), job)
        } else if self.doubt_table() {
            Fault::Remounted
        } else {
            events::corrupt(job.hash);
            Fault::Corrupt
        }
    }
}

/// How many bytes are erased in front of what is not.
#[inline(never)]
pub(super) fn erased_len(bytes: &[u8]) -> u32 {
    let fours = bytes.as_chunks::<4>().0.iter();
    let fours = fours.take_while(|four| **four == [ERASED; 4]).count();
    let rest = bytes.get(fours.wrapping_mul(4)..).unwrap_or_default();
    let rest = rest.iter().take_while(|byte| **byte == ERASED).count();
    fours.wrapping_mul(4).wrapping_add(rest) as u32
}

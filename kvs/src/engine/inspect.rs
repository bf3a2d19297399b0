//! What there is to see of an engine: totals, sectors, keys, and what a fault is about.

use super::header::Layout;
use super::index::{ERASED_AHEAD, RETIRED};
use super::{Device, Engine, Fault, Job};
use crate::checksum::Checksum;
use crate::options::Options;
use crate::stats::{SectorInfo, SectorState, Stats};

/// What a fault is about.
pub(crate) struct Detail {
    /// Bytes from the start of the partition.
    pub(crate) address: u32,
    /// The hash of a key.
    pub(crate) key: u32,
    /// Bytes that a commit needs, that are free, and that a commit may have.
    pub(crate) needed: u32,
    pub(crate) available: u32,
    pub(crate) max: u32,
    /// Bytes that an entry takes, and that the buffer has for one.
    pub(crate) entry: usize,
    pub(crate) buffer: usize,
    /// Slots.
    pub(crate) capacity: usize,
}

impl<D: Device, C: Checksum> Engine<'_, D, C> {
    pub(crate) fn detail(&self, job: &Job) -> Detail {
        Detail {
            address: job.append.address(),
            key: job.key(),
            needed: job.plan.bytes(),
            available: self.available(),
            max: self.commit_max(),
            entry: job.probe.header.entry_len(Self::WORD) as usize,
            buffer: self.flash.stage_len() as usize,
            capacity: self.index.capacity(),
        }
    }

    /// The layout of the partition that was found, and the one that is expected.
    pub(crate) fn layouts(&self, job: &Job) -> (Layout, Layout) {
        (job.mount.found_layout(), self.layout())
    }

    /// The bytes of an entry whose value has so many.
    pub(crate) fn entry_len(&self, value_len: usize) -> usize {
        let len = value_len.min(u16::MAX.into()) as u16;
        let header = super::entry::EntryHeader::value(0, len, false);
        header.entry_len(Self::WORD) as usize
    }

    /// The longest value.
    pub(crate) fn value_max(&self) -> usize {
        let overhead = super::entry::HEADER_MAX.wrapping_add(super::entry::CHECKSUM_LEN);
        let room = self.commit_max().saturating_sub(overhead);
        room.min(u16::MAX.into()) as usize
    }

    pub(crate) fn buffer(&self) -> &[u8] {
        self.flash.staged()
    }

    pub(crate) fn device_ref(&self) -> &D {
        self.flash.device_ref()
    }

    /// How many keys have a value.
    pub(crate) fn key_count(&self) -> usize {
        let listed = self.index.table().filter(|slot| slot.place.is_value());
        listed.count().saturating_add(self.unlisted.into())
    }

    /// How many slots there are.
    pub(crate) fn capacity(&self) -> usize {
        self.index.capacity()
    }

    /// Counts up each time all is read anew.
    pub(crate) fn mounts(&self) -> u8 {
        self.mounts
    }

    /// Whether there are keys that have no slot.
    pub(crate) fn is_partial(&self) -> bool {
        self.is(super::PARTIAL)
    }

    /// Whether a key has a value, and a slot.
    pub(crate) fn is_listed(&self, hash: u32) -> bool {
        self.index.get(hash).is_value()
    }

    /// Whether a key has a value.
    pub(crate) fn contains(&mut self, hash: u32, job: &mut Job) -> Result<bool, Fault> {
        self.resume(job)?;
        Ok(self.locate(hash, job)?.is_value())
    }

    /// The lowest hash from this one on that has an entry, perhaps a tombstone.
    pub(crate) fn next_hash(&mut self, from: u64, job: &mut Job) -> Result<Option<u32>, Fault> {
        self.resume(job)?;
        let Ok(from) = u32::try_from(from) else {
            return Ok(None);
        };
        if self.is_partial() {
            return self.lowest_from(from, job);
        }
        let mut slots = self.index.slots().iter();
        Ok(slots.find(|slot| slot.hash >= from).map(|slot| slot.hash))
    }

    /// Of the entry that was found: its sector, its offset there, and its length.
    pub(crate) fn place_of_found(&self, job: &Job) -> (usize, u32, u32) {
        let address = job.found;
        let len = job.probe.header.entry_len(Self::WORD);
        (
            self.flash.sector_at(address),
            self.flash.offset(address),
            len,
        )
    }

    pub(crate) fn set_unread(&mut self, hash: u32, is_unread: bool) {
        self.index.set_unread(hash, is_unread);
    }

    pub(crate) fn is_unread(&self, hash: u32) -> bool {
        self.index.is_unread(hash)
    }

    pub(crate) fn has_unread(&self) -> bool {
        self.index.has_unread()
    }

    /// Has all read anew, and uses sectors again that have failed.
    pub(crate) fn forgive(&mut self) {
        self.set(super::STALE, true);
        self.set(super::PARTIAL, false);
        for number in 0..self.index.sector_count() {
            self.index.flag(number, 0, super::index::FAILED | RETIRED);
        }
    }

    pub(crate) fn options(&self) -> Options {
        Options {
            wear_spread: self.wear_spread,
            sector_size: self.flash.sector_size(),
            ..self.options
        }
    }

    /// The bytes of live entries.
    pub(super) fn live_bytes(&self) -> u32 {
        let sectors = self.index.sectors();
        let words = sectors.map(|(_, sector)| self.index.live_words(sector));
        words.sum::<u32>().wrapping_mul(Self::WORD)
    }

    /// The bytes that can still be stored.
    fn available(&self) -> u32 {
        let usable = self
            .index
            .sectors()
            .filter(|(_, sector)| !sector.is(RETIRED));
        let usable = usable.count().saturating_sub(1) as u32;
        let room = self.commit_max().wrapping_mul(usable);
        room.saturating_sub(self.live_bytes())
    }

    pub(crate) fn sector_infos(&self) -> impl Iterator<Item = SectorInfo> + '_ {
        self.index.sectors().map(|(index, sector)| {
            let is_active = index == self.active;
            SectorInfo {
                index,
                state: if sector.is(RETIRED) {
                    SectorState::Retired
                } else if is_active {
                    SectorState::Head
                } else if sector.is(ERASED_AHEAD) {
                    SectorState::Ready
                } else if sector.live() == 0 {
                    SectorState::Dead
                } else {
                    SectorState::Live
                },
                sequence: sector.sequence,
                erases: sector.erases,
                live: self.index.live_words(sector).wrapping_mul(Self::WORD),
                free: match is_active {
                    true => self.room(),
                    false if sector.is(ERASED_AHEAD) => self.behind_opening(),
                    false => 0,
                },
            }
        })
    }

    pub(crate) fn stats(&self) -> Stats {
        let count = self.index.sector_count() as u32;
        let erases = || self.index.sectors().map(|(_, sector)| sector.erases);
        let total: u64 = erases().map(u64::from).sum();
        let capacity = self.payload().wrapping_mul(count);
        // A table may lie: then what is live is more than there can be, until it is found out.
        let live = self.live_bytes().min(capacity);
        let free = self.sector_infos().fold(0u32, |sum, sector| {
            let free = match sector.state {
                SectorState::Head => sector.free,
                SectorState::Dead | SectorState::Ready => self.behind_opening(),
                SectorState::Live | SectorState::Retired => 0,
            };
            sum.wrapping_add(free)
        });
        Stats {
            keys: self.key_count(),
            live_entries: self
                .index
                .slots()
                .len()
                .saturating_add(self.unlisted.into()),
            without_slot: self.unlisted.into(),
            live,
            stale: capacity.saturating_sub(live).saturating_sub(free),
            free: free.min(capacity.saturating_sub(live)),
            capacity,
            sectors: self.index.sector_count(),
            available: self.available(),
            least_erases: erases().min().unwrap_or(0),
            most_erases: erases().max().unwrap_or(0),
            mean_erases: total.checked_div(u64::from(count)).unwrap_or(0) as u32,
            corrupt: self.damaged.into(),
            collections: self.collections.into(),
            retired_sectors: self
                .index
                .sectors()
                .filter(|(_, sector)| sector.is(RETIRED))
                .count(),
        }
    }
}

impl<'a, D, C> Engine<'a, D, C> {
    pub(crate) fn into_device(self) -> D {
        self.flash.into_device()
    }
}

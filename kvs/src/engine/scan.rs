//! Going through a sector: which of its entries were committed.

use super::entry::{EntryHeader, Role};
use super::place::{Place, Slot, TABLE_ITEM};
use super::read::{Found, Probe};
use super::{Device, Engine, Fault, Job, MARKED, ONLY_COPIES, STALE};
use crate::checksum::Checksum;

/// No address.
const NOWHERE: u32 = u32::MAX;

/// How many bytes are erased, at least, where nothing follows: so many may have rotted together.
pub(crate) const QUIET: u32 = 512;

/// What a scan is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Visit {
    /// To take entries into the index: those of hashes from this one on.
    Take(u32),
    /// To find the last entry of a key.
    Find(u32),
    /// To find the lowest hash from this one on.
    Lowest(u32),
}

/// A range of a sector that is gone through. All are addresses.
pub(super) struct Scan {
    at: u32,
    to: u32,
    /// Up to here, all that is whole was committed.
    proven: u32,
    /// Where what is undecided begins.
    pending: u32,
    /// What is undecided is a commit without a hole so far.
    is_intact: bool,
    /// Where the last bytes end that are not erased.
    pub(super) quiet_from: u32,
    /// Where the last commit begins, and where it ends.
    pub(super) last_from: u32,
    pub(super) end: u32,
    /// Whether there is an entry that was committed, beside the opening.
    pub(super) has_entries: bool,
    pub(super) visit: Visit,
    /// The hash and the place of what was to be found.
    pub(super) hash: u32,
    pub(super) place: Place,
    /// There was no slot for an entry.
    pub(super) is_short: bool,
    /// Tables are taken into the index.
    pub(super) by_tables: bool,
    /// And nothing else is.
    pub(super) only_tables: bool,
    pub(super) has_opening: bool,
    /// How many slots of tables there should be.
    pub(super) expected: u16,
    /// Whether damage has been counted in it.
    is_damaged: bool,
    /// How many slots of tables were taken into the index.
    pub(super) slots: u16,
}

impl Scan {
    /// A scan from `from` to `to`. Up to `proven`, all that is whole was committed; behind it, only
    /// what is a whole commit, or what a whole commit follows: nothing is ever appended behind a
    /// torn one, so that what is no whole commit there has rotted since.
    pub(super) const fn new(from: u32, to: u32, proven: u32) -> Self {
        Self {
            at: from,
            to,
            proven,
            pending: NOWHERE,
            is_intact: false,
            quiet_from: from,
            last_from: from,
            end: from,
            has_entries: false,
            visit: Visit::Take(0),
            hash: u32::MAX,
            place: Place::NONE,
            is_short: false,
            by_tables: false,
            only_tables: false,
            has_opening: false,
            expected: 0,
            is_damaged: false,
            slots: 0,
        }
    }

    /// Whether something that was committed has rotted.
    pub(super) fn is_damaged(&self) -> bool {
        self.is_damaged
    }

    /// Whether something stands behind the last commit that is no whole one.
    pub(super) fn is_torn(&self) -> bool {
        self.pending != NOWHERE
    }
}

impl<D: Device, C: Checksum> Engine<'_, D, C> {
    /// Takes the committed entries of the job's scan into the index.
    #[inline(never)]
    pub(super) fn scan(&mut self, job: &mut Job) -> Result<(), Fault> {
        let Job { scan, probe, .. } = job;
        while scan.at < scan.to {
            let at = scan.at;
            if scan.only_tables && at != scan.end {
                // Something in front has rotted.
                break;
            }
            if scan.only_tables && scan.has_opening && scan.slots >= scan.expected {
                break;
            }
            let found = self.probe(at, probe)?;
            if found != Found::Entry {
                let erased = match found {
                    Found::Erased => self.erased_at(at),
                    _ => 0,
                };
                let behind = at.wrapping_add(erased.max(Self::WORD)).min(scan.to);
                if erased == 0 {
                    if at < scan.proven {
                        // It was committed, and has rotted.
                        self.count_damage(scan);
                    }
                    scan.quiet_from = behind;
                }
                if at >= scan.proven {
                    if erased == 0 || scan.pending != NOWHERE {
                        // Behind damage, something whole may stand anywhere.
                        scan.is_intact = false;
                        scan.pending = scan.pending.min(at);
                    } else if behind.wrapping_sub(scan.quiet_from) >= QUIET
                        && !(self.is(STALE) && self.is(ONLY_COPIES))
                    {
                        // Behind copies it goes on: a collection that was cut may have gone on behind
                        // words that look as if they were erased.
                        break;
                    }
                }
                scan.at = behind;
                continue;
            }
            if at > scan.quiet_from && !(scan.has_entries && self.is(ONLY_COPIES)) {
                // What looks erased in front of it has rotted, too.
                self.count_damage(scan);
            }
            let behind = at.wrapping_add(probe.header.entry_len(Self::WORD));
            scan.quiet_from = behind;
            scan.at = behind;
            if at >= scan.proven {
                let begins = probe.role != Role::Continues;
                if begins && scan.pending != NOWHERE {
                    // What stands before it was committed, and has rotted.
                    scan.proven = at;
                } else {
                    if scan.pending == NOWHERE {
                        (scan.pending, scan.is_intact) = (at, begins);
                    }
                    if scan.is_intact && !probe.header.has_more() {
                        scan.proven = behind;
                    }
                }
                if scan.proven <= scan.pending {
                    continue;
                }
                if scan.pending != at {
                    // All of it counts: once more from its start.
                    scan.at = core::mem::replace(&mut scan.pending, NOWHERE);
                    continue;
                }
                scan.pending = NOWHERE;
            }
            self.take(at, scan, probe)?;
        }
        Ok(())
    }

    /// Counts damage in a sector, once.
    fn count_damage(&mut self, scan: &mut Scan) {
        if !scan.is_damaged && self.is(STALE) {
            self.damaged = self.damaged.saturating_add(1);
            scan.is_damaged = true;
        }
    }

    /// Makes a committed entry its key's latest.
    fn take(&mut self, at: u32, scan: &mut Scan, probe: &Probe) -> Result<(), Fault> {
        let Probe { header, role, .. } = probe;
        if *role != Role::Continues {
            scan.last_from = at;
        }
        scan.end = scan.at;
        let Visit::Take(from) = scan.visit else {
            if !header.is_of_sector() {
                let place = self.place_of(at, header);
                Self::visit(place, scan, header);
            }
            return Ok(());
        };
        // Without its opening, it is not one that the mount goes by.
        if header.is_table() && scan.by_tables && scan.slots < scan.expected {
            scan.slots = scan.slots.wrapping_add(self.take_table(at, probe)?);
        }
        if header.is_opening() {
            scan.expected = header.slots();
            scan.has_opening = true;
        }
        if header.is_mark() {
            self.set(MARKED, true);
        }
        if header.is_of_sector() {
            return Ok(());
        }
        scan.has_entries = true;
        if *role != Role::Copy {
            self.set(ONLY_COPIES, false);
        }
        let place = self.place_of(at, header);
        // Where there are more keys than slots, those of the lowest hashes have one.
        while header.hash >= from && !self.index.insert_latest(header.hash, place) {
            if !self.is(STALE) {
                self.count_unlisted(place);
                break;
            }
            scan.is_short = true;
            if self.index.capacity() == 0 {
                return Err(Fault::TooManyKeys);
            }
            if header.hash > self.index.last() {
                break;
            }
            self.index.drop_last();
        }
        Ok(())
    }

    /// Notes an entry that is looked for.
    fn visit(place: Place, scan: &mut Scan, header: &EntryHeader) {
        match scan.visit {
            Visit::Find(hash) if hash == header.hash => scan.place = place.behind(scan.place),
            Visit::Lowest(from) if header.hash >= from => {
                scan.hash = scan.hash.min(header.hash);
                scan.place = place;
            }
            _ => {}
        }
    }

    /// Takes the slots of a table into the index, if a mount goes by it; returns how many. Those of
    /// a table that the buffer does not hold are left out.
    fn take_table(&mut self, at: u32, probe: &Probe) -> Result<u16, Fault> {
        let mut count = 0u16;
        let number = self.flash.sector_at(at);
        let sequence = self.index.sector(number).sequence;
        let header = &probe.header;
        // Sectors may stand in another order than they did.
        if !header.is_of(number) || header.entry_len(Self::WORD) > self.flash.stage_len() {
            return Ok(count);
        }
        // It is of all keys, or of those in the sector before.
        let is_all = sequence == self.table_from;
        let before = self.newest_opened(sequence).filter(|_| !is_all);
        let packing = self.index.packing_of_table(header.address_bits());
        let (from, len) = (header.value_offset(), header.value_len());
        let bytes = self.flash.bytes(at.wrapping_add(from), len)?;
        let slots = bytes.get(..len as usize).unwrap_or_default();
        for item in slots.chunks_exact(TABLE_ITEM as usize) {
            let slot = item.first_chunk().map(|item| {
                let mut slot = Slot::decode(item);
                slot.place = self.index.packing().repack(slot.place, packing);
                slot
            });
            let is_there = |slot: &Slot| is_all || before == Some(self.index.sector_of(slot.place));
            if slot
                .filter(is_there)
                .is_some_and(|slot| self.index.adopt(slot, sequence))
            {
                count = count.wrapping_add(1);
            }
        }
        Ok(count)
    }
}

//! Commits: changes become a run of entries at the end of the active sector.

use super::append::{Source, is_superseded};
use super::batch::Batch;
use super::entry::{CHECKSUM_LEN, EntryHeader};
use super::index::{CHECKED, ERASED_AHEAD, FAILED, RETIRED, UNKNOWN};
use super::job::ErasedValue;
use super::mount::Except;
use super::place::Place;
use super::{
    CLOSED, Device, Engine, Fault, HEADER_UNSEEN, Job, NONE, PARTIAL, REVIVED, STALE, SUSPECT,
    UNREAD, WRITING,
};
use crate::checksum::Checksum;
use crate::events;

/// How often what may read differently each time is read, before something relies on it.
pub(super) const READS: u8 = 16;

/// A commit that is under way.
pub(super) struct Plan {
    step: Step,
    /// The change to look at next.
    next: usize,
    /// A change stores a value.
    puts: bool,
    /// How many changes make a difference, and the bytes that their entries take.
    entries: usize,
    bytes: u32,
    /// What has been found out of a change.
    finding: Option<(Finding, EntryHeader)>,
    attempts: usize,
    /// How often all had been read anew when the attempt began.
    mounts: u8,
    /// How many programs and erases had failed when the attempt began.
    failures: u8,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Start,
    Plan,
    Room,
    Write,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Finding {
    /// Its entry is staged, and another one is stored.
    Staged { is_implied: bool },
    /// Its bytes are those that are stored, as far as the checksum.
    Alike,
    /// The same, of a value that is longer than the buffer.
    LongAlike,
    /// It is a default, and another value is stored.
    Implied,
}

impl Plan {
    pub(super) const START: Self = Self {
        step: Step::Start,
        next: 0,
        puts: false,
        entries: 0,
        bytes: 0,
        finding: None,
        attempts: 0,
        mounts: 0,
        failures: 0,
    };

    /// Whether a change stores a value.
    pub(super) fn puts(&self) -> bool {
        self.puts
    }

    /// The bytes that the commit takes.
    pub(super) fn bytes(&self) -> u32 {
        self.bytes
    }

    /// How often the call has begun again.
    pub(super) fn attempts(&self) -> usize {
        self.attempts
    }

    pub(super) fn set_attempts(&mut self, attempts: usize) {
        self.attempts = attempts;
    }

    /// The change that was looked at last.
    pub(super) fn change(&self) -> usize {
        self.next
    }
}

impl<D: Device, C: Checksum> Engine<'_, D, C> {
    /// Makes all of the changes, or none; returns how many made a difference. Of several changes of
    /// one key the last counts.
    pub(crate) fn commit(&mut self, batch: &mut dyn Batch, job: &mut Job) -> Result<usize, Fault> {
        loop {
            let result = self.attempt(batch, job);
            if matches!(result, Err(Fault::Pending | Fault::Wanted)) {
                return result;
            }
            self.index.end_commit();
            let attempts = job.plan.attempts.wrapping_add(1);
            let most = self.index.sector_count().wrapping_mul(2).wrapping_add(2);
            if result == Err(Fault::Full) && !self.is(REVIVED) && self.index.revive() {
                // What failed may have been the bus.
                self.set(REVIVED, true);
                job.restart();
                job.plan.attempts = attempts;
                continue;
            }
            // Where a sector has failed, another may do.
            let has_failed = result.is_err() && job.plan.failures != self.failures;
            let is_again = result == Err(Fault::Remounted) || has_failed;
            if !is_again || attempts > most {
                if result.is_err() && self.is(REVIVED) {
                    // They have failed again.
                    self.index.retire();
                }
                self.set(WRITING | REVIVED, false);
                job.is_writing = false;
                return match (result, job.failed) {
                    // What a sector failed of says more than that there is no room in the others.
                    (Err(Fault::Full | Fault::Remounted), Some(failed)) => Err(failed),
                    // Each time, a collection did not make the room.
                    (Err(Fault::Remounted), None) => Err(Fault::Full),
                    (result, _) => result,
                };
            }
            match result {
                Err(Fault::Full | Fault::Remounted) | Ok(_) => {}
                Err(fault) => job.failed = job.failed.or(Some(fault)),
            }
            job.restart();
            job.plan.attempts = attempts;
        }
    }

    fn attempt(&mut self, batch: &mut dyn Batch, job: &mut Job) -> Result<usize, Fault> {
        if job.plan.step == Step::Start {
            job.plan.failures = self.failures;
            self.begin_write(job)?;
            job.plan.mounts = self.mounts;
            job.plan.step = Step::Plan;
        }
        if job.plan.step == Step::Plan {
            self.plan(batch, job)?;
            if job.plan.entries == 0 {
                return Ok(0);
            }
            if job.plan.bytes > self.commit_max() {
                return Err(Fault::CommitTooLarge);
            }
            job.plan.step = Step::Room;
        }
        if job.plan.mounts != self.mounts {
            // What is to be replaced has been forgotten.
            return Err(Fault::Remounted);
        }
        let (entries, bytes) = (job.plan.entries, job.plan.bytes);
        if job.plan.step == Step::Room {
            self.make_room(bytes, job)?;
            job.append = self.begin_append(Source::Changes, entries, bytes);
            job.plan.step = Step::Write;
        }
        self.append(batch, job)?;
        self.gc_before_sequence = 0;
        self.index.flag(self.active, 0, FAILED);
        Ok(entries)
    }

    /// Finds out which changes make a difference, and notes the keys that they replace.
    #[inline(never)]
    fn plan(&mut self, batch: &mut dyn Batch, job: &mut Job) -> Result<(), Fault> {
        while job.plan.next < batch.len() {
            let number = job.plan.next;
            let hash = batch.hash(number);
            job.hash = hash;
            if !is_superseded(batch, number, hash)
                && let Some(header) = self.difference(batch, number, hash, job)?
            {
                batch.accept(number)?;
                let mut needs_slot = true;
                if self.is(PARTIAL) || self.index.is_full() {
                    let stored = self.locate(hash, job)?.of_entry();
                    if !self.index.get(hash).is_replaced() {
                        needs_slot = self.list(hash, stored, NONE, job)?;
                    }
                }
                if needs_slot && !self.index.replace(hash) {
                    return Err(Fault::TooManyKeys);
                }
                let len = header.entry_len(Self::WORD);
                job.plan.puts |= !header.is_tombstone();
                job.plan.entries = job.plan.entries.wrapping_add(1);
                job.plan.bytes = job.plan.bytes.wrapping_add(len);
            }
            job.plan.next = number.wrapping_add(1);
        }
        Ok(())
    }

    /// The header of the entry for a change, if it makes a difference.
    fn difference(
        &mut self,
        batch: &mut dyn Batch,
        number: usize,
        hash: u32,
        job: &mut Job,
    ) -> Result<Option<EntryHeader>, Fault> {
        let stored = self.locate(hash, job)?;
        if job.plan.finding.is_none() {
            let header = match self.stage(batch, number, 0, &mut job.made) {
                Err(Fault::BufferTooSmall) => {
                    let (header, is_alike) = self.long_difference(batch, number, stored, job)?;
                    if !is_alike {
                        return Ok(Some(header));
                    }
                    job.plan.finding = Some((Finding::LongAlike, header));
                    None
                }
                header => header?,
            };
            let Some(header) = header else {
                return self.settle(batch, number, stored, job);
            };
            let is_implied = !header.is_tombstone() && self.is_implied(batch, number, &header);
            if !stored.is_value() {
                let is_needed = !header.is_tombstone() && !is_implied;
                return Ok(is_needed.then_some(header));
            }
            if header.is_tombstone() {
                // What another kind of key has under this hash stays.
                let is_same = header.hides_named() == stored.is_named();
                return Ok(is_same.then_some(header));
            }
            if header.is_named() != stored.is_named() {
                return Err(Fault::NameCollision);
            }
            job.plan.finding = Some((Finding::Staged { is_implied }, header));
        }
        if let Some((Finding::Staged { is_implied }, header)) = job.plan.finding {
            let address = self.address_of(stored);
            let is_alike = self.place_of(address, &header) == stored.of_entry()
                && self.flash.is_staged(address, header.body_len(), 1)?;
            job.plan.finding = match (is_alike, is_implied) {
                (true, _) => Some((Finding::Alike, header)),
                (false, true) => Some((Finding::Implied, header)),
                (false, false) => None,
            };
            if job.plan.finding.is_none() {
                return Ok(Some(header));
            }
        }
        self.settle(batch, number, stored, job)
    }

    /// What a finding means: the entry's header, if it is needed.
    fn settle(
        &mut self,
        batch: &mut dyn Batch,
        number: usize,
        stored: Place,
        job: &mut Job,
    ) -> Result<Option<EntryHeader>, Fault> {
        let hash = batch.hash(number);
        let Some((finding, header)) = job.plan.finding else {
            return Ok(None);
        };
        let stays = match finding {
            Finding::Alike => self.is_stored(&header, stored)?,
            Finding::LongAlike => self.entry_of(hash, stored, job)?,
            _ => self.index.is_unread(hash) || self.keeps(batch, number, hash, job)?,
        };
        job.plan.finding = None;
        Ok((!stays).then_some(header))
    }

    /// The header of a value that is longer than the buffer, and whether its bytes are those that are
    /// stored.
    #[inline(never)]
    fn long_difference(
        &mut self,
        batch: &dyn Batch,
        number: usize,
        stored: Place,
        job: &mut Job,
    ) -> Result<(EntryHeader, bool), Fault> {
        let (header, _) = self.stage_long(batch, number, 0)?;
        if header.entry_len(Self::WORD) > self.payload() {
            return Err(Fault::CommitTooLarge);
        }
        if !stored.is_value() {
            return Ok((header, false));
        }
        if header.is_named() != stored.is_named() {
            return Err(Fault::NameCollision);
        }
        let address = self.address_of(stored);
        let mut is_alike = self.place_of(address, &header) == stored.of_entry();
        while is_alike && job.done < header.body_len() {
            let (_, len) = self.stage_long(batch, number, job.done)?;
            let left = header.body_len().saturating_sub(job.done);
            // The tag says more than the value.
            let skip = u8::from(job.done == 0);
            let at = address.wrapping_add(job.done);
            is_alike = self.flash.is_staged(at, len.min(left), skip)?;
            job.done = job.done.wrapping_add(len);
        }
        job.done = 0;
        Ok((header, is_alike))
    }

    /// Whether what is stored stays, though the setting is at its default: a load turned it down.
    fn keeps(
        &mut self,
        batch: &mut dyn Batch,
        number: usize,
        hash: u32,
        job: &mut Job,
    ) -> Result<bool, Fault> {
        if job.found == 0 {
            match self.find(hash, job) {
                Ok(_) => {}
                Err(fault @ (Fault::Pending | Fault::Remounted)) => return Err(fault),
                Err(fault) => return batch.keeps(number, Err(fault)),
            }
        }
        let len = job.value_len() as usize;
        let value = self.value(0, job)?;
        let value = Some(value).filter(|value| value.len() == len);
        let keeps = batch.keeps(number, value.ok_or(Fault::BufferTooSmall));
        job.found = 0;
        keeps
    }

    /// Whether the checksum of a stored entry is right, whose bytes are those that were staged last.
    fn is_stored(&mut self, header: &EntryHeader, stored: Place) -> Result<bool, Fault> {
        let address = self.address_of(stored);
        let body = header.body_len();
        let bytes = self.flash.only(address, body.wrapping_add(CHECKSUM_LEN))?;
        let checksum = bytes.get(body as usize..).and_then(<[u8]>::first_chunk);
        let (Some(tag), Some(checksum)) = (bytes.first().copied(), checksum) else {
            return Ok(false);
        };
        let checksum = u32::from_le_bytes(*checksum);
        Ok(self.role_of(address, tag, checksum).is_some())
    }

    /// Whether what was staged last is what a load would make of nothing.
    pub(super) fn is_implied(
        &self,
        batch: &dyn Batch,
        number: usize,
        header: &EntryHeader,
    ) -> bool {
        let value = header.value_offset() as usize..header.body_len() as usize;
        let value = self.flash.staged().get(value);
        batch.is_implied(number, value.unwrap_or_default())
    }

    /// Must be called before anything is written. The power may have failed while the last commit
    /// was written, and its words may read differently each time, and so may what follows: if they
    /// do, the commit does not count any more, and nothing is appended there.
    #[inline(never)]
    pub(super) fn begin_write(&mut self, job: &mut Job) -> Result<(), Fault> {
        self.resume(job)?;
        if self.is(UNREAD) && !job.has_reread {
            // It may be readable by now.
            job.has_reread = true;
            self.set(STALE, true);
            self.resume(job)?;
        }
        self.check_originals(job)?;
        if self.sequence == 0 && job.erased_value == ErasedValue::Unknown {
            self.check_erased_value(0, self.index.sector_count(), job)?;
            job.erased_value = ErasedValue::Unproven;
        }
        job.is_writing = true;
        self.set(WRITING, true);
        let base = self.flash.base(self.active);
        let end = base.wrapping_add(self.end);
        if self.is(SUSPECT) {
            let from = base.wrapping_add(self.suspect_from);
            match self.is_steady(from, end, job) {
                Ok(true) => {}
                Ok(false) => return Err(self.remount(Except::From(from), job)),
                Err(Fault::Pending) => return Err(Fault::Pending),
                // What could be read can't be read any more: a mount finds out what that means.
                Err(_) => return Err(self.remount(Except::Nothing, job)),
            }
            self.set(SUSPECT, false);
        }
        if self.is(HEADER_UNSEEN) {
            // It may have failed while a sector's header was written, too.
            let newest = self
                .index
                .lowest(&|_, sector| self.sequence.wrapping_sub(sector.sequence));
            let newest = newest.filter(|newest| self.index.sector(*newest).is(ERASED_AHEAD));
            if let Some(newest) = newest {
                let base = self.flash.base(newest);
                match self.is_steady(base, base.wrapping_add(Self::FIRST), job) {
                    Ok(true) => {}
                    Err(Fault::Pending) => return Err(Fault::Pending),
                    _ => self.mark_unknown(newest),
                }
            }
            self.set(HEADER_UNSEEN, false);
        }
        // Sectors that have no valid header, and have been used, may be newer than the active one,
        // and may be readable another time.
        for number in 0..self.index.sector_count() {
            let sector = self.index.sector(number);
            if sector.is(UNKNOWN) && sector.live() == 0 {
                match self.prepare(number, job) {
                    // If it can't be had, another will do.
                    Ok(()) | Err(Fault::Flash) => {}
                    fault => return fault,
                }
            }
        }
        Ok(())
    }

    /// A fault if all of these sectors begin with 00: so does a part that erases to 00, where no store
    /// works. A partition that was filled with 00 on another part looks the same, and has to be erased
    /// first.
    #[inline(never)]
    pub(super) fn check_erased_value(
        &mut self,
        first: usize,
        end: usize,
        job: &mut Job,
    ) -> Result<(), Fault> {
        let mut fault = Err(Fault::ErasedValue);
        while first.wrapping_add(job.done as usize) < end {
            let base = self.flash.base(first.wrapping_add(job.done as usize));
            let bytes = self.flash.only(base, Self::FIRST)?;
            if bytes.is_empty() || bytes.iter().any(|byte| *byte != 0) {
                fault = Ok(());
                break;
            }
            job.done = job.done.wrapping_add(1);
        }
        job.done = 0;
        fault
    }

    /// Whether the bytes read the same each time.
    fn is_steady(&mut self, from: u32, end: u32, job: &mut Job) -> Result<bool, Fault> {
        let mut is_steady = true;
        while is_steady && from.wrapping_add(job.done) < end {
            let at = from.wrapping_add(job.done);
            let len = end.wrapping_sub(at).min(self.flash.stage_len());
            is_steady = match self.flash.is_steady(at, len, READS) {
                Err(fault) if fault != Fault::Pending => {
                    job.done = 0;
                    return Err(fault);
                }
                is_steady => is_steady?,
            };
            job.done = job.done.wrapping_add(len);
        }
        job.done = 0;
        Ok(is_steady)
    }

    /// Nothing is appended to a sector any more, where a program failed.
    #[inline(never)]
    pub(super) fn fail(&mut self, number: usize) {
        events::failed(number);
        self.failures = self.failures.wrapping_add(1);
        if let Some(sector) = self.index.sector_mut(number) {
            if sector.is(FAILED) {
                sector.flags |= RETIRED;
            }
            sector.flags = (sector.flags | FAILED) & !(ERASED_AHEAD | CHECKED);
        }
        if number == self.active {
            self.set(CLOSED, true);
        }
    }
}

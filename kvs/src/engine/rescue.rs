//! The way out when rot has left no free sector.
//!
//! A free sector comes back to life when an entry rots that superseded one of its own. If then the
//! active sector has no room for what is live there, nothing could be collected any more, ever. So
//! the sector with the fewest bytes of these is read into the buffer, erased, and opened anew, and
//! they are appended to it. That is the one moment at which values are in RAM only: a power cut or a
//! failing program just then loses them, the one that the rot had brought back among them.

use super::append::Source;
use super::batch::Nothing;
use super::index::{FAILED, RETIRED};
use super::mount::Except;
use super::place::Place;
use super::{Device, Engine, Fault, Job, NONE, ONLY_COPIES, PARTIAL, UNREAD, gc};
use crate::bytes::move_within;
use crate::checksum::Checksum;
use crate::events;

/// A sector that is being rewritten.
#[derive(Default)]
pub(super) struct Rescue {
    step: Step,
    /// How many of its entries have been read.
    next: usize,
    /// So many bytes of entries are at the end of the buffer.
    len: u32,
    /// The call has done it, and does not do it again.
    is_done: bool,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Step {
    #[default]
    Read,
    Open,
    Append,
    Empty,
}

impl<D: Device, C: Checksum> Engine<'_, D, C> {
    /// The sector to rewrite, if it was rot that left no sector free, and if this brings one back.
    pub(super) fn to_rescue(&self, job: &Job) -> Option<usize> {
        // Where a collection is under way, or a failed sector is what is missing, nothing has been
        // lost yet, and nothing is to be risked. What can't be read may be copies of what would be
        // erased, and where keys have no slot there is no buffer to spare.
        let mut sectors = self.index.sectors();
        let has_failed = sectors.any(|(_, sector)| sector.is(FAILED | RETIRED));
        let is_collecting = self.is(ONLY_COPIES) && !job.undo.is_refused;
        let knows_all = !self.is(PARTIAL | UNREAD) && self.active != NONE;
        if job.rescue.is_done
            || has_failed
            || is_collecting
            || !knows_all
            || self.unclean().is_some()
        {
            return None;
        }
        let victim = self
            .index
            .lowest(&|number, _| match number == self.active {
                true => u32::MAX,
                false => self.bytes_in(number),
            })?;
        let len = self.bytes_in(victim);
        let fits = len.saturating_add(Self::FIRST) <= self.flash.stage_len();
        let room = self.behind_opening().saturating_sub(len);
        let mut sectors = self.index.sectors();
        let helps = sectors.any(|(number, _)| number != victim && self.bytes_in(number) <= room);
        (fits && helps).then_some(victim)
    }

    /// The bytes of a sector's entries that count, what the commit under way replaces among them.
    fn bytes_in(&self, number: usize) -> u32 {
        let slots = self.index.slots_in(number);
        slots.fold(0, |bytes, slot| {
            bytes.wrapping_add(self.moved_len(slot.place))
        })
    }

    /// Reads what counts in a sector, erases it, writes it anew, and empties another one into it.
    #[inline(never)]
    pub(super) fn rewrite(&mut self, number: usize, job: &mut Job) -> Result<(), Fault> {
        let rewritten = self.rewrite_in_place(number, job);
        if rewritten == Err(Fault::Pending) {
            return rewritten;
        }
        self.flash.reserve(0);
        job.rescue = Rescue {
            is_done: true,
            ..Rescue::default()
        };
        // What the commit under way replaces is to be found out anew, too.
        let remounted = self.remount(Except::Nothing, job);
        rewritten.and(Err(remounted))
    }

    fn rewrite_in_place(&mut self, number: usize, job: &mut Job) -> Result<(), Fault> {
        if job.rescue.step == Step::Read {
            self.verify_table(job)?;
            loop {
                let slot = self.index.slots_in(number).nth(job.rescue.next).copied();
                let Some(slot) = slot else { break };
                let is_there = self.entry_of(slot.hash, slot.place, job)?;
                if !is_there || !self.keep_aside(slot.place, job)? {
                    return Err(Fault::Full);
                }
                job.rescue.next = job.rescue.next.wrapping_add(1);
            }
            events::rescuing(number);
            job.rescue.step = Step::Open;
        }
        if job.rescue.step == Step::Open {
            self.open(number, job)?;
            job.rescue.step = Step::Append;
        }
        while job.rescue.step == Step::Append && (job.rescue.len != 0 || !job.append.is_idle()) {
            if job.append.is_idle() {
                let from = self.flash.stage_len().wrapping_sub(job.rescue.len);
                let len = self.len_aside(from);
                job.rescue.len = job.rescue.len.saturating_sub(len.max(1));
                job.append = self.begin_append(Source::Aside(from), 1, len);
                self.flash.reserve(job.rescue.len as usize);
            }
            self.append(&Nothing, job)?;
        }
        if job.rescue.step == Step::Append {
            // What the commit under way replaces has to be moved, too.
            self.index.end_commit();
            self.gc_before_sequence = self.index.sector(number).sequence;
            job.rescue.step = Step::Empty;
        }
        while self.free_sectors().0 == 0 {
            match self.victim(false).map(|victim| self.move_step(victim)) {
                Some(gc::Step::Move(hash, place)) => self.move_entry(hash, place, job)?,
                _ => return Err(Fault::Full),
            }
        }
        Ok(())
    }

    /// Puts the entry that was looked up last to those at the end of the buffer. `false` if it does not
    /// fit, or can't be read.
    fn keep_aside(&mut self, place: Place, job: &mut Job) -> Result<bool, Fault> {
        let (address, len) = (
            self.address_of(place),
            job.probe.header.entry_len(Self::WORD),
        );
        let held = self.flash.only(address, len)?.len() as u32;
        let range = self.flash.held_range(address, len);
        job.rescue.len = job.rescue.len.wrapping_add(len);
        let to = self.flash.stage_len().saturating_sub(job.rescue.len) as usize;
        move_within(self.flash.stage(), range.start, to, range.len());
        self.flash.reserve(job.rescue.len as usize);
        Ok(held >= len)
    }
}

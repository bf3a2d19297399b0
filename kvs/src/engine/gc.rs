//! Garbage collection: opening sectors, moving the live entries of others, wear levelling.
//!
//! At least one sector is free whenever a commit is finished. When the last one is opened, the live
//! entries of another are copied into it before anything new; until then the copies may be undone.

use super::append::Source;
use super::batch::Nothing;
use super::commit::READS;
use super::entry::EntryHeader;
use super::header::{SEQUENCE_MAX, SectorHeader};
use super::index::{
    BLANK, CHECKED, ERASED_AHEAD, FAILED, NEEDED, Place, RETIRED, STEADY, TABLE_ITEM, TORN,
    UNCLEAN, UNKNOWN,
};
use super::job::ErasedValue;
use super::mount::Except;
use super::{
    BY_TABLE, CLOSED, Device, Engine, Fault, Job, MARKED, NONE, ONLY_COPIES, PARTIAL, WRITING,
};
use crate::bytes::copy;
use crate::checksum::Checksum;
use crate::events;
use crate::format::{ERASED, header_stride};

/// What the need of a refused commit is remembered in, so that two bytes will do.
const REFUSED_UNIT: u32 = 16;

/// How many entries a commit moves at most so that wear is levelled.
const LEVELED: u8 = 8;

/// Whether a collection is under way.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Collection {
    No,
    /// It takes sectors from before the active one.
    Begins,
    Goes,
}

/// What is to be done next to make room.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// There is room.
    Ready,
    /// Give a slot to a key whose latest entry is in this sector.
    List(usize),
    /// Erase this free sector ahead.
    Prepare(usize),
    /// Open this free sector.
    Open(usize),
    /// Mark the end of a collection: what follows may be torn, and is no copy.
    Mark,
    /// Move the entry of this key to the end of the active sector.
    Move(u32, Place),
    /// Begin a collection that was cut and can't go on anew: the copies do not count.
    Undo,
    /// Nothing would help.
    Full,
}

/// What a step of maintenance did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Done {
    Nothing,
    /// An entry was moved.
    Moved,
    /// A sector was erased.
    Erased,
}

impl<D: Device, C: Checksum> Engine<'_, D, C> {
    /// Makes room for `need` bytes in the active sector, so that one sector is free when they are
    /// there.
    #[inline(never)]
    pub(super) fn make_room(&mut self, need: u32, job: &mut Job) -> Result<(), Fault> {
        // More steps than there can be entries to move: each of them is longer than four bytes.
        for _ in 0..self.payload() {
            let step = match job.step {
                Some(step) => step,
                None => self.next_step(need, job),
            };
            if step == Step::Ready {
                return Ok(());
            }
            self.take_step(step, job)?;
        }
        Err(Fault::Full)
    }

    /// Does a step.
    fn take_step(&mut self, step: Step, job: &mut Job) -> Result<(), Fault> {
        job.step = Some(step);
        match step {
            Step::Ready => {}
            Step::List(sector) => self.list_live(sector, job)?,
            Step::Prepare(number) => self.prepare(number, job)?,
            Step::Open(number) => {
                self.open(number, job)?;
                job.has_opened = true;
            }
            Step::Move(hash, place) => self.move_entry(hash, place, job)?,
            Step::Mark => self.mark(job)?,
            Step::Undo => return Err(self.undo(job)),
            Step::Full => return Err(Fault::Full),
        }
        job.step = None;
        Ok(())
    }

    /// What is to be done next for `need` bytes.
    fn next_step(&mut self, need: u32, job: &mut Job) -> Step {
        if job.collection == Collection::Begins {
            self.gc_before_sequence = self.index.sector(self.active).sequence;
            job.collection = Collection::Goes;
        }
        let mark = Self::mark_len();
        let (free, is_spare) = self.free_sectors();
        // If the commit is cut, its predecessors are live: then a sector has to be free all the
        // same, or the active one must hold copies only, so that it can be undone.
        let is_safe = free != 0 && (self.is(ONLY_COPIES) || is_spare);
        // Before the sector is erased that tells where an unclean one ends, that is emptied, as far as
        // there is room beside the commit.
        let spare = self
            .room()
            .saturating_sub(need.saturating_add(mark.wrapping_mul(2)));
        if free != 0
            && let Some(unclean) = self.unclean()
            && let step @ Step::Move(_, place) = self.move_step(unclean)
            && self.moved_len(place) <= spare
        {
            return step;
        }
        // What has been spared for too long takes its share of the wear, some entries at a time: the
        // longest commit erases one sector for it, and moves as many entries as this.
        if is_safe
            && job.has_opened
            && job.leveled < LEVELED
            && let Some(cold) = self.victim(true)
            && let step @ Step::Move(_, place) = self.move_step(cold)
            && place.len().wrapping_mul(Self::WORD).wrapping_add(need) <= self.room() / 2
        {
            job.leveled = job.leveled.wrapping_add(1);
            return step;
        }
        // Puts leave room for a mark, so that a full store has it for deletes.
        let is_marked = self.is(MARKED);
        let reserve = if job.plan.puts() && !is_marked {
            mark
        } else {
            0
        };
        // Where this commit takes the last room, it must fit a collection, too: if it is cut, it is
        // to be made again behind one.
        let fits = free >= 2 || !job.plan.puts() || self.can_make(need.wrapping_add(mark));
        if need.wrapping_add(reserve) <= self.room() && is_safe && fits {
            if is_spare || is_marked {
                return Step::Ready;
            }
            if need.wrapping_add(mark) <= self.room() {
                return Step::Mark;
            }
        }
        let need = need.wrapping_add(mark);
        if free != 0 && !is_spare {
            return Step::Undo;
        }
        if free >= 2 {
            return self.open_step();
        }
        if job.collection == Collection::No && free == 1 {
            if !self.can_make(need) || !self.options.collect_on_write {
                self.refused = (need / REFUSED_UNIT) as u16;
                return Step::Full;
            }
            job.collection = Collection::Begins;
            self.count_collection();
            return self.open_step();
        }
        if job.collection == Collection::No {
            job.collection = Collection::Goes;
            self.count_collection();
        }
        let victim = self.victim(false);
        victim.map_or(Step::Undo, |victim| self.move_step(victim))
    }

    fn count_collection(&mut self) {
        events::collecting(self.live_bytes());
        self.collections = self.collections.saturating_add(1);
    }

    /// To open the next free sector.
    fn open_step(&self) -> Step {
        self.next_free().map_or(Step::Full, Step::Open)
    }

    /// The bytes that the copy of an entry takes, at the most.
    fn moved_len(&self, place: Place) -> u32 {
        let len = place.len().wrapping_mul(Self::WORD);
        len.min(self.behind_opening())
    }

    /// To move an entry of this sector.
    fn move_step(&self, victim: usize) -> Step {
        match self.index.live_in(victim) {
            Some(slot) if self.moved_len(slot.place) <= self.room() => {
                Step::Move(slot.hash, slot.place)
            }
            Some(_) => self.next_free().map_or(Step::Undo, Step::Open),
            None if self.is(PARTIAL) => Step::List(victim),
            None => Step::Undo,
        }
    }

    /// How many sectors are free, the active one aside, with what the commit under way replaces;
    /// and whether one of them is free without.
    #[inline(never)]
    pub(super) fn free_sectors(&self) -> (usize, bool) {
        let (mut free, mut is_spare) = (0usize, false);
        for (number, sector) in self.index.sectors() {
            if sector.live() == 0 && number != self.active && !sector.is(RETIRED) {
                free = free.wrapping_add(1);
                is_spare |= !sector.is(NEEDED);
            }
        }
        (free, is_spare)
    }

    /// Begins a collection that was cut and can't go on anew: the copies do not count.
    fn undo(&mut self, job: &mut Job) -> Fault {
        // Once: what has been undone twice would be so the next time.
        if self.is(ONLY_COPIES) && self.active != NONE && !job.undone {
            events::undone(self.active);
            job.undone = true;
            self.remount(Except::Sector(self.active), job)
        } else {
            Fault::Full
        }
    }

    /// Whether a collection into a free sector would make so much room, and leave one free. Goes
    /// through what it would do.
    fn can_make(&self, need: u32) -> bool {
        let empty = self.index.sectors();
        let empty = empty.filter(|(_, sector)| sector.live() == 0 && !sector.is(RETIRED));
        let mut free = (empty.count() as i32).wrapping_sub(1);
        let mut room = self.behind_opening();
        let (mut live, mut last) = (0u32, 0usize);
        loop {
            if free > 0 && need <= room || free >= 2 && need <= self.behind_opening() {
                return true;
            }
            // The sectors in the order in which they would be emptied.
            let next = self.index.lowest(&|number, sector| {
                let words = sector.live();
                let is_behind = words > live || words == live && number >= last;
                match words != 0 && is_behind && !sector.is(RETIRED) {
                    true => words,
                    false => u32::MAX,
                }
            });
            let Some(number) = next else { return false };
            let sector = self.index.sector(number);
            (live, last) = (sector.live(), number.wrapping_add(1));
            let mut take = |len: u32| {
                if len > room {
                    free = free.wrapping_sub(1);
                    room = self.behind_opening();
                }
                room = room.wrapping_sub(len);
            };
            if self.is(PARTIAL) {
                // What each of its entries takes is not known: at worst, none fills a gap.
                take(self.index.live_words(sector).wrapping_mul(Self::WORD));
            } else {
                for slot in self.index.slots() {
                    let place = slot.place;
                    let is_live = !place.is_replaced() && !place.is_none();
                    if is_live && self.index.sector_of(place) == number {
                        take(self.moved_len(place));
                    }
                }
            }
            if free < 0 {
                return false;
            }
            free = free.wrapping_add(1);
        }
    }

    /// The sector to collect: the one with the fewest live words; or the one that has been spared
    /// for too long, if there is one and `cold` asks for it.
    #[inline(never)]
    fn victim(&self, cold: bool) -> Option<usize> {
        let most = self.index.most_erases();
        self.index.lowest(&|number, sector| {
            let is_old =
                number != self.active && (cold || sector.sequence < self.gc_before_sequence);
            let is_spared = sector.erases.wrapping_add(self.wear_spread.into()) < most;
            if sector.live() == 0 || sector.is(RETIRED) || !is_old {
                u32::MAX
            } else if !cold {
                sector.live()
            } else if is_spared {
                sector.erases
            } else {
                u32::MAX
            }
        })
    }

    /// The oldest sector with something live behind whose end something may stand.
    fn unclean(&self) -> Option<usize> {
        self.index.lowest(&|number, sector| {
            let has_live = sector.live() != 0 && !sector.is(RETIRED);
            match sector.is(UNCLEAN) && has_live && number != self.active {
                true => sector.sequence,
                false => u32::MAX,
            }
        })
    }

    /// The free sector to open next: those erased ahead in the order of their sequences, then those
    /// without a header, then the oldest; at last the one that tells where an unclean one ended.
    #[inline(never)]
    fn next_free(&self) -> Option<usize> {
        let unclean = self.unclean();
        let telling =
            unclean.and_then(|number| self.oldest_opened(self.index.sector(number).sequence));
        self.index.lowest(&|number, sector| {
            let is_taken = number == self.active || sector.is(RETIRED | NEEDED);
            if sector.live() != 0 || is_taken {
                return u32::MAX;
            }
            if sector.is(ERASED_AHEAD) {
                return sector.sequence & 0x0FFF_FFFF;
            }
            let rank = if sector.is(FAILED) && !sector.is(UNCLEAN) {
                4 << 28
            } else if telling == Some(number) {
                3 << 28
            } else if sector.sequence == 0 {
                1 << 28
            } else {
                2 << 28
            };
            rank | sector.sequence & 0x0FFF_FFFF
        })
    }

    /// The bytes of a sector behind an opening without tables.
    fn behind_opening(&self) -> u32 {
        let opening = EntryHeader::opening(0, 0, false, 0).entry_len(Self::WORD);
        self.payload().saturating_sub(opening)
    }

    /// The most that a commit takes, behind an opening, and before a mark.
    pub(super) fn commit_max(&self) -> u32 {
        self.behind_opening().saturating_sub(Self::mark_len())
    }

    /// The bytes of a mark.
    fn mark_len() -> u32 {
        EntryHeader::mark().entry_len(Self::WORD)
    }

    /// Whether no more than half of all sectors but one is live, with `more` bytes.
    fn is_half_empty(&self, more: u32) -> bool {
        let live = self.live_bytes().saturating_add(more);
        let sectors = (self.index.sector_count() as u32).saturating_sub(1);
        live <= (self.payload() / 2).saturating_mul(sectors)
    }

    /// Whether no more is live than so many quarters of all sectors but two.
    fn is_live_below(&self, quarters: u32) -> bool {
        let sectors = (self.index.sector_count() as u32).saturating_sub(2);
        let bytes = (self.payload() / 4).saturating_mul(sectors);
        self.live_bytes() <= bytes.saturating_mul(quarters)
    }

    /// What can be done ahead where commits have to do with the room that is there.
    fn next_for_refused(&mut self, free: usize) -> Step {
        let need = u32::from(self.refused)
            .wrapping_add(1)
            .wrapping_mul(REFUSED_UNIT);
        let need = need.max(self.payload() / 4);
        if free >= 2 || need <= self.room() || !self.can_make(need) {
            return Step::Ready;
        }
        if self.gc_before_sequence == 0 {
            self.gc_before_sequence = self.index.sector(self.active).sequence;
        }
        match self.victim(false).map(|victim| self.move_step(victim)) {
            // The active one is the only one to be collected.
            None if !self.is(ONLY_COPIES) => {
                let active = self.index.sector(self.active).sequence;
                self.gc_before_sequence = active.wrapping_add(1);
                self.open_step()
            }
            None | Some(Step::Undo) => Step::Ready,
            Some(step) => step,
        }
    }

    /// How many entries an opening is, with its tables, and the bytes that they take.
    fn opening_parts(&self, opening: &EntryHeader) -> (usize, u32) {
        let (mut left, most) = (usize::from(opening.slots()), self.slots_in_a_table());
        let (mut entries, mut len) = (1usize, opening.entry_len(Self::WORD));
        while left != 0 {
            let count = left.min(most);
            let table = EntryHeader::table((count as u16).wrapping_mul(8));
            len = len.wrapping_add(table.entry_len(Self::WORD));
            entries = entries.wrapping_add(1);
            left = left.wrapping_sub(count);
        }
        (entries, len)
    }

    /// The header of the next sector's first entry. Tables follow so that they take no more than a
    /// sixteenth of all sectors, and a quarter of one.
    fn opening(&self) -> EntryHeader {
        let slots = self.index.table().count() as u32;
        let len = slots.wrapping_mul(TABLE_ITEM);
        let sectors = u32::from(self.since_table).saturating_add(1);
        let payload = self.payload();
        let is_worth =
            len.saturating_mul(16) <= payload.saturating_mul(sectors) && self.is_half_empty(len);
        // Where no other sector is free, what is live may need all of this one.
        let (free, _) = self.free_sectors();
        let has_table = is_worth && len <= payload / 4 && free >= 2 && !self.is(PARTIAL);
        let before = self.index.sector(self.active).sequence;
        let end = self.end >> Self::WORD.trailing_zeros();
        let is_unclean = self.is(CLOSED) && self.active != NONE;
        let slots = if has_table { slots as u16 } else { 0 };
        EntryHeader::opening(before, end, is_unclean, slots)
    }

    /// Makes a free sector the active one.
    #[inline(never)]
    fn open(&mut self, number: usize, job: &mut Job) -> Result<(), Fault> {
        if !job.append.is_idle() {
            return self.append(&Nothing, job);
        }
        let sector = self.index.sector(number);
        if !sector.is(CHECKED) {
            let first = self.flash.base(number).wrapping_add(Self::FIRST);
            let mut is_ready = sector.is(ERASED_AHEAD);
            if is_ready && !sector.is(STEADY) {
                // An opening that was cut may read as erased now and then.
                let len = self.payload().min(self.flash.stage_len());
                is_ready = self.flash.is_erased(first, len, READS)?;
                self.index.flag(number, STEADY, 0);
            }
            let is_ready = is_ready && self.flash.is_erased(first, self.payload(), 1)?;
            if is_ready {
                self.index.flag(number, CHECKED, 0);
            } else {
                self.index.flag(number, 0, ERASED_AHEAD | STEADY);
                self.prepare(number, job)?;
            }
        }
        self.forget_tombstones();
        let opening = self.opening();
        let (entries, len) = self.opening_parts(&opening);
        self.since_table = match opening.slots() {
            0 => self.since_table.saturating_add(1),
            _ => 0,
        };
        if self.is(CLOSED) {
            self.index.flag(self.active, UNCLEAN, 0);
        }
        self.index.flag(number, 0, ERASED_AHEAD | CHECKED);
        self.set(MARKED, false);
        self.active = number;
        self.end = Self::FIRST;
        self.set(CLOSED, false);
        self.set(ONLY_COPIES, true);
        job.append = self.begin_append(Source::Opening(opening), entries, len);
        self.append(&Nothing, job)
    }

    /// Erases a free sector, and gives it a header.
    #[inline(never)]
    pub(super) fn prepare(&mut self, number: usize, job: &mut Job) -> Result<(), Fault> {
        self.verify_table(job)?;
        let sequence = self.sequence.wrapping_add(1);
        if sequence > SEQUENCE_MAX {
            return Err(Fault::WornOut);
        }
        // What the active sector has copies of may be in there.
        self.set(ONLY_COPIES, false);
        if !self.index.sector(number).is(BLANK) {
            let erased = self.flash.erase(number);
            if erased == Err(Fault::Pending) {
                return erased;
            }
            if let Some(sector) = self.index.sector_mut(number) {
                sector.erases = sector.erases.wrapping_add(1);
                if erased.is_ok() {
                    sector.sequence = 0;
                    sector.flags = sector.flags & (FAILED | RETIRED | UNKNOWN) | BLANK;
                }
            }
            if erased.is_err() {
                // What was there may be there yet.
                self.index.flag(number, 0, UNKNOWN);
                self.fail(number);
                return erased;
            }
        }
        if self.sequence == 0 && job.erased_value == ErasedValue::Unproven {
            // This is the first erase.
            self.check_erased_value(number, number.wrapping_add(1), job)?;
            job.erased_value = ErasedValue::Proven;
        }
        let header = SectorHeader {
            layout: self.layout(),
            sequence,
            erases: self.index.sector(number).erases,
        };
        let front = self.flash.stage().get_mut(..Self::FIRST as usize);
        let front = front.unwrap_or_default();
        front.fill(ERASED);
        for target in front.chunks_mut(header_stride(Self::WORD) as usize) {
            copy(target, &header.encode());
        }
        let written = self.flash.program(self.flash.base(number), Self::FIRST);
        if written == Err(Fault::Pending) {
            return written;
        }
        self.sequence = sequence;
        self.index
            .flag(number, ERASED_AHEAD | CHECKED, UNKNOWN | BLANK | TORN);
        match self.index.sector_mut(number) {
            Some(sector) if written.is_ok() => sector.sequence = sequence,
            _ => self.fail(number),
        }
        if self.is(PARTIAL) {
            // Another sector may be the oldest now, of whose tombstones some have no slot.
            return Err(self.remount(Except::Nothing, job));
        }
        written
    }

    /// Checks the entries that a table told of, before something is erased in their favour.
    #[inline(never)]
    fn verify_table(&mut self, job: &mut Job) -> Result<(), Fault> {
        while self.is(BY_TABLE) {
            let Some(slot) = self.index.slots().get(job.done as usize).copied() else {
                self.set(BY_TABLE, false);
                job.done = 0;
                break;
            };
            if !slot.place.is_none() && !self.entry_of(slot.hash, slot.place, job)? {
                self.doubt_table();
                return Err(Fault::Remounted);
            }
            job.done = job.done.wrapping_add(1);
        }
        Ok(())
    }

    /// The oldest sector that has something.
    pub(super) fn oldest(&self) -> Option<usize> {
        self.index.lowest(&|_, sector| match sector.sequence {
            0 => u32::MAX,
            sequence => sequence,
        })
    }

    /// Forgets the tombstones in the oldest sector: they hide nothing.
    #[inline(never)]
    pub(super) fn forget_tombstones(&mut self) {
        if let Some(oldest) = self.oldest() {
            self.index.forget_tombstones(oldest);
        }
    }

    /// Gives a slot to a key whose latest entry is in this sector.
    fn list_live(&mut self, sector: usize, job: &mut Job) -> Result<(), Fault> {
        if self.list_live_in(sector, job)? {
            self.forget_tombstones();
            Ok(())
        } else {
            // The count of what is live there is wrong.
            Err(self.remount(Except::Nothing, job))
        }
    }

    /// Copies an entry to the end of the active sector.
    #[inline(never)]
    fn move_entry(&mut self, hash: u32, place: Place, job: &mut Job) -> Result<(), Fault> {
        if !job.append.is_idle() {
            return self.append(&Nothing, job);
        }
        if self.entry_of(hash, place, job)? {
            let len = job.probe.header.entry_len(Self::WORD);
            let source = Source::Copy(Self::address_of(place));
            job.append = self.begin_append(source, 1, len);
            return self.append(&Nothing, job);
        }
        if self.doubt_table() {
            return Err(Fault::Remounted);
        }
        if self.flash.is_unreadable() {
            // It may be readable another time.
            self.index.flag(self.index.sector_of(place), RETIRED, 0);
        } else {
            self.damaged = self.damaged.saturating_add(1);
            self.index.remove(hash);
        }
        Ok(())
    }

    /// Writes a mark behind the copies of a collection.
    fn mark(&mut self, job: &mut Job) -> Result<(), Fault> {
        if job.append.is_idle() {
            let mark = EntryHeader::mark();
            let len = mark.entry_len(Self::WORD);
            job.append = self.begin_append(Source::Entry(mark), 1, len);
        }
        self.append(&Nothing, job)
    }

    /// Does one step of what commits would do later: erases a free sector ahead, or moves an entry.
    /// Returns what that was.
    pub(crate) fn maintain(&mut self, job: &mut Job) -> Result<Done, Fault> {
        if self.options.read_only {
            return Err(Fault::ReadOnly);
        }
        loop {
            let step = self.maintenance_step(job);
            if step == Err(Fault::Pending) {
                return step;
            }
            let attempts = job.plan.attempts().wrapping_add(1);
            if step != Err(Fault::Remounted) || attempts > self.index.sector_count() {
                self.set(WRITING, false);
                job.is_writing = false;
                return match step {
                    Err(Fault::Remounted) => Err(Fault::Full),
                    step => step,
                };
            }
            job.restart();
            job.plan.set_attempts(attempts);
        }
    }

    fn maintenance_step(&mut self, job: &mut Job) -> Result<Done, Fault> {
        if job.step.is_none() {
            self.begin_write(job)?;
        }
        let step = match job.step {
            Some(step) => step,
            None => self.next_ahead(),
        };
        let done = match step {
            Step::Ready => return Ok(Done::Nothing),
            Step::Prepare(_) => Done::Erased,
            _ => Done::Moved,
        };
        self.take_step(step, job).map(|()| done)
    }

    /// What can be done ahead.
    fn next_ahead(&mut self) -> Step {
        let (free, _) = self.free_sectors();
        if free >= 2 || free == 1 && !self.is(ONLY_COPIES) {
            let next = self.next_free();
            if let Some(next) = next.filter(|next| !self.index.sector(*next).is(ERASED_AHEAD)) {
                return Step::Prepare(next);
            }
            if !self.options.collect_on_write {
                return self.next_for_refused(free);
            }
            // Nearer to full, each commit would set off a collection.
            if free >= 2 || !self.is_live_below(3) || !self.can_make(self.payload() / 2) {
                return Step::Ready;
            }
            if self.gc_before_sequence == 0 {
                self.gc_before_sequence = self.index.sector(self.active).sequence;
            }
        }
        let victim = self.victim(false).filter(|_| self.active != NONE);
        match victim.map(|victim| self.move_step(victim)) {
            None | Some(Step::Undo) => Step::Ready,
            Some(step) => step,
        }
    }
}

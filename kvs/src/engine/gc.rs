//! Garbage collection: opening sectors, moving the live entries of others, wear levelling.
//!
//! At least one sector is free whenever a commit is finished. When the last one is opened, the live
//! entries of another are copied into it before anything new; until then the copies may be undone.

use super::append::Source;
use super::batch::Nothing;
use super::entry::EntryHeader;
use super::header::{SEQUENCE_MAX, SectorHeader};
use super::index::{
    BLANK, CHECKED, COVERED, ERASED_AHEAD, FAILED, NEEDED, RETIRED, Sector, TORN, UNCLEAN, UNKNOWN,
};
use super::job::ErasedValue;
use super::mount::Except;
use super::place::{Place, TABLE_ITEM};
use super::{
    BY_TABLE, CLOSED, Device, Engine, Fault, Job, MARKED, NONE, ONLY_COPIES, PARTIAL, WRITING,
};
use crate::bytes::copy;
use crate::checksum::Checksum;
use crate::events;
use crate::format::{ERASED, header_stride};

/// What the need of a refused commit is remembered in, so that two bytes will do.
const REFUSED_UNIT: u32 = 16;

/// How many openings a mount looks at, as long as tables fit.
const OPENINGS: u8 = 16;

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
    /// Read what is live in this sector, erase it, and write it anew: rot has left none free.
    Rewrite(usize),
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
            Step::Rewrite(number) => self.rewrite(number, job)?,
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
        let (free, spare) = self.free_sectors();
        // If the commit is cut, its predecessors are live: then a sector has to be free all the
        // same, or the active one must hold copies only, so that it can be undone.
        let is_safe = free != 0 && (self.is(ONLY_COPIES) || spare != 0);
        // Before the sector is erased that tells where an unclean one ends, that is emptied, as far as
        // there is room beside the commit.
        let beside = need.saturating_add(mark.wrapping_mul(2));
        let beside = self.room().saturating_sub(beside);
        if free != 0
            && let Some(unclean) = self.unclean()
            && let step @ Step::Move(_, place) = self.move_step(unclean)
            && self.moved_len(place) <= beside
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
            && self.moved_len(place).saturating_add(need) <= self.room() / 2
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
        // to be made again behind one. A collection that has just been made can be made again.
        let is_anew = self.is(ONLY_COPIES);
        let fits = spare >= 2 || is_anew || !job.plan.puts() || self.can_make(need, mark);
        if need.wrapping_add(reserve) <= self.room() && is_safe && fits {
            if spare == 1
                && !job.has_opened
                && let Some(next) = self.next_free()
                && !self.index.sector(next).is(ERASED_AHEAD)
                && let Some(victim) = self.index.lowest(&|number, sector| {
                    let is_other = number != self.active && sector.live() != 0;
                    if is_other { sector.live() } else { u32::MAX }
                })
            {
                // If the last free sector can't be erased, another is emptied into the active one: that
                // is found out as long as there is room for it.
                let live = self.index.live_words(self.index.sector(victim));
                let live = live.wrapping_mul(Self::WORD).saturating_add(mark);
                if need.saturating_add(live) > self.room() {
                    return Step::Prepare(next);
                }
            }
            if spare != 0 || is_marked {
                return Step::Ready;
            }
            if need.wrapping_add(mark) <= self.room() {
                return Step::Mark;
            }
        }
        if spare >= 2 {
            return self.open_step();
        }
        if job.collection == Collection::No && spare == 1 {
            let leaves = if job.plan.puts() { mark } else { 0 };
            if !self.can_make(need, leaves) || !self.options.collect_on_write {
                self.refused = (need.wrapping_add(mark) / REFUSED_UNIT) as u16;
                return Step::Full;
            }
            job.collection = Collection::Begins;
            self.count_collection();
            return self.open_step();
        }
        if job.collection == Collection::No {
            job.collection = Collection::Goes;
            self.begin_collection();
            self.count_collection();
        }
        let victim = self.victim(false);
        match victim.map(|victim| self.move_step(victim)) {
            None | Some(Step::Undo) => self.to_rescue(job).map_or(Step::Undo, Step::Rewrite),
            Some(step) => step,
        }
    }

    /// Takes sectors from before the active one, if no collection is under way.
    fn begin_collection(&mut self) {
        if self.gc_before_sequence == 0 {
            self.gc_before_sequence = self.index.sector(self.active).sequence;
        }
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
    pub(super) fn moved_len(&self, place: Place) -> u32 {
        self.len_of(place).min(self.behind_opening())
    }

    /// To move an entry of this sector.
    pub(super) fn move_step(&self, victim: usize) -> Step {
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
    /// and how many of them are free without, so that they may be opened.
    #[inline(never)]
    pub(super) fn free_sectors(&self) -> (usize, usize) {
        let (mut free, mut spare) = (0usize, 0usize);
        for (number, sector) in self.index.sectors() {
            if sector.live() == 0 && number != self.active && !sector.is(FAILED | RETIRED) {
                free = free.wrapping_add(1);
                spare = spare.wrapping_add(usize::from(!sector.is(NEEDED)));
            }
        }
        (free, spare)
    }

    /// Whether a collection into a free sector would make room for `need` bytes, with `leaves` bytes to
    /// be left behind them, and leave a sector free. Goes through what it would do.
    fn can_make(&self, need: u32, leaves: u32) -> bool {
        let (free, spare) = self.free_sectors();
        // What the commit replaces is needed until it is there: such a sector is not opened before.
        let mut has_needed = free != spare;
        let mut spare = (spare as i32).wrapping_sub(1);
        let active = self.index.sector(self.active);
        if self.active != NONE && active.live() == 0 && !active.is(RETIRED) {
            match active.is(NEEDED) {
                true => has_needed = true,
                false => spare = spare.wrapping_add(1),
            }
        }
        let mut room = self.behind_opening();
        let (mut before, mut last) = (0u32, 0usize);
        loop {
            let with_mark = need.saturating_add(Self::mark_len());
            let is_room = match spare > 0 {
                true => need.saturating_add(leaves) <= room,
                false => has_needed && with_mark <= room,
            };
            let most = self.behind_opening();
            if is_room || spare >= 2 && need.saturating_add(leaves) <= most {
                return true;
            }
            // The sectors in the order in which they would be emptied.
            let next = self.index.lowest(&|number, sector| {
                let rank = Self::rank(sector);
                let is_behind = rank > before || rank == before && number >= last;
                match is_behind && !sector.is(RETIRED) && sector.live() != 0 {
                    true => rank,
                    false => u32::MAX,
                }
            });
            let Some(number) = next else { return false };
            let sector = self.index.sector(number);
            (before, last) = (Self::rank(sector), number.wrapping_add(1));
            let mut take = |len: u32| {
                if len > room {
                    spare = spare.wrapping_sub(1);
                    room = self.behind_opening();
                }
                room = room.wrapping_sub(len);
            };
            if self.is(PARTIAL) {
                // What each of its entries takes is not known: at worst, none fills a gap.
                take(self.index.live_words(sector).wrapping_mul(Self::WORD));
            } else {
                for slot in self.index.slots_in(number) {
                    if !slot.place.is_replaced() {
                        take(self.moved_len(slot.place));
                    }
                }
            }
            if spare < 0 {
                return false;
            }
            match sector.is(NEEDED) {
                true => has_needed = true,
                false => spare = spare.wrapping_add(1),
            }
        }
    }

    /// Which sector is collected first: that with the fewest live words; of two that have as many, the
    /// one that is free without the commit under way.
    fn rank(sector: &Sector) -> u32 {
        sector.live() << 1 | u32::from(sector.is(NEEDED))
    }

    /// The sector to collect: the one of the lowest [rank](Self::rank); or the one that has been spared
    /// for too long, if there is one and `cold` asks for it.
    #[inline(never)]
    pub(super) fn victim(&self, cold: bool) -> Option<usize> {
        let most = self.index.most_erases();
        self.index.lowest(&|number, sector| {
            let is_old =
                number != self.active && (cold || sector.sequence < self.gc_before_sequence);
            let is_spared = sector.erases.wrapping_add(self.wear_spread.into()) < most;
            if sector.live() == 0 || sector.is(RETIRED) || !is_old {
                u32::MAX
            } else if !cold {
                Self::rank(sector)
            } else if is_spared {
                sector.erases
            } else {
                u32::MAX
            }
        })
    }

    /// The oldest sector with something live behind whose end something may stand.
    pub(super) fn unclean(&self) -> Option<usize> {
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
    fn next_free(&self) -> Option<usize> {
        self.free_sector(true)
    }

    /// The same, or one that has yet to be erased.
    #[inline(never)]
    fn free_sector(&self, may_be_ahead: bool) -> Option<usize> {
        let unclean = self.unclean();
        let telling =
            unclean.and_then(|number| self.oldest_opened(self.index.sector(number).sequence));
        self.index.lowest(&|number, sector| {
            let is_taken = number == self.active || sector.is(RETIRED | NEEDED);
            if sector.live() != 0 || is_taken {
                return u32::MAX;
            }
            if sector.is(ERASED_AHEAD) {
                return match may_be_ahead {
                    true => sector.sequence & 0x0FFF_FFFF,
                    false => u32::MAX,
                };
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
    pub(super) fn behind_opening(&self) -> u32 {
        let opening = EntryHeader::opening(0, 0, false, 0).entry_len(Self::WORD);
        self.payload().saturating_sub(opening)
    }

    /// The most that a commit takes, behind an opening, and before a mark.
    pub(super) fn commit_max(&self) -> u32 {
        self.behind_opening().saturating_sub(Self::mark_len())
    }

    /// The bytes of a mark.
    pub(super) fn mark_len() -> u32 {
        EntryHeader::mark().entry_len(Self::WORD)
    }

    /// Whether no more than half of all sectors but one is live, with `more` bytes.
    pub(super) fn is_half_empty(&self, more: u32) -> bool {
        let live = self.live_bytes().saturating_add(more);
        let sectors = (self.index.sector_count() as u32).saturating_sub(1);
        live <= (self.payload() / 2).saturating_mul(sectors)
    }

    /// Whether no more is live than so many quarters of all sectors but two.
    pub(super) fn is_live_below(&self, quarters: u32) -> bool {
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
        if free >= 2 || need <= self.room() || !self.can_make(need, 0) {
            return Step::Ready;
        }
        self.begin_collection();
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

    /// The header of a table of so many slots.
    pub(super) fn table_header(&self, count: usize) -> EntryHeader {
        let bits = self.index.packing().address_bits();
        EntryHeader::table(count as u16, bits, self.active)
    }

    /// How many entries an opening is, with its tables, and the bytes that they take.
    fn opening_parts(&self, opening: &EntryHeader) -> (usize, u32) {
        let (mut left, most) = (usize::from(opening.slots()), self.slots_in_a_table());
        let (mut entries, mut len) = (1usize, opening.entry_len(Self::WORD));
        while left != 0 {
            let count = left.min(most);
            let table = self.table_header(count);
            len = len.wrapping_add(table.entry_len(Self::WORD));
            entries = entries.wrapping_add(1);
            left = left.wrapping_sub(count);
        }
        (entries, len)
    }

    /// The header of the first entry of the next sector, where `need` bytes are to go. Tables follow so
    /// that they take no more than a fourteenth of all sectors, and a quarter of one.
    fn opening(&self, need: u32) -> EntryHeader {
        let before = self.index.sector(self.active).sequence;
        let end = self.end >> Self::WORD.trailing_zeros();
        // Or something may stand behind the end of one before: so that a mount looks there, too.
        let is_unclean = self.is(CLOSED) || self.unclean().is_some();
        let is_unclean = is_unclean && self.active != NONE;
        let opening = |slots| EntryHeader::opening(before, end, is_unclean, slots);
        let payload = self.payload();
        let all = self.index.table().count() as u16;
        let mut of_last = opening(0);
        of_last.set_of_last();
        let last = self.index.table_behind(&of_last).count() as u16;
        of_last = opening(last);
        of_last.set_of_last();
        // Where no other sector is free, what is live may need all of this one.
        let (free, _) = self.free_sectors();
        let may_have = free >= 2 && !self.is(PARTIAL) && self.active != NONE;
        let fits = |with_tables: &EntryHeader, sectors: u32| {
            let len = u32::from(with_tables.slots()).wrapping_mul(TABLE_ITEM);
            let is_worth = len.saturating_mul(14) <= payload.saturating_mul(sectors)
                && len <= payload / 4
                && self.is_half_empty(len);
            let (_, len) = self.opening_parts(with_tables);
            let need = need.saturating_add(len).saturating_add(Self::mark_len());
            may_have && is_worth && need <= payload
        };
        // If no table tells of some other sector, a mount has to read that.
        let is_told = self.index.sectors().all(|(number, sector)| {
            let is_covered = sector.is(COVERED) || sector.sequence < self.table_from;
            number == self.active || sector.live() == 0 || is_covered
        });
        let sectors = u32::from(self.since_table).saturating_add(1);
        // So that a mount does not go through many of them, and where it costs little more.
        let is_due = self.since_table >= OPENINGS || last >= all / 2;
        if all != 0 && (!is_told || is_due) && fits(&opening(all), sectors) {
            opening(all)
        } else if fits(&of_last, 1) {
            of_last
        } else {
            opening(0)
        }
    }

    /// Makes a free sector the active one.
    #[inline(never)]
    pub(super) fn open(&mut self, number: usize, job: &mut Job) -> Result<(), Fault> {
        if !job.append.is_idle() {
            return self.append(&Nothing, job);
        }
        let sector = self.index.sector(number);
        // What is opened next has to be the newest: one may have been passed over, as it had failed.
        let is_newest = sector.sequence > self.index.sector(self.active).sequence;
        let mut unseen_to = 0;
        if !sector.is(CHECKED) || !is_newest {
            let first = self.flash.base(number).wrapping_add(Self::FIRST);
            let is_ahead = sector.is(ERASED_AHEAD) && is_newest;
            if is_ahead && self.flash.is_erased(first, self.payload(), 1)? {
                self.index.flag(number, CHECKED, 0);
                // An opening that was cut may read as erased now and then.
                unseen_to = first.wrapping_add(self.flash.stage_len());
            } else {
                self.index.flag(number, 0, ERASED_AHEAD);
                self.prepare(number, job)?;
            }
        }
        self.unseen_to = unseen_to;
        self.forget_tombstones();
        let opening = self.opening(job.plan.bytes());
        let (entries, len) = self.opening_parts(&opening);
        self.since_table = self.since_table.saturating_add(1);
        if opening.tells_all() {
            self.since_table = 0;
            self.table_from = self.index.sector(number).sequence;
        }
        if opening.tells_all() || opening.tells_last() {
            self.index.flag(self.active, COVERED, 0);
        }
        if opening.is_unclean(self.index.sector(self.active).sequence) {
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
            self.forget_coverage(number);
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
                self.fail(number);
                self.index.flag(number, RETIRED, UNKNOWN);
                return erased;
            }
        }
        if self.sequence == 0 && job.erased_value == ErasedValue::Unproven {
            // This is the first erase.
            self.check_erased_value(number, number.wrapping_add(1), job)?;
            job.erased_value = ErasedValue::Proven;
        }
        let written = self.write_header(number, sequence);
        if written == Err(Fault::Pending) {
            return written;
        }
        self.sequence = sequence;
        self.index
            .flag(number, ERASED_AHEAD | CHECKED, UNKNOWN | BLANK | TORN);
        if written.is_err() {
            self.fail(number);
        }
        if self.is(PARTIAL) {
            // Another sector may be the oldest now, of whose tombstones some have no slot.
            return Err(self.remount(Except::Nothing, job));
        }
        written
    }

    /// The tables of a sector that is to be erased tell of others no more.
    fn forget_coverage(&mut self, number: usize) {
        let sequence = self.index.sector(number).sequence;
        if sequence == self.table_from {
            self.table_from = 0;
        }
        if let Some(before) = self.newest_opened(sequence) {
            self.index.flag(before, 0, COVERED);
        }
    }

    /// Gives an erased sector its header.
    fn write_header(&mut self, number: usize, sequence: u32) -> Result<(), Fault> {
        let base = self.flash.base(number);
        let sector = self.index.sector(number);
        if sector.sequence != sequence {
            let header = SectorHeader {
                layout: self.layout(),
                sequence,
                erases: sector.erases,
            };
            let front = self.flash.stage().get_mut(..Self::FIRST as usize);
            let front = front.unwrap_or_default();
            front.fill(ERASED);
            for target in front.chunks_mut(header_stride(Self::WORD) as usize) {
                copy(target, &header.encode());
            }
            self.flash.program(base, Self::FIRST)?;
            self.index.set_sequence(number, sequence);
        }
        // What is staged is the header yet.
        if self.options.verify_on_write && !self.flash.is_staged(base, Self::FIRST, 0)? {
            self.index.set_sequence(number, 0);
            return Err(Fault::VerifyFailed);
        }
        Ok(())
    }

    /// Checks the entries that a table told of, before something is erased in their favour.
    #[inline(never)]
    pub(super) fn verify_table(&mut self, job: &mut Job) -> Result<(), Fault> {
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
    pub(super) fn move_entry(
        &mut self,
        hash: u32,
        place: Place,
        job: &mut Job,
    ) -> Result<(), Fault> {
        if !job.append.is_idle() {
            return self.append(&Nothing, job);
        }
        if place.is_tombstone() && self.hides_nothing(hash, job)? {
            self.index.remove(hash);
            return Ok(());
        }
        if self.entry_of(hash, place, job)? {
            let len = job.probe.header.entry_len(Self::WORD);
            let source = Source::Copy(self.address_of(place));
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
            events::corrupt(hash);
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
        if free != 0 {
            if let Some(next) = self.free_sector(false) {
                return Step::Prepare(next);
            }
            if !self.options.collect_on_write {
                return self.next_for_refused(free);
            }
            // Nearer to full, each commit would set off a collection.
            if free >= 2 || !self.is_live_below(3) || !self.can_make(self.payload() / 2, 0) {
                return Step::Ready;
            }
            self.begin_collection();
        }
        let victim = self.victim(false).filter(|_| self.active != NONE);
        match victim.map(|victim| self.move_step(victim)) {
            None | Some(Step::Undo) => Step::Ready,
            Some(step) => step,
        }
    }
}

//! Mounting: from what is in flash to the index.

use super::flash::Flash;
use super::header::{COPY_LEN, Layout, SectorHeader};
use super::index::{CHECKED, COVERED, ERASED_AHEAD, FAILED, Index, Sector, TORN, UNCLEAN, UNKNOWN};
use super::place::Slot;
use super::read::{Found, erased_len};
use super::scan::{QUIET, Scan, Visit};
use super::{
    BY_TABLE, CLOSED, Device, Engine, Fault, HEADER_UNSEEN, Job, MARKED, NO_TABLES, NONE,
    ONLY_COPIES, PARTIAL, REVIVED, STALE, SUSPECT, UNREAD, WRITING,
};
use crate::bytes::is_erased;
use crate::checksum::Checksum;
use crate::events;
use crate::format::header_stride;
use crate::options::Options;

/// How often a call mounts, at most, where each time something else can't be read.
const UNREAD_MOUNTS: u8 = 8;

/// How many mounts in a row, after the first, have to find the same words that can't be read.
const SAME_MOUNTS: u8 = 2;

/// So many bytes are looked at where a sector has no header.
const FRONT: u32 = 64;

/// What of the flash a mount leaves out.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Except {
    Nothing,
    /// This sector, whose entries are all copies.
    Sector(usize),
    /// What stands from this address on in the active sector: it reads now so, now so.
    From(u32),
}

/// A mount that is under way.
pub(super) struct Mount {
    step: Step,
    except: Except,
    /// The sector that is being read.
    number: usize,
    /// Sectors up to this sequence have been read; or, of tables, those from it on.
    sequence: u32,
    /// The hashes that this pass is for begin here.
    from: u32,
    /// There was no slot for an entry.
    is_short: bool,
    /// The newest sector that was opened has been found.
    is_found: bool,
    /// So many bytes behind the header of one that may be it are erased.
    erased: u32,
    /// The layout that was found last.
    layout: Layout,
    /// A header could be read.
    is_readable: bool,
    /// There is something in the sector.
    is_used: bool,
    /// All that was committed to the sectors before is copies.
    only_copies: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Start,
    /// A copy of a sector's header, at this offset.
    Header(u32),
    /// Whether a sector is erased behind its header.
    Front,
    /// What a sector's opening tells.
    Opening,
    Sector,
    /// The opening that says where a sector ended.
    End,
    Entries,
}

impl Mount {
    pub(super) const START: Self = Self::new(Except::Nothing);

    const fn new(except: Except) -> Self {
        Self {
            step: Step::Start,
            except,
            number: 0,
            sequence: 0,
            from: 0,
            is_short: false,
            is_found: false,
            erased: 0,
            layout: Layout::NONE,
            is_readable: false,
            is_used: false,
            only_copies: false,
        }
    }

    /// The layout that was found last.
    pub(super) fn found_layout(&self) -> Layout {
        self.layout
    }

    fn leaves_out(&self, number: usize) -> bool {
        self.except == Except::Sector(number)
    }
}

impl<'a, D: Device, C: Checksum> Engine<'a, D, C> {
    /// An engine for a partition of sectors of this size. Nothing has been read yet: the first call mounts.
    pub(crate) fn new(
        device: D,
        checksum: C,
        sector_size: u32,
        slots: &'a mut [Slot],
        sectors: &'a mut [Sector],
        options: &Options,
    ) -> Self {
        let flash = Flash::new(device, sector_size);
        let shift = flash.sector_log().wrapping_sub(Self::WORD.trailing_zeros());
        Self {
            flash,
            index: Index::new(slots, sectors, shift),
            checksum,
            active: NONE,
            end: 0,
            suspect_from: 0,
            sequence: 0,
            gc_before_sequence: 0,
            wear_spread: options.wear_spread,
            collections: 0,
            options: *options,
            flags: STALE,
            damaged: 0,
            since_table: 0,
            table_from: 0,
            mounts: 0,
            unlisted: 0,
            refused: 0,
            failures: 0,
            unseen_to: 0,
        }
    }
}

impl<D: Device, C: Checksum> Engine<'_, D, C> {
    /// Must be called before the index is used: fills it where it is not what is in flash.
    pub(crate) fn resume(&mut self, job: &mut Job) -> Result<(), Fault> {
        if self.is(WRITING) && !job.is_writing {
            // The call that wrote was dropped.
            events::dropped_write();
            self.set(WRITING | REVIVED, false);
            self.set(STALE, true);
        }
        // Twice, as a table may turn out to be wrong; or more often, where something can't be read.
        while self.is(STALE) {
            let except = job.mount.except;
            let read = self.read_all(job);
            if read != Err(Fault::Pending) {
                job.mount.step = Step::Start;
                job.mount.except = Except::Nothing;
            }
            read?;
            let unread = self.flash.unread();
            self.set(UNREAD, unread != 0);
            let is_same = job.unread == unread;
            job.same_mounts = if is_same {
                job.same_mounts.saturating_add(1)
            } else {
                0
            };
            if self.is(STALE) || unread == 0 || job.same_mounts >= SAME_MOUNTS {
                // What reads badly each time, at the same words, is damage.
                job.unread_mounts = 0;
                continue;
            }
            // What can't be read may be there.
            events::unread();
            self.set(STALE, true);
            job.unread = unread;
            job.mount.except = except;
            job.unread_mounts = job.unread_mounts.wrapping_add(1);
            if job.unread_mounts == UNREAD_MOUNTS {
                job.unread_mounts = 0;
                return Err(Fault::Flash);
            }
        }
        Ok(())
    }

    /// Has the index filled anew, but for what is excepted, before the job goes on.
    pub(super) fn remount(&mut self, except: Except, job: &mut Job) -> Fault {
        self.set(STALE, true);
        job.mount = Mount::new(except);
        Fault::Remounted
    }

    /// Must be called where an entry is not there that the index tells of. `true` if a table may
    /// have been wrong: then all is read anew, without tables, before the index is used again.
    pub(super) fn doubt_table(&mut self) -> bool {
        let is_by_table = self.is(BY_TABLE);
        if is_by_table {
            self.set(STALE | NO_TABLES, true);
        }
        is_by_table
    }

    /// Fills the index from what is in flash.
    #[inline(never)]
    fn read_all(&mut self, job: &mut Job) -> Result<(), Fault> {
        loop {
            match job.mount.step {
                Step::Start => {
                    self.index.clear();
                    self.flash.forget();
                    self.damaged = 0;
                    self.mounts = self.mounts.wrapping_add(1);
                    self.flash.forget_unread();
                    self.active = NONE;
                    self.end = self.flash.sector_size();
                    self.suspect_from = self.end;
                    self.sequence = 0;
                    (self.since_table, self.table_from) = (0, 0);
                    self.unlisted = 0;
                    let unseen = match job.mount.except {
                        Except::Nothing => SUSPECT | HEADER_UNSEEN,
                        Except::From(_) => HEADER_UNSEEN,
                        Except::Sector(_) => 0,
                    };
                    self.flags =
                        STALE | unseen | self.flags & (NO_TABLES | PARTIAL | REVIVED | WRITING);
                    job.mount = Mount::new(job.mount.except);
                    job.mount.step = Step::Header(0);
                }
                Step::Header(offset) => self.read_header(offset, &mut job.mount)?,
                Step::Front => self.read_front(&mut job.mount)?,
                Step::Opening => self.read_opening(job)?,
                Step::Sector => {
                    if self.next_sector(job) {
                        continue;
                    }
                    if job.mount.is_short && self.is(BY_TABLE) {
                        self.set(NO_TABLES, true);
                        job.mount.step = Step::Start;
                        continue;
                    }
                    if !self.next_pass(&mut job.mount) {
                        self.end_mount(job);
                        return Ok(());
                    }
                }
                Step::End => self.read_end(job)?,
                Step::Entries => {
                    self.scan(job)?;
                    self.take_sector(job);
                }
            }
        }
    }

    /// One copy of a sector's header.
    fn read_header(&mut self, offset: u32, mount: &mut Mount) -> Result<(), Fault> {
        let address = self.flash.base(mount.number).wrapping_add(offset);
        let bytes = self.flash.only(address, COPY_LEN)?;
        mount.is_readable |= !bytes.is_empty();
        mount.is_used |= !is_erased(bytes);
        let header = bytes.first_chunk().and_then(SectorHeader::decode);
        mount.step = if header.is_some() || offset != 0 {
            Step::Front
        } else {
            Step::Header(header_stride(Self::WORD))
        };
        let Some(header) = header else { return Ok(()) };
        mount.layout = header.layout;
        if header.layout != self.layout() {
            return Err(Fault::Incompatible);
        }
        if let Some(sector) = self.index.sector_mut(mount.number) {
            sector.sequence = header.sequence;
            sector.erases = header.erases;
        }
        self.sequence = self.sequence.max(header.sequence);
        Ok(())
    }

    /// Whether there is something in a sector without a header.
    fn read_front(&mut self, mount: &mut Mount) -> Result<(), Fault> {
        if self.index.sector(mount.number).sequence == 0 {
            let first = self.flash.base(mount.number).wrapping_add(Self::FIRST);
            let front = self.flash.only(first, FRONT.min(self.payload()))?;
            if mount.is_used || !is_erased(front) {
                self.index.flag(mount.number, UNKNOWN, 0);
            }
        }
        mount.is_used = false;
        mount.number = mount.number.wrapping_add(1);
        mount.step = Step::Header(0);
        if mount.number < self.index.sector_count() {
            return Ok(());
        }
        if !mount.is_readable {
            // Not to be taken for an empty partition.
            return Err(Fault::Flash);
        }
        self.index.guess_erases();
        self.damaged = self.lost_sectors();
        (mount.number, mount.sequence) = (NONE, u32::MAX);
        mount.step = Step::Opening;
        Ok(())
    }

    /// The opening of the sector that was opened before: whether there is one, whether a table
    /// follows, and whether something may stand behind the end of a sector. Goes from the newest
    /// sector back, as far as needed.
    fn read_opening(&mut self, job: &mut Job) -> Result<(), Fault> {
        let Job { mount, probe, .. } = job;
        let Some(number) = self.newest_opened(mount.sequence) else {
            self.begin_sectors(mount);
            return Ok(());
        };
        let first = self.flash.base(number).wrapping_add(Self::FIRST);
        let most = QUIET.min(self.payload());
        while !mount.is_found && mount.erased < most {
            let at = first.wrapping_add(mount.erased);
            // A little at first: mostly, it is an opening.
            let bytes = match mount.erased {
                0 => self.flash.only(at, COPY_LEN.max(Self::WORD)),
                _ => self.flash.bytes(at, 1),
            };
            let erased = erased_len(bytes?);
            mount.erased = mount.erased.wrapping_add(erased);
            mount.is_found = erased == 0;
        }
        if !mount.is_found {
            mount.erased = 0;
            if !self.index.sector(number).is(TORN) {
                self.index.flag(number, ERASED_AHEAD, 0);
                return Ok(());
            }
            mount.is_found = true;
        }
        let is_opening = self.probe_opening(first, probe)?;
        mount.is_found = true;
        mount.sequence = self.index.sector(number).sequence;
        let (mut is_told, mut is_last) = (false, false);
        if is_opening && !mount.leaves_out(number) {
            let header = probe.header;
            if self.table_from == 0 && !self.is(NO_TABLES | PARTIAL) {
                if header.tells_all() {
                    self.table_from = mount.sequence;
                    self.set(BY_TABLE, true);
                }
                if header.tells_last()
                    && let Some(before) = self.newest_opened(mount.sequence)
                    && header.is_after(self.index.sector(before).sequence)
                {
                    self.index.flag(before, COVERED, 0);
                    self.set(BY_TABLE, true);
                }
            }
            is_told = self.table_from != 0;
            let before = self.index.lowest(&|_, sector| {
                let is_it = sector.sequence < mount.sequence && header.is_unclean(sector.sequence);
                if is_it { !sector.sequence } else { u32::MAX }
            });
            is_last = before.is_none();
            if let Some(before) = before {
                self.index.flag(before, UNCLEAN, 0);
            }
        }
        if !is_told {
            self.since_table = self.since_table.saturating_add(1);
        } else if is_last {
            self.begin_sectors(mount);
        }
        Ok(())
    }

    /// Goes on to what is in the sectors: by the newest table, if there is one.
    fn begin_sectors(&mut self, mount: &mut Mount) {
        // All that is older is in the table.
        mount.sequence = self.table_from.saturating_sub(1);
        mount.step = Step::Sector;
    }

    /// Goes on to the next sector in time. `false` if there is none.
    fn next_sector(&mut self, job: &mut Job) -> bool {
        let Job { mount, scan, .. } = job;
        let Some(number) = self.index.next_after(mount.sequence) else {
            return false;
        };
        let sector = self.index.sector(number);
        mount.sequence = sector.sequence;
        if sector.is(ERASED_AHEAD) {
        } else if mount.leaves_out(number) {
            self.mark_unknown(number);
        } else if !sector.is(COVERED) {
            mount.number = number;
            mount.step = Step::End;
        } else if self.has_tables(number) {
            // All else in it is told by the next one.
            let first = self.flash.base(number).wrapping_add(Self::FIRST);
            let end = first.wrapping_add(self.payload());
            *scan = Scan::new(first, end, end);
            (scan.only_tables, scan.by_tables) = (true, true);
            mount.number = number;
            mount.step = Step::Entries;
        }
        true
    }

    /// Whether the mount goes by the tables behind a sector's opening.
    fn has_tables(&self, number: usize) -> bool {
        let sequence = self.index.sector(number).sequence;
        let before = self.newest_opened(sequence);
        let is_last = before.is_some_and(|before| self.index.sector(before).is(COVERED));
        self.is(BY_TABLE) && (sequence == self.table_from || is_last)
    }

    /// How many sectors have lost their headers.
    fn lost_sectors(&self) -> u16 {
        let lost = |(_, sector): &(usize, &Sector)| sector.sequence == 0 && sector.is(UNKNOWN);
        self.index.sectors().filter(lost).count() as u16
    }

    /// Goes through all once more for the keys that had no slot. `false` if there are none.
    fn next_pass(&mut self, mount: &mut Mount) -> bool {
        if !core::mem::take(&mut mount.is_short) {
            return false;
        }
        self.set(PARTIAL, true);
        self.forget_tombstones();
        self.unlisted = self.key_count() as u16;
        mount.from = self.index.last().wrapping_add(1);
        self.index.clear_slots();
        self.damaged = self.lost_sectors();
        mount.sequence = 0;
        true
    }

    /// The sector that was opened next says where this one ended.
    fn read_end(&mut self, job: &mut Job) -> Result<(), Fault> {
        self.begin_scan(job.mount.number, job)?;
        let Job { mount, scan, .. } = job;
        scan.visit = Visit::Take(mount.from);
        scan.by_tables = self.has_tables(mount.number);
        mount.only_copies = self.is(ONLY_COPIES);
        self.set(ONLY_COPIES, true);
        self.set(MARKED, false);
        mount.step = Step::Entries;
        Ok(())
    }

    /// Begins a scan of a sector. If another was opened after it, that says where this one ended.
    pub(super) fn begin_scan(&mut self, number: usize, job: &mut Job) -> Result<(), Fault> {
        let base = self.flash.base(number);
        let first = base.wrapping_add(Self::FIRST);
        let sequence = self.index.sector(number).sequence;
        let (mut to, mut proven) = (base.wrapping_add(self.flash.sector_size()), first);
        if !self.is(STALE) && number == self.active {
            to = base.wrapping_add(self.end);
            proven = to;
        } else if let Some(next) = self.oldest_opened(sequence) {
            let opening = self.flash.base(next).wrapping_add(Self::FIRST);
            if self.probe(opening, &mut job.probe)? == Found::Entry
                && let Some(end) = job.probe.header.end_of(sequence)
            {
                let end = base.wrapping_add(end.wrapping_mul(Self::WORD));
                if end >= first && end <= to {
                    (to, proven) = (end, end);
                }
            }
        }
        if let Except::From(address) = job.mount.except
            && address >= first
            && address < to
        {
            to = address;
        }
        job.scan = Scan::new(first, to, proven.min(to));
        job.probe.forget_vain();
        Ok(())
    }

    /// A sector has been read.
    fn take_sector(&mut self, job: &mut Job) {
        let Job { mount, scan, .. } = job;
        let number = mount.number;
        mount.step = Step::Sector;
        mount.is_short |= scan.is_short;
        if scan.is_torn() && !scan.is_damaged() {
            self.damaged = self.damaged.saturating_add(1);
        }
        let is_by_tables = self.has_tables(number);
        let is_all = scan.slots == scan.expected && scan.has_opening;
        if is_by_tables && !(is_all && (scan.only_tables || scan.has_entries)) {
            // The table is not all there, or the sector that it is of is the active one yet.
            self.set(NO_TABLES, true);
            mount.step = Step::Start;
            return;
        }
        if scan.only_tables {
            return;
        }
        if !scan.has_entries {
            // It was opened at most, and nothing was committed to it.
            self.set(ONLY_COPIES, mount.only_copies);
            self.set(CLOSED, true);
            self.mark_unknown(number);
            return;
        }
        self.active = number;
        let base = self.flash.base(number);
        self.end = scan.end.wrapping_sub(base);
        self.suspect_from = scan.last_from.wrapping_sub(base);
        let is_void = matches!(mount.except, Except::From(_));
        let is_newest = self.newest_opened(u32::MAX) == Some(number);
        if is_newest {
            self.damaged = self.damaged.saturating_add(is_void.into());
            if self.is(BY_TABLE) && !self.index.is_complete() {
                // What the table tells of is not all there.
                self.set(NO_TABLES, true);
                mount.step = Step::Start;
                return;
            }
            self.forget_tombstones();
        }
        let mut is_closed = scan.is_torn() || is_void && is_newest;
        if scan.is_torn() && self.is(ONLY_COPIES) && !self.is(MARKED) && self.is_last_free(number) {
            // It is a copy that is torn: the collection goes on behind it, as far as it may reach.
            let gap = self.index.longest().wrapping_mul(Self::WORD);
            let behind = scan.quiet_from.wrapping_add(gap).wrapping_sub(base);
            is_closed = is_void || behind >= self.flash.sector_size();
            if !is_closed {
                events::cut_collection(number);
                // The program that was cut was not that of the last whole copy.
                (self.end, self.suspect_from) = (behind, behind);
            }
        }
        self.set(CLOSED, is_closed);
    }

    /// Whether each other sector has something live.
    fn is_last_free(&self, number: usize) -> bool {
        let mut sectors = self.index.sectors();
        sectors.all(|(other, sector)| other == number || sector.live() != 0)
    }

    fn end_mount(&mut self, job: &Job) {
        if self.index.has_unknown() || matches!(job.mount.except, Except::Sector(_)) {
            // A sector without a header that has been used may have been the newest.
            self.set(CLOSED, true);
        }
        if self.is(BY_TABLE) && (self.active == NONE || !self.index.is_complete()) {
            // What the table tells of is not all there: the next time, all is read.
            self.set(NO_TABLES, true);
            return;
        }
        // Sectors are opened in the order of their sequences: one that was prepared before the active
        // one was opened, and is not in use, has failed.
        let newest = self.index.sector(self.active).sequence;
        for number in 0..self.index.sector_count() {
            let sector = self.index.sector(number);
            if sector.is(ERASED_AHEAD) && sector.sequence < newest {
                self.mark_unknown(number);
            }
        }
        self.forget_tombstones();
        if self.index.sector(self.active).is(FAILED) {
            self.set(CLOSED, true);
        }
        // What the copies are of may have been in a sector that was erased, and has failed since.
        let may_be_gone = self.index.sectors().any(|(number, sector)| {
            number != self.active
                && (sector.sequence == 0 || sector.is(FAILED) && sector.live() == 0)
        });
        if may_be_gone {
            self.set(ONLY_COPIES, false);
        }
        self.gc_before_sequence = self.index.sector(self.active).sequence;
        self.set(STALE, false);
        self.unseen_to = match job.mount.except {
            Except::Nothing => self.write_address().wrapping_add(self.flash.stage_len()),
            _ => 0,
        };
        events::mounted(self.key_count(), self.index.sector_count(), self.damaged);
        if self.unlisted != 0 {
            events::too_few_slots(self.unlisted, self.index.capacity());
        }
    }

    pub(super) fn layout(&self) -> Layout {
        let sector_log = (self.flash.sector_size() | 1).ilog2();
        Layout::new(C::ID, sector_log, Self::WORD.trailing_zeros())
    }

    /// Notes that nothing in a sector counts, and that it is to be erased before anything is
    /// written: what is written next must not be taken for what follows it.
    pub(super) fn mark_unknown(&mut self, number: usize) {
        self.index.flag(number, UNKNOWN, ERASED_AHEAD | CHECKED);
    }

    /// The newest sector of those before `sequence` that are not erased ahead.
    pub(super) fn newest_opened(&self, sequence: u32) -> Option<usize> {
        self.index.lowest(&|_, sector| {
            let is_opened = sector.sequence != 0 && !sector.is(ERASED_AHEAD);
            if is_opened && sector.sequence < sequence {
                !sector.sequence
            } else {
                u32::MAX
            }
        })
    }

    /// The oldest sector of those after `sequence` that are not erased ahead.
    pub(super) fn oldest_opened(&self, sequence: u32) -> Option<usize> {
        self.index.lowest(&|_, sector| {
            if sector.sequence > sequence && !sector.is(ERASED_AHEAD) {
                sector.sequence
            } else {
                u32::MAX
            }
        })
    }
}

//! Appending: what is written at the end of the active sector, and how it gets there.

use super::batch::{Batch, Value};
use super::commit::READS;
use super::entry::{CHECKSUM_LEN, EntryHeader, HEADER_MAX, HEADER_MIN, Role};
use super::index::TORN;
use super::place::TABLE_ITEM;
use super::scan::Scan;
use super::{CLOSED, Device, Engine, Fault, Job, MARKED, ONLY_COPIES, PARTIAL, STALE};
use crate::bytes::{copy, move_within};
use crate::checksum::Checksum;
use crate::format::ERASED;

/// What is appended.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// Those of a batch's changes that replace something.
    Changes,
    /// A sector's first entry, and the slots of all keys if tables follow.
    Opening(EntryHeader),
    /// An entry without a value.
    Entry(EntryHeader),
    /// An entry that is kept at the end of the buffer, from this byte on.
    Aside(u32),
    /// The entry at this address, which the job's probe holds.
    Copy(u32),
}

/// A run of entries that is being appended. All are addresses, but for what is staged.
pub(super) struct Append {
    step: Step,
    source: Source,
    from: u32,
    to: u32,
    /// Where the next program goes.
    at: u32,
    /// How many bytes are ready to be programmed.
    staged: u32,
    /// How many entries are still to be staged.
    left: usize,
    /// None has been staged yet.
    is_first: bool,
    /// The next change, or slot, to look at.
    next: usize,
    /// How many bytes of an entry that is longer than the buffer have been staged.
    long: u32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Idle,
    Look,
    Program,
    Read,
    Verify,
}

impl Append {
    pub(super) const IDLE: Self = Self {
        step: Step::Idle,
        source: Source::Changes,
        from: 0,
        to: 0,
        at: 0,
        staged: 0,
        left: 0,
        is_first: true,
        next: 0,
        long: 0,
    };

    /// Where what was appended last begins.
    pub(super) fn address(&self) -> u32 {
        self.from
    }

    pub(super) fn is_idle(&self) -> bool {
        self.step == Step::Idle
    }
}

impl<D: Device, C: Checksum> Engine<'_, D, C> {
    /// Begins to append entries of `len` bytes in all to the active sector.
    pub(super) fn begin_append(&self, source: Source, entries: usize, len: u32) -> Append {
        let from = self.write_address();
        Append {
            step: match source {
                _ if from < self.unseen_to => Step::Look,
                // All of its sector has been looked at.
                Source::Opening(_) => Step::Program,
                _ if !self.options.verify_on_write => Step::Program,
                _ => Step::Look,
            },
            source,
            from,
            to: from.wrapping_add(len),
            at: from,
            left: entries,
            ..Append::IDLE
        }
    }

    /// Appends what has been begun, and takes it into the index.
    #[inline(never)]
    pub(super) fn append(&mut self, batch: &dyn Batch, job: &mut Job) -> Result<(), Fault> {
        let appended = self.append_run(batch, job);
        if !matches!(appended, Err(Fault::Pending | Fault::Wanted)) {
            job.append.step = Step::Idle;
            if !matches!(appended, Ok(()) | Err(Fault::Remounted)) {
                self.fail(self.active);
                if matches!(job.append.source, Source::Opening(_)) {
                    // The sector is not open, though it may look as if nothing had been written.
                    self.index.flag(self.active, TORN, 0);
                    self.set(STALE, true);
                }
                if !self.options.verify_on_write {
                    // Without a look at what was programmed, the index is ahead of it.
                    self.set(STALE, true);
                }
            }
        }
        appended
    }

    fn append_run(&mut self, batch: &dyn Batch, job: &mut Job) -> Result<(), Fault> {
        let (from, to) = (job.append.from, job.append.to);
        if job.append.step == Step::Look {
            // All of it before the first program: the end of a commit that was cut may be left there.
            let is_unseen = from < self.unseen_to;
            let times = if is_unseen { READS } else { 1 };
            if !self.flash.is_erased(from, to.wrapping_sub(from), times)? {
                let is_opening = matches!(job.append.source, Source::Opening(_));
                if is_unseen && !is_opening {
                    // Something was cut here: another sector will do.
                    self.set(CLOSED, true);
                    return Err(Fault::Remounted);
                }
                return Err(Fault::NotErased);
            }
            job.append.step = Step::Program;
        }
        if job.append.step == Step::Program {
            while job.append.at < to {
                if job.append.staged == 0 {
                    job.append.staged = match job.append.source {
                        Source::Copy(address) => self.stage_copy(address, job)?,
                        _ => self.stage_entries(batch, job)?,
                    };
                }
                self.flash.program(job.append.at, job.append.staged)?;
                let staged = core::mem::take(&mut job.append.staged);
                job.append.at = job.append.at.wrapping_add(staged);
            }
            job.scan = Scan::new(from, to, from);
            job.append.step = Step::Read;
        }
        if self.options.verify_on_write {
            // As a mount would, and no more than that.
            let len = to.wrapping_sub(from);
            if job.append.step == Step::Read && len <= self.flash.stage_len() {
                self.flash.only(from, len)?;
            }
            job.append.step = Step::Verify;
            self.scan(job)?;
            if job.scan.end != to || job.scan.is_torn() {
                return Err(Fault::VerifyFailed);
            }
        }
        self.end = to.wrapping_sub(self.flash.base(self.active));
        self.suspect_from = self.end;
        Ok(())
    }

    /// Stages the next bytes of a copy; returns how many.
    fn stage_copy(&mut self, address: u32, job: &mut Job) -> Result<u32, Fault> {
        let Job { append, probe, .. } = job;
        let left = append.to.wrapping_sub(append.at);
        let len = left.min(self.flash.stage_len());
        let done = append.at.wrapping_sub(append.from);
        if !self.flash.stage_from(address.wrapping_add(done), len)? {
            return Err(Fault::Flash);
        }
        probe.header.set_more(false);
        // The checksum of the bytes was computed when the entry was looked up.
        self.seal(done.wrapping_neg(), &probe.header, append.from, Role::Copy);
        Ok(len)
    }

    /// Stages as many entries as fit into the buffer; returns how many bytes they take.
    fn stage_entries(&mut self, batch: &dyn Batch, job: &mut Job) -> Result<u32, Fault> {
        let mut staged = 0u32;
        while job.append.left != 0 {
            let header = match job.append.source {
                Source::Opening(opening) => self.stage_slots(&opening, &mut job.append, staged),
                Source::Entry(header) => {
                    self.check_staged(staged, &header);
                    Ok(header)
                }
                Source::Aside(from) => self.stage_aside(from),
                _ => self.stage_change(batch, job, staged),
            };
            let append = &mut job.append;
            let mut header = match header {
                Err(Fault::BufferTooSmall | Fault::Wanted) if staged != 0 => break,
                header => header?,
            };
            let len = header.entry_len(Self::WORD);
            if len > self.flash.stage_len() {
                return Ok(self.seal_piece(header, append));
            }
            append.left = append.left.wrapping_sub(1);
            let is_first = core::mem::take(&mut append.is_first);
            // An opening and its tables are commits of their own.
            let is_one = append.source == Source::Changes;
            header.set_more(is_one && append.left != 0);
            let role = match is_one && !is_first {
                true => Role::Continues,
                false => Role::First,
            };
            self.seal(staged, &header, append.at.wrapping_add(staged), role);
            staged = staged.wrapping_add(header.entry_len(Self::WORD));
        }
        Ok(staged)
    }

    /// Stages a piece of an entry that is longer than the buffer, from byte `done` on. Returns its
    /// header, and how many bytes are staged. A fault if the value is not in the caller's memory.
    #[inline(never)]
    pub(super) fn stage_long(
        &mut self,
        batch: &dyn Batch,
        number: usize,
        done: u32,
    ) -> Result<(EntryHeader, u32), Fault> {
        let (name, value) = batch.bytes(number).ok_or(Fault::BufferTooSmall)?;
        let name_len = name.map_or(0, |name| name.len().wrapping_add(1));
        let len = value.len().saturating_add(name_len);
        let len = u16::try_from(len).map_err(|_| Fault::CommitTooLarge)?;
        let header = EntryHeader::value(batch.hash(number), len, name.is_some());
        let mut front = [0; HEADER_MAX as usize + 1];
        header.encode(&mut front);
        let value_offset = header.value_offset() as usize;
        if let Some(byte) = front.get_mut(value_offset) {
            *byte = name_len.wrapping_sub(1) as u8;
        }
        let front_len = value_offset.wrapping_add(name.is_some().into());
        let name = name.unwrap_or_default().as_bytes();
        let pieces = [front.get(..front_len).unwrap_or_default(), name, value];
        let space = self.flash.stage_len();
        let staged = self.flash.stage();
        self.checksum.reset();
        let mut at = 0usize;
        for byte in pieces.into_iter().flatten() {
            if let Some(target) = staged.get_mut(at.wrapping_sub(done as usize)) {
                *target = *byte;
            }
            at = at.wrapping_add(1);
        }
        for piece in pieces {
            self.checksum.update(piece);
        }
        let end = header.entry_len(Self::WORD);
        Ok((header, end.saturating_sub(done).min(space)))
    }

    /// Makes the piece that is staged a part of its entry; returns how long it is.
    fn seal_piece(&mut self, mut header: EntryHeader, append: &mut Append) -> u32 {
        let (end, done) = (header.entry_len(Self::WORD), append.long);
        let len = end.saturating_sub(done).min(self.flash.stage_len());
        for at in header.body_len()..end {
            if let Some(target) = self.flash.stage().get_mut(at.wrapping_sub(done) as usize) {
                *target = ERASED;
            }
        }
        header.set_more(append.left > 1);
        let role = match append.is_first {
            true => Role::First,
            false => Role::Continues,
        };
        let address = append.at.wrapping_sub(done);
        self.seal(done.wrapping_neg(), &header, address, role);
        append.long = done.wrapping_add(len);
        if append.long >= end {
            append.long = 0;
            append.left = append.left.wrapping_sub(1);
            append.is_first = false;
            append.next = append.next.wrapping_add(1);
        }
        len
    }

    /// Stages the next change that makes a difference.
    fn stage_change(
        &mut self,
        batch: &dyn Batch,
        job: &mut Job,
        at: u32,
    ) -> Result<EntryHeader, Fault> {
        while job.append.next < batch.len() {
            let number = job.append.next;
            let hash = batch.hash(number);
            let is_replaced = self.index.get(hash).is_replaced();
            if !is_superseded(batch, number, hash) {
                if !is_replaced && at != 0 && self.is(PARTIAL) {
                    // The buffer is needed to find out whether the key is new.
                    return Err(Fault::BufferTooSmall);
                }
                let is_new = !is_replaced && self.is_new(hash, job)?;
                if is_replaced || is_new {
                    let header = match self.stage(batch, number, at, &mut job.made) {
                        // It may be longer than the buffer: then it is staged piece by piece.
                        Err(Fault::BufferTooSmall) if at == 0 => {
                            let (header, _) = self.stage_long(batch, number, job.append.long)?;
                            return Ok(header);
                        }
                        header => header?,
                    };
                    let is_needed = |header: &EntryHeader| {
                        !is_new || !header.is_tombstone() && !self.is_implied(batch, number, header)
                    };
                    let header = header.filter(is_needed);
                    job.append.next = number.wrapping_add(1);
                    if let Some(header) = header {
                        return Ok(header);
                    }
                    // Another change is of the same key.
                    continue;
                }
            }
            job.append.next = number.wrapping_add(1);
        }
        Err(Fault::Refused)
    }

    /// Puts the header and the value of a change into the buffer, so far from its front, and
    /// computes their checksum. `None` if the key stays as it is. A value that was wanted of the
    /// caller is there already, behind the longest header.
    #[inline(never)]
    pub(super) fn stage(
        &mut self,
        batch: &dyn Batch,
        number: usize,
        at: u32,
        made: &mut Option<u16>,
    ) -> Result<Option<EntryHeader>, Fault> {
        let hash = batch.hash(number);
        if let Some(len) = made.take() {
            let header = EntryHeader::value(hash, len, false);
            let (from, to) = (HEADER_MAX as usize, header.value_offset() as usize);
            move_within(self.flash.stage(), from, to, len.into());
            self.check_staged(0, &header);
            return Ok(Some(header));
        }
        let end = self.flash.stage_len().wrapping_sub(CHECKSUM_LEN) as usize;
        let mut value_offset = HEADER_MIN;
        let header = loop {
            let from = at.wrapping_add(value_offset) as usize;
            let space = self.flash.stage().get_mut(from..end);
            let space = space.ok_or(Fault::BufferTooSmall)?;
            let header = match batch.value(number, space)? {
                Value::Keep => return Ok(None),
                Value::Delete => break EntryHeader::tombstone(hash, false),
                Value::DeleteNamed => break EntryHeader::tombstone(hash, true),
                Value::Put(len) => EntryHeader::value(hash, len, false),
                Value::PutNamed(len) => EntryHeader::value(hash, len, true),
            };
            if header.value_offset() == value_offset {
                break header;
            }
            // A long value stands further behind: once more.
            value_offset = HEADER_MAX;
        };
        self.check_staged(at, &header);
        Ok(Some(header))
    }

    /// Stages an opening, or the next table behind it: as many slots as fit into the buffer.
    fn stage_slots(
        &mut self,
        opening: &EntryHeader,
        append: &mut Append,
        at: u32,
    ) -> Result<EntryHeader, Fault> {
        let header = if append.is_first {
            *opening
        } else {
            let left = usize::from(opening.slots()).saturating_sub(append.next);
            self.table_header(left.min(self.slots_in_a_table()))
        };
        if at.wrapping_add(header.entry_len(Self::WORD)) > self.flash.stage_len() {
            return Err(Fault::BufferTooSmall);
        }
        let from = at.wrapping_add(header.value_offset()) as usize;
        let target = self.flash.stage().get_mut(from..).unwrap_or_default();
        let items = target.chunks_exact_mut(TABLE_ITEM as usize);
        let count = header.value_len().wrapping_div(TABLE_ITEM) as usize;
        let slots = self.index.table_behind(opening);
        let slots = slots.skip(append.next).take(count);
        for (item, slot) in items.zip(slots) {
            copy(item, &slot.encode());
        }
        append.next = append.next.wrapping_add(count);
        self.check_staged(at, &header);
        Ok(header)
    }

    /// The header of the entry that is kept aside in the buffer, from this byte on.
    fn aside(&self, from: u32) -> Option<EntryHeader> {
        let bytes = self.flash.staged().get(from as usize..);
        let mut header = EntryHeader::decode(bytes.unwrap_or_default())?;
        header.set_more(false);
        Some(header)
    }

    /// The length of the entry that is kept aside.
    pub(super) fn len_aside(&self, from: u32) -> u32 {
        self.aside(from)
            .map_or(0, |header| header.entry_len(Self::WORD))
    }

    /// Stages the entry that is kept aside.
    fn stage_aside(&mut self, from: u32) -> Result<EntryHeader, Fault> {
        let header = self.aside(from).ok_or(Fault::VerifyFailed)?;
        let len = header.entry_len(Self::WORD) as usize;
        move_within(self.flash.stage(), from as usize, 0, len);
        self.check_staged(0, &header);
        Ok(header)
    }

    /// How many slots a table has at most.
    pub(super) fn slots_in_a_table(&self) -> usize {
        let overhead = HEADER_MAX.wrapping_add(CHECKSUM_LEN);
        let len = self.flash.stage_len().saturating_sub(overhead);
        (len / TABLE_ITEM).max(1) as usize
    }

    /// Puts the header in front of what is staged, and computes the checksum of both.
    fn check_staged(&mut self, at: u32, header: &EntryHeader) {
        let staged = self
            .flash
            .stage()
            .get_mut(at as usize..)
            .unwrap_or_default();
        header.encode(staged);
        let body = header.body_len() as usize;
        let padding = staged.get_mut(body..header.entry_len(Self::WORD) as usize);
        padding.unwrap_or_default().fill(ERASED);
        let staged = self.flash.staged().get(at as usize..).unwrap_or_default();
        self.checksum.reset();
        self.checksum.update(staged.get(..body).unwrap_or_default());
    }

    /// Takes an entry into the index that is about to be programmed, where nobody looks at it then.
    fn note(&mut self, header: &EntryHeader, address: u32, role: Role) {
        if self.options.verify_on_write {
            return;
        }
        if header.is_mark() {
            self.set(MARKED, true);
        } else if !header.is_of_sector() {
            if role != Role::Copy {
                self.set(ONLY_COPIES, false);
            }
            let place = self.place_of(address, header);
            if !self.index.insert_latest(header.hash, place) {
                self.count_unlisted(place);
            }
        }
    }

    /// Makes what is staged, whose checksum has been computed, the entry that it is at `address`. It
    /// begins `at` bytes from the front of the buffer, or before it.
    #[inline(never)]
    fn seal(&mut self, at: u32, header: &EntryHeader, address: u32, role: Role) {
        let last = at.wrapping_add(header.body_len()).wrapping_add(3);
        if last < self.flash.stage_len() {
            // All of it is staged now.
            self.note(header, address, role);
        }
        let salt = self.salt_of(address) ^ role.salt(header.has_more());
        let checksum = (self.checksum.value() ^ salt).to_le_bytes();
        let staged = self.flash.stage();
        if let Some(tag) = staged.get_mut(at as usize) {
            *tag = header.tag();
        }
        let end = at.wrapping_add(header.body_len());
        for (place, byte) in (0..CHECKSUM_LEN).zip(checksum) {
            if let Some(target) = staged.get_mut(end.wrapping_add(place) as usize) {
                *target = byte;
            }
        }
    }
}

/// Whether a later change is of the same key.
pub(super) fn is_superseded(batch: &dyn Batch, number: usize, hash: u32) -> bool {
    !batch.is_unique()
        && (number.wrapping_add(1)..batch.len()).any(|later| batch.hash(later) == hash)
}

//! Appending: what is written at the end of the active sector, and how it gets there.

use super::entry::{CHECKSUM_LEN, EntryHeader, Role};
use super::index::TABLE_ITEM;
use super::read::Entry;
use super::scan::Scan;
use super::{Device, Engine, Fault, Job};
use crate::bytes::copy;
use crate::change::{Batch, RawKey, Value};
use crate::checksum::Checksum;
use crate::format::ERASED;

/// What is appended.
#[derive(Clone, Copy)]
pub(super) enum Source {
    /// Those of a batch's changes that replace something.
    Changes {
        /// The next change to look at.
        next: usize,
        /// How many are still to be written.
        left: usize,
        /// None has been written yet.
        is_first: bool,
    },
    /// A sector's first entry, with the slots of all keys if it has a table.
    Opening(EntryHeader),
    /// An entry that stands elsewhere.
    Copy(Entry),
}

/// A run of entries that is being appended. All are addresses, but for what is staged.
pub(super) struct Append {
    step: Step,
    source: Source,
    from: u32,
    to: u32,
    /// Where the next program goes.
    at: u32,
    /// The checksum of the entry, where it may be longer than the buffer.
    checksum: u32,
    /// How many bytes are ready to be programmed.
    staged: u32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Idle,
    Look,
    Program,
    Verify,
}

impl Append {
    pub(super) const IDLE: Self = Self {
        step: Step::Idle,
        source: Source::Opening(EntryHeader::NONE),
        from: 0,
        to: 0,
        at: 0,
        checksum: 0,
        staged: 0,
    };

    pub(super) fn is_idle(&self) -> bool {
        self.step == Step::Idle
    }
}

impl<D: Device, C: Checksum> Engine<'_, D, C> {
    /// Begins to append `len` bytes to the active sector.
    pub(super) fn begin_append(&self, source: Source, len: u32, checksum: u32) -> Append {
        let from = self.write_address();
        Append {
            // What a sector was opened for has been looked at.
            step: match source {
                Source::Opening(_) => Step::Program,
                _ => Step::Look,
            },
            source,
            from,
            to: from.wrapping_add(len),
            at: from,
            checksum,
            staged: 0,
        }
    }

    /// Appends what has been begun, and takes it into the index.
    #[inline(never)]
    pub(super) fn append(&mut self, batch: &dyn Batch, job: &mut Job) -> Result<(), Fault> {
        let appended = self.append_run(batch, job);
        if appended != Err(Fault::Pending) {
            job.append.step = Step::Idle;
            if appended.is_err() {
                self.fail(self.active);
            }
        }
        appended
    }

    fn append_run(&mut self, batch: &dyn Batch, job: &mut Job) -> Result<(), Fault> {
        if job.append.step == Step::Look {
            // All of it before the first program: the end of a commit that was cut may be left there.
            let (from, to) = (job.append.from, job.append.to);
            if !self.flash.is_erased(from, to.wrapping_sub(from), 1)? {
                return Err(Fault::NotErased);
            }
            job.append.step = Step::Program;
        }
        if job.append.step == Step::Program {
            while job.append.at < job.append.to {
                if job.append.staged == 0 {
                    self.fill(batch, job)?;
                }
                let (at, staged) = (job.append.at, job.append.staged);
                self.flash.program(at, staged)?;
                job.append.at = at.wrapping_add(staged);
                job.append.staged = 0;
            }
            job.scan = Scan::new(job.append.from, job.append.to, job.append.from);
            job.append.step = Step::Verify;
        }
        // As a mount would.
        self.scan(job)?;
        if job.scan.end != job.append.to || job.scan.is_torn() {
            return Err(Fault::VerifyFailed);
        }
        self.end = self.flash.offset_within(self.active, job.append.to);
        self.suspect_from = self.end;
        Ok(())
    }

    /// Stages the next bytes that are to be programmed.
    fn fill(&mut self, batch: &dyn Batch, job: &mut Job) -> Result<(), Fault> {
        let left = job.append.to.wrapping_sub(job.append.at);
        let space = left.min(self.flash.stage_len());
        let done = job.append.at.wrapping_sub(job.append.from);
        job.append.staged = match job.append.source {
            Source::Changes { .. } => self.fill_changes(batch, job)?,
            Source::Opening(header) => {
                self.fill_opening(header, done, space, &mut job.append);
                space
            }
            Source::Copy(entry) => {
                let from = entry.address.wrapping_add(done);
                if !self.flash.stage_from(from, space)? {
                    return Err(Fault::Flash);
                }
                let Append { checksum, from, .. } = job.append;
                let header = entry.header.with_more(false);
                self.seal(
                    (done as i32).wrapping_neg(),
                    header,
                    checksum,
                    from,
                    Role::Copy,
                );
                space
            }
        };
        Ok(())
    }

    /// Puts bytes where they are staged: so far from the front of the buffer, or before it.
    fn put(&mut self, at: i32, bytes: &[u8]) {
        let skip = at.wrapping_neg().max(0) as usize;
        let staged = self.flash.stage().get_mut(at.max(0) as usize..);
        let bytes = bytes.get(skip..);
        copy(staged.unwrap_or_default(), bytes.unwrap_or_default());
    }

    /// Makes what is staged, from `at` on, the entry that it is at `address`.
    fn seal(&mut self, at: i32, header: EntryHeader, checksum: u32, address: u32, role: Role) {
        let salt = self.salt_of(address) ^ role.salt(header.has_more());
        let body = header.body_len() as i32;
        self.put(at, &[header.tag()]);
        self.put(at.wrapping_add(body), &(checksum ^ salt).to_le_bytes());
        let end = header.entry_len(Self::WORD) as i32;
        for padding in body.wrapping_add(CHECKSUM_LEN as i32)..end {
            self.put(at.wrapping_add(padding), &[ERASED]);
        }
    }

    /// Stages a part of a sector's first entry.
    fn fill_opening(&mut self, header: EntryHeader, done: u32, space: u32, append: &mut Append) {
        let start = (done as i32).wrapping_neg();
        if done == 0 {
            let staged = self.flash.stage();
            header.encode(staged);
            let behind_tag = staged.get(1..header.len() as usize);
            self.checksum.reset();
            self.checksum.update(&[header.checked_tag()]);
            self.checksum.update(behind_tag.unwrap_or_default());
        }
        let mut at = header.len();
        for number in 0..self.index.slots().len() {
            let slot = self.index.slots().get(number).copied();
            let Some(slot) = slot.filter(|slot| !slot.is_new()) else {
                continue;
            };
            let behind = at.wrapping_add(TABLE_ITEM);
            if behind > header.body_len() {
                break;
            }
            let item = slot.encode();
            if done == 0 {
                self.checksum.update(&item);
            }
            if behind > done && at < done.wrapping_add(space) {
                self.put(start.wrapping_add(at as i32), &item);
            }
            at = behind;
        }
        if done == 0 {
            append.checksum = self.checksum.value();
        }
        self.seal(start, header, append.checksum, append.from, Role::First);
    }

    /// Stages as many of the changes as fit; returns how many bytes they take.
    fn fill_changes(&mut self, batch: &dyn Batch, job: &mut Job) -> Result<u32, Fault> {
        let Source::Changes {
            mut next,
            mut left,
            mut is_first,
        } = job.append.source
        else {
            return Ok(0);
        };
        let mut staged = 0u32;
        while left != 0 && next < batch.len() {
            let hash = batch.key(next).hash();
            if !is_superseded(batch, next, hash) && self.index.is_replaced(hash) {
                let header = match self.stage(batch, next, staged, job) {
                    Err(Fault::BufferTooSmall) if staged != 0 => break,
                    header => header?,
                };
                if let Some(header) = header {
                    let header = header.with_more(left > 1);
                    let role = if is_first {
                        Role::First
                    } else {
                        Role::Continues
                    };
                    let address = job.append.at.wrapping_add(staged);
                    let checksum = self.checksum.value();
                    self.seal(staged as i32, header, checksum, address, role);
                    staged = staged.wrapping_add(header.entry_len(Self::WORD));
                    left = left.wrapping_sub(1);
                    is_first = false;
                }
            }
            next = next.wrapping_add(1);
        }
        job.append.source = Source::Changes {
            next,
            left,
            is_first,
        };
        if staged == 0 {
            return Err(Fault::Refused);
        }
        Ok(staged)
    }

    /// Puts the header and the value of a change into the buffer, so far from its front, and
    /// computes their checksum. `None` if the key stays as it is.
    pub(super) fn stage(
        &mut self,
        batch: &dyn Batch,
        number: usize,
        at: u32,
        job: &mut Job,
    ) -> Result<Option<EntryHeader>, Fault> {
        let key = batch.key(number);
        let stage_len = self.flash.stage_len();
        let staged = self.flash.stage().get_mut(at as usize..stage_len as usize);
        let staged = staged.unwrap_or_default();
        let mut header = EntryHeader::of(&key, 0);
        loop {
            let len = header.len();
            let body = staged.get_mut(len as usize..).unwrap_or_default();
            let value_len = match batch.value(number, body) {
                Ok(Value::Keep | Value::Removed(..)) => return Ok(None),
                Ok(Value::Delete) => {
                    header = EntryHeader::tombstone(key.hash());
                    break;
                }
                Ok(Value::Bytes(bytes)) => {
                    let value_len = bytes.len() as u32;
                    header = EntryHeader::of(&key, value_len);
                    let body = staged.get_mut(header.len() as usize..);
                    copy(body.unwrap_or_default(), bytes);
                    break;
                }
                Ok(Value::Encoded(len)) => len as u32,
                Err(refusal) => {
                    job.refusal = Some(refusal);
                    return Err(Fault::Refused);
                }
            };
            header = EntryHeader::of(&key, value_len);
            if header.len() == len {
                break;
            }
            // A long value stands further behind: once more.
        }
        if at.wrapping_add(header.entry_len(Self::WORD)) > stage_len {
            return Err(Fault::BufferTooSmall);
        }
        header.encode(staged);
        if let RawKey::Name(name) = key {
            let place = staged.get_mut(header.name_offset() as usize..);
            copy(place.unwrap_or_default(), name.as_bytes());
        }
        let behind_tag = staged.get(1..header.body_len() as usize);
        self.checksum.reset();
        self.checksum.update(&[header.checked_tag()]);
        self.checksum.update(behind_tag.unwrap_or_default());
        Ok(Some(header))
    }
}

/// Whether a later change is of the same key.
pub(super) fn is_superseded(batch: &dyn Batch, number: usize, hash: u32) -> bool {
    !batch.is_unique()
        && (number.wrapping_add(1)..batch.len()).any(|later| batch.key(later).hash() == hash)
}

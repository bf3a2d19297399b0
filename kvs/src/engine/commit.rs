//! Commits: changes become a run of entries at the end of the active sector.

use super::entry::{CHECKSUM_LEN, EntryHeader, Role};
use super::index::{ERASED_AHEAD, FAILED, RETIRED};
use super::mount::Except;
use super::{CLOSED, Engine, FRESH, Fault, NorFlash, STALE, bisync};
use crate::bytes::copy;
use crate::checksum::Checksum;
use crate::format::ERASED;

/// How often the last commit is read before anything is written after a mount.
const READS: usize = 32;

/// A put, or a delete.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Change<'a> {
    pub(crate) hash: u32,
    pub(crate) value: Option<&'a [u8]>,
}

#[bisync]
impl<F: NorFlash> Engine<'_, F> {
    /// Makes all of the changes, or none; returns how many made a difference. Of several changes of
    /// one key the last counts.
    pub(crate) async fn commit(&mut self, changes: &[Change<'_>]) -> Result<usize, Fault> {
        let mut result = Err(Fault::Full);
        for _ in 0..self.index.sector_count().wrapping_mul(2).wrapping_add(2) {
            self.begin_write().await?;
            let (active, was_closed) = (self.active, self.is(CLOSED));
            result = self.attempt(changes).await;
            self.index.end_commit();
            // Another sector may do.
            let is_new = self.active != active || self.is(CLOSED) != was_closed;
            if result.is_ok() || result != Err(Fault::Remounted) && !is_new {
                break;
            }
        }
        result
    }

    async fn attempt(&mut self, changes: &[Change<'_>]) -> Result<usize, Fault> {
        let (entries, bytes) = self.plan(changes).await?;
        if entries == 0 {
            return Ok(0);
        }
        if bytes > self.payload().wrapping_sub(self.opening_len()) {
            return Err(Fault::CommitTooLarge);
        }
        self.make_room(bytes).await?;
        let written = self.write(changes, entries, bytes).await;
        if written.is_err() {
            self.fail(self.active);
        }
        written.map(|()| entries)
    }

    /// Finds out which changes make a difference, and notes the keys that they replace; returns how
    /// many there are, and the bytes that their entries take.
    #[inline(never)]
    async fn plan(&mut self, changes: &[Change<'_>]) -> Result<(usize, u32), Fault> {
        let (mut entries, mut bytes) = (0usize, 0u32);
        for (number, change) in changes.iter().enumerate() {
            if is_superseded(changes, number) {
                continue;
            }
            let stored = self
                .index
                .get(change.hash)
                .filter(|slot| !slot.is_tombstone());
            let header = header_of(change);
            match (stored, change.value) {
                (None, None) => continue,
                (Some(slot), Some(_)) => {
                    if let Some(entry) = self.entry_of(slot).await
                        && entry.header.with_more(false) == header
                    {
                        let len = self.stage(change, 0)?;
                        self.seal(0, entry.header, entry.address, entry.role);
                        if self.flash.is_staged(entry.address, len).await {
                            continue;
                        }
                    }
                }
                _ => {}
            }
            if !self.index.replace(change.hash) {
                return Err(Fault::TooManyKeys);
            }
            entries = entries.wrapping_add(1);
            bytes = bytes.wrapping_add(header.entry_len(Self::WORD));
        }
        Ok((entries, bytes))
    }

    /// Puts the header and the value of a change into the buffer, so far from its front, and
    /// computes their checksum; returns the length of the entry.
    fn stage(&mut self, change: &Change<'_>, at: u32) -> Result<u32, Fault> {
        let header = header_of(change);
        let len = header.entry_len(Self::WORD);
        if at.wrapping_add(len) > self.flash.stage_len() {
            return Err(Fault::BufferTooSmall);
        }
        let value = change.value.unwrap_or_default();
        let target = self
            .flash
            .stage()
            .get_mut(at as usize..)
            .unwrap_or_default();
        let (front, rest) = target
            .split_at_mut_checked(header.len() as usize)
            .unwrap_or_default();
        copy(front, &header.encode());
        copy(rest, value);
        self.begin_checksum(header);
        self.checksum.update(value);
        Ok(len)
    }

    /// Computes the checksum of an entry as far as its header.
    pub(super) fn begin_checksum(&mut self, header: EntryHeader) {
        let bytes = header.encode();
        let behind_tag = bytes.get(1..header.len() as usize);
        self.checksum.reset();
        self.checksum.update(&[header.checked_tag()]);
        self.checksum.update(behind_tag.unwrap_or_default());
    }

    /// Makes what is staged so far from the buffer's front, whose checksum has just been computed,
    /// the entry that it is at `address`.
    pub(super) fn seal(&mut self, at: u32, header: EntryHeader, address: u32, role: Role) {
        let salt = self.salt_of(address) ^ role.salt(header.has_more());
        let checksum = (self.checksum.value() ^ salt).to_le_bytes();
        let end = at.wrapping_add(header.entry_len(Self::WORD));
        let entry = self.flash.stage().get_mut(at as usize..end as usize);
        let entry = entry.unwrap_or_default();
        let [tag, ..] = header.encode();
        if let Some(target) = entry.first_mut() {
            *target = tag;
        }
        let tail = entry
            .get_mut(header.body_len() as usize..)
            .unwrap_or_default();
        let (front, padding) = tail
            .split_at_mut_checked(CHECKSUM_LEN as usize)
            .unwrap_or_default();
        copy(front, &checksum);
        padding.fill(ERASED);
    }

    /// Writes the changes that replace something.
    #[inline(never)]
    async fn write(
        &mut self,
        changes: &[Change<'_>],
        entries: usize,
        bytes: u32,
    ) -> Result<(), Fault> {
        let from = self.write_address();
        // All of it before the first program: the end of a commit that was cut may be left there.
        if !self.flash.is_erased(from, bytes).await {
            return Err(Fault::NotErased);
        }
        let (mut address, mut staged, mut left) = (from, 0u32, entries);
        for (number, change) in changes.iter().enumerate() {
            if is_superseded(changes, number) || !self.index.is_replaced(change.hash) {
                continue;
            }
            let len = header_of(change).entry_len(Self::WORD);
            if staged.wrapping_add(len) > self.flash.stage_len() {
                self.flash.program(address, staged).await?;
                address = address.wrapping_add(staged);
                staged = 0;
            }
            self.stage(change, staged)?;
            let role = if left == entries {
                Role::First
            } else {
                Role::Continues
            };
            let header = header_of(change).with_more(left > 1);
            self.seal(staged, header, address.wrapping_add(staged), role);
            staged = staged.wrapping_add(len);
            left = left.wrapping_sub(1);
        }
        self.flash.program(address, staged).await?;
        self.take_in(from, address.wrapping_add(staged)).await
    }

    /// Takes what was just programmed into the index, as a mount would.
    pub(super) async fn take_in(&mut self, from: u32, to: u32) -> Result<(), Fault> {
        let damaged = self.damaged;
        let scanned = self.scan(from, to, from).await?;
        if scanned.end != to || scanned.is_torn || self.damaged != damaged {
            return Err(Fault::VerifyFailed);
        }
        self.end = self.flash.offset_within(self.active, to);
        self.suspect_from = self.end;
        Ok(())
    }

    /// Must be called before anything is written. The power may have failed while the last commit
    /// was written, and its words may read differently each time, and so may what follows: if they
    /// do, the commit does not count any more, and nothing is appended there.
    #[inline(never)]
    pub(super) async fn begin_write(&mut self) -> Result<(), Fault> {
        loop {
            self.resume().await?;
            if !self.is(FRESH) {
                return Ok(());
            }
            let base = self.flash.base(self.active);
            let (from, end) = (
                base.wrapping_add(self.suspect_from),
                base.wrapping_add(self.end),
            );
            if !self.is_steady(from, end).await {
                self.read_all(Except::From(from)).await?;
            } else if !self.is_tail_erased(end).await {
                self.set(CLOSED, true);
            }
            // Or while a sector's header was written.
            let newest = self
                .index
                .lowest(&|_, sector| self.sequence.wrapping_sub(sector.sequence));
            if let Some(newest) =
                newest.filter(|newest| self.index.sector(*newest).is(ERASED_AHEAD))
            {
                let base = self.flash.base(newest);
                if !self.is_steady(base, base.wrapping_add(Self::FIRST)).await {
                    self.mark_unknown(newest);
                }
            }
            self.erase_unknown().await;
            // Unless a table has turned out to be wrong.
            let is_stale = self.is(STALE);
            self.set(FRESH, is_stale);
        }
    }

    /// Whether the bytes read the same each time.
    async fn is_steady(&mut self, from: u32, end: u32) -> bool {
        let mut at = from;
        while at < end {
            self.flash.forget();
            let len = end.wrapping_sub(at).min(self.flash.stage_len());
            let held = self.flash.bytes(at, len).await.len() as u32;
            let len = len.min(held);
            for _ in 0..READS {
                if len == 0 || !self.flash.is_held(at, len).await {
                    return false;
                }
            }
            at = at.wrapping_add(len);
        }
        true
    }

    /// Whether the bytes that a program that was cut may have reached are erased each time.
    async fn is_tail_erased(&mut self, end: u32) -> bool {
        let len = self.room().min(self.flash.stage_len());
        for _ in 0..READS {
            if !self.flash.is_erased(end, len).await {
                return false;
            }
        }
        true
    }

    /// Nothing is appended to a sector any more, where a program failed.
    #[inline(never)]
    pub(super) fn fail(&mut self, number: usize) {
        if let Some(sector) = self.index.sector_mut(number) {
            if sector.is(FAILED) {
                sector.flags |= RETIRED;
            }
            sector.flags = (sector.flags | FAILED) & !ERASED_AHEAD;
        }
        if number == self.active {
            self.set(CLOSED, true);
        }
    }
}

/// Whether a later change is of the same key.
fn is_superseded(changes: &[Change<'_>], number: usize) -> bool {
    let (before, later) = changes
        .split_at_checked(number.wrapping_add(1))
        .unwrap_or_default();
    let hash = before.last().map(|change| change.hash);
    later.iter().any(|change| Some(change.hash) == hash)
}

fn header_of(change: &Change<'_>) -> EntryHeader {
    match change.value {
        Some(value) => EntryHeader::value(change.hash, value.len() as u32),
        None => EntryHeader::tombstone(change.hash),
    }
}

//! A run of entries on its way into flash: through the buffer, in as few program calls as it allows.
//!
//! Knows how entries are put together; what is worth writing, and whether there is room, was decided before.

use super::flash::{FlashResult, Partition};
use super::scan::Walker;
use super::window::{Entry, View, Window};
use super::{NorFlash, Store, bisync};
use crate::bytes::{copy, move_within};
use crate::change::{RawKey, Value};
use crate::checksum::Checksum;
use crate::error::Error;
use crate::events;
use crate::format::{ERASED, Head, Kind, pad, place_salt};
use crate::sectors::State;

/// Tag and hash.
pub(crate) const SHORT_HEAD: usize = 5;
/// What may have to follow a value in the buffer: the two bytes that a long head has more, and the checksum.
pub(crate) const TAIL: usize = 6;

/// A run of entries on its way into flash: its front is in flash, its end in the buffer.
pub(crate) struct Run {
    /// Where the run begins in its sector.
    from: u32,
    /// The address of the first byte in the buffer.
    address: u32,
    /// Bytes in the buffer.
    pub(crate) staged: usize,
    /// The buffer has not been used for anything else since the run began: all of it is still at the front.
    pub(crate) is_held: bool,
}

impl Run {
    /// What was programmed in one call between two offsets of the sector at `base`, and is at the front of the buffer.
    pub(crate) fn whole(base: u32, from: u32, to: u32) -> Self {
        Self {
            from,
            address: base.wrapping_add(to),
            staged: 0,
            is_held: true,
        }
    }
}

#[bisync]
impl<F: NorFlash, C: Checksum> Store<'_, F, C> {
    /// Appends one entry to the run: head, name, value, checksum, padding.
    #[inline(never)]
    pub(crate) async fn append(
        &mut self,
        run: &mut Run,
        key: &RawKey<'_>,
        head: Head,
        value: &Value<'_>,
    ) -> FlashResult<F> {
        let at = self.head_position(run);
        let (bytes, len) = head.encode();
        let bytes = bytes.get(..len).unwrap_or(&[]);
        self.checksum.reset();
        if let Value::Encoded(len) = value {
            // The value is in the buffer already, where a short head leaves it.
            let from = run.staged.wrapping_add(SHORT_HEAD);
            let to = run.staged.wrapping_add(bytes.len());
            if to != from {
                move_within(self.buffer, from, to, *len);
            }
            self.push(run, bytes).await?;
            self.stage(run, *len as u32);
        } else {
            self.push(run, bytes).await?;
            if let (RawKey::Name(name), Kind::Named) = (key, head.kind) {
                self.push(run, name.as_bytes()).await?;
            }
            if let Value::Bytes(bytes) = value {
                self.push(run, bytes).await?;
            }
        }
        self.seal(run, at, head.entry_len()).await
    }

    /// Ends an entry that began at `(sequence, offset)`, of `len` bytes: checksum and padding.
    pub(crate) async fn seal(
        &mut self,
        run: &mut Run,
        (sequence, offset): (u32, u32),
        len: u32,
    ) -> FlashResult<F> {
        let check = self.checksum.value() ^ place_salt(sequence, offset);
        self.push(run, &check.to_le_bytes()).await?;
        // The buffer ends at a word's end, so there is always room to fill up the last word.
        let padding = pad(len, Partition::<F>::WRITE_SIZE).saturating_sub(len);
        let end = run.staged.wrapping_add(padding as usize);
        if let Some(rest) = self.buffer.get_mut(run.staged..end) {
            rest.fill(ERASED);
        }
        run.staged = end;
        Ok(())
    }

    /// Takes `len` bytes into the run that are in the buffer behind it already.
    pub(crate) fn stage(&mut self, run: &mut Run, len: u32) {
        let end = run.staged.wrapping_add(len as usize);
        self.checksum
            .update(self.buffer.get(run.staged..end).unwrap_or(&[]));
        run.staged = end;
    }

    /// A run that begins at the head's free tail.
    pub(crate) fn new_run(&self) -> Run {
        let base = self.sectors.head().map_or(0, |head| self.flash.base(head));
        Run {
            from: self.end,
            address: base.wrapping_add(self.end),
            staged: 0,
            is_held: true,
        }
    }

    /// The head's sequence, and where in it the run has come to.
    pub(crate) fn head_position(&self, run: &Run) -> (u32, u32) {
        let (sector, offset) = self.flash.split(run.address);
        let sequence = self.sectors.get(sector).sequence;
        (sequence, offset.wrapping_add(run.staged as u32))
    }

    /// Puts bytes into the buffer behind the run's, programming what is full; they count for the checksum.
    pub(crate) async fn push(&mut self, run: &mut Run, bytes: &[u8]) -> FlashResult<F> {
        self.checksum.update(bytes);
        let mut rest = bytes;
        while !rest.is_empty() {
            if run.staged >= self.stage_len() {
                self.flush(run).await?;
                run.is_held = false;
            }
            let room = self.stage_len().saturating_sub(run.staged);
            let (now, later) = rest.split_at(rest.len().min(room));
            let end = run.staged.wrapping_add(now.len());
            let target = self.buffer.get_mut(run.staged..end).unwrap_or(&mut []);
            copy(target, now);
            run.staged = end;
            rest = later;
        }
        Ok(())
    }

    /// Programs what is in the buffer.
    pub(crate) async fn flush(&mut self, run: &mut Run) -> FlashResult<F> {
        if run.staged == 0 {
            return Ok(());
        }
        let bytes = self.buffer.get(..run.staged).unwrap_or(&[]);
        let verify = self.sectors.switches.verify_on_write();
        self.flash.program(run.address, bytes, verify).await?;
        run.address = run.address.wrapping_add(run.staged as u32);
        run.staged = 0;
        Ok(())
    }

    /// Lets the entries of a run that is all in flash win.
    pub(crate) async fn apply(&mut self, run: &Run) -> FlashResult<F> {
        let Some(head) = self.sectors.head() else {
            return Ok(());
        };
        self.end = run.address.saturating_sub(self.flash.base(head));
        if run.is_held {
            self.apply_held(head, run.from).await
        } else {
            self.apply_read(head, run.from).await
        }
    }

    /// Takes in the entries of the head from offset `from` on, all of which the buffer holds: they need no second look.
    async fn apply_held(&mut self, head: usize, from: u32) -> FlashResult<F> {
        let mut offset = from;
        while offset < self.end {
            let at = offset.wrapping_sub(from) as usize;
            let bytes = self.buffer.get(at..).unwrap_or(&[]);
            let Some(entry) = Entry::parse(bytes, offset, Partition::<F>::WRITE_SIZE) else {
                break;
            };
            self.settle(head, &entry).await?;
            offset = entry.end();
        }
        Ok(())
    }

    /// Takes in the entries of the head from offset `from` on, as a mount would read them: what was programmed in several
    /// calls has to be read again, and may read differently.
    #[inline(never)]
    async fn apply_read(&mut self, head: usize, from: u32) -> FlashResult<F> {
        let end = self.end;
        let sequence = self.sectors.get(head).sequence;
        let mut view = View::new(from, 0);
        let mut walker = Walker::new(sequence, from, end);
        loop {
            let mut window = Window::new(&mut self.flash, self.buffer, head, end).loaded(view);
            let entry = walker.next(&mut window, &mut self.checksum).await;
            view = window.view;
            if let Some(error) = window.failed.take() {
                return Err(error);
            }
            match entry {
                Some(entry) => self.settle(head, &entry).await?,
                None if walker.damaged == 0 => return Ok(()),
                None => {
                    let address = self.flash.base(head).wrapping_add(from);
                    return Err(Error::VerifyFailed { address });
                }
            }
        }
    }

    /// A program into the head has failed: nothing more is appended to it.
    pub(crate) fn fail_head(&mut self) {
        if let Some(head) = self.sectors.head()
            && let Some(sector) = self.sectors.edit(head)
        {
            sector.fail();
            events::failed(head);
        }
        self.sectors.set_head(None);
        self.end = self.flash.sector_size;
        if self.is_partial() {
            // What was refused may be found where keys are looked for in flash.
            self.sectors.set(State::Stale, true);
        }
    }
}

//! Committing: a batch of changes becomes one run of entries at the head, and then the map's winners.
//!
//! Measures first, so that nothing is programmed for what can't be stored; programs through the buffer, in as few
//! calls as it allows; lets the changes win only when all of them are in flash.

use embedded_storage::nor_flash::NorFlash;

use crate::change::{Batch, RawKey, Refusal, Value};
use crate::checksum::Checksum;
use crate::error::Error;
use crate::flash::{CHUNK, FlashResult, Partition};
use crate::format::{ERASED, Head, Kind, pad, place_salt};
use crate::scan::{View, Walker, Window};
use crate::store::{Lookup, Store};

/// What a batch comes to.
#[derive(Default)]
struct Measure {
    entries: usize,
    bytes: u32,
    new_keys: usize,
}

/// A run of entries on its way into flash: its front is in flash, its end in the buffer.
pub(crate) struct Run {
    /// Where the run begins in its sector.
    from: u32,
    /// The address of the first byte in the buffer.
    address: u32,
    /// Bytes in the buffer.
    staged: usize,
    /// Program calls so far.
    calls: u32,
}

impl<F: NorFlash, C: Checksum> Store<'_, F, C> {
    /// Commits `batch`; returns how many of its changes made a difference.
    pub(crate) fn commit_batch(&mut self, batch: &dyn Batch) -> FlashResult<F, usize> {
        if self.options.read_only {
            return Err(Error::ReadOnly);
        }
        let mut failed = None;
        loop {
            let sectors = self.usable_sectors();
            let corrupt = self.corrupt;
            match self.attempt(batch) {
                // A sector failed, and there are others.
                Err(error) if self.usable_sectors() < sectors && self.dead() != 0 => {
                    failed.get_or_insert(error);
                }
                // An entry that was measured against turned out rotten, and is gone.
                Ok(None) if self.corrupt != corrupt => {}
                Ok(entries) => return Ok(entries.unwrap_or(0)),
                // The sector's failure says more than that there is no room in the others.
                Err(error) => return Err(failed.unwrap_or(error)),
            }
        }
    }

    /// Commits `batch`, unless collecting changes what it was measured against.
    fn attempt(&mut self, batch: &dyn Batch) -> FlashResult<F, Option<usize>> {
        let measure = self.measure(batch)?;
        if measure.entries == 0 {
            return Ok(Some(0));
        }
        let (needed, max) = (measure.bytes, self.payload());
        if needed > max {
            return Err(Error::CommitTooLarge { needed, max });
        }
        let corrupt = self.corrupt;
        self.make_slots(measure.new_keys)?;
        self.make_room(needed)?;
        if self.corrupt != corrupt {
            return Ok(None);
        }
        match self.write(batch, measure.entries) {
            Ok(run) => self.apply(&run)?,
            Err(error) => {
                self.retire_head();
                return Err(error);
            }
        }
        self.epoch = 0;
        Ok(Some(measure.entries))
    }

    /// Finds out which changes make a difference, marks the keys in the map that they are of, and adds up.
    fn measure(&mut self, batch: &dyn Batch) -> FlashResult<F, Measure> {
        self.map.clear_dirty();
        let mut measure = Measure::default();
        for index in 0..batch.len() {
            let key = batch.key(index);
            Self::check_key(&key)?;
            if superseded(batch, index)? {
                continue;
            }
            let value = batch
                .value(index, self.buffer)
                .map_err(|refusal| self.refuse(&refusal))?;
            let len = value.len();
            let max = self.max_value_len(key);
            if len > max {
                return Err(Error::ValueTooLong { len, max });
            }
            let hash = key.hash();
            let place = self.map.place(hash);
            // The buffer holds the new value; a small window of its own is enough for the old one.
            let mut scratch = [0; CHUNK];
            let old = Lookup::at(
                (&mut self.flash, &mut self.checksum, &mut scratch),
                (&self.sectors, true),
                (key, place),
            );
            let differs = match (old, &value) {
                (_, Value::Keep) | (Ok(Lookup::Other), Value::Delete) => false,
                (Ok(Lookup::Other), _) => return Err(Error::NameCollision { key: hash }),
                (Ok(Lookup::Absent), Value::Delete) => false,
                (Ok(Lookup::Absent), _) => {
                    let implied = match &value {
                        Value::Encoded(len) => {
                            batch.is_implied(index, self.buffer.get(..*len).unwrap_or(&[]))
                        }
                        _ => false,
                    };
                    measure.new_keys = measure
                        .new_keys
                        .saturating_add(usize::from(!implied && place.is_none()));
                    !implied
                }
                (Ok(Lookup::Found(_)), Value::Delete) => true,
                (Ok(Lookup::Found(found)), _) => {
                    let new = match &value {
                        Value::Bytes(bytes) => bytes,
                        _ => self.buffer.get(..len).unwrap_or(&[]),
                    };
                    let window = Window::new(
                        &mut self.flash,
                        &mut scratch,
                        found.sector,
                        found.entry.end(),
                    )
                    .loaded(found.view);
                    !holds(window, found.entry.value_offset(), found.value_len(), new)
                }
                // What can't be read is written anew.
                (Err(_), _) => true,
            };
            if !differs {
                continue;
            }
            self.map.mark_dirty(hash);
            let head = Self::head_for(&key, &value);
            let size = pad(head.entry_len(), Partition::<F>::WRITE_SIZE);
            if let Value::Encoded(_) = value
                && size as usize > self.stage_len()
            {
                return Err(Error::BufferTooSmall {
                    needed: size as usize,
                    available: self.stage_len(),
                });
            }
            measure.entries = measure.entries.saturating_add(1);
            measure.bytes = measure.bytes.saturating_add(size);
        }
        Ok(measure)
    }

    /// Whether a change that was measured made a difference.
    fn is_selected(&self, batch: &dyn Batch, index: usize, value: &Value<'_>, at: usize) -> bool {
        match self.map.find(batch.key(index).hash()) {
            Some(slot) if !slot.is_tombstone() => slot.is_dirty(),
            _ => match value {
                Value::Keep | Value::Delete => false,
                Value::Bytes(_) => true,
                Value::Encoded(len) => {
                    let end = at.saturating_add(*len);
                    !batch.is_implied(index, self.buffer.get(at..end).unwrap_or(&[]))
                }
            },
        }
    }

    /// Writes the changes that made a difference, `entries` of them, behind what is in the head.
    fn write(&mut self, batch: &dyn Batch, entries: usize) -> FlashResult<F, Run> {
        let mut run = self.new_run();
        let mut written = 0usize;
        for index in 0..batch.len() {
            if superseded(batch, index)? {
                continue;
            }
            let key = batch.key(index);
            // Most heads are 5 bytes long: encoded there, the value need not be moved.
            let mut at = run.staged.saturating_add(SHORT_HEAD);
            let mut value = batch.value(index, self.buffer.get_mut(at..).unwrap_or(&mut []));
            let room = self.stage_len().saturating_sub(at);
            if !matches!(value, Ok(Value::Encoded(len)) if len.saturating_add(TAIL) <= room)
                && !matches!(value, Ok(Value::Bytes(_) | Value::Delete | Value::Keep))
            {
                self.flush(&mut run)?;
                at = SHORT_HEAD;
                value = batch.value(index, self.buffer.get_mut(at..).unwrap_or(&mut []));
            }
            let value = value.map_err(|refusal| self.refuse(&refusal))?;
            if !self.is_selected(batch, index, &value, at) {
                continue;
            }
            let head = Head {
                continues: written != 0,
                more: written.saturating_add(1) < entries,
                ..Self::head_for(&key, &value)
            };
            self.append(&mut run, &key, head, &value)?;
            written = written.saturating_add(1);
        }
        self.flush(&mut run)?;
        Ok(run)
    }

    /// Appends one entry to the run: head, name, value, checksum, padding.
    fn append(
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
            let from = run.staged.saturating_add(SHORT_HEAD);
            let to = run.staged.saturating_add(bytes.len());
            if to != from {
                let end = from.saturating_add(*len).min(self.buffer.len());
                if to.saturating_add(end.saturating_sub(from)) <= self.buffer.len() {
                    self.buffer.copy_within(from..end, to);
                }
            }
            self.push(run, bytes)?;
            self.stage(run, *len as u32);
        } else {
            self.push(run, bytes)?;
            if let (RawKey::Name(name), Kind::Named) = (key, head.kind) {
                self.push(run, name.as_bytes())?;
            }
            if let Value::Bytes(bytes) = value {
                self.push(run, bytes)?;
            }
        }
        self.seal(run, at, head.entry_len())
    }

    /// Ends an entry that began at `(sequence, offset)`, of `len` bytes: checksum and padding.
    pub(crate) fn seal(
        &mut self,
        run: &mut Run,
        (sequence, offset): (u32, u32),
        len: u32,
    ) -> FlashResult<F> {
        let check = self.checksum.value() ^ place_salt(sequence, offset);
        self.push(run, &check.to_le_bytes())?;
        // The buffer ends at a word's end, so there is always room to fill up the last word.
        let padding = pad(len, Partition::<F>::WRITE_SIZE).saturating_sub(len);
        let end = run.staged.saturating_add(padding as usize);
        if let Some(rest) = self.buffer.get_mut(run.staged..end) {
            rest.fill(ERASED);
        }
        run.staged = end;
        Ok(())
    }

    /// Takes `len` bytes into the run that are in the buffer behind it already.
    pub(crate) fn stage(&mut self, run: &mut Run, len: u32) {
        let end = run.staged.saturating_add(len as usize);
        self.checksum
            .update(self.buffer.get(run.staged..end).unwrap_or(&[]));
        run.staged = end;
    }

    /// A run that begins at the head's free tail.
    pub(crate) fn new_run(&self) -> Run {
        let base = self.sectors.head.map_or(0, |head| self.flash.base(head));
        Run {
            from: self.end,
            address: base.saturating_add(self.end),
            staged: 0,
            calls: 0,
        }
    }

    /// The head's sequence, and where in it the run has come to.
    pub(crate) fn head_position(&self, run: &Run) -> (u32, u32) {
        let (sector, offset) = self.flash.split(run.address);
        let sequence = self.sectors.get(sector).sequence;
        (sequence, offset.saturating_add(run.staged as u32))
    }

    /// Puts bytes into the buffer behind the run's, programming what is full; they count for the checksum.
    pub(crate) fn push(&mut self, run: &mut Run, bytes: &[u8]) -> FlashResult<F> {
        self.checksum.update(bytes);
        let mut rest = bytes;
        while !rest.is_empty() {
            if run.staged >= self.stage_len() {
                self.flush(run)?;
            }
            let room = self.stage_len().saturating_sub(run.staged);
            let (now, later) = rest.split_at(rest.len().min(room));
            let end = run.staged.saturating_add(now.len());
            if let Some(target) = self.buffer.get_mut(run.staged..end) {
                target.copy_from_slice(now);
            }
            run.staged = end;
            rest = later;
        }
        Ok(())
    }

    /// Programs what is in the buffer.
    pub(crate) fn flush(&mut self, run: &mut Run) -> FlashResult<F> {
        if run.staged == 0 {
            return Ok(());
        }
        let bytes = self.buffer.get(..run.staged).unwrap_or(&[]);
        self.flash.program(run.address, bytes)?;
        run.address = run.address.saturating_add(run.staged as u32);
        run.staged = 0;
        run.calls = run.calls.saturating_add(1);
        Ok(())
    }

    /// Lets the entries of a run that is all in flash win. They are read as a mount would read them; mostly the buffer
    /// still holds them.
    pub(crate) fn apply(&mut self, run: &Run) -> FlashResult<F> {
        let Some(head) = self.sectors.head else {
            return Ok(());
        };
        let end = run.address.saturating_sub(self.flash.base(head));
        let sequence = self.sectors.get(head).sequence;
        let len = end.saturating_sub(run.from);
        let mut view = View {
            start: run.from,
            len: if run.calls == 1 { len } else { 0 },
        };
        let mut walker = Walker::new(sequence, run.from, end, true);
        self.end = end;
        loop {
            let mut window = Window::new(&mut self.flash, self.buffer, head, end).loaded(view);
            let entry = walker.next(&mut window, &mut self.checksum);
            view = window.view;
            match entry {
                Some(entry) => self.settle(head, &entry)?,
                None => return Ok(()),
            }
        }
    }

    /// Nothing more is programmed into the head until the next mount.
    pub(crate) fn retire_head(&mut self) {
        if let Some(head) = self.sectors.head.take()
            && let Some(sector) = self.sectors.edit(head)
        {
            sector.retire();
        }
        self.end = self.flash.sector_size;
    }

    fn head_for(key: &RawKey<'_>, value: &Value<'_>) -> Head {
        let mut head = Self::head_of(key);
        head.value_len = value.len().min(usize::from(u16::MAX)) as u16;
        if let Value::Delete = value {
            head.kind = Kind::Tombstone;
            head.hash = key.hash();
        }
        head
    }

    fn refuse(&self, refusal: &Refusal) -> Error<F::Error> {
        match refusal {
            Refusal::TooLong(len) => {
                let entry = len.saturating_add(SHORT_HEAD + TAIL) as u32;
                Error::BufferTooSmall {
                    needed: pad(entry, Partition::<F>::WRITE_SIZE) as usize,
                    available: self.stage_len(),
                }
            }
            Refusal::Rejected(setting, why) => Error::Rejected {
                setting: *setting,
                why: *why,
            },
            Refusal::Unencodable => Error::Unencodable,
        }
    }
}

/// Tag and hash.
const SHORT_HEAD: usize = 5;
/// What may have to follow a value in the buffer: the two bytes that a long head has more, and the checksum.
const TAIL: usize = 6;

impl Value<'_> {
    fn len(&self) -> usize {
        match self {
            Self::Keep | Self::Delete => 0,
            Self::Bytes(bytes) => bytes.len(),
            Self::Encoded(len) => *len,
        }
    }
}

/// Whether a later change of the batch is of the same key.
fn superseded<E>(batch: &dyn Batch, index: usize) -> Result<bool, Error<E>> {
    if batch.is_unique() {
        return Ok(false);
    }
    let key = batch.key(index);
    let mut again = false;
    for later in index.saturating_add(1)..batch.len() {
        let other = batch.key(later);
        if other.hash() == key.hash() {
            if other != key {
                return Err(Error::NameCollision { key: key.hash() });
            }
            again = true;
        }
    }
    Ok(again)
}

/// Whether the `len` bytes at `offset` of the window's sector are `expected`.
fn holds<F: NorFlash>(mut window: Window<'_, F>, offset: u32, len: usize, expected: &[u8]) -> bool {
    if len != expected.len() {
        return false;
    }
    let mut at = offset;
    let mut rest = expected;
    while !rest.is_empty() {
        let bytes = window.at(at, rest.len().min(CHUNK));
        let count = bytes.len().min(rest.len());
        let (now, later) = rest.split_at(count);
        if count == 0 || bytes.get(..count) != Some(now) {
            return false;
        }
        at = at.saturating_add(count as u32);
        rest = later;
    }
    window.failed.is_none()
}

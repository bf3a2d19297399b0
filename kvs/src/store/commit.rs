//! Committing: a batch of changes becomes one run of entries at the head, and then the map's
//! winners.
//!
//! Measures first, so that nothing is programmed for what can't be stored; lets the changes win
//! only when all of them are in flash.

use super::flash::{CHUNK, FlashResult, Partition};
use super::lookup::Reader;
use super::run::{Run, SHORT_HEAD, TAIL};
use super::unread::RESTARTS;
use super::window::Window;
use super::{NorFlash, Store, bisync};
use crate::bytes::Aligned;
use crate::change::{Batch, RawKey, Refusal, Value};
use crate::checksum::Checksum;
use crate::error::Error;
use crate::format::{Head, Kind, pad};
use crate::map::Place;
use crate::sectors::State;
use crate::settings::Rejection;

/// What a batch comes to.
#[derive(Default)]
struct Measure {
    entries: usize,
    bytes: u32,
    new_keys: usize,
}

#[bisync]
impl<F: NorFlash, C: Checksum> Store<'_, F, C> {
    /// Commits `batch`; returns how many of its changes made a difference.
    pub(crate) async fn commit_batch(&mut self, batch: &mut dyn Batch) -> FlashResult<F, usize> {
        if self.sectors.switches.read_only() {
            return Err(Error::ReadOnly);
        }
        self.sectors.set(State::Rechecked, false);
        self.begin().await?;
        let committed = self.commit_somewhere(batch).await;
        if committed.is_err() {
            self.map.clear_dirty();
        }
        self.finish();
        committed
    }

    /// Commits `batch`, and should a sector fail at it, in another. Sectors that have failed before
    /// are tried again before the commit is refused: what failed may have been the bus.
    async fn commit_somewhere(&mut self, batch: &mut dyn Batch) -> FlashResult<F, usize> {
        let mut failed = None;
        let mut restarts = 0usize;
        let mut retries = 0usize;
        loop {
            if self.is_stale() {
                self.begin().await?;
            }
            let failures = self.sectors.failures();
            let attempt = match self.attempt(batch).await {
                // Perhaps because bit rot has taken the dead sector.
                Err(full @ Error::Full { .. }) => match self.rescue().await {
                    Ok(true) => Ok(None),
                    rescue => rescue.and(Err(full)),
                },
                attempt => attempt,
            };
            let error = match attempt {
                // What was measured against has changed: an entry turned out rotten, or there is
                // room now.
                Ok(None) => continue,
                Ok(Some(entries)) => return Ok(entries),
                Err(error) => error,
            };
            if self.is_stale() && restarts < RESTARTS {
                restarts = restarts.wrapping_add(1);
                continue;
            }
            let is_refusal = matches!(
                error,
                Error::Full { .. }
                    | Error::Flash(_)
                    | Error::NotBlank { .. }
                    | Error::VerifyFailed { .. }
            );
            // What a sector failed of says more than that there is no room in the others.
            let error = failed.take().unwrap_or(error);
            let has_failed = self.sectors.failures() != failures;
            let goes_on = has_failed || is_refusal && self.tries_again(&mut retries).await;
            if !goes_on {
                return Err(error);
            }
            failed = Some(error).filter(|error| !matches!(error, Error::Full { .. }));
        }
    }

    /// Whether a commit that is about to be refused is to be tried again: with the sectors that have
    /// failed, and where there is no spare sector left, from a new look at the flash.
    async fn tries_again(&mut self, retries: &mut usize) -> bool {
        *retries = retries.wrapping_add(1);
        match *retries {
            1 if self.revive().await => true,
            1 | 2 if self.dead() == 0 && self.collections != 0 => {
                *retries = 2;
                self.sectors.forgive();
                self.sectors.set(State::Stale, true);
                true
            }
            _ => false,
        }
    }

    /// Commits `batch`, unless collecting changes what it was measured against.
    async fn attempt(&mut self, batch: &mut dyn Batch) -> FlashResult<F, Option<usize>> {
        let measure = self.measure(batch).await?;
        if measure.entries == 0 {
            return Ok(Some(0));
        }
        let (needed, max) = (measure.bytes, self.payload());
        if needed > max {
            return Err(Error::CommitTooLarge { needed, max });
        }
        let known = (self.map.dirty(), self.corrupt);
        let is_made = self.make_slots(measure.new_keys).await?
            && self.make_room(needed, measure.entries).await?;
        // A value may have turned out rotten, or a tombstone been forgotten, whose key takes a new
        // slot then.
        if !is_made || (self.map.dirty(), self.corrupt) != known {
            return Ok(None);
        }
        let written = match self.write(batch, measure.entries).await {
            Ok(run) => self.apply(&run).await,
            Err(error) => Err(error),
        };
        if let Err(error) = written {
            self.fail_head();
            return Err(error);
        }
        self.map.note_written();
        self.set_epoch(0);
        self.refused = 0;
        let head = self.sectors.head();
        if let Some(head) = head.and_then(|head| self.sectors.edit(head)) {
            head.set_only_copies(false);
            head.clear_failure();
        }
        Ok(Some(measure.entries))
    }

    /// Finds out which changes make a difference, marks the keys in the map that they are of, and
    /// adds up.
    #[inline(never)]
    async fn measure(&mut self, batch: &mut dyn Batch) -> FlashResult<F, Measure> {
        self.map.clear_dirty();
        let mut measure = Measure::default();
        for index in 0..batch.len() {
            let key = batch.key(index);
            Self::check_key(&key)?;
            if superseded(batch, index)? {
                continue;
            }
            let hash = key.hash();
            // Before the value is in the buffer.
            let place = self.locate(hash).await?;
            let value = batch
                .value(index, self.buffer)
                .map_err(|refusal| self.refuse(&refusal))?;
            let value = self.looked_up(value, 0).await?;
            let (len, max) = (value.len(), self.max_value_len(key));
            if len > max {
                return Err(Error::ValueTooLong { len, max });
            }
            let head = Self::head_for(&key, &value);
            let is_encoded = matches!(value, Value::Encoded(_));
            let differs = match place.filter(|place| !place.tombstone) {
                Some(place) => {
                    let differs = self.differs(key, place, &value).await;
                    differs.map_err(|error| error.about(batch.setting(index)))?
                        && !(self.is_implied(batch, index, &value)
                            && self.keeps(batch, index, hash).await?)
                }
                None => self.is_news(batch, index, &value, 0),
            };
            if !differs {
                continue;
            }
            if let Some(setting) = batch.setting(index) {
                self.check_owner(setting)?;
            }
            if !self.map.set_dirty(hash) && place.is_some() {
                let capacity = self.map.capacity();
                return Err(Error::TooManyKeys { capacity });
            }
            let size = pad(head.entry_len(), Partition::<F>::WRITE_SIZE);
            let (needed, available) = (size as usize, self.stage_len());
            if is_encoded && needed > available {
                return Err(Error::BufferTooSmall { needed, available });
            }
            measure.entries = measure.entries.wrapping_add(1);
            measure.bytes = measure.bytes.saturating_add(size);
            let new_key = usize::from(place.is_none());
            measure.new_keys = measure.new_keys.wrapping_add(new_key);
        }
        let capacity = self.map.capacity();
        if measure.new_keys != 0 && self.map.dirty() >= capacity {
            return Err(Error::TooManyKeys { capacity });
        }
        Ok(measure)
    }

    /// Whether `value`, in the buffer if it is encoded, is another than the one stored at `place`.
    #[inline(never)]
    async fn differs(
        &mut self,
        key: RawKey<'_>,
        place: Place,
        value: &Value<'_>,
    ) -> FlashResult<F, bool> {
        if matches!(value, Value::Keep) {
            return Ok(false);
        }
        // The buffer holds the new value; a small window of its own is enough for the old one.
        let mut scratch = Aligned([0; CHUNK]);
        let mut reader = Reader {
            verify: true,
            buffer: &mut scratch.0,
            flash: &mut self.flash,
            checksum: &mut self.checksum,
            sectors: &self.sectors,
        };
        let found = match (reader.entry_of(&key, place).await, value) {
            (Ok(_), Value::Delete) => return Ok(true),
            (Ok(found), _) => found,
            (Err(Error::NameCollision { .. }), Value::Delete) => return Ok(false),
            (Err(error @ Error::NameCollision { .. }), _) => return Err(error),
            // What can't be read is written anew.
            (Err(_), _) => return Ok(true),
        };
        let new = match value {
            Value::Bytes(bytes) => bytes,
            _ => self.buffer.get(..value.len()).unwrap_or(&[]),
        };
        let window = found.window(&mut self.flash, &mut scratch.0);
        Ok(!holds(window, found.entry.value_offset(), found.value_len(), new).await)
    }

    /// Whether the value at the front of the buffer is one that need not be stored.
    fn is_implied(&self, batch: &dyn Batch, index: usize, value: &Value<'_>) -> bool {
        matches!(value, Value::Encoded(_)) && !self.is_news(batch, index, value, 0)
    }

    /// Whether what is stored of a key stays although another value is in its place: what a load
    /// could not read, or turned down, is left alone. Takes the buffer.
    #[inline(never)]
    async fn keeps(
        &mut self,
        batch: &mut dyn Batch,
        index: usize,
        hash: u32,
    ) -> FlashResult<F, bool> {
        if self.is_unread(hash) {
            return Ok(true);
        }
        if self.sectors.is(State::LoadFailed)
            && let Some(setting) = batch.setting(index)
        {
            // Whether the last load could read it is not known: neither is what is meant.
            let why = Rejection::Unreadable;
            return Err(Error::Rejected { setting, why });
        }
        match self.stored_within(hash, self.buffer.len()).await {
            Ok(Some(place)) => Ok(batch.keeps(index, self.buffer.get(place).unwrap_or(&[]))),
            Ok(None) => Ok(false),
            Err(error) if self.is_stale() => Err(error),
            // A load could read it: the value in its place is meant.
            Err(Error::Flash(_)) => Ok(false),
            // No load can.
            Err(_) => Ok(true),
        }
    }

    /// Whether the last load could not read a key, as far as that could be noted.
    pub(crate) fn is_unread(&self, hash: u32) -> bool {
        self.map.find(hash).is_some_and(|slot| slot.is_unread())
    }

    /// Whether a change of a key that is not stored makes a difference. An encoded value is in the
    /// buffer from `at` on.
    fn is_news(&self, batch: &dyn Batch, index: usize, value: &Value<'_>, at: usize) -> bool {
        match value {
            Value::Keep | Value::Delete | Value::Removed(..) => false,
            Value::Bytes(_) => true,
            Value::Encoded(len) => {
                let end = at.wrapping_add(*len);
                !batch.is_implied(index, self.buffer.get(at..end).unwrap_or(&[]))
            }
        }
    }

    /// Writes the changes that made a difference, `entries` of them, behind what is in the head.
    #[inline(never)]
    async fn write(&mut self, batch: &mut dyn Batch, entries: usize) -> FlashResult<F, Run> {
        let mut run = self.new_run();
        let mut written = 0usize;
        for index in 0..batch.len() {
            if superseded(batch, index)? {
                continue;
            }
            let key = batch.key(index);
            let slot = self.map.find(key.hash());
            if slot.is_none() && self.is_partial() {
                // It is looked for through the buffer.
                self.flush(&mut run).await?;
                run.is_held = false;
                if self.live_place(key.hash()).await?.is_some() {
                    // It is stored, and stays: what is written has a slot.
                    continue;
                }
            }
            if slot.is_some_and(|slot| !slot.is_tombstone() && !slot.is_dirty()) {
                // It is stored, and stays.
                continue;
            }
            // Most heads are 5 bytes long: encoded there, the value need not be moved.
            let mut at = run.staged.wrapping_add(SHORT_HEAD);
            let mut value = batch.value(index, self.buffer.get_mut(at..).unwrap_or(&mut []));
            let room = self.stage_len().saturating_sub(at);
            let fits = match &value {
                Ok(Value::Encoded(len)) => len.wrapping_add(TAIL) <= room,
                // Old values are read into the buffer for it.
                Ok(Value::Removed(..)) => false,
                other => other.is_ok(),
            };
            if !fits {
                self.flush(&mut run).await?;
                // Whether this value is written or not, it takes the place of what the run had
                // there.
                run.is_held = false;
                at = SHORT_HEAD;
                value = batch.value(index, self.buffer.get_mut(at..).unwrap_or(&mut []));
            }
            let value = value.map_err(|refusal| self.refuse(&refusal))?;
            let value = self.looked_up(value, at).await?;
            let makes_a_difference = match slot {
                // The same key may be changed elsewhere in the batch.
                Some(_) if matches!(value, Value::Keep) => false,
                Some(slot) if !slot.is_tombstone() => true,
                _ => self.is_news(batch, index, &value, at),
            };
            if !makes_a_difference {
                continue;
            }
            if written == entries {
                // More than was measured.
                return Err(Error::Corrupt { key: key.hash() });
            }
            let head = Head {
                continues: written != 0,
                more: written.wrapping_add(1) < entries,
                ..Self::head_for(&key, &value)
            };
            self.append(&mut run, &key, head, &value).await?;
            written = written.wrapping_add(1);
        }
        self.flush(&mut run).await?;
        if written != entries {
            // An old value was read in another way than when it was measured: the run has no end,
            // and does not count.
            let key = batch.key(batch.len().saturating_sub(1)).hash();
            return Err(Error::Corrupt { key });
        }
        Ok(run)
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
                let entry = len.wrapping_add(SHORT_HEAD + TAIL) as u32;
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

/// Whether a later change of the batch is of the same key.
fn superseded<E>(batch: &dyn Batch, index: usize) -> Result<bool, Error<E>> {
    if batch.is_unique() {
        return Ok(false);
    }
    let key = batch.key(index);
    let mut again = false;
    for later in index.wrapping_add(1)..batch.len() {
        let other = batch.key(later);
        if other.hash() == key.hash() {
            if other != key {
                let setting = batch.setting(index).or_else(|| batch.setting(later));
                let key = key.hash();
                return Err(Error::NameCollision { key, setting });
            }
            again = true;
        }
    }
    Ok(again)
}

/// Whether the `len` bytes at `offset` of the window's sector are `expected`.
#[bisync]
async fn holds<F: NorFlash>(
    mut window: Window<'_, F>,
    offset: u32,
    len: usize,
    expected: &[u8],
) -> bool {
    if len != expected.len() {
        return false;
    }
    let mut at = offset;
    let mut rest = expected;
    while !rest.is_empty() {
        let bytes = window.at(at, rest.len().min(CHUNK)).await;
        let count = bytes.len().min(rest.len());
        let (now, later) = rest.split_at(count);
        if count == 0 || bytes.get(..count) != Some(now) {
            return false;
        }
        at = at.wrapping_add(count as u32);
        rest = later;
    }
    window.failed.is_none()
}

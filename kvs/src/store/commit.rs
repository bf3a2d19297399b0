//! Commits of a batch: from what settings and lists of changes say to what the engine asks.

use super::{Driver, FlashResult, NorFlash, Store, bisync};
use crate::MAX_NAME_LEN;
use crate::bytes::copy;
use crate::change::{Batch, Change, Changes, RawKey, Refusal, Value};
use crate::checksum::Checksum;
use crate::engine::{self, Engine, Fault, Job};
use crate::error::Error;
use crate::settings::batches::Removal;
use crate::settings::{Rejected, Rejection, Tree};

/// A batch, as the engine asks for its changes.
struct Adapter<'b> {
    batch: &'b mut dyn Batch,
    /// Why a value can't be had.
    refusal: core::cell::Cell<Option<Refusal>>,
    /// The number of the change whose value has to be made of what is stored.
    wanted: core::cell::Cell<usize>,
    /// What became of that: the change has no value, or is a delete.
    made: Option<(usize, engine::Value)>,
    first: Option<&'static Tree>,
    rejected: Option<Rejected>,
    load_failed: bool,
}

impl engine::Batch for Adapter<'_> {
    fn len(&self) -> usize {
        self.batch.len()
    }

    fn hash(&self, number: usize) -> u32 {
        self.batch.key(number).hash()
    }

    fn value(&self, number: usize, out: &mut [u8]) -> Result<engine::Value, Fault> {
        let key = self.batch.key(number);
        let value = self.batch.value(number, out);
        let value = value.map_err(|refusal| {
            let is_too_long = matches!(refusal, Refusal::TooLong(_));
            self.refusal.set(Some(refusal));
            match is_too_long {
                true => Fault::BufferTooSmall,
                false => Fault::Refused,
            }
        })?;
        Ok(match value {
            Value::Keep => engine::Value::Keep,
            Value::Delete => match key {
                RawKey::Hash(_) => engine::Value::Delete,
                RawKey::Name(_) => engine::Value::DeleteNamed,
            },
            Value::Encoded(len) => engine::Value::Put(len as u16),
            Value::Bytes(bytes) => match key {
                RawKey::Hash(_) => {
                    let front = out.get_mut(..bytes.len()).ok_or(Fault::BufferTooSmall)?;
                    copy(front, bytes);
                    engine::Value::Put(bytes.len() as u16)
                }
                RawKey::Name(name) => {
                    let behind = name.len().wrapping_add(1);
                    let len = behind.wrapping_add(bytes.len());
                    let front = out.get_mut(..len).ok_or(Fault::BufferTooSmall)?;
                    let (front, rest) = front.split_at_mut_checked(behind).unwrap_or_default();
                    copy(front, &[name.len() as u8]);
                    copy(front.get_mut(1..).unwrap_or_default(), name.as_bytes());
                    copy(rest, bytes);
                    engine::Value::PutNamed(len as u16)
                }
            },
            Value::Removed(..) => match self.made {
                Some((made, value)) if made == number => value,
                _ => {
                    self.wanted.set(number);
                    return Err(Fault::Wanted);
                }
            },
        })
    }

    fn is_implied(&self, number: usize, value: &[u8]) -> bool {
        self.batch.is_implied(number, value)
    }

    fn keeps(&mut self, number: usize, stored: Result<&[u8], Fault>) -> Result<bool, Fault> {
        if self.load_failed
            && let Some(setting) = self.batch.setting(number)
        {
            // Whether the last load could read it is not known: neither is what is meant.
            let why = Rejection::Unreadable;
            self.rejected = Some(Rejected { setting, why });
            return Err(Fault::Refused);
        }
        Ok(match stored {
            Ok(stored) => self.batch.keeps(number, stored),
            // A load could read it: the value in its place is meant.
            Err(Fault::Flash) => false,
            // No load can.
            Err(_) => true,
        })
    }

    fn accept(&mut self, number: usize) -> Result<(), Fault> {
        if let Some(setting) = self.batch.setting(number)
            && let Err(rejected) = super::typed::check_owner(&mut self.first, setting)
        {
            self.rejected = Some(rejected);
            return Err(Fault::Refused);
        }
        Ok(())
    }

    fn bytes(&self, number: usize) -> Option<(Option<&str>, &[u8])> {
        match self.batch.value(number, &mut []) {
            Ok(Value::Bytes(bytes)) => match self.batch.key(number) {
                RawKey::Hash(_) => Some((None, bytes)),
                RawKey::Name(name) => Some((Some(name), bytes)),
            },
            _ => None,
        }
    }

    fn is_unique(&self) -> bool {
        self.batch.is_unique()
    }
}

#[bisync]
impl<F: NorFlash, C: Checksum> Store<'_, F, C> {
    /// Commits `batch`; returns how many of its changes made a difference.
    pub(crate) async fn commit_batch(&mut self, batch: &mut dyn Batch) -> FlashResult<F, usize> {
        let mut job = Job::new();
        let mut adapter = self.adapter(batch);
        let committed = self.attempt(&mut adapter, &mut job).await;
        self.committed(committed, adapter, &job)
    }

    /// Commits a reset, of which some values are made of what is stored.
    pub(super) async fn commit_removal(&mut self, removal: &mut Removal) -> FlashResult<F, usize> {
        let mut job = Job::new();
        let mut adapter = self.adapter(removal);
        let committed = loop {
            let committed = self.attempt(&mut adapter, &mut job).await;
            if committed != Err(Fault::Wanted) {
                break committed;
            }
            let number = adapter.wanted.get();
            adapter.made = None;
            if let Ok(Value::Removed(removal, index)) = adapter.batch.value(number, &mut []) {
                match self.removed(removal, index).await? {
                    Value::Encoded(len) => job.made = Some(len as u16),
                    Value::Delete => adapter.made = Some((number, engine::Value::Delete)),
                    _ => adapter.made = Some((number, engine::Value::Keep)),
                }
            }
        };
        self.committed(committed, adapter, &job)
    }

    fn adapter<'b>(&self, batch: &'b mut dyn Batch) -> Adapter<'b> {
        Adapter {
            batch,
            refusal: None.into(),
            wanted: 0.into(),
            made: None,
            first: self.first,
            rejected: None,
            load_failed: self.load_failed,
        }
    }

    async fn attempt(&mut self, adapter: &mut Adapter<'_>, job: &mut Job) -> Result<usize, Fault> {
        let mut commit =
            |engine: &mut Engine<'_, Driver<'_, F>, C>, job: &mut Job| engine.commit(adapter, job);
        self.run(job, &mut commit).await
    }

    /// What came of a commit.
    #[inline(never)]
    fn committed(
        &mut self,
        committed: Result<usize, Fault>,
        adapter: Adapter<'_>,
        job: &Job,
    ) -> FlashResult<F, usize> {
        self.first = adapter.first;
        let Adapter {
            batch,
            refusal,
            rejected,
            ..
        } = adapter;
        let fault = match committed {
            Ok(changed) => return Ok(changed),
            Err(fault) => fault,
        };
        if let Some(Rejected { setting, why }) = rejected {
            return Err(Error::Rejected { setting, why });
        }
        let error = self.error(fault, job);
        Err(match (fault, refusal.into_inner()) {
            (Fault::Refused, Some(Refusal::Rejected(setting, why))) => {
                Error::Rejected { setting, why }
            }
            (Fault::BufferTooSmall, Some(Refusal::TooLong(len))) => {
                let needed = self.engine.entry_len(len);
                let available = self.engine.detail(job).buffer;
                Error::BufferTooSmall { needed, available }
            }
            (Fault::NameCollision, _) => error.about(batch.setting(job.change())),
            _ => error,
        })
    }

    /// Refuses names that can't be keys, those whose hash another key has, and values that are too
    /// long.
    pub(super) async fn check_changes(&mut self, changes: &[Change<'_>]) -> FlashResult<F> {
        if self.options().read_only {
            return Err(Error::ReadOnly);
        }
        let batch = Changes(changes);
        for number in 0..batch.len() {
            let key = batch.key(number);
            if let Ok(Value::Bytes(bytes)) = batch.value(number, &mut []) {
                let (len, max) = (bytes.len(), self.max_value_len(key));
                if len > max {
                    return Err(Error::ValueTooLong { len, max });
                }
            }
            let RawKey::Name(name) = key else { continue };
            Self::check_key(&key)?;
            let key = key.hash();
            for other in 0..batch.len() {
                let is_other = batch.key(other) != RawKey::Name(name);
                if is_other && batch.key(other).hash() == key {
                    let setting = batch.setting(other);
                    return Err(Error::NameCollision { key, setting });
                }
            }
            let mut job = Job::new();
            match self.find(key, 0, &mut job).await {
                Ok(true) if !self.has_name(name, &job) => {
                    return Err(Error::NameCollision { key, setting: None });
                }
                Err(fault @ Fault::Incompatible) => return Err(self.error(fault, &job)),
                _ => {}
            }
        }
        Ok(())
    }

    /// Whether the value that was found is of this name.
    pub(super) fn has_name(&mut self, name: &str, job: &Job) -> bool {
        let is_named = job.is_named();
        match self.held_bytes(job).split_first() {
            Some((len, rest)) => {
                is_named
                    && usize::from(*len) == name.len()
                    && rest.get(..name.len()) == Some(name.as_bytes())
            }
            None => false,
        }
    }

    /// Refuses names that can't be keys.
    pub(super) fn check_key(key: &RawKey<'_>) -> FlashResult<F> {
        match key {
            RawKey::Name("") => Err(Error::KeyEmpty),
            RawKey::Name(name) if name.len() > MAX_NAME_LEN => Err(Error::KeyTooLong {
                len: name.len(),
                max: MAX_NAME_LEN,
            }),
            _ => Ok(()),
        }
    }
}

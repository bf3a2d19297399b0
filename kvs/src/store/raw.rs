//! The raw interface: names, hashes and bytes.

use super::{FlashResult, NorFlash, Store, bisync};
use crate::bytes::copy;
use crate::change::{Change, Changes, RawKey};
use crate::checksum::Checksum;
use crate::engine::{Fault, Job};
use crate::error::Error;
use crate::options::Options;

#[bisync]
impl<F: NorFlash, C: Checksum> Store<'_, F, C> {
    /// Copies the value of `key` to the front of `out`; returns its length, `None` if the key is not there.
    ///
    /// Costs one flash read where the entry fits the store's buffer.
    ///
    /// # Errors
    ///
    /// [`BufferTooSmall`](Error::BufferTooSmall) (and `out` untouched) where the value is longer than `out`;
    /// [`Corrupt`](Error::Corrupt), [`KeyTooLong`](Error::KeyTooLong), [`KeyEmpty`](Error::KeyEmpty),
    /// [`Flash`](Error::Flash).
    pub async fn get_bytes<'k>(
        &mut self,
        key: impl Into<RawKey<'k>>,
        out: &mut [u8],
    ) -> FlashResult<F, Option<usize>> {
        let mut job = Job::new();
        let Some((skip, len)) = self.find_key(key.into(), &mut job).await? else {
            return Ok(None);
        };
        let (needed, available) = (len, out.len());
        if needed > available {
            return Err(Error::BufferTooSmall { needed, available });
        }
        self.copy_out(skip, len, out, &mut job).await.map(Some)
    }

    /// Copies the value of `key` from byte `offset` on to the front of `out`, as much as there is and fits; returns
    /// how much, `None` if the key is not there.
    ///
    /// # Errors
    ///
    /// As [`get_bytes`](Self::get_bytes), without `BufferTooSmall`.
    pub async fn get_bytes_at<'k>(
        &mut self,
        key: impl Into<RawKey<'k>>,
        offset: usize,
        out: &mut [u8],
    ) -> FlashResult<F, Option<usize>> {
        let mut job = Job::new();
        let Some((skip, len)) = self.find_key(key.into(), &mut job).await? else {
            return Ok(None);
        };
        let len = len.saturating_sub(offset).min(out.len());
        let skip = skip.saturating_add(offset);
        self.copy_out(skip, len, out, &mut job).await.map(Some)
    }

    /// Looks the entry of a key up: how many bytes of its value are its name, and how many are not.
    async fn find_key(
        &mut self,
        key: RawKey<'_>,
        job: &mut Job,
    ) -> FlashResult<F, Option<(usize, usize)>> {
        Self::check_key(&key)?;
        self.engine.forget();
        let found = self.find(key.hash(), 0, job).await;
        match found {
            Ok(true) => {}
            Ok(false) => return Ok(None),
            Err(fault) => return Err(self.error(fault, job)),
        }
        let len = job.value_len() as usize;
        Ok(match key {
            RawKey::Hash(_) if !job.is_named() => Some((0, len)),
            RawKey::Name(name) if self.has_name(name, job) => {
                let skip = name.len().wrapping_add(1);
                Some((skip, len.saturating_sub(skip)))
            }
            _ => None,
        })
    }

    /// Copies so many bytes of the value that was found, from byte `skip` on.
    async fn copy_out(
        &mut self,
        skip: usize,
        len: usize,
        out: &mut [u8],
        job: &mut Job,
    ) -> FlashResult<F, usize> {
        let mut copied = 0usize;
        while let Some(target) = out.get_mut(copied..len).filter(|rest| !rest.is_empty()) {
            let from = skip.wrapping_add(copied);
            if let Err(fault) = self.find(0, from, job).await {
                return Err(self.error(fault, job));
            }
            let place = self.held(from, job);
            let bytes = self.engine.buffer().get(place).unwrap_or_default();
            let count = bytes.len().min(target.len());
            copy(target, bytes);
            if count == 0 {
                return Err(self.error(Fault::Corrupt, job));
            }
            copied = copied.wrapping_add(count);
        }
        Ok(len)
    }

    /// The length of the value of `key` in bytes, `None` if the key is not there.
    ///
    /// # Errors
    ///
    /// As [`get_bytes_at`](Self::get_bytes_at).
    pub async fn value_len<'k>(
        &mut self,
        key: impl Into<RawKey<'k>>,
    ) -> FlashResult<F, Option<usize>> {
        let mut job = Job::new();
        let found = self.find_key(key.into(), &mut job).await?;
        Ok(found.map(|(_, len)| len))
    }

    /// Stores `value` under `key`. Programs nothing where that is its value already.
    ///
    /// Costs a read to compare, and one program call where the entry fits the store's buffer.
    ///
    /// # Errors
    ///
    /// See [`commit`](Self::commit).
    pub async fn put_bytes<'k>(
        &mut self,
        key: impl Into<RawKey<'k>>,
        value: &'k [u8],
    ) -> FlashResult<F> {
        self.commit(&[Change::put(key, value)]).await
    }

    /// Deletes `key`; returns whether it was there. Programs nothing if it was not.
    ///
    /// # Errors
    ///
    /// See [`commit`](Self::commit).
    pub async fn delete<'k>(&mut self, key: impl Into<RawKey<'k>>) -> FlashResult<F, bool> {
        let key = key.into();
        let change = [Change::delete(key)];
        match self.check_changes(&change).await {
            // Another key has its hash: it is not there.
            Err(Error::NameCollision { .. }) => return Ok(false),
            checked => checked?,
        }
        Ok(self.commit_batch(&mut Changes(&change)).await? != 0)
    }

    /// Makes all of `changes`, or none of them: after a power cut at any moment, either all are found or the values
    /// from before. A key that occurs twice gets the last of its changes.
    ///
    /// # Cost
    ///
    /// A flash read or two for each key, to see whether its value differs, and a program call for each buffer that the
    /// entries fill; nothing if no value differs. After enough [`maintain`](Self::maintain) that is all. Without it,
    /// some commits collect a sector before: up to half full, one of up to half a sector erases one sector and copies
    /// what is live in one, an entry a program call; and the same once more when wear is levelled. Nearer to full it may
    /// take several sectors; at the very most each is erased once, as many bytes are programmed as the partition has,
    /// and eight times as many read.
    ///
    /// # Errors
    ///
    /// [`Full`](Error::Full), [`CommitTooLarge`](Error::CommitTooLarge), [`ValueTooLong`](Error::ValueTooLong),
    /// [`KeyTooLong`](Error::KeyTooLong), [`KeyEmpty`](Error::KeyEmpty), [`NameCollision`](Error::NameCollision),
    /// [`TooManyKeys`](Error::TooManyKeys), [`BufferTooSmall`](Error::BufferTooSmall) for a typed value,
    /// [`ReadOnly`](Error::ReadOnly): nothing has changed. [`Flash`](Error::Flash),
    /// [`VerifyFailed`](Error::VerifyFailed), [`NotBlank`](Error::NotBlank): no sector took it; the old values stay
    /// in force until the next mount, which may find the new ones if the flash did store them.
    pub async fn commit(&mut self, changes: &[Change<'_>]) -> FlashResult<F> {
        self.check_changes(changes).await?;
        self.commit_batch(&mut Changes(changes)).await.map(|_| ())
    }

    /// Whether `key` is there. Costs no flash read for a hashed key, one for a name.
    ///
    /// # Errors
    ///
    /// As [`get_bytes_at`](Self::get_bytes_at).
    pub async fn contains<'k>(&mut self, key: impl Into<RawKey<'k>>) -> FlashResult<F, bool> {
        self.value_len(key).await.map(|len| len.is_some())
    }

    /// How many keys are stored.
    #[must_use]
    pub fn len(&self) -> usize {
        self.engine.key_count()
    }

    /// Whether no key is stored.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many keys the resources have slots for. Deleted keys take one until their old entries are
    /// erased. Keys beyond these are stored too, and looked for in flash.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.engine.capacity()
    }

    /// The longest value that can be stored under `key`, in bytes.
    pub fn max_value_len<'k>(&self, key: impl Into<RawKey<'k>>) -> usize {
        let name = match key.into() {
            RawKey::Hash(_) => 0,
            RawKey::Name(name) => name.len().wrapping_add(1),
        };
        self.engine.value_max().saturating_sub(name)
    }

    /// The flash driver, to look at; writing to the partition behind the store's back is at your own risk.
    #[must_use]
    pub fn flash(&self) -> &F {
        &self.engine.device_ref().partition.flash
    }

    /// The flash driver, for a test to damage what is there.
    #[cfg(all(test, feature = "log"))]
    #[allow(dead_code, reason = "the test is of the blocking store")]
    pub(crate) fn flash_mut(&mut self) -> &mut F {
        &mut self.engine.device().partition.flash
    }

    /// Gives the flash back.
    pub fn unmount(self) -> F {
        self.engine.into_device().partition.flash
    }

    /// The options it was mounted with.
    #[must_use]
    pub fn options(&self) -> Options {
        self.engine.options()
    }
}

//! The raw interface: names, hashes and bytes.

use super::flash::FlashResult;
use super::{NorFlash, Store, bisync};
use crate::change::{Change, Changes, RawKey};
use crate::checksum::Checksum;
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
        let Some(found) = self.find(key.into()).await? else {
            return Ok(None);
        };
        let (needed, available) = (found.value_len(), out.len());
        if needed > available {
            return Err(Error::BufferTooSmall { needed, available });
        }
        self.copy_out(&found, 0, out).await.map(Some)
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
        let Some(found) = self.find(key.into()).await? else {
            return Ok(None);
        };
        self.copy_out(&found, offset, out).await.map(Some)
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
        Ok(self.find(key.into()).await?.map(|found| found.value_len()))
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
        let change = [Change::delete(key)];
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
        usize::from(self.listed()).saturating_add(self.unlisted.into())
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
        self.map.capacity()
    }

    /// The longest value that can be stored under `key`, in bytes.
    pub fn max_value_len<'k>(&self, key: impl Into<RawKey<'k>>) -> usize {
        let mut head = Self::head_of(&key.into());
        // Long enough for the long form.
        head.value_len = u16::MAX;
        let overhead = head.entry_len().saturating_sub(u32::from(u16::MAX));
        let room = self.payload().saturating_sub(overhead) as usize;
        room.min(usize::from(u16::MAX))
    }

    /// The flash driver, to look at; writing to the partition behind the store's back is at your own risk.
    #[must_use]
    pub fn flash(&self) -> &F {
        &self.flash.flash
    }

    /// Gives the flash back.
    pub fn unmount(self) -> F {
        self.flash.flash
    }

    /// The options it was mounted with.
    #[must_use]
    pub fn options(&self) -> Options {
        Options {
            verify_on_read: self.sectors.switches.verify_on_read(),
            verify_on_write: self.sectors.switches.verify_on_write(),
            collect_on_write: self.sectors.switches.collect_on_write(),
            read_only: self.sectors.switches.read_only(),
            wear_spread: self.wear_spread,
            sector_size: self.flash.sector_size,
        }
    }
}

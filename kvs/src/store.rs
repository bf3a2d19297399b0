//! The store: what it is made of, and its raw interface of names and bytes.

use embedded_storage::nor_flash::NorFlash;

use crate::MAX_NAME_LEN;
use crate::change::{Change, Changes, RawKey};
use crate::checksum::{Checksum, Crc32c};
use crate::error::Error;
use crate::flash::{CHUNK, FlashResult, Partition};
use crate::format::{Head, Kind, MAX_HEAD, header_stride, pad};
use crate::map::{KeyMap, Place};
use crate::options::Options;
use crate::sectors::SectorTable;

/// A key-value store in a range of NOR flash.
///
/// `F` is the flash driver (or a `&mut` to one), `C` the checksum. The RAM comes from [`Resources`](crate::Resources).
///
/// ```
/// use kvs::{Options, Resources, Store, sim::presets};
///
/// let mut flash = presets::nrf52840();
/// let mut resources = Resources::<32, 8, 256>::new();
/// let mut store = Store::mount(&mut flash, 0..8 * 4096, &mut resources, Options::DEFAULT)?;
///
/// store.put_bytes("serial", b"A-1234")?;
/// let mut buffer = [0; 16];
/// let len = store.get_bytes("serial", &mut buffer)?;
/// assert_eq!(len, Some(6));
/// assert_eq!(&buffer[..6], b"A-1234");
/// # Ok::<(), kvs::Error<kvs::sim::SimError>>(())
/// ```
pub struct Store<'a, F, C = Crc32c> {
    pub(crate) flash: Partition<F>,
    pub(crate) checksum: C,
    pub(crate) map: KeyMap<'a>,
    pub(crate) sectors: SectorTable<'a>,
    pub(crate) buffer: &'a mut [u8],
    /// Where the head's free tail begins; the sector size when nothing may be appended.
    pub(crate) end: u32,
    pub(crate) next_sequence: u32,
    /// Sectors older than this may be collected by the collection under way; 0: none is.
    pub(crate) epoch: u32,
    pub(crate) behaviour: Behaviour,
    /// The need of the last commit that was refused because it must not collect.
    pub(crate) refused: u16,
    pub(crate) corrupt: u16,
    pub(crate) collections: u16,
}

// RAM is counted: beside its tables, buffer, driver and checksum, a store takes 64 bytes on a 32-bit part.
#[cfg(target_pointer_width = "32")]
const _: () = assert!(size_of::<Store<'static, (), ()>>() <= 64);

/// The options, as the store keeps them.
#[derive(Clone, Copy)]
pub(crate) struct Behaviour {
    pub(crate) verify_on_read: bool,
    pub(crate) verify_on_write: bool,
    pub(crate) collect_on_write: bool,
    pub(crate) read_only: bool,
    pub(crate) wear_spread: u16,
}

impl From<Options> for Behaviour {
    fn from(options: Options) -> Self {
        Self {
            verify_on_read: options.verify_on_read,
            verify_on_write: options.verify_on_write,
            collect_on_write: options.collect_on_write,
            read_only: options.read_only,
            wear_spread: options.wear_spread,
        }
    }
}

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
    pub fn get_bytes<'k>(
        &mut self,
        key: impl Into<RawKey<'k>>,
        out: &mut [u8],
    ) -> FlashResult<F, Option<usize>> {
        let Some(found) = self.find(key.into())? else {
            return Ok(None);
        };
        let (needed, available) = (found.value_len(), out.len());
        if needed > available {
            return Err(Error::BufferTooSmall { needed, available });
        }
        self.copy_out(&found, 0, out).map(Some)
    }

    /// Copies the value of `key` from byte `offset` on to the front of `out`, as much as there is and fits; returns
    /// how much, `None` if the key is not there.
    ///
    /// # Errors
    ///
    /// As [`get_bytes`](Self::get_bytes), without `BufferTooSmall`.
    pub fn get_bytes_at<'k>(
        &mut self,
        key: impl Into<RawKey<'k>>,
        offset: usize,
        out: &mut [u8],
    ) -> FlashResult<F, Option<usize>> {
        let Some(found) = self.find(key.into())? else {
            return Ok(None);
        };
        self.copy_out(&found, offset, out).map(Some)
    }

    /// The length of the value of `key` in bytes, `None` if the key is not there.
    ///
    /// # Errors
    ///
    /// As [`get_bytes_at`](Self::get_bytes_at).
    pub fn value_len<'k>(&mut self, key: impl Into<RawKey<'k>>) -> FlashResult<F, Option<usize>> {
        Ok(self.find(key.into())?.map(|found| found.value_len()))
    }

    /// Stores `value` under `key`. Programs nothing where that is its value already.
    ///
    /// Costs a read to compare, and one program call where the entry fits the store's buffer.
    ///
    /// # Errors
    ///
    /// See [`commit`](Self::commit).
    pub fn put_bytes<'k>(&mut self, key: impl Into<RawKey<'k>>, value: &'k [u8]) -> FlashResult<F> {
        self.commit(&[Change::put(key, value)])
    }

    /// Deletes `key`; returns whether it was there. Programs nothing if it was not.
    ///
    /// # Errors
    ///
    /// See [`commit`](Self::commit).
    pub fn delete<'k>(&mut self, key: impl Into<RawKey<'k>>) -> FlashResult<F, bool> {
        let change = [Change::delete(key)];
        Ok(self.commit_batch(&Changes(&change))? != 0)
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
    pub fn commit(&mut self, changes: &[Change<'_>]) -> FlashResult<F> {
        self.commit_batch(&Changes(changes)).map(|_| ())
    }

    /// Whether `key` is there. Costs no flash read for a hashed key, one for a name.
    ///
    /// # Errors
    ///
    /// As [`get_bytes_at`](Self::get_bytes_at).
    pub fn contains<'k>(&mut self, key: impl Into<RawKey<'k>>) -> FlashResult<F, bool> {
        self.value_len(key).map(|len| len.is_some())
    }

    /// How many keys are stored.
    #[must_use]
    pub fn len(&self) -> usize {
        self.map
            .slots()
            .iter()
            .filter(|slot| !slot.is_tombstone())
            .count()
    }

    /// Whether no key is stored.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many keys the resources have slots for. Deleted keys take one until their old entries are erased.
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
        let Behaviour {
            verify_on_read,
            verify_on_write,
            collect_on_write,
            read_only,
            wear_spread,
        } = self.behaviour;
        Options {
            verify_on_read,
            verify_on_write,
            collect_on_write,
            read_only,
            wear_spread,
            sector_size: self.flash.sector_size,
        }
    }
}

/// What the rooms share.
impl<F: NorFlash, C: Checksum> Store<'_, F, C> {
    /// Where a sector's entries begin.
    pub(crate) fn header_len(&self) -> u32 {
        header_stride(Partition::<F>::WRITE_SIZE).saturating_mul(2)
    }

    /// The bytes of a sector that hold entries.
    pub(crate) fn payload(&self) -> u32 {
        self.flash.sector_size.saturating_sub(self.header_len())
    }

    /// The part of the buffer that whole words fit in.
    pub(crate) fn stage_len(&self) -> usize {
        self.buffer.len() & !(Partition::<F>::WRITE_SIZE as usize).saturating_sub(1)
    }

    /// The head of an entry for `key`, but for its value's length.
    pub(crate) fn head_of(key: &RawKey<'_>) -> Head {
        let (kind, hash, name_len) = match key {
            RawKey::Hash(hash) => (Kind::Hashed, *hash, 0),
            RawKey::Name(name) => (Kind::Named, 0, name.len().min(MAX_NAME_LEN) as u8),
        };
        Head {
            kind,
            more: false,
            continues: false,
            hash,
            name_len,
            value_len: 0,
        }
    }

    /// The padded size of the entry at `place`.
    pub(crate) fn size_at(&mut self, place: Place) -> FlashResult<F, u32> {
        if let Some(size) = place.size {
            return Ok(size);
        }
        let mut scratch = [0; CHUNK];
        let len = pad(MAX_HEAD as u32, Partition::<F>::READ_SIZE) as usize;
        let Some(bytes) = scratch.get_mut(..len) else {
            return Ok(0);
        };
        self.flash.read(place.address, bytes)?;
        let head = Head::decode(bytes);
        Ok(head.map_or(0, |head| pad(head.entry_len(), Partition::<F>::WRITE_SIZE)))
    }

    /// Refuses names that can't be keys.
    pub(crate) fn check_key(key: &RawKey<'_>) -> FlashResult<F> {
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

//! The store: all that talks to flash. Written once, as async code, and compiled for each API:
//! `lib.rs` says how.
//!
//! Rooms from the driver up: `flash`, `window`, `scan` read; `mount`, `entries` and `newest` fill
//! the tables; `run`, `summary` and `open` write; `collect`, `tombstones`, `room`, `undo`, `rescue`
//! make room; `lookup`, `commit` and `raw` are the engine's interface; `typed`, `migrate`,
//! `confirm` and `reset` are the settings'.

use super::{CAN_BE_DROPPED, NorFlash, bisync};

mod collect;
mod commit;
mod confirm;
#[cfg(feature = "live")]
mod edited;
mod entries;
mod flash;
mod inspect;
mod lookup;
mod migrate;
mod mount;
mod newest;
mod open;
mod raw;
mod rescue;
mod reset;
mod room;
mod run;
mod scan;
mod summary;
mod tombstones;
mod typed;
mod undo;
mod unlisted;
mod unread;
mod window;

pub use inspect::Keys;

use self::flash::{CHUNK, FlashResult, Partition};
use self::unread::RESTARTS;
use crate::MAX_NAME_LEN;
use crate::bytes::Aligned;
use crate::change::RawKey;
use crate::checksum::{Checksum, Crc32c};
use crate::error::Error;
use crate::events;
use crate::format::{Head, Kind, MAX_HEAD, header_stride, pad};
use crate::map::{KeyMap, Place};
use crate::options::Summaries;
use crate::sectors::{SectorTable, State};
use crate::settings::Tree;
use window::Window;

#[bisync]
/// A key-value store in a range of NOR flash.
///
/// `F` is the flash driver (or a `&mut` to one), `C` the checksum. The RAM comes from
/// [`Resources`](crate::Resources).
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
    /// The first settings struct that the store was given since the mount, or what has turned out
    /// to be another version of it.
    pub(crate) first: Option<&'static Tree>,
    /// How far [`epoch`](Self::epoch) is behind the next sequence, and one; 0: no collection is
    /// under way. So two bytes are enough for it.
    pub(crate) epoch_age: u16,
    pub(crate) wear_spread: u16,
    /// The need of the last commit that was refused because it must not collect.
    pub(crate) refused: u16,
    pub(crate) corrupt: u16,
    /// Keys that have a value and no slot.
    pub(crate) unlisted: u16,
    pub(crate) collections: u16,
}

// RAM is counted: beside its tables, buffer, driver and checksum, a store takes 64 bytes on a
// 32-bit part.
#[cfg(target_pointer_width = "32")]
const _: () = assert!(size_of::<Store<'static, (), ()>>() <= 64);

/// What the rooms share.
#[bisync]
impl<F: NorFlash, C: Checksum> Store<'_, F, C> {
    /// Must be called before the tables are looked at: reads them anew where a write was dropped
    /// midway, or where they say other than the flash. So nothing else has to care where it may be
    /// dropped.
    ///
    /// An error where it is not known what the flash holds: where something can't be read, and not
    /// for good.
    pub(crate) async fn resume(&mut self) -> FlashResult<F> {
        let mut restarts = 0usize;
        loop {
            self.refill().await?;
            if self.map.unread == 0 {
                return Ok(());
            }
            match self.reread().await {
                Err(_) if self.is_stale() && restarts < RESTARTS => {}
                result => return result,
            }
            restarts = restarts.wrapping_add(1);
        }
    }

    /// Reads the tables anew where they say other than the flash.
    async fn refill(&mut self) -> FlashResult<F> {
        let interrupted = CAN_BE_DROPPED && self.sectors.is(State::Interrupted);
        let doubted = self.sectors.summaries() == Summaries::Doubted;
        if interrupted {
            events::dropped_write();
        }
        if !interrupted && !self.is_stale() {
            return Ok(());
        }
        let unread = self.map.unread;
        if !doubted && (interrupted || self.sectors.summaries() == Summaries::Used) {
            self.read_all().await?;
        } else {
            self.read_without_summaries().await?;
        }
        if doubted {
            // What a summary told of is gone, even if erased flash is all that is left of it.
            self.corrupt = self.corrupt.max(1);
        }
        self.sectors.set(State::Interrupted, false);
        if self.map.unread != unread {
            // Some of it can be read now, or other words can't.
            self.sectors.set(State::Reread, false);
        }
        Ok(())
    }

    /// Whether the tables are to be read anew before anything else is done, as
    /// [`resume`](Self::resume) does.
    pub(crate) fn is_stale(&self) -> bool {
        self.sectors.is(State::Stale) || self.sectors.summaries() == Summaries::Doubted
    }

    /// To be called where an entry does not count that a key should have. True: a summary may have
    /// said so, and the partition is to be read anew, by [`resume`](Self::resume).
    pub(crate) fn doubt_summaries(&mut self) -> bool {
        if self.sectors.summaries() == Summaries::Unused {
            return false;
        }
        self.sectors.set_summaries(Summaries::Doubted);
        true
    }

    /// To be called by what writes, before it looks at the tables.
    pub(crate) async fn begin(&mut self) -> FlashResult<F> {
        loop {
            self.resume().await?;
            self.sectors.set(State::Interrupted, CAN_BE_DROPPED);
            if !self.sectors.is(State::Unseen) {
                return Ok(());
            }
            self.sectors.set(State::Unseen, false);
            self.look_ahead().await;
            self.finish();
        }
    }

    /// Whether all is erased where the next entries will be. A program that was cut may have left
    /// something anywhere in its page; a bit may have rotted. The head is closed then, and what was
    /// erased ahead is erased again; unless summaries have to be doubted, and all is read anew
    /// first.
    #[inline(never)]
    async fn look_ahead(&mut self) {
        let size = self.flash.sector_size;
        for index in 0..self.sectors.len() {
            let is_head = self.sectors.head() == Some(index);
            let from = if is_head { self.end } else { self.header_len() };
            if !is_head && !self.sectors.get(index).is_ready() {
                continue;
            }
            let mut window = Window::new(&mut self.flash, self.buffer, index, size);
            if window.is_blank(from).await {
                continue;
            }
            if is_head {
                self.end = size;
                continue;
            }
            if let Some(sector) = self.sectors.edit(index) {
                sector.set_ready(false);
            }
            // Should that fail, there may be others.
            let _ = self.prepare(index).await;
        }
    }

    /// What writes has come to its end.
    pub(crate) fn finish(&mut self) {
        self.sectors.set(State::Interrupted, false);
    }

    /// Where a sector's entries begin.
    pub(crate) fn header_len(&self) -> u32 {
        header_stride(Partition::<F>::WRITE_SIZE).wrapping_mul(2)
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
    pub(crate) async fn size_at(&mut self, place: Place) -> FlashResult<F, u32> {
        if let Some(size) = place.size {
            return Ok(size);
        }
        let mut scratch = Aligned([0; CHUNK]);
        let len = pad(MAX_HEAD as u32, Partition::<F>::READ_SIZE) as usize;
        let Some(bytes) = scratch.0.get_mut(..len) else {
            return Ok(0);
        };
        self.flash.read(place.address, bytes).await?;
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

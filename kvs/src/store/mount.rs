//! Mounting: checks the geometry, reads the headers, and has `entries.rs` fill the RAM map. Never
//! writes (invariant 5).

use core::ops::Range;

use super::entries::Reading;
use super::flash::{CHUNK, FlashResult, Partition};
use super::window::note_hole;
use super::{NorFlash, Store, bisync};
use crate::bytes::Aligned;
use crate::checksum::{Checksum, Crc32c};
use crate::error::{Error, Geometry};
use crate::events;
use crate::format::{HEADER_COPY, Header, Layout, MIN_BUFFER, header_stride, pad};
use crate::map::{KeyMap, Packing, Slot};
use crate::options::{Options, Summaries, Switches};
use crate::resources::Resources;
use crate::sectors::{SectorTable, State};

#[bisync]
impl<'a, F: NorFlash> Store<'a, F, Crc32c> {
    /// Mounts the partition in `range` of `flash`, in bytes. Blank flash, and whatever is not this
    /// format, mounts as empty. Never writes.
    ///
    /// Costs reads of each sector's header, of the newest sector up to 512 bytes behind its last
    /// entry, and of summaries at the end of others: of few, where what is in use was changed
    /// lately. In a partition more than a quarter full, sectors may have no summary, and are read
    /// whole; each byte at most once. Reads are as long as the resources' buffer. The first call
    /// that writes reads what the mount left of where it is to write.
    ///
    /// # Errors
    ///
    /// [`Geometry`](Error::Geometry) where range, sector size, flash and resources don't fit;
    /// [`Incompatible`](Error::Incompatible) where another version, checksum or geometry wrote the
    /// partition; [`Flash`](Error::Flash) where no sector's header can be read. Where only some of
    /// the flash can't be read, the rest is mounted; what could not be read is read again before a
    /// sector is erased.
    pub async fn mount<const KEYS: usize, const SECTORS: usize, const BUFFER: usize>(
        flash: F,
        range: Range<u32>,
        resources: &'a mut Resources<KEYS, SECTORS, BUFFER>,
        options: Options,
    ) -> FlashResult<F, Self> {
        Self::mount_with(flash, range, resources, options, Crc32c::new()).await
    }

    /// A store over the partition in `range` of `flash` that has read nothing yet.
    /// [`remount`](Self::remount) mounts it; so does the first call that needs what is in flash,
    /// and a mount that fails can be tried again. For resources that are `'static`, which a
    /// [`mount`](Self::mount) that fails does not give back.
    ///
    /// ```
    /// # use kvs::{Options, Resources, Store, sim::presets};
    /// # let flash = presets::nrf52840();
    /// # let resources: &'static mut _ = Box::leak(Box::new(Resources::<32, 8, 256>::new()));
    /// let mut store = Store::unmounted(flash, 0..8 * 4096, resources, Options::DEFAULT)?;
    /// let mut attempts = 0;
    /// while let Err(error) = store.remount() {
    ///     attempts += 1;
    ///     if attempts == 10 {
    ///         return Err(error);
    ///     }
    /// }
    /// # Ok::<(), kvs::Error<kvs::sim::SimError>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Geometry`](Error::Geometry) where range, sector size, flash and resources don't fit.
    pub fn unmounted<const KEYS: usize, const SECTORS: usize, const BUFFER: usize>(
        flash: F,
        range: Range<u32>,
        resources: &'a mut Resources<KEYS, SECTORS, BUFFER>,
        options: Options,
    ) -> FlashResult<F, Self> {
        Self::over(flash, &range, resources, &options, Crc32c::new())
    }
}

#[bisync]
impl<'a, F: NorFlash, C: Checksum> Store<'a, F, C> {
    /// Mounts as [`mount`](Store::mount) does, with a checksum of your own: a chip's CRC unit, for
    /// instance.
    ///
    /// # Errors
    ///
    /// As [`mount`](Store::mount).
    pub async fn mount_with<const KEYS: usize, const SECTORS: usize, const BUFFER: usize>(
        flash: F,
        range: Range<u32>,
        resources: &'a mut Resources<KEYS, SECTORS, BUFFER>,
        options: Options,
        checksum: C,
    ) -> FlashResult<F, Self> {
        let mut store = Self::over(flash, &range, resources, &options, checksum)?;
        store.resume().await?;
        Ok(store)
    }

    /// A store that has read nothing yet.
    fn over<const KEYS: usize, const SECTORS: usize, const BUFFER: usize>(
        flash: F,
        range: &Range<u32>,
        resources: &'a mut Resources<KEYS, SECTORS, BUFFER>,
        options: &Options,
        checksum: C,
    ) -> FlashResult<F, Self> {
        let Resources {
            slots,
            buffer,
            sectors,
        } = resources;
        let flash = Partition::new(flash, range, options)?;
        let bytes = range.end.saturating_sub(range.start);
        let (count, _) = flash.split(bytes);
        let capacity = sectors.len().min(usize::from(u16::MAX));
        let Some(sectors) = sectors.get_mut(..count).filter(|_| count <= capacity) else {
            return Err(Error::Geometry(Geometry::TooManySectors {
                sectors: count,
                capacity,
            }));
        };
        if buffer.0.len() < MIN_BUFFER.max(F::WRITE_SIZE.wrapping_mul(2)) {
            return Err(Error::Geometry(Geometry::Buffer));
        }
        let packing = Packing::new(bytes, Partition::<F>::WRITE_SIZE)
            .ok_or(Error::Geometry(Geometry::Range))?;
        let mut store = Self {
            end: 0,
            flash,
            checksum,
            map: KeyMap::new(slots, packing),
            sectors: SectorTable::new(sectors, Switches::of(options)),
            buffer: &mut buffer.0,
            next_sequence: 0,
            first: None,
            epoch_age: 0,
            wear_spread: options.wear_spread,
            refused: 0,
            corrupt: 0,
            unlisted: 0,
            collections: 0,
        };
        store.sectors.set(State::Stale, true);
        store.sectors.set_summaries(Summaries::Used);
        Ok(store)
    }

    /// Mounts the partition anew, with the resources that the store has, as a mount after a reset
    /// would: what is in RAM is read from flash, and sectors that had failed are used again. For a
    /// store in a `static`, whose resources can't be had a second time, after errors that the part
    /// may have recovered from; see [`unmounted`](Store::unmounted) too.
    ///
    /// Costs what a [`mount`](Store::mount) costs. Never writes.
    ///
    /// # Errors
    ///
    /// [`Flash`](Error::Flash), [`Incompatible`](Error::Incompatible), as [`mount`](Store::mount).
    /// The store stays, and can be mounted again; until that succeeds, each call that looks at
    /// flash tries it first.
    pub async fn remount(&mut self) -> FlashResult<F> {
        self.sectors.forgive();
        self.collections = 0;
        self.first = None;
        self.sectors.set(State::Stale, true);
        self.sectors.set_summaries(Summaries::Used);
        self.resume().await
    }

    /// Fills the tables from flash, whatever they held.
    #[inline(never)]
    pub(crate) async fn read_all(&mut self) -> FlashResult<F> {
        self.refused = 0;
        self.read(&Reading::ALL, None).await
    }

    /// The same, as if sector `copies` were not there, where that gives as many keys: then it is
    /// dead. False: it is not, and all is read.
    pub(crate) async fn read_without(&mut self, copies: usize) -> FlashResult<F, bool> {
        let keys = self.len();
        // In parts, as it was: what reads all for the sake of slots would find the copies again.
        self.read(&[Reading::InParts], Some(copies)).await?;
        if self.len() == keys && self.dead() != 0 {
            return Ok(true);
        }
        self.read_all().await?;
        Ok(false)
    }

    /// The same, as where there are more keys than slots.
    pub(crate) async fn read_in_parts(&mut self) -> FlashResult<F> {
        self.read(&[Reading::InParts], None).await
    }

    /// The same, without going by summaries.
    #[inline(never)]
    pub(crate) async fn read_without_summaries(&mut self) -> FlashResult<F> {
        self.read(Reading::ALL.get(1..).unwrap_or(&[]), None).await
    }

    /// Fills the tables in the first of these ways that works, as if the sector `without` had no
    /// header. They are stale until that has succeeded.
    async fn read(&mut self, ways: &[Reading], without: Option<usize>) -> FlashResult<F> {
        self.sectors.set(State::Stale, true);
        if self.map.slots().iter().any(Slot::is_unread) {
            self.sectors.set(State::LoadFailed, true);
        }
        let mut result = Ok(true);
        for way in ways {
            self.map.clear();
            self.sectors.clear();
            self.next_sequence = 1;
            self.corrupt = 0;
            self.map.unread = 0;
            self.unlisted = 0;
            self.read_headers().await?;
            if let Some(sector) = without.and_then(|index| self.sectors.edit(index)) {
                sector.sequence = 0;
            }
            result = self.read_entries(*way).await;
            match result {
                Ok(true) => break,
                // A summary does not add up, or there are more keys than slots.
                Ok(false) | Err(Error::TooManyKeys { .. }) => {}
                Err(_) => break,
            }
        }
        events::mounted(self.len(), self.sectors.len(), self.corrupt);
        if self.unlisted != 0 {
            events::too_few_slots(self.unlisted, self.map.capacity());
        }
        self.sectors.set(State::Stale, result.is_err());
        result.map(drop)
    }

    /// Reads the header of each sector. An error where none could be read: that must not be taken
    /// for an empty partition.
    async fn read_headers(&mut self) -> FlashResult<F> {
        let layout = Layout::new(self.flash.sector_size, Partition::<F>::WRITE_SIZE, C::ID);
        let (mut least, mut most) = (u32::MAX, 0);
        let mut readable = 0usize;
        let mut failed = None;
        for index in 0..self.sectors.len() {
            let header = match self.read_header(index).await {
                Ok(header) => header,
                Err(error) => {
                    failed = Some(error);
                    self.map.unread = note_hole(self.map.unread, self.flash.base(index));
                    self.sectors.set(State::Unreadable, true);
                    if let Some(sector) = self.sectors.edit(index) {
                        sector.set_unread();
                    }
                    continue;
                }
            };
            readable = readable.wrapping_add(1);
            let Some(header) = header else {
                continue;
            };
            if header.layout != layout {
                return Err(incompatible(header.layout, layout));
            }
            if let Some(sector) = self.sectors.edit(index) {
                sector.sequence = header.sequence;
                sector.erases = header.erases;
            }
            self.next_sequence = self.next_sequence.max(header.sequence.wrapping_add(1));
            least = least.min(header.erases);
            most = most.max(header.erases);
        }
        if let (0, Some(error)) = (readable, failed) {
            return Err(error);
        }
        // Sectors whose header is lost are taken to have been erased as often as the others.
        let middle = least.min(most).midpoint(most);
        for index in 0..self.sectors.len() {
            if let Some(sector) = self.sectors.edit(index)
                && sector.sequence == 0
            {
                sector.erases = middle;
            }
        }
        Ok(())
    }

    /// The header of a sector; its second copy where the first is bad. `None` only where both could
    /// be read: what can't be read may be there.
    pub(crate) async fn read_header(&mut self, index: usize) -> FlashResult<F, Option<Header>> {
        let stride = header_stride(Partition::<F>::WRITE_SIZE);
        let base = self.flash.base(index);
        let mut missing = Ok(None);
        for address in [base, base.wrapping_add(stride)] {
            let mut bytes = Aligned([0; CHUNK]);
            let len = pad(HEADER_COPY as u32, Partition::<F>::READ_SIZE) as usize;
            let bytes = bytes.0.get_mut(..len).unwrap_or(&mut []);
            if let Err(error) = self.flash.read(address, bytes).await {
                missing = Err(error);
            } else if let Some(header) = bytes.first_chunk().and_then(Header::decode) {
                return Ok(Some(header));
            }
        }
        missing
    }
}

fn incompatible<E>(found: Layout, ours: Layout) -> Error<E> {
    let powers = |layout: Layout| (layout.geometry >> 3, layout.geometry & 7);
    Error::Incompatible {
        version: (found.version, ours.version),
        checksum: (found.checksum, ours.checksum),
        geometry: (powers(found), powers(ours)),
    }
}

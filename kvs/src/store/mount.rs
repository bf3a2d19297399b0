//! Mounting: checks that range, flash and resources fit.

use core::ops::Range;

use super::{Driver, FlashResult, NorFlash, Store, bisync};
use crate::checksum::{Checksum, Crc32c};
use crate::engine::{Engine, WORDS_MAX};
use crate::error::{Error, Geometry};
use crate::format::{MAX_WRITE_SIZE, MIN_BUFFER, header_stride, pad};
use crate::options::Options;
use crate::resources::Resources;

/// The most words of a sector: the next one says in 16 bits where it ended.
const SECTOR_WORDS_MAX: u32 = 0x1_0000;

/// The largest read size.
const MAX_READ_SIZE: usize = 64;

#[bisync]
impl<'a, F: NorFlash> Store<'a, F, Crc32c> {
    /// Mounts the partition in `range` of `flash`, in bytes. Blank flash, and whatever is not this
    /// format, mounts as empty. Never writes.
    ///
    /// Costs reads of each sector's header, of the newest table of all keys, and of all that was
    /// written after it; where there is no table, of all entries, each once. Reads are as long as
    /// the resources' buffer. The first call that writes reads the last commit, the newest header and
    /// what is behind them 32 times, as the power may have failed while they were written.
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
        let sector_size = Self::check_geometry(&flash, range, options)?;
        let bytes = range.end.saturating_sub(range.start);
        let count = bytes.checked_div(sector_size).unwrap_or(0) as usize;
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
        let driver = Driver::new(flash, range.start, &mut buffer.0);
        Ok(Self {
            engine: Engine::new(driver, checksum, sector_size, slots, sectors, options),
            first: None,
            load_failed: false,
        })
    }

    /// The sector size, if the flash and the range fit the options.
    fn check_geometry(flash: &F, range: &Range<u32>, options: &Options) -> FlashResult<F, u32> {
        let fail = |geometry| Err(Error::Geometry(geometry));
        let (write, read, erase) = (F::WRITE_SIZE, F::READ_SIZE, F::ERASE_SIZE);
        let powers = write.is_power_of_two() && read.is_power_of_two();
        if !powers || write > MAX_WRITE_SIZE || read > write || read > MAX_READ_SIZE {
            return fail(Geometry::WordSize);
        }
        let sector_size = match options.sector_size {
            0 => erase as u32,
            size => size,
        };
        let stride = header_stride(write as u32);
        let least = stride
            .saturating_mul(2)
            .saturating_add(pad(16, write as u32));
        let multiple = |size: u32, of: usize| size.checked_rem(of as u32) == Some(0);
        if sector_size < least
            || !multiple(sector_size, write)
            || sector_size
                .checked_div(write as u32)
                .is_none_or(|words| words > SECTOR_WORDS_MAX)
            || !multiple(sector_size, erase)
        {
            return fail(Geometry::SectorSize);
        }
        let len = range.end.saturating_sub(range.start);
        let on_boundaries = multiple(range.start, erase) && multiple(len, sector_size as usize);
        // As the engine sees it, whose sectors begin at powers of two.
        let stride = sector_size.checked_next_power_of_two().unwrap_or(u32::MAX);
        let sectors = len.checked_div(sector_size).unwrap_or(0);
        let words = stride
            .saturating_mul(sectors)
            .checked_div(write as u32)
            .unwrap_or(0);
        if range.end <= range.start
            || range.end as usize > flash.capacity()
            || !on_boundaries
            || words > WORDS_MAX
        {
            return fail(Geometry::Range);
        }
        if len < sector_size.saturating_mul(2) {
            return fail(Geometry::TooFewSectors);
        }
        Ok(sector_size)
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
        self.engine.forgive();
        self.first = None;
        self.resume().await
    }
}

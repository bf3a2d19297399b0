//! The partition: a range of a NOR flash, cut into sectors. The only room that talks to the driver.
//!
//! Knows addresses, alignment and erased bytes, and how long a header is; no entries or keys.

use core::ops::Range;

use super::{NorFlash, bisync};
use crate::bytes::{Aligned, is_erased};
use crate::error::{Error, Geometry};
use crate::format::{MAX_WRITE_SIZE, header_stride, pad};
use crate::options::Options;
use crate::sectors::MAX_SECTOR;

/// Bytes that are looked at in one read where only a look is needed; a multiple of any read size.
pub(crate) const CHUNK: usize = 64;

pub(crate) struct Partition<F> {
    pub(crate) flash: F,
    /// Where the partition begins in the flash.
    pub(crate) start: u32,
    pub(crate) sector_size: u32,
}

pub(crate) type FlashResult<F, T = ()> =
    Result<T, Error<<F as embedded_storage::nor_flash::ErrorType>::Error>>;

#[bisync]
impl<F: NorFlash> Partition<F> {
    pub(crate) const WRITE_SIZE: u32 = F::WRITE_SIZE as u32;
    pub(crate) const READ_SIZE: u32 = F::READ_SIZE as u32;

    /// The part of `flash` in `range`, in sectors as the options say; an error where these don't
    /// fit.
    pub(crate) fn new(flash: F, range: &Range<u32>, options: &Options) -> FlashResult<F, Self> {
        let fail = |geometry| Err(Error::Geometry(geometry));
        let (write, read, erase) = (F::WRITE_SIZE, F::READ_SIZE, F::ERASE_SIZE);
        let powers = write.is_power_of_two() && read.is_power_of_two();
        if !powers || write > MAX_WRITE_SIZE || read > write || read > CHUNK {
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
        if sector_size > MAX_SECTOR
            || sector_size < least
            || !multiple(sector_size, erase)
            || !multiple(sector_size, write)
        {
            return fail(Geometry::SectorSize);
        }
        let len = range.end.saturating_sub(range.start);
        let on_boundaries = multiple(range.start, erase) && split(len, sector_size).1 == 0;
        if range.end <= range.start || range.end as usize > flash.capacity() || !on_boundaries {
            return fail(Geometry::Range);
        }
        if len < sector_size.saturating_mul(2) {
            return fail(Geometry::TooFewSectors);
        }
        Ok(Self {
            flash,
            start: range.start,
            sector_size,
        })
    }

    /// The address of a sector, from the start of the partition.
    pub(crate) fn base(&self, sector: usize) -> u32 {
        self.sector_size.wrapping_mul(sector as u32)
    }

    /// The sector of an address, and the offset in it.
    pub(crate) fn split(&self, address: u32) -> (usize, u32) {
        split(address, self.sector_size)
    }

    /// Fills `out` from `address`; both aligned to the read size. A read that fails is tried once
    /// more: a glitch on the bus is no damage.
    pub(crate) async fn read(&mut self, address: u32, out: &mut [u8]) -> FlashResult<F> {
        let from = self.start.wrapping_add(address);
        if self.flash.read(from, out).await.is_ok() {
            return Ok(());
        }
        self.flash.read(from, out).await.map_err(Error::Flash)
    }

    /// Programs `bytes`, whole words, at `address`, in one call. To `verify` is to check that the
    /// flash is blank before, and to read it back after.
    pub(crate) async fn program(
        &mut self,
        address: u32,
        bytes: &[u8],
        verify: bool,
    ) -> FlashResult<F> {
        if bytes.is_empty() {
            return Ok(());
        }
        // A word that is not blank would end up as the AND of both, or as an ECC error.
        if verify && !self.is_blank(address, bytes.len() as u32).await? {
            return Err(Error::NotBlank { address });
        }
        self.flash
            .write(self.start.wrapping_add(address), bytes)
            .await
            .map_err(Error::Flash)?;
        if verify && !self.reads_as(address, bytes).await? {
            return Err(Error::VerifyFailed { address });
        }
        Ok(())
    }

    pub(crate) async fn erase(&mut self, sector: usize) -> FlashResult<F> {
        let from = self.start.wrapping_add(self.base(sector));
        self.flash
            .erase(from, from.wrapping_add(self.sector_size))
            .await
            .map_err(Error::Flash)
    }

    pub(crate) async fn is_blank(&mut self, address: u32, len: u32) -> FlashResult<F, bool> {
        let mut scratch = Aligned([0; CHUNK]);
        let (mut at, mut left) = (address, len as usize);
        while left != 0 {
            let Some(chunk) = scratch.0.get_mut(..left.min(CHUNK)) else {
                break;
            };
            self.read(at, chunk).await?;
            if !is_erased(chunk) {
                return Ok(false);
            }
            at = at.wrapping_add(chunk.len() as u32);
            left = left.saturating_sub(chunk.len());
        }
        Ok(true)
    }

    async fn reads_as(&mut self, address: u32, bytes: &[u8]) -> FlashResult<F, bool> {
        let mut scratch = Aligned([0; CHUNK]);
        let mut at = address;
        for expected in bytes.chunks(CHUNK) {
            let Some(chunk) = scratch.0.get_mut(..expected.len()) else {
                break;
            };
            self.read(at, chunk).await?;
            if chunk != expected {
                return Ok(false);
            }
            at = at.wrapping_add(chunk.len() as u32);
        }
        Ok(true)
    }
}

/// `address` by `size`, which is not 0, and what is left over. By hand, because a part without a
/// divider (Cortex-M0) gets a library routine for it that is larger and, with few sectors, slower.
pub(crate) fn split(address: u32, size: u32) -> (usize, u32) {
    let (mut sector, mut offset) = (0usize, address);
    let mut bit = 0u32;
    while size != 0 && bit < u32::BITS && (offset >> bit) >= size {
        bit = bit.wrapping_add(1);
    }
    while bit != 0 {
        bit = bit.wrapping_sub(1);
        sector <<= 1;
        let part = size << bit;
        if offset >= part {
            offset = offset.wrapping_sub(part);
            sector |= 1;
        }
    }
    (sector, offset)
}

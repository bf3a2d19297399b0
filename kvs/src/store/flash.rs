//! The partition: a range of a NOR flash, cut into sectors. The only room that talks to the driver.
//!
//! Knows addresses, alignment and erased bytes; no headers, entries or keys.

use super::{NorFlash, bisync};
use crate::error::Error;
use crate::format::ERASED;

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

    /// The address of a sector, from the start of the partition.
    pub(crate) fn base(&self, sector: usize) -> u32 {
        self.sector_size.saturating_mul(sector as u32)
    }

    /// The sector of an address, and the offset in it.
    pub(crate) fn split(&self, address: u32) -> (usize, u32) {
        let sector = address.checked_div(self.sector_size).unwrap_or(0);
        (
            sector as usize,
            address.saturating_sub(self.base(sector as usize)),
        )
    }

    /// Fills `out` from `address`; both aligned to the read size.
    pub(crate) async fn read(&mut self, address: u32, out: &mut [u8]) -> FlashResult<F> {
        self.flash
            .read(self.start.saturating_add(address), out)
            .await
            .map_err(Error::Flash)
    }

    /// Programs `bytes`, whole words, at `address`, in one call. To `verify` is to check that the flash is blank before,
    /// and to read it back after.
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
            .write(self.start.saturating_add(address), bytes)
            .await
            .map_err(Error::Flash)?;
        if verify && !self.reads_as(address, bytes).await? {
            return Err(Error::VerifyFailed { address });
        }
        Ok(())
    }

    pub(crate) async fn erase(&mut self, sector: usize) -> FlashResult<F> {
        let from = self.start.saturating_add(self.base(sector));
        self.flash
            .erase(from, from.saturating_add(self.sector_size))
            .await
            .map_err(Error::Flash)
    }

    pub(crate) async fn is_blank(&mut self, address: u32, len: u32) -> FlashResult<F, bool> {
        let mut scratch = [0; CHUNK];
        let (mut at, mut left) = (address, len as usize);
        while left != 0 {
            let Some(chunk) = scratch.get_mut(..left.min(CHUNK)) else {
                break;
            };
            self.read(at, chunk).await?;
            if chunk.iter().any(|byte| *byte != ERASED) {
                return Ok(false);
            }
            at = at.saturating_add(chunk.len() as u32);
            left = left.saturating_sub(chunk.len());
        }
        Ok(true)
    }

    async fn reads_as(&mut self, address: u32, bytes: &[u8]) -> FlashResult<F, bool> {
        let mut scratch = [0; CHUNK];
        let mut at = address;
        for expected in bytes.chunks(CHUNK) {
            let Some(chunk) = scratch.get_mut(..expected.len()) else {
                break;
            };
            self.read(at, chunk).await?;
            if chunk != expected {
                return Ok(false);
            }
            at = at.saturating_add(chunk.len() as u32);
        }
        Ok(true)
    }
}

//! The partition: a range of a NOR flash in sectors of one size, and the buffer that its bytes pass
//! through. The only layer that talks to the driver; it knows nothing of entries.

use super::{Fault, NorFlash, bisync};
use crate::bytes::{Aligned, is_erased};
use crate::format::pad;

/// Bytes that are looked at in one read where they are only compared.
const CHUNK: usize = 32;

pub(super) struct Flash<'a, F> {
    driver: F,
    /// Where the partition begins in the flash.
    start: u32,
    sector_size: u32,
    buffer: &'a mut [u8],
    /// What of the partition the buffer holds: from this address on, so many bytes.
    held_from: u32,
    held_len: u32,
}

#[bisync]
impl<'a, F: NorFlash> Flash<'a, F> {
    /// The size of a word: what is programmed at once.
    pub(super) const WORD: u32 = F::WRITE_SIZE as u32;
    const READ: u32 = F::READ_SIZE as u32;

    pub(super) fn new(driver: F, start: u32, sector_size: u32, buffer: &'a mut [u8]) -> Self {
        Self {
            driver,
            start,
            sector_size,
            buffer,
            held_from: 0,
            held_len: 0,
        }
    }

    pub(super) fn sector_size(&self) -> u32 {
        self.sector_size
    }

    /// The address of a sector, from the partition's start.
    pub(super) fn base(&self, sector: usize) -> u32 {
        self.sector_size.wrapping_mul(sector as u32)
    }

    /// How far an address, which may be the end of the sector, is from the start of sector `number`.
    pub(super) fn offset_within(&self, number: usize, address: u32) -> u32 {
        address.wrapping_sub(self.base(number))
    }

    /// How far an address is from the start of its sector.
    pub(super) fn offset(&self, address: u32) -> u32 {
        address & self.sector_size.wrapping_sub(1)
    }

    /// The bytes from `address` on: `need` of them at least, or as many as there are in its sector,
    /// or fit into the buffer. None if they can't be read.
    #[inline(never)]
    pub(super) async fn bytes(&mut self, address: u32, need: u32) -> &[u8] {
        let mut skip = address.wrapping_sub(self.held_from);
        if skip > self.held_len || skip.wrapping_add(need) > self.held_len {
            self.held_from = address & !Self::READ.wrapping_sub(1);
            self.held_len = 0;
            skip = address.wrapping_sub(self.held_from);
            let left = self.sector_size.wrapping_sub(self.offset(self.held_from));
            // First as much as fits; then, so that a word that can't be read does not hide the ones
            // before it, as little as will do.
            for len in [
                self.buffer.len() as u32,
                pad(need.wrapping_add(skip), Self::READ),
            ] {
                let len = len.min(left) & !Self::READ.wrapping_sub(1);
                let from = self.start.wrapping_add(self.held_from);
                if let Some(target) = self.buffer.get_mut(..len as usize)
                    && self.driver.read(from, target).await.is_ok()
                {
                    self.held_len = len;
                    break;
                }
            }
        }
        let held = self.buffer.get(skip as usize..self.held_len as usize);
        held.unwrap_or_default()
    }

    /// The buffer, to stage what is to be programmed. What it held of the flash is gone.
    pub(super) fn stage(&mut self) -> &mut [u8] {
        self.forget();
        self.buffer
    }

    /// Puts one byte into what is staged.
    pub(super) fn put(&mut self, at: u32, byte: u8) {
        if let Some(target) = self.buffer.get_mut(at as usize) {
            *target = byte;
        }
    }

    /// How many bytes can be staged: whole words.
    pub(super) fn stage_len(&self) -> u32 {
        self.buffer.len() as u32 & !Self::WORD.wrapping_sub(1)
    }

    /// Makes the next look read the flash again.
    pub(super) fn forget(&mut self) {
        self.held_len = 0;
    }

    /// Whether nothing could be read at the last look.
    pub(super) fn is_unreadable(&self) -> bool {
        self.held_len == 0
    }

    /// Whether so many bytes of flash are erased.
    pub(super) async fn is_erased(&mut self, address: u32, len: u32) -> bool {
        self.compare(address, len, None).await
    }

    /// Whether so many bytes of flash are as what is staged.
    pub(super) async fn is_staged(&mut self, address: u32, len: u32) -> bool {
        self.compare(address, len, Some(0)).await
    }

    /// Whether so many bytes of flash still are as the buffer, which has them, holds them.
    pub(super) async fn is_held(&mut self, address: u32, len: u32) -> bool {
        let skip = address.wrapping_sub(self.held_from);
        self.compare(address, len, Some(skip)).await
    }

    #[inline(never)]
    async fn compare(&mut self, address: u32, len: u32, staged: Option<u32>) -> bool {
        let mut scratch = Aligned([0; CHUNK]);
        let mut done = 0u32;
        while done < len {
            let count = len.wrapping_sub(done).min(CHUNK as u32) as usize;
            let Some(chunk) = scratch.0.get_mut(..count) else {
                return false;
            };
            let from = self.start.wrapping_add(address).wrapping_add(done);
            if self.driver.read(from, chunk).await.is_err() {
                return false;
            }
            let is_same = match staged {
                Some(skip) => {
                    let at = skip.wrapping_add(done) as usize;
                    self.buffer.get(at..at.wrapping_add(count)) == Some(&*chunk)
                }
                None => is_erased(chunk),
            };
            if !is_same {
                return false;
            }
            done = done.wrapping_add(count as u32);
        }
        true
    }

    /// Programs the first `len` bytes of what is staged, whole words, in one call.
    #[inline(never)]
    pub(super) async fn program(&mut self, address: u32, len: u32) -> Result<(), Fault> {
        self.forget();
        let bytes = self.buffer.get(..len as usize).unwrap_or_default();
        if bytes.is_empty() {
            return Ok(());
        }
        let to = self.start.wrapping_add(address);
        let written = self.driver.write(to, bytes).await;
        written.map_err(|_| Fault::Flash)
    }

    pub(super) async fn erase(&mut self, sector: usize) -> Result<(), Fault> {
        self.forget();
        let from = self.start.wrapping_add(self.base(sector));
        let erased = self
            .driver
            .erase(from, from.wrapping_add(self.sector_size))
            .await;
        erased.map_err(|_| Fault::Flash)
    }
}

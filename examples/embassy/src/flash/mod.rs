//! A NOR flash, played by one of the board's RAMs: it has to be erased, and a reset does not clear it. And two drivers of it.

mod asynch;
mod blocking;

use core::ops::Range;
use core::sync::atomic::{AtomicU8, Ordering::Relaxed};

pub use asynch::{Async, MISS_AN_INTERRUPT};
pub use blocking::Blocking;
pub use embedded_storage_async::nor_flash::NorFlashErrorKind as Error;

pub const SECTORS: usize = 8;
pub const PARTITION: Range<u32> = 0..LEN as u32;

const SECTOR: usize = 4096;
const WORD: usize = 4;
pub const LEN: usize = SECTORS * SECTOR;

/// The part, or some of its bytes.
#[derive(Clone, Copy)]
pub struct Flash(&'static [AtomicU8]);

impl Flash {
    pub(crate) fn new(memory: &'static [AtomicU8; LEN]) -> Self {
        Self(memory)
    }

    /// `len` bytes from `offset` on, which are whole `unit`s.
    fn range(self, offset: u32, len: usize, unit: usize) -> Result<Self, Error> {
        let offset = offset as usize;
        if !offset.is_multiple_of(unit) || !len.is_multiple_of(unit) {
            return Err(Error::NotAligned);
        }
        let bytes = self.0.get(offset..).and_then(|bytes| bytes.get(..len));
        bytes.map(Self).ok_or(Error::OutOfBounds)
    }

    /// Whole sectors, to be erased.
    fn sectors(self, from: u32, to: u32) -> Result<Self, Error> {
        let len = to.checked_sub(from).ok_or(Error::OutOfBounds)?;
        self.range(from, len as usize, SECTOR)
    }

    /// Whole words, to be programmed. They must be erased: a part with ECC takes no others.
    fn words(self, offset: u32, len: usize) -> Result<Self, Error> {
        let words = self.range(offset, len, WORD)?;
        match words.0.iter().all(|byte| byte.load(Relaxed) == 0xFF) {
            true => Ok(words),
            false => Err(Error::Other),
        }
    }

    fn chunks(self, len: usize) -> impl Iterator<Item = Self> {
        self.0.chunks(len).map(Self)
    }

    fn read(self, bytes: &mut [u8]) {
        for (byte, stored) in bytes.iter_mut().zip(self.0) {
            *byte = stored.load(Relaxed);
        }
    }

    fn program(self, bytes: &[u8]) {
        for (stored, byte) in self.0.iter().zip(bytes) {
            stored.fetch_and(*byte, Relaxed);
        }
    }

    fn erase(self) {
        for stored in self.0 {
            stored.store(0xFF, Relaxed);
        }
    }
}

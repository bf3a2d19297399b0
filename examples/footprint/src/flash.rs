//! The flash driver that all contenders use, in words of 4 bytes and pages of 1 KiB, memory-mapped for reading.

use core::sync::atomic::{AtomicU32, Ordering};

use embedded_storage::nor_flash::{
    ErrorType, MultiwriteNorFlash, NorFlash, NorFlashErrorKind, ReadNorFlash, check_erase,
    check_read, check_write,
};

use crate::chip;

/// Bytes in a page.
pub const PAGE: u32 = 1024;

/// Words programmed and pages erased, counted from anywhere. Not among the statics that are counted.
pub(crate) struct Counter(AtomicU32);

#[allow(unsafe_code, reason = "hardware, or what the emulator lends")]
// SAFETY: `cortex-m-rt` keeps the section in RAM; any content is a count.
#[unsafe(link_section = ".uninit.words")]
pub(crate) static WORDS: Counter = Counter(AtomicU32::new(0));
#[allow(unsafe_code, reason = "hardware, or what the emulator lends")]
// SAFETY: as above.
#[unsafe(link_section = ".uninit.erases")]
pub(crate) static ERASES: Counter = Counter(AtomicU32::new(0));

impl Counter {
    pub(crate) fn get(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }

    // No read-modify-write: a Cortex-M0 has none, and there is but one thread.
    fn add(&self, count: u32) {
        self.0
            .store(self.get().wrapping_add(count), Ordering::Relaxed);
    }
}

/// The flash that the settings are in: eight pages.
pub struct Flash;

impl ErrorType for Flash {
    type Error = NorFlashErrorKind;
}

impl ReadNorFlash for Flash {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Self::Error> {
        check_read(self, offset, bytes.len())?;
        chip::read(offset, bytes);
        Ok(())
    }

    fn capacity(&self) -> usize {
        8 * PAGE as usize
    }
}

impl NorFlash for Flash {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = PAGE as usize;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), Self::Error> {
        check_erase(self, from, to)?;
        let mut page = from;
        while page < to {
            ERASES.add(1);
            chip::erase(page);
            page += PAGE;
        }
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Self::Error> {
        check_write(self, offset, bytes.len())?;
        let (words, _) = bytes.as_chunks();
        WORDS.add(words.len() as u32);
        chip::program(offset, words);
        Ok(())
    }
}

/// Erases all of it; whether it could be.
pub fn erase_all() -> bool {
    Flash.erase(0, 8 * PAGE).is_ok()
}

impl MultiwriteNorFlash for Flash {}

//! The flash of the nRF51822 as a driver for `kvs`.

use core::ops::Range;
use core::sync::atomic::{Ordering, compiler_fence};

use embassy_nrf::nvmc::{Error, Nvmc};
use embassy_nrf::pac::NVMC;
use embassy_nrf::pac::nvmc::vals::Wen;
use embassy_nrf::{Peri, peripherals};
use embedded_storage::nor_flash::{ErrorType, NorFlash, ReadNorFlash};

/// Bytes that are erased at a time.
pub const PAGE: u32 = 1024;
/// The pages of the settings.
pub const PAGES: usize = 4;
/// Where they are: behind the program, whose end memory.x sets.
pub const SETTINGS: Range<u32> = 0x1F000..0x20000;

const _: () = assert!(SETTINGS.end - SETTINGS.start == PAGES as u32 * PAGE);

/// embassy-nrf's driver, but for the erase: it takes the pages to be 4 KiB long, as on later chips, and so erases only the
/// first of each four.
pub struct Flash(Nvmc<'static>);

impl Flash {
    pub fn new(nvmc: Peri<'static, peripherals::NVMC>) -> Self {
        Self(Nvmc::new(nvmc))
    }
}

impl ErrorType for Flash {
    type Error = Error;
}

impl ReadNorFlash for Flash {
    const READ_SIZE: usize = Nvmc::READ_SIZE;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Error> {
        self.0.read(offset, bytes)
    }

    fn capacity(&self) -> usize {
        self.0.capacity()
    }
}

impl NorFlash for Flash {
    const WRITE_SIZE: usize = Nvmc::WRITE_SIZE;
    const ERASE_SIZE: usize = PAGE as usize;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), Error> {
        if from > to || to as usize > self.capacity() {
            return Err(Error::OutOfBounds);
        }
        if !from.is_multiple_of(PAGE) || !to.is_multiple_of(PAGE) {
            return Err(Error::Unaligned);
        }
        NVMC.config().write(|w| w.set_wen(Wen::Een));
        wait();
        for page in (from..to).step_by(PAGE as usize) {
            NVMC.erasepage().write_value(page);
            wait();
        }
        NVMC.config().write(|w| w.set_wen(Wen::Ren));
        wait();
        // The compiler sees a store to a register, not that it changes what the driver reads as ordinary memory.
        compiler_fence(Ordering::SeqCst);
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Error> {
        self.0.write(offset, bytes)
    }
}

fn wait() {
    while !NVMC.ready().read().ready() {}
}

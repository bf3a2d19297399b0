//! A driver of flash with ECC, with reads that return an error where a word can't be corrected.
#![no_std]

use embedded_storage::nor_flash::{
    ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash,
};
use embedded_storage_async::nor_flash as asynch;

/// What a chip has to do for it.
pub trait Controller {
    /// Reads from an offset that was checked; `false` where a word can't be corrected.
    fn read(offset: u32, bytes: &mut [u8]) -> bool;

    /// Before a program or an erase: clears what earlier errors have left behind.
    fn clear_errors() {}
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Error<E> {
    /// The driver's.
    Driver(E),
    OutOfBounds,
    /// More bits of a word are wrong than its ECC can correct.
    Ecc,
}

impl<E: NorFlashError> NorFlashError for Error<E> {
    fn kind(&self) -> NorFlashErrorKind {
        match self {
            Self::Driver(error) => error.kind(),
            Self::OutOfBounds => NorFlashErrorKind::OutOfBounds,
            Self::Ecc => NorFlashErrorKind::Other,
        }
    }
}

/// The driver `F`, read by `C`.
pub struct Checked<F, C> {
    flash: F,
    _controller: C,
}

impl<F: ErrorType, C: Controller> Checked<F, C> {
    pub fn new(flash: F, controller: C) -> Self {
        Self {
            flash,
            _controller: controller,
        }
    }

    fn read_within(capacity: usize, offset: u32, bytes: &mut [u8]) -> Result<(), Error<F::Error>> {
        let end = (offset as usize).checked_add(bytes.len());
        if end.is_none_or(|end| end > capacity) {
            return Err(Error::OutOfBounds);
        }
        if C::read(offset, bytes) {
            Ok(())
        } else {
            Err(Error::Ecc)
        }
    }
}

impl<F: ErrorType, C> ErrorType for Checked<F, C> {
    type Error = Error<F::Error>;
}

impl<F: ReadNorFlash, C: Controller> ReadNorFlash for Checked<F, C> {
    const READ_SIZE: usize = F::READ_SIZE;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Self::Error> {
        Self::read_within(self.flash.capacity(), offset, bytes)
    }

    fn capacity(&self) -> usize {
        self.flash.capacity()
    }
}

impl<F: NorFlash, C: Controller> NorFlash for Checked<F, C> {
    const WRITE_SIZE: usize = F::WRITE_SIZE;
    const ERASE_SIZE: usize = F::ERASE_SIZE;

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Self::Error> {
        C::clear_errors();
        self.flash.write(offset, bytes).map_err(Error::Driver)
    }

    fn erase(&mut self, from: u32, to: u32) -> Result<(), Self::Error> {
        C::clear_errors();
        self.flash.erase(from, to).map_err(Error::Driver)
    }
}

impl<F: asynch::ReadNorFlash, C: Controller> asynch::ReadNorFlash for Checked<F, C> {
    const READ_SIZE: usize = F::READ_SIZE;

    async fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Self::Error> {
        Self::read_within(self.flash.capacity(), offset, bytes)
    }

    fn capacity(&self) -> usize {
        self.flash.capacity()
    }
}

impl<F: asynch::NorFlash, C: Controller> asynch::NorFlash for Checked<F, C> {
    const WRITE_SIZE: usize = F::WRITE_SIZE;
    const ERASE_SIZE: usize = F::ERASE_SIZE;

    async fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Self::Error> {
        C::clear_errors();
        self.flash.write(offset, bytes).await.map_err(Error::Driver)
    }

    async fn erase(&mut self, from: u32, to: u32) -> Result<(), Self::Error> {
        C::clear_errors();
        self.flash.erase(from, to).await.map_err(Error::Driver)
    }
}

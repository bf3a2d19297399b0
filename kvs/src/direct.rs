//! A blocking driver: does at once what the engine asks.

use embedded_storage::nor_flash::{ErrorType, NorFlash};

use super::perform::perform;
use crate::engine::{Device, FAILED, Operation};

pub(crate) struct Driver<'a, F: ErrorType> {
    flash: F,
    buffer: &'a mut [u8],
    /// Where the partition begins in the flash.
    start: u32,
    /// What the driver said last.
    error: Option<F::Error>,
}

impl<'a, F: ErrorType> Driver<'a, F> {
    pub(crate) fn new(flash: F, start: u32, buffer: &'a mut [u8]) -> Self {
        Self {
            flash,
            buffer,
            start,
            error: None,
        }
    }

    pub(crate) fn flash(&self) -> &F {
        &self.flash
    }

    pub(crate) fn into_flash(self) -> F {
        self.flash
    }

    /// What the driver said last, once.
    pub(crate) fn error(&mut self) -> Option<F::Error> {
        self.error.take()
    }

    /// A call begins.
    pub(crate) fn begin(&mut self) {}

    /// Nothing is ever left to be done.
    pub(crate) fn perform(&mut self) {}
}

impl<F: NorFlash> Device for Driver<'_, F> {
    const WORD: u32 = F::WRITE_SIZE as u32;
    const READ: u32 = F::READ_SIZE as u32;

    fn buffer(&self) -> &[u8] {
        self.buffer
    }

    fn buffer_mut(&mut self) -> &mut [u8] {
        self.buffer
    }

    fn ask(&mut self, operation: Operation, address: u32, len: u32) -> Option<u32> {
        let address = self.start.wrapping_add(address);
        let done = perform(&mut self.flash, self.buffer, operation, address, len);
        Some(done.unwrap_or_else(|error| {
            self.error = Some(error);
            FAILED
        }))
    }
}

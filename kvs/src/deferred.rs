//! An async driver: what the engine asks is noted, and done when somebody can wait for it.

use embedded_storage_async::nor_flash::{ErrorType, NorFlash};

use super::perform::perform;
use crate::engine::{Device, FAILED, Operation};

pub(crate) struct Driver<'a, F: ErrorType> {
    flash: F,
    buffer: &'a mut [u8],
    /// Where the partition begins in the flash.
    start: u32,
    /// What the driver said last.
    error: Option<F::Error>,
    wanted: (Operation, u32, u32),
    done: Option<u32>,
}

impl<'a, F: ErrorType> Driver<'a, F> {
    pub(crate) fn new(flash: F, start: u32, buffer: &'a mut [u8]) -> Self {
        Self {
            flash,
            buffer,
            start,
            error: None,
            wanted: (Operation::Program, 0, 0),
            done: None,
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

    /// A call begins. What a call asked for that was dropped is not for this one.
    pub(crate) fn begin(&mut self) {
        self.done = None;
    }
}

impl<F: NorFlash> Driver<'_, F> {
    /// Does what was asked for.
    pub(crate) async fn perform(&mut self) {
        let (operation, address, len) = self.wanted;
        let address = self.start.wrapping_add(address);
        let done = perform(&mut self.flash, self.buffer, operation, address, len).await;
        self.done = Some(done.unwrap_or_else(|error| {
            self.error = Some(error);
            FAILED
        }));
    }
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
        let done = self.done.take();
        let wanted = (operation, address, len);
        // A call that is made again asks for the same.
        debug_assert!(done.is_none() || wanted == self.wanted);
        self.wanted = wanted;
        done
    }
}

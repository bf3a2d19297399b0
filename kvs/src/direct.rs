//! A blocking driver: does at once what the engine asks.

use embedded_storage::nor_flash::{ErrorType, NorFlash};

use super::device::perform;
use crate::engine::{Device, Fault, Request};

pub(crate) struct Driver<F: ErrorType> {
    pub(crate) flash: F,
    /// What the driver said last.
    pub(crate) error: Option<F::Error>,
}

impl<F: NorFlash> Device for Driver<F> {
    const WORD: u32 = F::WRITE_SIZE as u32;
    const READ: u32 = F::READ_SIZE as u32;

    #[inline(never)]
    fn ask(&mut self, buffer: &mut [u8], request: Request) -> Result<u32, Fault> {
        let done = perform(&mut self.flash, buffer, request);
        Ok(done.unwrap_or_else(|error| {
            self.error = Some(error);
            0
        }))
    }
}

//! A blocking driver: does at once what the engine asks.

use embedded_storage::nor_flash::{ErrorType, NorFlash};

use super::perform::Partition;
use crate::engine::{Device, Operation};

pub(crate) struct Driver<'a, F: ErrorType> {
    pub(crate) partition: Partition<'a, F>,
}

impl<'a, F: ErrorType> Driver<'a, F> {
    pub(crate) fn new(flash: F, start: u32, buffer: &'a mut [u8]) -> Self {
        let partition = Partition::new(flash, start, buffer);
        Self { partition }
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
        self.partition.buffer
    }

    fn buffer_mut(&mut self) -> &mut [u8] {
        self.partition.buffer
    }

    fn ask(&mut self, operation: Operation, address: u32, len: u32) -> Option<u32> {
        Some(self.partition.perform(operation, address, len))
    }
}

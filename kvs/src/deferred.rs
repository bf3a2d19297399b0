//! An async driver: what the engine asks is noted, and done when somebody can wait for it.

use embedded_storage_async::nor_flash::{ErrorType, NorFlash};

use super::perform::Partition;
use crate::engine::{Device, Operation};

pub(crate) struct Driver<'a, F: ErrorType> {
    pub(crate) partition: Partition<'a, F>,
    wanted: (Operation, u32, u32),
    done: Option<u32>,
}

impl<'a, F: ErrorType> Driver<'a, F> {
    pub(crate) fn new(flash: F, start: u32, buffer: &'a mut [u8]) -> Self {
        Self {
            partition: Partition::new(flash, start, buffer),
            wanted: (Operation::Program, 0, 0),
            done: None,
        }
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
        self.done = Some(self.partition.perform(operation, address, len).await);
    }
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
        let done = self.done.take();
        let wanted = (operation, address, len);
        // A call that is made again asks for the same.
        debug_assert!(done.is_none() || wanted == self.wanted);
        self.wanted = wanted;
        done
    }
}

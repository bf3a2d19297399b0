//! An async driver: what the engine asks is noted, and done when somebody can wait for it.

use embedded_storage_async::nor_flash::{ErrorType, NorFlash};

use super::device::perform;
use crate::checksum::Checksum;
use crate::engine::{Device, Engine, Fault, Job, Operation};

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

impl<'a, F: NorFlash> Driver<'a, F> {
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

    /// Does what was asked for.
    async fn perform(&mut self) {
        let (operation, address, len) = self.wanted;
        let address = self.start.wrapping_add(address);
        let done = perform(&mut self.flash, self.buffer, operation, address, len).await;
        self.done = Some(done.unwrap_or_else(|error| {
            self.error = Some(error);
            0
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

/// Makes a call, and makes it again for as long as the driver has something to do first.
pub(crate) async fn run<F: NorFlash, C: Checksum, T>(
    engine: &mut Engine<'_, Driver<'_, F>, C>,
    mut call: impl FnMut(&mut Engine<'_, Driver<'_, F>, C>, &mut Job) -> Result<T, Fault>,
) -> Result<T, Fault> {
    let mut job = Job::new();
    // Of a call that was dropped.
    engine.device().done = None;
    loop {
        let result = call(engine, &mut job);
        let Err(Fault::Pending) = result else {
            return result;
        };
        engine.device().perform().await;
    }
}

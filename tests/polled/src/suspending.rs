//! A blocking flash as an async one that suspends in every operation.

use embedded_storage::nor_flash::{ErrorType, NorFlash};
use embedded_storage_async::nor_flash as asynch;

use crate::poll::suspend;

/// Each operation is pending once or twice, by turns, and then acts.
pub(crate) struct Suspending<F> {
    pub(crate) flash: F,
    operations: usize,
}

impl<F> Suspending<F> {
    pub(crate) fn new(flash: F) -> Self {
        Self {
            flash,
            operations: 0,
        }
    }

    async fn suspend(&mut self) {
        self.operations += 1;
        suspend(1 + self.operations % 2).await;
    }
}

impl<F: NorFlash> ErrorType for Suspending<F> {
    type Error = F::Error;
}

impl<F: NorFlash> asynch::ReadNorFlash for Suspending<F> {
    const READ_SIZE: usize = F::READ_SIZE;

    async fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), F::Error> {
        self.suspend().await;
        self.flash.read(offset, bytes)
    }

    fn capacity(&self) -> usize {
        self.flash.capacity()
    }
}

impl<F: NorFlash> asynch::NorFlash for Suspending<F> {
    const WRITE_SIZE: usize = F::WRITE_SIZE;
    const ERASE_SIZE: usize = F::ERASE_SIZE;

    async fn erase(&mut self, from: u32, to: u32) -> Result<(), F::Error> {
        self.suspend().await;
        self.flash.erase(from, to)
    }

    async fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), F::Error> {
        self.suspend().await;
        self.flash.write(offset, bytes)
    }
}

//! An async driver: what the engine asks is noted, and done when somebody can wait for it.

use embedded_storage_async::nor_flash::{ErrorType, NorFlash};

use super::device::perform;
use crate::checksum::Checksum;
use crate::engine::{Device, Engine, Fault, Job, Request};

pub(crate) struct Driver<F: ErrorType> {
    pub(crate) flash: F,
    /// What the driver said last.
    pub(crate) error: Option<F::Error>,
    wanted: Option<Request>,
    done: Option<u32>,
}

impl<F: ErrorType> Driver<F> {
    pub(crate) fn new(flash: F) -> Self {
        Self {
            flash,
            error: None,
            wanted: None,
            done: None,
        }
    }
}

impl<F: NorFlash> Device for Driver<F> {
    const WORD: u32 = F::WRITE_SIZE as u32;
    const READ: u32 = F::READ_SIZE as u32;

    #[inline(never)]
    fn ask(&mut self, _: &mut [u8], request: Request) -> Result<u32, Fault> {
        if let Some(done) = self.done.take() {
            // A call that is made again asks for the same.
            debug_assert_eq!(self.wanted, Some(request));
            return Ok(done);
        }
        self.wanted = Some(request);
        Err(Fault::Pending)
    }
}

/// Makes a call, and makes it again for as long as the driver has something to do first.
pub(crate) async fn run<F: NorFlash, C: Checksum, T>(
    engine: &mut Engine<'_, Driver<F>, C>,
    mut call: impl FnMut(&mut Engine<'_, Driver<F>, C>, &mut Job) -> Result<T, Fault>,
) -> Result<T, Fault> {
    let mut job = Job::new();
    // Of a call that was dropped.
    engine.parts().0.done = None;
    loop {
        let result = call(engine, &mut job);
        let Err(Fault::Pending) = result else {
            return result;
        };
        let (driver, buffer) = engine.parts();
        if let Some(request) = driver.wanted {
            let done = perform(&mut driver.flash, buffer, request).await;
            driver.done = Some(done.unwrap_or_else(|error| {
                driver.error = Some(error);
                0
            }));
        }
    }
}

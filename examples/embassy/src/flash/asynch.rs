//! The driver that awaits, as that of a serial flash does: each chunk that the part is given takes it a while.

use core::future::pending;
use core::sync::atomic::{AtomicBool, Ordering::Relaxed};

use embassy_futures::yield_now;
use embassy_time::{Duration, Instant, Timer};
use embedded_storage_async::nor_flash::{ErrorType, NorFlash, ReadNorFlash};

use super::{Error, Flash, LEN, SECTOR, WORD};

const PROGRAMMED_AT_ONCE: usize = 16;
const PROGRAM_TIME: Duration = Duration::from_millis(1);
const ERASED_AT_ONCE: usize = SECTOR / 4;
const ERASE_TIME: Duration = Duration::from_millis(10);

/// Has the next program or erase wait for ever after its first chunk, as a driver does that missed the interrupt which says
/// "done".
pub static MISS_AN_INTERRUPT: AtomicBool = AtomicBool::new(false);

pub struct Async {
    flash: Flash,
    busy_until: Instant,
    program_calls: u32,
}

impl Async {
    pub fn new(flash: Flash) -> Self {
        Self {
            flash,
            busy_until: Instant::MIN,
            program_calls: 0,
        }
    }

    /// How often anything has been programmed.
    pub fn program_calls(&self) -> u32 {
        self.program_calls
    }

    /// Waits for what the part is still doing: perhaps for a call that was dropped.
    async fn ready(&self) {
        Timer::at(self.busy_until).await;
    }

    async fn work(&mut self, time: Duration) {
        self.busy_until = Instant::now() + time;
        if MISS_AN_INTERRUPT.swap(false, Relaxed) {
            pending::<()>().await;
        }
        self.ready().await;
    }
}

impl ErrorType for Async {
    type Error = Error;
}

impl ReadNorFlash for Async {
    const READ_SIZE: usize = 1;

    async fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Error> {
        let range = self.flash.range(offset, bytes.len(), 1)?;
        self.ready().await;
        yield_now().await;
        range.read(bytes);
        Ok(())
    }

    fn capacity(&self) -> usize {
        LEN
    }
}

impl NorFlash for Async {
    const WRITE_SIZE: usize = WORD;
    const ERASE_SIZE: usize = SECTOR;

    async fn erase(&mut self, from: u32, to: u32) -> Result<(), Error> {
        let sectors = self.flash.sectors(from, to)?;
        self.ready().await;
        for chunk in sectors.chunks(ERASED_AT_ONCE) {
            chunk.erase();
            self.work(ERASE_TIME).await;
        }
        Ok(())
    }

    async fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Error> {
        self.ready().await;
        let words = self.flash.words(offset, bytes.len())?;
        self.program_calls += 1;
        let chunks = words.chunks(PROGRAMMED_AT_ONCE);
        for (chunk, bytes) in chunks.zip(bytes.chunks(PROGRAMMED_AT_ONCE)) {
            chunk.program(bytes);
            self.work(PROGRAM_TIME).await;
        }
        Ok(())
    }
}

//! A flash whose every operation is pending once, and what becomes of one that is dropped then.

use embedded_storage::nor_flash::{ErrorType, NorFlash, ReadNorFlash};
use embedded_storage_async::nor_flash as asynch;
use kvs::sim::{Rng, SimError, SimFlash, Tear};

use crate::poll::suspend;

/// What a driver does with an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Driver {
    /// Acts when it is first polled, and is pending then: what is dropped has happened.
    First,
    /// Is pending first, and acts when it is polled again: what is dropped has not happened.
    Last,
    /// As that, but a program or an erase that is dropped has begun: half of the words are written.
    Half,
    /// As that, and torn in any way.
    Torn,
}

/// A simulated flash with such a driver.
pub(crate) struct Slow<const W: usize, const E: usize> {
    pub(crate) sim: SimFlash<W, E>,
    pub(crate) driver: Driver,
    /// For the tears.
    pub(crate) rng: Rng,
    /// The operation that is pending is a program or an erase.
    pub(crate) is_writing: bool,
}

impl<const W: usize, const E: usize> Slow<W, E> {
    pub(crate) fn new(sim: SimFlash<W, E>) -> Self {
        Self {
            sim,
            driver: Driver::First,
            rng: Rng::new(0),
            is_writing: false,
        }
    }

    async fn act(&mut self, write: Write<'_>) -> Result<(), SimError> {
        self.is_writing = true;
        let result = if self.driver == Driver::First {
            let result = write.act(&mut self.sim);
            suspend().await;
            result
        } else {
            let mut begun = Begun {
                flash: self,
                write,
                done: false,
            };
            suspend().await;
            begun.done = true;
            begun.write.act(&mut begun.flash.sim)
        };
        self.is_writing = false;
        result
    }
}

#[derive(Clone, Copy)]
enum Write<'a> {
    Program(u32, &'a [u8]),
    Erase(u32, u32),
}

impl Write<'_> {
    fn act<const W: usize, const E: usize>(self, sim: &mut SimFlash<W, E>) -> Result<(), SimError> {
        match self {
            Self::Program(offset, bytes) => sim.write(offset, bytes),
            Self::Erase(from, to) => sim.erase(from, to),
        }
    }

    /// In words and sectors.
    fn len<const W: usize, const E: usize>(self) -> usize {
        match self {
            Self::Program(_, bytes) => bytes.len() / W,
            Self::Erase(from, to) => (to - from) as usize / E,
        }
    }
}

/// A write that has begun, and is torn when it is dropped before it is done.
struct Begun<'f, 'b, const W: usize, const E: usize> {
    flash: &'f mut Slow<W, E>,
    write: Write<'b>,
    done: bool,
}

impl<const W: usize, const E: usize> Drop for Begun<'_, '_, W, E> {
    fn drop(&mut self) {
        let len = self.write.len::<W, E>();
        let rng = &mut self.flash.rng;
        let (at, tear) = match self.flash.driver {
            _ if self.done => return,
            Driver::First | Driver::Last => return,
            // Of a sector that is the front of its bytes.
            Driver::Half if matches!(self.write, Write::Erase(..)) => (0, Tear::Prefix),
            Driver::Half => (len / 2, Tear::Clean),
            Driver::Torn => (rng.below(len), Tear::ALL[rng.below(Tear::ALL.len())]),
        };
        let (strict, seed) = (rng.below(2) == 0, rng.next_u64());
        let sim = &mut self.flash.sim;
        sim.strict_tears(strict);
        sim.cut_after(sim.operations() + at as u64, tear, seed);
        let result = self.write.act(sim);
        sim.power_on();
        // A word that an earlier tear has left looking erased refuses it.
        let refused = matches!(result, Err(SimError::ProgrammedTwice { .. }));
        assert!(refused || result == Err(SimError::PowerLost), "{result:?}");
    }
}

impl<const W: usize, const E: usize> ErrorType for Slow<W, E> {
    type Error = SimError;
}

impl<const W: usize, const E: usize> asynch::ReadNorFlash for Slow<W, E> {
    const READ_SIZE: usize = 1;

    async fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), SimError> {
        self.is_writing = false;
        suspend().await;
        ReadNorFlash::read(&mut self.sim, offset, bytes)
    }

    fn capacity(&self) -> usize {
        self.sim.image().len()
    }
}

impl<const W: usize, const E: usize> asynch::NorFlash for Slow<W, E> {
    const WRITE_SIZE: usize = W;
    const ERASE_SIZE: usize = E;

    async fn erase(&mut self, from: u32, to: u32) -> Result<(), SimError> {
        self.act(Write::Erase(from, to)).await
    }

    async fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), SimError> {
        self.act(Write::Program(offset, bytes)).await
    }
}

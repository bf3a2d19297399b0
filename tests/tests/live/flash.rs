//! A simulated flash that a test looks at while a store has it; blocking, and async with a driver
//! that is pending once in each operation.

use std::cell::RefCell;
use std::rc::Rc;

use embedded_storage::nor_flash::{ErrorType, NorFlash, ReadNorFlash};
use embedded_storage_async::nor_flash as asynch;
use kvs::sim::{SimError, SimFlash};

use crate::poll::suspend;

pub(crate) type Sim = SimFlash<4, 1024>;

#[derive(Clone)]
pub(crate) struct Flash(pub(crate) Rc<RefCell<Sim>>);

impl Flash {
    pub(crate) fn new() -> Self {
        Self::of(Sim::new(4))
    }

    pub(crate) fn of(sim: Sim) -> Self {
        Self(Rc::new(RefCell::new(sim)))
    }
}

impl ErrorType for Flash {
    type Error = SimError;
}

impl ReadNorFlash for Flash {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), SimError> {
        self.0.borrow_mut().read(offset, bytes)
    }

    fn capacity(&self) -> usize {
        self.0.borrow().capacity()
    }
}

impl NorFlash for Flash {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = 1024;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), SimError> {
        self.0.borrow_mut().erase(from, to)
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), SimError> {
        self.0.borrow_mut().write(offset, bytes)
    }
}

/// The same with an async driver: each operation happens when it is polled first, or when it is
/// polled again, so that one that is dropped has happened or not.
#[derive(Clone)]
pub(crate) struct Slow {
    pub(crate) flash: Flash,
    pub(crate) acts_first: bool,
}

impl Slow {
    async fn act<T>(&mut self, act: impl FnOnce(&mut Flash) -> T) -> T {
        if self.acts_first {
            let done = act(&mut self.flash);
            suspend().await;
            done
        } else {
            suspend().await;
            act(&mut self.flash)
        }
    }
}

impl asynch::ErrorType for Slow {
    type Error = SimError;
}

impl asynch::ReadNorFlash for Slow {
    const READ_SIZE: usize = 1;

    async fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), SimError> {
        self.act(|flash| flash.read(offset, bytes)).await
    }

    fn capacity(&self) -> usize {
        ReadNorFlash::capacity(&self.flash)
    }
}

impl asynch::NorFlash for Slow {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = 1024;

    async fn erase(&mut self, from: u32, to: u32) -> Result<(), SimError> {
        self.act(|flash| flash.erase(from, to)).await
    }

    async fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), SimError> {
        self.act(|flash| flash.write(offset, bytes)).await
    }
}

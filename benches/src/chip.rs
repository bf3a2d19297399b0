//! The simulated flash as the contenders hold it: shared, so that the bench sees what they do to it, with the traits of
//! both APIs, and with a limit to the reads of a store that goes round in circles.

use std::cell::{Cell, Ref, RefCell, RefMut};
use std::rc::Rc;

use embedded_storage::nor_flash::{ErrorType, NorFlash, ReadNorFlash};
use embedded_storage_async::nor_flash as asynch;
use kvs::sim::{SimError, SimFlash, Stats, Tear};

/// Reads in a single call of a store before it is taken for endless.
const MANY_READS: u64 = 20_000_000;

/// A handle to a flash with words of `W` bytes and sectors of `E`.
#[derive(Clone, Debug)]
pub struct Chip<const W: usize, const E: usize> {
    flash: Rc<RefCell<SimFlash<W, E>>>,
    reads_left: Rc<Cell<u64>>,
}

impl<const W: usize, const E: usize> Chip<W, E> {
    /// Puts a flash into a handle.
    pub fn new(flash: SimFlash<W, E>) -> Self {
        Self {
            flash: Rc::new(RefCell::new(flash)),
            reads_left: Rc::new(Cell::new(MANY_READS)),
        }
    }

    fn flash(&self) -> Ref<'_, SimFlash<W, E>> {
        self.flash.borrow()
    }

    fn flash_mut(&self) -> RefMut<'_, SimFlash<W, E>> {
        self.flash.borrow_mut()
    }

    /// Whether a read would not panic as one without end.
    pub fn may_read(&self) -> bool {
        self.reads_left.get() > 0
    }

    // Not inlined, these three, so that what they do can be told from what a store does.

    /// As `ReadNorFlash::read`, through a shared handle.
    #[inline(never)]
    pub fn read_at(&self, offset: u32, bytes: &mut [u8]) -> Result<(), SimError> {
        let left = self.reads_left.get();
        assert!(left > 0, "reads without end");
        self.reads_left.set(left - 1);
        self.flash_mut().read(offset, bytes)
    }

    /// As `NorFlash::write`, through a shared handle.
    #[inline(never)]
    pub fn write_at(&self, offset: u32, bytes: &[u8]) -> Result<(), SimError> {
        self.flash_mut().write(offset, bytes)
    }

    /// As `NorFlash::erase`, through a shared handle.
    #[inline(never)]
    pub fn erase_at(&self, from: u32, to: u32) -> Result<(), SimError> {
        self.flash_mut().erase(from, to)
    }
}

impl<const W: usize, const E: usize> ErrorType for Chip<W, E> {
    type Error = SimError;
}

impl<const W: usize, const E: usize> ReadNorFlash for Chip<W, E> {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), SimError> {
        self.read_at(offset, bytes)
    }

    fn capacity(&self) -> usize {
        self.flash().image().len()
    }
}

impl<const W: usize, const E: usize> NorFlash for Chip<W, E> {
    const WRITE_SIZE: usize = W;
    const ERASE_SIZE: usize = E;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), SimError> {
        self.erase_at(from, to)
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), SimError> {
        self.write_at(offset, bytes)
    }
}

impl<const W: usize, const E: usize> asynch::ReadNorFlash for Chip<W, E> {
    const READ_SIZE: usize = 1;

    async fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), SimError> {
        self.read_at(offset, bytes)
    }

    fn capacity(&self) -> usize {
        self.flash().image().len()
    }
}

impl<const W: usize, const E: usize> asynch::NorFlash for Chip<W, E> {
    const WRITE_SIZE: usize = W;
    const ERASE_SIZE: usize = E;

    async fn erase(&mut self, from: u32, to: u32) -> Result<(), SimError> {
        self.erase_at(from, to)
    }

    async fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), SimError> {
        self.write_at(offset, bytes)
    }
}

/// Some stores won't compile without it. Whether a second program of a word does any harm, the flash says.
impl<const W: usize, const E: usize> asynch::MultiwriteNorFlash for Chip<W, E> {}

/// A flash as the bench sees it, whatever its sizes.
pub trait Flash {
    /// What was counted so far.
    fn stats(&self) -> Stats;
    /// Words programmed and sectors erased so far, which cuts are set by.
    fn operations(&self) -> u64;
    /// Cuts the power so many operations from now.
    fn cut_in(&self, operations: u64, tear: Tear, seed: u64);
    /// Whether the power is on.
    fn is_powered(&self) -> bool;
    /// Turns it on.
    fn power_on(&self);
    /// To be called before each call of a store: it may read as much again.
    fn allow_reads(&self);
    /// A copy of it, to come back to.
    fn keep(&self) -> Box<dyn Fn()>;
}

impl<const W: usize, const E: usize> Flash for Chip<W, E> {
    fn stats(&self) -> Stats {
        self.flash().stats().clone()
    }

    fn operations(&self) -> u64 {
        self.flash().operations()
    }

    fn cut_in(&self, operations: u64, tear: Tear, seed: u64) {
        let now = self.operations();
        self.flash_mut().cut_after(now + operations, tear, seed);
    }

    fn is_powered(&self) -> bool {
        self.flash().is_powered()
    }

    fn power_on(&self) {
        self.flash_mut().power_on();
    }

    fn allow_reads(&self) {
        self.reads_left.set(MANY_READS);
    }

    fn keep(&self) -> Box<dyn Fn()> {
        let (handle, copy) = (self.clone(), self.flash().clone());
        Box::new(move || handle.flash_mut().clone_from(&copy))
    }
}

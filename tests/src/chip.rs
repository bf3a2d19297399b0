//! A simulated flash behind a handle: a test sees and damages it while a store has it mounted.

use std::cell::{RefCell, RefMut};
use std::fmt;
use std::io::ErrorKind;
use std::rc::Rc;

use embedded_storage::nor_flash::{ErrorType, NorFlash, ReadNorFlash};
use kvs::sim::{SimError, SimFlash, Stats};

/// A call that is about to reach the flash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// Address and length.
    Read(u32, usize),
    /// Address and length.
    Program(u32, usize),
    /// From and to.
    Erase(u32, u32),
}

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It happens.
    Do,
    /// It fails with [`Chip::FAULT`], and nothing happens.
    Fail,
    /// It happens, except that the last bit of the first byte becomes the wrong one; no error. (Programs only.)
    Spoil,
}

type Judge = Box<dyn FnMut(Call) -> Verdict>;

/// A [`SimFlash`] that its clones share.
#[derive(Clone)]
pub struct Chip<const W: usize, const E: usize, const R: usize = 1> {
    flash: Rc<RefCell<SimFlash<W, E, R>>>,
    judge: Rc<RefCell<Option<Judge>>>,
}

impl<const W: usize, const E: usize, const R: usize> Chip<W, E, R> {
    /// What a call gives that was judged to fail.
    pub const FAULT: SimError = SimError::Io(ErrorKind::Other);

    /// A chip that holds what `flash` does.
    pub fn new(flash: SimFlash<W, E, R>) -> Self {
        Self {
            flash: Rc::new(RefCell::new(flash)),
            judge: Rc::new(RefCell::new(None)),
        }
    }

    /// The flash itself. To be given back before a store goes on.
    pub fn flash(&self) -> RefMut<'_, SimFlash<W, E, R>> {
        self.flash.borrow_mut()
    }

    /// All bytes.
    pub fn image(&self) -> Vec<u8> {
        self.flash().image().to_vec()
    }

    /// What was counted so far.
    pub fn stats(&self) -> Stats {
        self.flash().stats().clone()
    }

    /// From now on `judge` decides what becomes of each call.
    pub fn judge(&self, judge: impl FnMut(Call) -> Verdict + 'static) {
        *self.judge.borrow_mut() = Some(Box::new(judge));
    }

    /// The chip works again.
    pub fn repair(&self) {
        *self.judge.borrow_mut() = None;
    }

    fn verdict(&self, call: Call) -> Verdict {
        let mut judge = self.judge.borrow_mut();
        judge.as_mut().map_or(Verdict::Do, |judge| judge(call))
    }
}

impl<const W: usize, const E: usize, const R: usize> fmt::Debug for Chip<W, E, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.flash().fmt(f)
    }
}

impl<const W: usize, const E: usize, const R: usize> ErrorType for Chip<W, E, R> {
    type Error = SimError;
}

impl<const W: usize, const E: usize, const R: usize> ReadNorFlash for Chip<W, E, R> {
    const READ_SIZE: usize = R;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), SimError> {
        match self.verdict(Call::Read(offset, bytes.len())) {
            Verdict::Fail => Err(Self::FAULT),
            Verdict::Do | Verdict::Spoil => self.flash().read(offset, bytes),
        }
    }

    fn capacity(&self) -> usize {
        self.flash.borrow().capacity()
    }
}

impl<const W: usize, const E: usize, const R: usize> NorFlash for Chip<W, E, R> {
    const WRITE_SIZE: usize = W;
    const ERASE_SIZE: usize = E;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), SimError> {
        match self.verdict(Call::Erase(from, to)) {
            Verdict::Fail => Err(Self::FAULT),
            Verdict::Do | Verdict::Spoil => self.flash().erase(from, to),
        }
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), SimError> {
        match self.verdict(Call::Program(offset, bytes.len())) {
            Verdict::Fail => Err(Self::FAULT),
            Verdict::Do => self.flash().write(offset, bytes),
            Verdict::Spoil => {
                let mut spoilt = bytes.to_vec();
                if let Some(byte) = spoilt.first_mut() {
                    *byte ^= 1;
                }
                self.flash().write(offset, &spoilt)
            }
        }
    }
}

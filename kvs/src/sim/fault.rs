//! What is wrong with a part: the faults there are, and how a flash is given one.

use super::flash::SimFlash;
use super::tear::Tear;

/// Something that a worn, damaged or badly designed part does wrong.
///
/// A flash has any number of them, each [at an address](SimFlash::fault_at), where it lasts, or
/// [at an operation](SimFlash::fault_after). A [`Tear`] says what a failing operation leaves behind:
/// [`Clean`](Tear::Clean) is nothing of it, [`Complete`](Tear::Complete) all of it, the others some.
///
/// ```
/// use embedded_storage::nor_flash::NorFlash;
/// use kvs::sim::{Fault, SimError, SimFlash, Tear};
///
/// let mut flash = SimFlash::<4, 256>::new(4);
/// flash.fault_at(256..512, Fault::EraseFails(Tear::Clean)); // the second sector is worn out
/// flash.fault_after(2, Fault::ProgramFails(Tear::WordBits)); // and the third word goes wrong
///
/// assert_eq!(flash.erase(256, 512), Err(SimError::EraseFailed { address: 256 })); // operation 0
/// assert_eq!(flash.write(0, &[0; 12]), Err(SimError::ProgramFailed { address: 4 })); // 1 and 2
/// assert_eq!(flash.image()[..4], [0; 4]);
/// flash.write(8, &[0; 4])?;
/// # Ok::<(), SimError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fault {
    /// A program stops at this word with [`SimError::ProgramFailed`](super::SimError), having done what
    /// the tear says.
    ProgramFails(Tear),
    /// An erase of this sector gives [`SimError::EraseFailed`](super::SimError), having done what the
    /// tear says.
    EraseFails(Tear),
    /// Reads give [`SimError::Ecc`](super::SimError) until the sector is erased.
    ReadFails,
    /// Reads give [`SimError::Ecc`](super::SimError) for ever.
    ReadFailsForever,
    /// Programs succeed, but at least one of the bits that the word should have cleared is not.
    StuckAtOne,
    /// Erases succeed, but at least one of the bits of the word stays cleared.
    StuckAtZero,
    /// Some bits read differently each time, until the sector is erased. A bit that is programmed to
    /// 0 meanwhile is sound again.
    Unstable,
}

impl<const WRITE: usize, const ERASE: usize, const READ: usize> SimFlash<WRITE, ERASE, READ> {
    /// Gives the words that lie in `range`, wholly or in part, a fault that lasts; an
    /// [`EraseFails`](Fault::EraseFails) concerns their sectors.
    ///
    /// # Panics
    ///
    /// When the range is empty or reaches past the end of the flash.
    pub fn fault_at(&mut self, range: core::ops::Range<u32>, fault: Fault) {
        let (start, end) = (range.start as usize, range.end as usize);
        assert!(
            start < end && end <= self.image().len(),
            "a fault at {start:#x}..{end:#x} of a flash of {} bytes",
            self.image().len()
        );
        let words = start / WRITE..end.div_ceil(WRITE);
        self.faults.plant(words, fault);
    }

    /// Plans a fault: it strikes the first operation of its kind (a program or an erase; for those of
    /// reads, either) of which [`operations`](Self::operations) before it are `operation` or more.
    ///
    /// A program or an erase fails that once. The other faults stay with the word or the sector that the
    /// operation was at, as if planted there with [`fault_at`](Self::fault_at).
    ///
    /// ```
    /// use embedded_storage::nor_flash::{NorFlash, ReadNorFlash};
    /// use kvs::sim::{Fault, SimError, SimFlash};
    ///
    /// let mut flash = SimFlash::<4, 256>::new(2);
    /// flash.fault_after(1, Fault::StuckAtOne);
    /// flash.write(0, &[0; 12])?; // all seems well
    /// let wrong = flash.image()[..12].iter().position(|&byte| byte != 0);
    /// assert!(wrong.is_some_and(|at| (4..8).contains(&at)));
    /// # Ok::<(), SimError>(())
    /// ```
    pub fn fault_after(&mut self, operation: u64, fault: Fault) {
        self.faults.plan(operation, fault);
    }

    /// Where all that is random about faults comes from: which bits stick, and what unstable ones read
    /// as. 0 at first. Equal seeds give equal faults; to be set before the faults are.
    pub fn fault_seed(&mut self, seed: u64) {
        self.faults.seed(seed);
    }

    /// Takes all faults away, planned and planted. What they did to the contents stays.
    pub fn clear_faults(&mut self) {
        self.faults.clear();
    }

    /// Turns one bit over, as bit rot or radiation would. Bit 0 is the lowest of the byte.
    ///
    /// A word that was programmed counts as such, even if it now reads as erased. In a flash with a
    /// file the change is in memory only, as with [`image_mut`](Self::image_mut).
    ///
    /// # Panics
    ///
    /// When there is no such bit.
    pub fn flip_bit(&mut self, address: u32, bit: u8) {
        assert!(bit < 8, "a byte has no bit {bit}");
        self.medium.bytes_mut()[address as usize] ^= 1 << bit;
    }

    /// Whether a torn or failed operation leaves bits in between, which then read differently each time
    /// until their sector is erased, as with [`Fault::Unstable`]. Not at first.
    ///
    /// Such are some of the bits that the operation should have changed: in the word that was torn
    /// ([`Prefix`](Tear::Prefix), [`WordBits`](Tear::WordBits)), in the whole call
    /// ([`CallBits`](Tear::CallBits)), in the sector under erase, or where its erase stopped (`Prefix`). None for
    /// [`Clean`](Tear::Clean) and [`Complete`](Tear::Complete).
    ///
    /// That is harder than most parts are. A word that was begun may read as erased when it is looked at, and differently
    /// once something is stored behind or in it; so what is acknowledged after such a tear may be lost, and no code can
    /// exclude it that programs what reads as erased. Look for how often, and for what else is lost with it.
    ///
    /// It is a setting of the flash, as [`strict_tears`](Self::strict_tears), and not a [`Tear`]: it is how the part
    /// behaves, whichever way the operation was torn.
    pub fn unstable_tears(&mut self, unstable: bool) {
        self.unstable_tears = unstable;
    }

    /// How many of 16 reads of an unstable bit give 1: 8 at first. With 15, what was torn mostly
    /// looks as erased, or as whole; with 1, it mostly looks torn.
    ///
    /// ```
    /// use embedded_storage::nor_flash::{NorFlash, ReadNorFlash};
    /// use kvs::sim::{SimFlash, Tear};
    ///
    /// let mut flash = SimFlash::<4, 256>::new(1);
    /// flash.unstable_tears(true);
    /// flash.unstable_ones(16);
    /// flash.cut_after(0, Tear::WordBits, 1);
    /// let _ = flash.write(0, &[0; 4]);
    /// flash.power_on();
    /// let (mut one, mut other) = ([0; 4], [0; 4]);
    /// flash.read(0, &mut one)?;
    /// flash.read(0, &mut other)?;
    /// assert_eq!(one, other); // 16 of 16 reads are the same
    /// # Ok::<(), kvs::sim::SimError>(())
    /// ```
    pub fn unstable_ones(&mut self, of_16: u8) {
        self.faults.set_ones(of_16);
    }
}

//! What the flash refuses to do: calls out of range or alignment, and words programmed twice.

use super::error::SimError;
use super::flash::SimFlash;
use super::medium::is_erased;

impl<const WRITE: usize, const ERASE: usize, const READ: usize> SimFlash<WRITE, ERASE, READ> {
    /// Checks the range of a call, and gives its start.
    pub(super) fn check(&self, address: u32, len: usize, unit: usize) -> Result<usize, SimError> {
        let (start, capacity) = (address as usize, self.medium.bytes().len());
        if len > capacity || start > capacity - len {
            return Err(SimError::OutOfBounds {
                address,
                len,
                capacity,
            });
        }
        if !start.is_multiple_of(unit) || !len.is_multiple_of(unit) {
            return Err(SimError::NotAligned { address, len, unit });
        }
        Ok(start)
    }

    /// Refuses a program of words that were programmed since their erase.
    pub(super) fn check_unprogrammed(&self, address: u32, len: usize) -> Result<(), SimError> {
        let start = address as usize;
        let cells = &self.medium.bytes()[start..start + len];
        let mut words = cells.chunks_exact(WRITE).zip(&self.marks[start / WRITE..]);
        match words.position(|(word, &marked)| marked || !is_erased(word)) {
            Some(word) => Err(SimError::ProgrammedTwice {
                address: address + (word * WRITE) as u32,
            }),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use embedded_storage::nor_flash::{NorFlash, ReadNorFlash};

    use super::*;

    /// 4 sectors of 64 bytes, words of 4, reads of 2.
    type Small = SimFlash<4, 64, 2>;

    #[test]
    fn unaligned_calls_are_refused_and_do_nothing() {
        let mut flash = Small::new(4);
        let refused = |address, len, unit| Err(SimError::NotAligned { address, len, unit });
        assert_eq!(flash.write(2, &[0; 4]), refused(2, 4, 4));
        assert_eq!(flash.write(4, &[0; 6]), refused(4, 6, 4));
        assert_eq!(flash.read(1, &mut [0; 2]), refused(1, 2, 2));
        assert_eq!(flash.read(2, &mut [0; 3]), refused(2, 3, 2));
        assert_eq!(flash.erase(0, 32), refused(0, 32, 64));
        assert_eq!(flash.erase(4, 68), refused(4, 64, 64));
        assert_eq!(flash.stats(), Small::new(4).stats());
        assert_eq!(flash.operations(), 0);
        assert_eq!(flash.image(), [0xFF; 256]);
    }

    #[test]
    fn calls_out_of_range_are_refused() {
        let mut flash = Small::new(4);
        let refused = |address, len| {
            Err(SimError::OutOfBounds {
                address,
                len,
                capacity: 256,
            })
        };
        assert_eq!(flash.write(252, &[0; 8]), refused(252, 8));
        assert_eq!(flash.read(256, &mut [0; 2]), refused(256, 2));
        assert_eq!(
            flash.read(u32::MAX - 1, &mut [0; 2]),
            refused(u32::MAX - 1, 2)
        );
        assert_eq!(flash.erase(192, 320), refused(192, 128));
        assert_eq!(
            flash.erase(64, 0),
            Err(SimError::Reversed { from: 64, to: 0 })
        );
        assert_eq!(flash.erase(64, 64), Ok(()), "an empty range is none");
        assert_eq!(flash.operations(), 0);
    }
}

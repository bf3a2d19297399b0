//! What reads, programs and erases do: the rules of NOR flash, and the counting.

use embedded_storage::nor_flash::{ErrorType, NorFlash, ReadNorFlash};

use super::cut::{Progress, program};
use super::error::SimError;
use super::flash::SimFlash;
use super::medium::{ERASED, is_erased};

impl<const WRITE: usize, const ERASE: usize, const READ: usize> SimFlash<WRITE, ERASE, READ> {
    /// Checks the range of a call, and gives its start.
    fn check(&self, address: u32, len: usize, unit: usize) -> Result<usize, SimError> {
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

    fn erase_sector(&mut self, sector: usize) -> Result<(), SimError> {
        let (start, end) = (sector * ERASE, (sector + 1) * ERASE);
        let mut cells = self.medium.bytes()[start..end].to_vec();
        let mut torn = false;
        match (self.advance(1), &mut self.cut) {
            (Some(_), Some(cut)) => {
                if !cut.tear_erase(&mut cells) {
                    return Err(SimError::PowerLost);
                }
                torn = !is_erased(&cells);
            }
            _ => cells.fill(ERASED),
        }
        self.stats.count_erase(&self.timing, sector);
        self.medium.store(start, &cells)?;
        if !(torn && self.strict_tears) {
            self.marks[start / WRITE..end / WRITE].fill(false);
        }
        self.check_power()
    }
}

impl<const WRITE: usize, const ERASE: usize, const READ: usize> ErrorType
    for SimFlash<WRITE, ERASE, READ>
{
    type Error = SimError;
}

impl<const WRITE: usize, const ERASE: usize, const READ: usize> ReadNorFlash
    for SimFlash<WRITE, ERASE, READ>
{
    const READ_SIZE: usize = READ;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), SimError> {
        self.check_power()?;
        let start = self.check(offset, bytes.len(), READ)?;
        self.stats.count_read(&self.timing, bytes.len());
        bytes.copy_from_slice(&self.medium.bytes()[start..start + bytes.len()]);
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.medium.bytes().len()
    }
}

impl<const WRITE: usize, const ERASE: usize, const READ: usize> NorFlash
    for SimFlash<WRITE, ERASE, READ>
{
    const WRITE_SIZE: usize = WRITE;
    const ERASE_SIZE: usize = ERASE;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), SimError> {
        self.check_power()?;
        if from > to {
            return Err(SimError::Reversed { from, to });
        }
        let len = (to - from) as usize;
        let start = self.check(from, len, ERASE)?;
        (start / ERASE..(start + len) / ERASE).try_for_each(|sector| self.erase_sector(sector))
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), SimError> {
        self.check_power()?;
        let start = self.check(offset, bytes.len(), WRITE)?;
        let (first, words) = (start / WRITE, bytes.len() / WRITE);
        let mut cells = self.medium.bytes()[start..start + bytes.len()].to_vec();
        if !self.reprogram {
            let marks = &self.marks[first..first + words];
            let mut both = cells.chunks_exact(WRITE).zip(marks);
            if let Some(word) = both.position(|(word, &marked)| marked || !is_erased(word)) {
                let address = offset + (word * WRITE) as u32;
                return Err(SimError::ProgrammedTwice { address });
            }
        }
        let progress = match (self.advance(words), &mut self.cut) {
            (Some(index), Some(cut)) => cut.tear_program(&mut cells, bytes, index, WRITE),
            _ => {
                program(&mut cells, bytes);
                Progress {
                    whole: words,
                    touched: words,
                }
            }
        };
        if self.powered || progress.touched > 0 {
            self.stats
                .count_program(&self.timing, offset, progress.touched * WRITE, WRITE);
        }
        // Word by word: so that a process killed in here leaves some of them, in order.
        for (index, word) in cells.chunks_exact(WRITE).take(progress.touched).enumerate() {
            self.medium.store(start + index * WRITE, word)?;
            self.marks[first + index] |= index < progress.whole || self.strict_tears;
        }
        self.check_power()
    }
}

#[cfg(test)]
mod tests {
    use std::vec;

    use embedded_storage::nor_flash::{NorFlash, ReadNorFlash};

    use super::super::{SimError, SimFlash, Timing};

    /// 4 sectors of 64 bytes, words of 4, reads of 2.
    type Small = SimFlash<4, 64, 2>;

    #[test]
    fn a_word_is_programmed_once_until_its_sector_is_erased() {
        let mut flash = Small::new(4);
        flash.write(8, &[1, 2, 3, 4]).unwrap();
        let twice = Err(SimError::ProgrammedTwice { address: 8 });
        assert_eq!(
            flash.write(8, &[1, 2, 3, 4]),
            twice,
            "even with equal bytes"
        );
        assert_eq!(
            flash.write(8, &[0xFF; 4]),
            twice,
            "even with nothing to clear"
        );
        assert_eq!(
            flash.write(0, &[0; 16]),
            twice,
            "even as a part of a longer call"
        );
        assert_eq!(flash.image()[..8], [0xFF; 8], "which then programs nothing");
        flash.erase(0, 64).unwrap();
        flash.write(8, &[5, 6, 7, 8]).unwrap();
        assert_eq!(flash.image()[8..12], [5, 6, 7, 8]);
    }

    #[test]
    fn a_word_programmed_with_all_ones_is_programmed() {
        let mut flash = Small::new(1);
        flash.write(0, &[0xFF; 4]).unwrap();
        assert_eq!(
            flash.write(0, &[0; 4]),
            Err(SimError::ProgrammedTwice { address: 0 })
        );
        flash.erase(0, 64).unwrap();
        flash.write(0, &[0; 4]).unwrap();
    }

    #[test]
    fn allowed_reprogramming_clears_bits_and_sets_none() {
        let mut flash = Small::new(1);
        flash.allow_reprogram(true);
        flash.write(0, &[0b1100, 0xFF, 0, 0]).unwrap();
        flash.write(0, &[0b1010, 0x0F, 0xFF, 0]).unwrap();
        assert_eq!(flash.image()[..4], [0b1000, 0x0F, 0, 0]);
    }

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

    #[test]
    fn calls_bytes_and_erases_are_counted() {
        let mut flash = Small::new(4).with_timing(Timing {
            page_bytes: 8,
            ..Timing::INSTANT
        });
        flash.erase(64, 192).unwrap();
        flash.erase(64, 128).unwrap();
        flash.write(68, &[0; 12]).unwrap();
        flash.read(0, &mut [0; 10]).unwrap();
        flash.read(0, &mut [0; 2]).unwrap();
        let stats = flash.stats();
        assert_eq!((stats.reads, stats.read_bytes), (2, 12));
        assert_eq!(
            (stats.programs, stats.program_bytes, stats.pages),
            (1, 12, 2)
        );
        assert_eq!((stats.erases, &stats.sector_erases), (3, &vec![0, 2, 1, 0]));
        assert_eq!(flash.operations(), 3 + 3);
        flash.reset_stats();
        assert_eq!(flash.stats(), Small::new(4).stats());
        assert_eq!(
            flash.operations(),
            6,
            "cuts are set by it, so it only grows"
        );
    }
}

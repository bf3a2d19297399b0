//! What reads, programs and erases do: the rules of NOR flash, and the counting.

use std::vec::Vec;

use embedded_storage::nor_flash::{ErrorType, NorFlash, ReadNorFlash};

use super::cut::{Cut, Progress, program};
use super::error::SimError;
use super::faults::{Call, Kind};
use super::flash::SimFlash;
use super::medium::{ERASED, is_erased};
use super::tear::Tear;

impl<const WRITE: usize, const ERASE: usize, const READ: usize> SimFlash<WRITE, ERASE, READ> {
    fn erase_sector(&mut self, sector: usize) -> Result<(), SimError> {
        let start = sector * ERASE;
        let call = Call {
            kind: Kind::Erase,
            start,
            done: self.operations,
        };
        let outage = self.outage_of(Kind::Erase);
        let failure = match outage {
            Some(tear) => Some((0, tear)),
            None => self.faults.failure(&call, 1),
        };
        let injury = self.advance(1).or_else(|| self.injury(failure));
        self.faults.strike(true, &call, 1);
        let before = &self.medium.bytes()[start..start + ERASE];
        let mut cells = before.to_vec();
        let (mut begun, mut mended) = (true, true);
        if let Some((_, mut cut)) = injury {
            let shaky = cut.tear_erase(&mut cells, WRITE);
            begun = shaky.is_some();
            mended = begun && is_erased(&cells);
            if let Some(shaky) = shaky.filter(|words| self.unstable_tears && !words.is_empty()) {
                let bytes = shaky.start * WRITE..shaky.end * WRITE;
                let mut unset: Vec<u8> = before[bytes.clone()].iter().map(|cell| !cell).collect();
                let rng = cut.into_rng();
                self.faults.torn(start + bytes.start, &mut unset, rng);
                mended = false;
            }
        } else {
            cells.fill(ERASED);
            self.faults.stick_at_zero(start, &mut cells);
        }
        if begun {
            self.stats.count_erase(&self.timing, sector);
            self.medium.store(start, &cells)?;
        }
        if mended {
            self.faults.erased(start..start + ERASE);
        }
        if mended || begun && !self.strict_tears {
            self.marks[start / WRITE..(start + ERASE) / WRITE].fill(false);
        }
        self.faults.strike(false, &call, 1);
        self.check_power()?;
        let address = start as u32;
        match (outage, failure) {
            (Some(_), _) => Err(Self::busy(start)),
            (None, Some(_)) => Err(SimError::EraseFailed { address }),
            (None, None) => Ok(()),
        }
    }

    /// What a failing operation does to the cells: as a power cut there would.
    fn injury(&mut self, failure: Option<(usize, Tear)>) -> Option<(usize, Cut)> {
        failure.map(|(index, tear)| (index, Cut::new(self.operations, tear, self.faults.draw())))
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
        assert!(self.reads_left > 0, "reads without end");
        self.reads_left -= 1;
        self.check_power()?;
        let start = self.check(offset, bytes.len(), READ)?;
        self.stats.count_read(&self.timing, bytes.len());
        if self.outage_of(Kind::Read).is_some() {
            return Err(Self::busy(start));
        }
        self.faults.check_read(start, bytes.len())?;
        bytes.copy_from_slice(&self.medium.bytes()[start..start + bytes.len()]);
        self.faults.read(start, bytes);
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
        if !self.reprogram {
            self.check_unprogrammed(offset, bytes.len())?;
        }
        let call = Call {
            kind: Kind::Program,
            start,
            done: self.operations,
        };
        let outage = self.outage_of(Kind::Program);
        let failure = match outage {
            Some(Tear::Clean) => Some((0, Tear::Clean)),
            Some(tear) => Some((self.faults.rng().below(words), tear)),
            None => self.faults.failure(&call, words),
        };
        let reach = failure.map_or(words, |(index, _)| index + 1);
        let injury = self.advance(reach).or_else(|| self.injury(failure));
        let count = (self.operations - call.done) as usize;
        self.faults.strike(true, &call, count);
        let before = &self.medium.bytes()[start..start + bytes.len()];
        let mut cells = before.to_vec();
        let progress = if let Some((index, mut cut)) = injury {
            let progress = cut.tear_program(&mut cells, bytes, index, WRITE);
            self.faults
                .programmed(start, &bytes[..progress.whole * WRITE]);
            let shaky = progress.shaky.start * WRITE..progress.shaky.end * WRITE;
            if self.unstable_tears && !shaky.is_empty() {
                let pairs = before[shaky.clone()].iter().zip(&bytes[shaky.clone()]);
                let mut uncleared: Vec<u8> = pairs.map(|(cell, byte)| cell & !byte).collect();
                let rng = cut.into_rng();
                self.faults.torn(start + shaky.start, &mut uncleared, rng);
            }
            progress
        } else {
            program(&mut cells, bytes);
            self.faults.programmed(start, bytes);
            Progress::whole(words)
        };
        let whole = progress.whole * WRITE;
        self.faults
            .stick_at_one(start, &before[..whole], &mut cells[..whole]);
        if self.powered || progress.touched > 0 {
            self.stats
                .count_program(&self.timing, offset, progress.touched * WRITE, WRITE);
        }
        // Word by word: so that a process killed in here leaves some of them, in order.
        for (index, word) in cells.chunks_exact(WRITE).take(progress.touched).enumerate() {
            self.medium.store(start + index * WRITE, word)?;
            self.marks[first + index] |= index < progress.whole || self.strict_tears;
        }
        self.faults.strike(false, &call, count);
        self.check_power()?;
        match (outage, failure) {
            (Some(_), _) => Err(Self::busy(start)),
            (None, Some((index, _))) => Err(SimError::ProgramFailed {
                address: offset + (index * WRITE) as u32,
            }),
            (None, None) => Ok(()),
        }
    }
}

/// The same flash for the async API: each operation is done when its future is first polled.
#[cfg(feature = "async")]
mod asynch {
    use embedded_storage_async::nor_flash::{NorFlash, ReadNorFlash};

    use super::{SimError, SimFlash};

    impl<const WRITE: usize, const ERASE: usize, const READ: usize> ReadNorFlash
        for SimFlash<WRITE, ERASE, READ>
    {
        const READ_SIZE: usize = READ;

        async fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), SimError> {
            embedded_storage::nor_flash::ReadNorFlash::read(self, offset, bytes)
        }

        fn capacity(&self) -> usize {
            embedded_storage::nor_flash::ReadNorFlash::capacity(self)
        }
    }

    impl<const WRITE: usize, const ERASE: usize, const READ: usize> NorFlash
        for SimFlash<WRITE, ERASE, READ>
    {
        const WRITE_SIZE: usize = WRITE;
        const ERASE_SIZE: usize = ERASE;

        async fn erase(&mut self, from: u32, to: u32) -> Result<(), SimError> {
            embedded_storage::nor_flash::NorFlash::erase(self, from, to)
        }

        async fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), SimError> {
            embedded_storage::nor_flash::NorFlash::write(self, offset, bytes)
        }
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

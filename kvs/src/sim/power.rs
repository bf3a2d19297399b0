//! The power switch: when the power goes, and whether it is on.

use super::cut::Cut;
use super::error::SimError;
use super::flash::SimFlash;
use super::tear::Tear;

impl<const WRITE: usize, const ERASE: usize, const READ: usize> SimFlash<WRITE, ERASE, READ> {
    /// How many operations there were: each word programmed and each sector erased is one, the one
    /// in which the power went included.
    pub fn operations(&self) -> u64 {
        self.operations
    }

    /// Cuts the power at the operation before which [`operations`](Self::operations) is
    /// `operation`: so many happen, and the next one is torn (at once, when there were more
    /// already). For a cut in three operations' time, `cut_after(flash.operations() + 3, ..)`.
    ///
    /// The call in which it happens gives [`SimError::PowerLost`], and so does every call after
    /// it, until [`power_on`](Self::power_on). Equal seeds tear equally. One cut is set at a time.
    ///
    /// To try them all, take [`every_cut`](super::every_cut).
    ///
    /// ```
    /// use embedded_storage::nor_flash::NorFlash;
    /// use kvs::sim::{SimError, SimFlash, Tear};
    ///
    /// let mut flash = SimFlash::<4, 256>::new(2);
    /// flash.cut_after(1, Tear::Prefix, 7); // in the second word
    /// assert_eq!(flash.write(0, &[0; 12]), Err(SimError::PowerLost));
    /// flash.power_on();
    /// assert_eq!(flash.image()[..5], [0; 5]); // the first word, and a part of the second
    /// assert_eq!(flash.image()[7..], [0xFF; 505]);
    /// ```
    pub fn cut_after(&mut self, operation: u64, tear: Tear, seed: u64) {
        self.cut = Some(Cut::new(operation, tear, seed));
    }

    /// Whether the power is on: no cut has come since the start or the last
    /// [`power_on`](Self::power_on).
    pub fn is_powered(&self) -> bool {
        self.powered
    }

    /// Turns the power on again. A cut that is still to come is forgotten.
    pub fn power_on(&mut self) {
        self.powered = true;
        self.cut = None;
    }

    /// Whether a word in whose program the power went counts as programmed even where none of
    /// its bits changed. Not at first: such a word is as good as erased, and nobody who reads it
    /// can tell the difference. On a part with ECC its hidden check bits may have changed; with
    /// this set, programming such a word gives [`SimError::ProgrammedTwice`].
    pub fn strict_tears(&mut self, strict: bool) {
        self.strict_tears = strict;
    }

    /// Refuses the call when the power is off.
    pub(super) fn check_power(&self) -> Result<(), SimError> {
        if self.powered {
            Ok(())
        } else {
            Err(SimError::PowerLost)
        }
    }

    /// Whether a cut comes within the next `count` operations, and in which. Counts those before
    /// it, and itself.
    pub(super) fn advance(&mut self, count: usize) -> Option<(usize, Cut)> {
        let done = self.operations;
        let struck = self.cut.as_ref().and_then(|cut| cut.strikes(done, count));
        self.operations += struck.map_or(count, |index| index + 1) as u64;
        self.powered = struck.is_none();
        struck.zip(self.cut.take_if(|_| struck.is_some()))
    }
}

#[cfg(test)]
mod tests {
    use std::format;

    use embedded_storage::nor_flash::{NorFlash, ReadNorFlash};

    use super::super::medium::tests::TempFile;
    use super::super::{SimError, SimFlash, Tear};

    /// Sectors of 64 bytes, words of 4.
    type Small = SimFlash<4, 64>;

    #[test]
    fn every_call_fails_until_the_power_is_on_again() {
        let mut flash = Small::new(2);
        flash.cut_after(0, Tear::Clean, 0);
        flash.read(0, &mut [0; 2]).unwrap();
        assert_eq!(flash.write(0, &[0; 4]), Err(SimError::PowerLost));
        assert!(!flash.is_powered());
        assert_eq!(flash.read(0, &mut [0; 2]), Err(SimError::PowerLost));
        assert_eq!(flash.write(0, &[0; 4]), Err(SimError::PowerLost));
        assert_eq!(flash.erase(64, 0), Err(SimError::PowerLost));
        assert_eq!(flash.operations(), 1);
        assert_eq!(
            flash.stats().programs,
            0,
            "a clean cut comes before the program"
        );
        flash.power_on();
        flash.write(0, &[0; 4]).unwrap();
    }

    #[test]
    fn the_cut_comes_at_its_word_of_its_call() {
        let mut flash = Small::new(2);
        flash.write(0, &[0; 8]).unwrap();
        flash.cut_after(flash.operations() + 2, Tear::Clean, 0);
        flash.write(8, &[0; 4]).unwrap();
        assert_eq!(flash.write(12, &[0; 16]), Err(SimError::PowerLost));
        assert_eq!(flash.image()[8..16], [0; 8]);
        assert_eq!(flash.image()[16..], [0xFF; 112]);
        assert_eq!(flash.stats().program_bytes, 16);
        assert_eq!(flash.operations(), 5);
    }

    #[test]
    fn a_cut_between_two_sectors_leaves_the_second() {
        let mut flash = Small::from_image(&[0; 256]);
        flash.cut_after(1, Tear::Clean, 0);
        assert_eq!(flash.erase(64, 256), Err(SimError::PowerLost));
        assert_eq!(flash.image()[..64], [0; 64]);
        assert_eq!(flash.image()[64..128], [0xFF; 64]);
        assert_eq!(flash.image()[128..], [0; 128]);
        assert_eq!(flash.stats().sector_erases, [0, 1, 0, 0]);
    }

    #[test]
    fn no_tear_reaches_past_its_call_and_equal_seeds_are_equal() {
        for (tear, seed) in Tear::ALL
            .into_iter()
            .flat_map(|tear| (0..50).map(move |s| (tear, s)))
        {
            let run = || {
                let mut flash = Small::from_image(&[0xA5; 256]);
                flash.erase(64, 128).unwrap();
                flash.cut_after(2, tear, seed);
                assert_eq!(flash.write(72, &[0; 12]), Err(SimError::PowerLost));
                flash.power_on();
                flash.cut_after(0, tear, seed);
                assert_eq!(flash.erase(128, 192), Err(SimError::PowerLost));
                flash.image().to_vec()
            };
            let image = run();
            assert_eq!(image, run());
            assert_eq!(image[..64], [0xA5; 64]);
            assert_eq!(image[64..72], [0xFF; 8]);
            assert_eq!(image[84..128], [0xFF; 44]);
            assert_eq!(image[192..], [0xA5; 64]);
        }
    }

    #[test]
    fn torn_words_count_as_programmed_when_they_changed() {
        let mut changed = 0;
        for seed in 0..100 {
            let mut flash = Small::new(1);
            flash.cut_after(0, Tear::WordBits, seed);
            assert_eq!(
                flash.write(0, &[0xFE, 0xFF, 0xFF, 0xFF]),
                Err(SimError::PowerLost)
            );
            flash.power_on();
            let erased = flash.image()[0] == 0xFF;
            assert_eq!(flash.clone().write(0, &[0; 4]).is_ok(), erased);
            changed += usize::from(!erased);
        }
        assert!((10..90).contains(&changed));
    }

    #[test]
    fn strict_tears_count_every_torn_word_as_programmed() {
        for seed in 0..100 {
            let mut flash = Small::new(1);
            flash.strict_tears(true);
            flash.cut_after(1, Tear::CallBits, seed);
            assert_eq!(flash.write(0, &[0xFE; 12]), Err(SimError::PowerLost));
            flash.power_on();
            for address in [0, 4, 8] {
                let twice = Err(SimError::ProgrammedTwice { address });
                assert_eq!(flash.write(address, &[0; 4]), twice);
            }
            flash.write(12, &[0; 4]).unwrap();
        }
    }

    #[test]
    fn a_half_erased_sector_needs_its_erase() {
        let mut flash = Small::from_image(&[0; 64]);
        flash.cut_after(0, Tear::Prefix, 3);
        assert_eq!(flash.erase(0, 64), Err(SimError::PowerLost));
        flash.power_on();
        assert_eq!(
            flash.write(60, &[0; 4]),
            Err(SimError::ProgrammedTwice { address: 60 })
        );
        flash.erase(0, 64).unwrap();
        flash.write(60, &[0; 4]).unwrap();
    }

    #[test]
    fn a_file_holds_what_a_power_cut_left() {
        for tear in Tear::ALL {
            let path = TempFile::new(&format!("cut-{tear:?}"));
            let mut flash = Small::open(&path.0, 2).unwrap();
            flash.cut_after(2, tear, 1);
            assert_eq!(flash.write(0, &[0; 20]), Err(SimError::PowerLost));
            assert_eq!(std::fs::read(&path.0).unwrap(), flash.image());
            flash.power_on();
            flash.cut_after(0, tear, 1);
            assert_eq!(flash.erase(0, 64), Err(SimError::PowerLost));
            assert_eq!(std::fs::read(&path.0).unwrap(), flash.image());
        }
    }

    #[test]
    fn turning_the_power_on_forgets_a_cut_to_come() {
        let mut flash = Small::new(1);
        flash.cut_after(1, Tear::Clean, 0);
        flash.power_on();
        flash.write(0, &[0; 64]).unwrap();
    }
}

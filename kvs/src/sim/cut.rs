//! A power cut: at which operation it comes, and what it leaves in the cells.
//!
//! A program clears bits and an erase sets them, so an interrupted one leaves each bit either as
//! it was or as it should become. Which of them changed is what the [`Tear`] says.

use core::ops::Range;

use super::medium::ERASED;
use super::rng::Rng;
use super::tear::Tear;

/// How far a program call got, in words from its start.
pub(super) struct Progress {
    /// Words programmed in full.
    pub(super) whole: usize,
    /// Words of which any bit may have changed, the whole ones included.
    pub(super) touched: usize,
    /// Words of which bits may be left in between, on a part where that happens.
    pub(super) shaky: Range<usize>,
}

impl Progress {
    /// So many words, and no harm done.
    pub(super) fn whole(words: usize) -> Self {
        Self {
            whole: words,
            touched: words,
            shaky: 0..0,
        }
    }

    fn torn(index: usize) -> Self {
        Self {
            whole: index,
            touched: index + 1,
            shaky: index..index + 1,
        }
    }
}

/// Clears the bits that `data` has cleared.
pub(super) fn program(cells: &mut [u8], data: &[u8]) {
    for (cell, byte) in cells.iter_mut().zip(data) {
        *cell &= byte;
    }
}

/// A cut that is set but has not come yet.
#[derive(Clone, Debug)]
pub(super) struct Cut {
    operation: u64,
    tear: Tear,
    rng: Rng,
}

impl Cut {
    pub(super) fn new(operation: u64, tear: Tear, seed: u64) -> Self {
        // The operation is mixed in, so that a sweep with one seed does not draw the same bits
        // at each of its cuts.
        let rng = Rng::new(Rng::new(seed).next_u64() ^ operation);
        Self {
            operation,
            tear,
            rng,
        }
    }

    /// Which of the next `count` operations it strikes, if any. `done` operations lie behind; a
    /// cut that was set for one of those strikes at once.
    pub(super) fn strikes(&self, done: u64, count: usize) -> Option<usize> {
        let ahead = self.operation.saturating_sub(done);
        (ahead < count as u64).then_some(ahead as usize)
    }

    /// Tears a program call in its word `index`: `cells` is what the call's words hold.
    pub(super) fn tear_program(
        &mut self,
        cells: &mut [u8],
        data: &[u8],
        index: usize,
        word: usize,
    ) -> Progress {
        let (start, end) = (index * word, (index + 1) * word);
        if self.tear != Tear::CallBits {
            program(&mut cells[..start], &data[..start]);
        }
        match self.tear {
            Tear::Clean => Progress::whole(index),
            Tear::Prefix => {
                let cut = start + self.prefix(word);
                program(&mut cells[start..cut], &data[start..cut]);
                Progress::torn(index)
            }
            Tear::WordBits => {
                self.clear_some(&mut cells[start..end], &data[start..end]);
                Progress::torn(index)
            }
            Tear::CallBits => {
                self.clear_some(cells, data);
                let words = data.len() / word;
                Progress {
                    whole: 0,
                    touched: words,
                    shaky: 0..words,
                }
            }
            Tear::Complete => {
                program(&mut cells[start..end], &data[start..end]);
                Progress::whole(index + 1)
            }
        }
    }

    /// Tears the erase of a sector. Gives the words of which bits may be left in between; nothing
    /// when the erase did not begin.
    pub(super) fn tear_erase(&mut self, cells: &mut [u8], word: usize) -> Option<Range<usize>> {
        let words = cells.len() / word;
        match self.tear {
            Tear::Clean => return None,
            Tear::Prefix => {
                let cut = self.prefix(cells.len());
                cells[..cut].fill(ERASED);
                let edge = (cut / word).min(words - 1);
                return Some(edge..edge + 1);
            }
            Tear::WordBits | Tear::CallBits => {
                let density = self.rng.density();
                for cell in cells {
                    *cell |= self.rng.bits(density);
                }
            }
            Tear::Complete => {
                cells.fill(ERASED);
                return Some(0..0);
            }
        }
        Some(0..words)
    }

    /// The random numbers that the tear has left over.
    pub(super) fn into_rng(self) -> Rng {
        self.rng
    }

    /// A length of at least 1 and less than `len`, where there is one.
    fn prefix(&mut self, len: usize) -> usize {
        if len < 2 {
            self.rng.below(len + 1)
        } else {
            1 + self.rng.below(len - 1)
        }
    }

    fn clear_some(&mut self, cells: &mut [u8], data: &[u8]) {
        let density = self.rng.density();
        for (cell, byte) in cells.iter_mut().zip(data) {
            *cell &= byte | !self.rng.bits(density);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::vec;
    use std::vec::Vec;

    use super::*;

    const DATA: [u8; 12] = [0x12, 0x34, 0x00, 0xF0, 1, 2, 3, 4, 0xAA, 0x55, 0, 0];

    /// Three words of four bytes, torn in the second.
    fn torn(tear: Tear, seed: u64) -> Vec<u8> {
        let mut cells = vec![ERASED; 12];
        Cut::new(1, tear, seed).tear_program(&mut cells, &DATA, 1, 4);
        cells
    }

    #[test]
    fn a_torn_program_clears_only_bits_that_it_should_clear() {
        for tear in Tear::ALL {
            for seed in 0..200 {
                let cells = torn(tear, seed);
                assert!(
                    cells
                        .iter()
                        .zip(DATA)
                        .all(|(cell, byte)| cell & byte == byte),
                    "{tear:?}"
                );
                if tear != Tear::CallBits {
                    assert_eq!(cells[..4], DATA[..4], "{tear:?}: words before are whole");
                    assert_eq!(
                        cells[8..],
                        [ERASED; 4],
                        "{tear:?}: words behind are untouched"
                    );
                }
            }
        }
    }

    #[test]
    fn each_tear_leaves_what_it_says() {
        for seed in 0..200 {
            assert_eq!(torn(Tear::Clean, seed)[4..8], [ERASED; 4]);
            assert_eq!(torn(Tear::Complete, seed)[4..8], DATA[4..8]);
            let cells = torn(Tear::Prefix, seed);
            let done = cells[4..8]
                .iter()
                .take_while(|&&cell| cell != ERASED)
                .count();
            assert!((1..4).contains(&done));
            assert_eq!(cells[4..4 + done], DATA[4..4 + done]);
            assert_eq!(cells[4 + done..8], vec![ERASED; 4 - done]);
        }
        let differing = |tear| {
            (0..200)
                .filter(|&seed| torn(tear, seed) != torn(tear, 0))
                .count()
        };
        assert!(differing(Tear::WordBits) > 100);
        // Words before the cut are torn too, and words behind it are begun.
        assert!((0..200).any(|seed| torn(Tear::CallBits, seed)[..4] != DATA[..4]));
        assert!((0..200).any(|seed| torn(Tear::CallBits, seed)[8..] != [ERASED; 4]));
    }

    #[test]
    fn a_word_of_one_byte_is_programmed_or_not() {
        let word = |seed| {
            let mut cells = [ERASED];
            Cut::new(0, Tear::Prefix, seed).tear_program(&mut cells, &[0x5A], 0, 1);
            cells[0]
        };
        assert!((0..50).all(|seed| [ERASED, 0x5A].contains(&word(seed))));
        assert!((0..50).any(|seed| word(seed) == 0x5A));
        assert!((0..50).any(|seed| word(seed) == ERASED));
    }

    #[test]
    fn a_torn_erase_only_sets_bits() {
        for tear in Tear::ALL {
            for seed in 0..50 {
                let mut cells = [0x24; 64];
                let begun = Cut::new(0, tear, seed).tear_erase(&mut cells, 4);
                assert!(cells.iter().all(|cell| cell & 0x24 == 0x24));
                assert_eq!(begun.is_some(), tear != Tear::Clean);
                match tear {
                    Tear::Clean => assert_eq!(cells, [0x24; 64]),
                    Tear::Complete => assert_eq!(cells, [ERASED; 64]),
                    Tear::Prefix => {
                        let erased = cells.iter().take_while(|&&cell| cell == ERASED).count();
                        assert!((1..64).contains(&erased));
                        assert_eq!(cells[erased..], vec![0x24; 64 - erased]);
                    }
                    Tear::WordBits | Tear::CallBits => assert_ne!(cells, [ERASED; 64]),
                }
            }
        }
    }

    #[test]
    fn a_torn_erase_may_leave_nearly_all_or_nearly_nothing() {
        let set = |seed| {
            let mut cells = [0; 64];
            Cut::new(0, Tear::WordBits, seed).tear_erase(&mut cells, 4);
            cells.iter().map(|cell| cell.count_ones()).sum::<u32>()
        };
        assert!((0..50).any(|seed| set(seed) < 64));
        assert!((0..50).any(|seed| set(seed) > 512 - 64));
    }

    #[test]
    fn the_same_seed_tears_the_same_way() {
        for tear in Tear::ALL {
            assert_eq!(torn(tear, 5), torn(tear, 5));
        }
    }

    #[test]
    fn strikes_at_its_operation_or_at_once_when_that_is_past() {
        let cut = Cut::new(10, Tear::Clean, 0);
        assert_eq!(cut.strikes(0, 10), None);
        assert_eq!(cut.strikes(0, 11), Some(10));
        assert_eq!(cut.strikes(8, 4), Some(2));
        assert_eq!(cut.strikes(12, 1), Some(0));
        assert_eq!(cut.strikes(12, 0), None);
    }
}

//! A flash in which the power fails: in the middle of a word, or of an erase.

use cortex_m::peripheral::SCB;
use embedded_storage::nor_flash::{ErrorType, NorFlash, ReadNorFlash};
use kvs_microbit::flash::PAGE;

use crate::campaign::{CAMPAIGN, Item};

/// When the power fails: after so many words or erases.
pub(crate) struct Cut {
    words: u32,
    erases: u32,
}

impl Cut {
    pub(crate) const NEVER: Self = Self {
        words: u32::MAX,
        erases: u32::MAX,
    };

    /// Soon: within some ten commits, or, in one of four cases, in one of the next erases.
    pub(crate) fn random() -> Self {
        if CAMPAIGN.below(4) == 0 {
            Self {
                erases: CAMPAIGN.below(3),
                ..Self::NEVER
            }
        } else {
            Self {
                words: CAMPAIGN.below(160),
                ..Self::NEVER
            }
        }
    }
}

pub(crate) struct Torn<F> {
    flash: F,
    cut: Cut,
}

impl<F> Torn<F> {
    pub(crate) fn new(flash: F, cut: Cut) -> Self {
        Self { flash, cut }
    }
}

impl<F: NorFlash> Torn<F> {
    /// Programs some of the bits that are to become 0: none, all, or a random half of them.
    fn tear_word(&mut self, offset: u32, word: [u8; 4]) -> ! {
        CAMPAIGN.add(Item::TornWords, 1);
        let mut old = [0; 4];
        let _ = self.flash.read(offset, &mut old);
        let kept = match CAMPAIGN.below(8) {
            0 => u32::MAX,
            1 => 0,
            _ => CAMPAIGN.random(),
        };
        let old = u32::from_le_bytes(old);
        let torn = old & (u32::from_le_bytes(word) | kept);
        if torn != old {
            let _ = self.flash.write(offset, &torn.to_le_bytes());
        }
        SCB::sys_reset()
    }

    /// Erases some of a page: none of it, all of it, all words up to one, words here and there, or bits here and there. An
    /// erase of the whole is what the chip has, so what is to stay is written back.
    fn tear_erase(&mut self, page: u32) -> ! {
        CAMPAIGN.add(Item::TornErases, 1);
        let mut old = [0; PAGE as usize];
        let _ = self.flash.read(page, &mut old);
        let kind = CAMPAIGN.below(5);
        let first = CAMPAIGN.below(PAGE / 4);
        if kind != 0 {
            let _ = self.flash.erase(page, page + PAGE);
            for (index, word) in (0..).zip(old.chunks_exact(4)) {
                let erased = match kind {
                    1 => u32::MAX,
                    2 if index < first => u32::MAX,
                    2 => 0,
                    3 if CAMPAIGN.below(2) == 0 => u32::MAX,
                    3 => 0,
                    _ => CAMPAIGN.random(),
                };
                let word = u32::from_le_bytes([word[0], word[1], word[2], word[3]]) | erased;
                if word != u32::MAX {
                    let _ = self.flash.write(page + 4 * index, &word.to_le_bytes());
                }
            }
        }
        SCB::sys_reset()
    }
}

impl<F: ErrorType> ErrorType for Torn<F> {
    type Error = F::Error;
}

impl<F: ReadNorFlash> ReadNorFlash for Torn<F> {
    const READ_SIZE: usize = F::READ_SIZE;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), F::Error> {
        self.flash.read(offset, bytes)
    }

    fn capacity(&self) -> usize {
        self.flash.capacity()
    }
}

impl<F: NorFlash> NorFlash for Torn<F> {
    const WRITE_SIZE: usize = F::WRITE_SIZE;
    const ERASE_SIZE: usize = F::ERASE_SIZE;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), F::Error> {
        for page in (from..to).step_by(PAGE as usize) {
            match self.cut.erases.checked_sub(1) {
                Some(left) => self.cut.erases = left,
                None => self.tear_erase(page),
            }
            self.flash.erase(page, page + PAGE)?;
        }
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), F::Error> {
        let words = (bytes.len() / 4) as u32;
        if let Some(left) = self.cut.words.checked_sub(words) {
            self.cut.words = left;
            return self.flash.write(offset, bytes);
        }
        let whole = 4 * self.cut.words;
        let (before, rest) = bytes.split_at(whole as usize);
        self.flash.write(offset, before)?;
        let word = rest.first_chunk().copied().unwrap_or([0xFF; 4]);
        self.tear_word(offset + whole, word)
    }
}

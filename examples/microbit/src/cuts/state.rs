//! The settings of the power cut runs: all of them follow from a counter, so that a boot can tell what it has to find.

use heapless::String;
use kvs::Settings;

pub(crate) const SLOTS: usize = 72;
pub(crate) const NAME: &str = "never changed";

/// A commit changes the counter, its check, and one slot: whichever the counter says. So entries become stale all over the
/// pages, and collections have something to copy.
#[derive(Settings)]
pub(crate) struct State {
    #[setting(default)]
    pub(crate) counter: u32,
    #[setting(default)]
    pub(crate) check: u32,
    #[setting(nested)]
    pub(crate) slots: [Slot; SLOTS],
    #[setting(default = "")]
    pub(crate) name: String<16>,
}

#[derive(Settings)]
pub(crate) struct Slot {
    #[setting(default)]
    pub(crate) value: [u8; 20],
}

/// What is wrong with a state that was found.
pub(crate) enum Fault {
    /// The counter's own commit is there in part.
    Half,
    /// Something that was committed before is not there.
    Lost,
}

impl State {
    /// The number of the slot that a commit changes.
    pub(crate) fn slot(&self) -> usize {
        slot(self.counter)
    }

    /// On to the next commit.
    pub(crate) fn advance(&mut self) {
        self.counter = self.counter.wrapping_add(1);
        self.check = mix(self.counter);
        self.slots[self.slot()].value = value(self.counter);
    }

    /// Whether all is as the commits up to the counter's have left it.
    pub(crate) fn verify(&self) -> Result<(), Fault> {
        if self.counter != 0
            && (self.check != mix(self.counter)
                || self.slots[self.slot()].value != value(self.counter))
        {
            return Err(Fault::Half);
        }
        // Backwards, to the last commit of each slot.
        let mut seen = [false; SLOTS];
        let mut left = SLOTS;
        let mut counter = self.counter;
        while counter != 0 && left != 0 {
            let slot = slot(counter);
            if !seen[slot] {
                seen[slot] = true;
                left -= 1;
                if self.slots[slot].value != value(counter) {
                    return Err(Fault::Lost);
                }
            }
            counter -= 1;
        }
        let never_set = self.slots.iter().zip(&seen).filter(|(_, seen)| !**seen);
        let as_before = never_set.into_iter().all(|(slot, _)| slot.value == [0; 20]);
        if as_before && self.name == NAME {
            Ok(())
        } else {
            Err(Fault::Lost)
        }
    }
}

fn mix(counter: u32) -> u32 {
    let mut x = counter.wrapping_mul(0x9E37_79B1);
    x = (x ^ x >> 15).wrapping_mul(0x85EB_CA6B);
    x ^ x >> 13
}

fn slot(counter: u32) -> usize {
    // The chip has no division.
    ((mix(counter ^ 0x5A5A_5A5A) >> 16) as usize * SLOTS) >> 16
}

fn value(counter: u32) -> [u8; 20] {
    let mut value = [0; 20];
    for (number, bytes) in value.chunks_mut(4).enumerate() {
        let word = mix(counter.wrapping_add((number as u32 + 1) << 28));
        bytes.copy_from_slice(&word.to_le_bytes());
    }
    value
}

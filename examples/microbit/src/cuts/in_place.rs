//! The negative control: a store that erases its pages and writes them anew. What the runs are to find, it does.

use embedded_storage::nor_flash::{NorFlash, ReadNorFlash};
use kvs::Settings;
use kvs_microbit::flash::{Flash, PAGE, SETTINGS};

use crate::keeper::Keeper;
use crate::state::{NAME, State};
use crate::torn::Torn;

pub(crate) struct InPlace(pub(crate) Torn<Flash>);

const LEN: u32 = 2 * PAGE;
const SLOT: usize = 20;
/// Counter and check, and the slots behind them.
const FRONT: usize = 8;

impl Keeper for InPlace {
    fn load(&mut self) -> State {
        let mut bytes = [0; LEN as usize];
        let mut state = State::defaults();
        state.name = NAME.try_into().unwrap_or_default();
        if self.0.read(SETTINGS.start, &mut bytes).is_err() || bytes[..4] == [0xFF; 4] {
            return state;
        }
        let word = |at: usize| {
            u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
        };
        (state.counter, state.check) = (word(0), word(4));
        for (slot, stored) in state
            .slots
            .iter_mut()
            .zip(bytes[FRONT..].chunks_exact(SLOT))
        {
            slot.value.copy_from_slice(stored);
        }
        state
    }

    fn save(&mut self, state: &State) -> bool {
        let mut bytes = [0; LEN as usize];
        bytes[..4].copy_from_slice(&state.counter.to_le_bytes());
        bytes[4..FRONT].copy_from_slice(&state.check.to_le_bytes());
        for (slot, stored) in state
            .slots
            .iter()
            .zip(bytes[FRONT..].chunks_exact_mut(SLOT))
        {
            stored.copy_from_slice(&slot.value);
        }
        let start = SETTINGS.start;
        self.0.erase(start, start + LEN).is_ok() && self.0.write(start, &bytes).is_ok()
    }

    fn commit(&mut self, state: &State) -> bool {
        self.save(state)
    }

    fn erases(&self) -> u32 {
        0
    }
}

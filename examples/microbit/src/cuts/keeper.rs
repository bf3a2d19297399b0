//! Who keeps the settings: `kvs`, or a store that must fail.

use cortex_m_semihosting::hprintln;
use embassy_nrf::nvmc;
use kvs::{Error, Options, Resources, Store};
use kvs_microbit::flash::{Flash, PAGES, SETTINGS};
use kvs_microbit::host;

use crate::state::State;
use crate::torn::Torn;

pub(crate) trait Keeper {
    fn load(&mut self) -> State;
    /// Stores all of it.
    fn save(&mut self, state: &State) -> bool;
    /// Stores what a commit changes.
    fn commit(&mut self, state: &State) -> bool;
    /// Erases so far.
    fn erases(&self) -> u32;
}

pub(crate) struct Kvs<'a>(Store<'a, Torn<Flash>>);

impl<'a> Kvs<'a> {
    pub(crate) fn mount<const KEYS: usize, const BUFFER: usize>(
        flash: Torn<Flash>,
        resources: &'a mut Resources<KEYS, PAGES, BUFFER>,
    ) -> Self {
        match Store::mount(flash, SETTINGS, resources, Options::DEFAULT) {
            Ok(store) => Self(store),
            Err(error) => {
                hprintln!("{error}");
                host::exit(false)
            }
        }
    }

    fn try_commit(&mut self, state: &State) -> Result<(), Error<nvmc::Error>> {
        let keys = State::KEYS;
        let slot = state.slot();
        self.0.commit(&[
            keys.counter.set(&state.counter)?,
            keys.slots[slot].value.set(&state.slots[slot].value)?,
            keys.check.set(&state.check)?,
        ])
    }
}

impl Keeper for Kvs<'_> {
    fn load(&mut self) -> State {
        // What is rejected is at its default, which the check takes for a loss.
        self.0.load().0
    }

    fn save(&mut self, state: &State) -> bool {
        self.0.save(state).is_ok()
    }

    fn commit(&mut self, state: &State) -> bool {
        self.try_commit(state).is_ok()
    }

    fn erases(&self) -> u32 {
        self.0.sectors().map(|sector| sector.erases).sum()
    }
}

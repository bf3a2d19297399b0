//! Power cuts on the chip: boots, checks what it finds, and commits until the power fails; over and over.
//!
//! The power fails by a reset: from SysTick, at any instruction, or from the flash driver, in the middle of an operation.
//! What was acknowledged until then is noted in RAM that a reset leaves alone. Runs in QEMU only: the chip has no SysTick.
#![no_std]
#![no_main]

mod campaign;
mod clock;
mod in_place;
mod keeper;
mod runs;
mod state;
mod torn;

use campaign::{CAMPAIGN, Item, Mode};
use clock::Clock;
use cortex_m::Peripherals;
use cortex_m::peripheral::SCB;
use cortex_m_rt::{entry, exception};
use embedded_storage::nor_flash::NorFlash;
use in_place::InPlace;
use keeper::Kvs;
use kvs::{Resources, Settings};
use kvs_microbit::flash::{Flash, PAGES, SETTINGS};
use kvs_microbit::host;
use runs::Setting;
use state::State;
use torn::{Cut, Torn};

/// The power fails.
#[exception]
fn SysTick() {
    SCB::sys_reset();
}

#[entry]
fn main() -> ! {
    let Some(core) = Peripherals::take() else {
        host::exit(false)
    };
    let mut clock = Clock::new(core.SYST);
    let first = CAMPAIGN.begin();
    let mode = CAMPAIGN.mode();
    match mode {
        // From the first instruction on: a cut may come while it mounts.
        Mode::Instructions if !first && CAMPAIGN.cuts_left() => {
            clock.cut_after(CAMPAIGN.below(CAMPAIGN.get(Item::Interval)));
        }
        Mode::Measure => clock.restart(),
        _ => {}
    }
    let cut = match mode {
        Mode::Operations if !first => Cut::random(),
        _ => Cut::NEVER,
    };
    let chip = embassy_nrf::init(Default::default());
    let mut flash = Torn::new(Flash::new(chip.NVMC), cut);
    if first {
        // The emulator's flash is zeros at first, a chip's is erased.
        let erased = flash.erase(SETTINGS.start, SETTINGS.end);
        assert!(erased.is_ok());
    }
    let setting = Setting { clock, mode, first };
    if CAMPAIGN.get(Item::InPlace) != 0 {
        setting.run(&mut InPlace(flash))
    }
    let mut resources =
        Resources::<{ State::KEY_SLOTS }, PAGES, { State::BUFFER }>::for_settings::<State>();
    setting.run(&mut Kvs::mount(flash, &mut resources))
}

//! The next firmware, for the same pages: other names, types and units, and nothing lost.
//!
//! With `confirm` on its command line it makes the update permanent, and resets itself once to show it. A device asks its
//! bootloader instead, or does it when it has run well for a while.
#![no_std]
#![no_main]

use cortex_m::asm::wfi;
use cortex_m::peripheral::SCB;
use cortex_m_rt::entry;
use cortex_m_semihosting::hprintln;
use heapless::String;
use kvs::{Options, Resources, Settings, Store};
use kvs_microbit::flash::{Flash, PAGES, SETTINGS};
use kvs_microbit::host::{self, Arguments};
use kvs_microbit::report;

#[derive(Settings)]
struct Station {
    #[setting(default = "micro:bit", alias = "name")]
    label: String<16>,
    // Was `period: u16`, in seconds.
    #[setting(default = 60_000, range = 100..=3_600_000, unit = "ms")]
    #[setting(migrate(from = "period", ty = u16, with = milliseconds))]
    period_ms: u32,
    // Was of 255.
    #[setting(default = 50, range = 0..=100, unit = "%", rev = 2)]
    #[setting(migrate(with = percent))]
    brightness: u8,
    #[setting(nested)]
    radio: Radio,
    #[setting(default, keep)]
    boots: u32,
}

#[derive(Settings)]
struct Radio {
    #[setting(default = 7, range = 0..=83)]
    channel: u8,
    #[setting(default = 0)]
    group: u8,
    #[setting(default = 0, range = -30..=4, unit = "dBm")]
    power: i8,
}

fn milliseconds(seconds: u16) -> u32 {
    u32::from(seconds) * 1000
}

fn percent(of_255: u8) -> u8 {
    (u16::from(of_255) * 100 / 255) as u8
}

/// Room for this firmware's settings and as many of others'.
const KEYS: usize = 2 * Station::COUNT;

#[entry]
fn main() -> ! {
    let chip = embassy_nrf::init(Default::default());
    let flash = Flash::new(chip.NVMC);
    let mut resources = Resources::<KEYS, PAGES, { Station::BUFFER }>::for_settings::<Station>();
    let mut store = match Store::mount(flash, SETTINGS, &mut resources, Options::DEFAULT) {
        Ok(store) => store,
        Err(error) => {
            hprintln!("{error}");
            host::exit(false)
        }
    };

    let (mut station, report) = store.load::<Station>();
    station.boots = station.boots.saturating_add(1);
    hprintln!("v2, boot {}", station.boots);
    report::print(&report);
    // The count alone: what is only migrated is not written.
    match store.save(&station) {
        Ok(saved) => hprintln!("  saved: {saved}"),
        Err(error) => hprintln!("  not saved: {error}"),
    }
    hprintln!("  label {}, period {} ms", station.label, station.period_ms);
    hprintln!("  brightness {} %", station.brightness);
    let Radio {
        channel,
        group,
        power,
    } = station.radio;
    hprintln!("  radio {channel}.{group}, {power} dBm");

    if Arguments::get().has("confirm") {
        match store.confirm::<Station>() {
            Ok(0) => hprintln!("  nothing to confirm"),
            Ok(keys) => {
                hprintln!("  confirmed: {keys} keys stored or removed");
                SCB::sys_reset();
            }
            Err(error) => hprintln!("  not confirmed: {error}"),
        }
    }
    hprintln!("waiting");
    loop {
        wfi();
    }
}

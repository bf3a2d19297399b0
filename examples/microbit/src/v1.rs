//! The firmware in the field: a weather station.
//!
//! Counts its boots, and resets itself until it has booted three times, or a multiple of that; then it waits, as a station does.
#![no_std]
#![no_main]

use cortex_m::asm::wfi;
use cortex_m::peripheral::SCB;
use cortex_m_rt::entry;
use cortex_m_semihosting::hprintln;
use heapless::String;
use kvs::{Options, Resources, Settings, Store};
use kvs_microbit::flash::{Flash, PAGES, SETTINGS};
use kvs_microbit::{host, report};

#[derive(Settings)]
struct Station {
    #[setting(default = "micro:bit")]
    name: String<16>,
    #[setting(default = 60, range = 1..=3600, unit = "s")]
    period: u16,
    /// Of 255.
    #[setting(default = 128)]
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
    hprintln!("v1, boot {}", station.boots);
    report::print(&report);
    if report.is_first_boot() {
        hprintln!("  first boot: set up");
        station.name = String::try_from("shed").unwrap_or_default();
        station.period = 90;
        station.brightness = 200;
        station.radio.channel = 42;
    }
    match store.save(&station) {
        Ok(saved) => hprintln!("  saved: {saved}"),
        Err(error) => hprintln!("  not saved: {error}"),
    }
    hprintln!("  name {}, period {} s", station.name, station.period);
    hprintln!("  brightness {}/255", station.brightness);
    hprintln!("  radio {}.{}", station.radio.channel, station.radio.group);

    if !station.boots.is_multiple_of(3) {
        SCB::sys_reset();
    }
    hprintln!("waiting");
    loop {
        wfi();
    }
}

//! A small device on simulated flash that lives in a file: a room thermostat.
//!
//! ```text
//! cargo run --example thermostat                                  boots, and prints its settings
//! cargo run --example thermostat -- get wifi.ssid
//! cargo run --example thermostat -- set wifi.ssid "attic"
//! cargo run --example thermostat -- set-many target=225 wifi.channel=6
//! cargo run --example thermostat -- reset
//! cargo run --example thermostat -- stats
//! ```
//!
//! Kill it at any moment: that is a power cut. `--flash FILE` picks the flash image. `thermostat_v2` is the next
//! firmware, for the same image.

mod console;

use std::error::Error;
use std::process::ExitCode;

use console::Command;
use heapless::String;
use kvs::{Options, Resources, Settings, Store};
use postcard_schema::Schema;
use serde::{Deserialize, Serialize};

#[derive(Settings)]
struct Thermostat {
    /// Tenths of a degree Celsius.
    #[setting(default = 210, range = 50..=350)]
    target: i16,
    #[setting(default = "living room")]
    name: String<32>,
    #[setting(default = 60_000)]
    period_ms: u32,
    #[setting(default = [Slot::at(6, 210), Slot::at(8, 180), Slot::at(17, 210), Slot::at(22, 160)], validate = in_order)]
    schedule: [Slot; 4],
    #[setting(default = Mode::Auto)]
    mode: Mode,
    #[setting(nested)]
    wifi: Wifi,
    /// How often the device has started; a factory reset is no reason to forget it.
    #[setting(default, keep)]
    boot_count: u32,
}

#[derive(Settings)]
struct Wifi {
    #[setting(default = "")]
    ssid: String<32>,
    #[setting(default = "", secret)]
    password: String<64>,
    #[setting(default = 1, range = 1..=13)]
    channel: u8,
}

/// From this time of day on, this target.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, Schema)]
struct Slot {
    hour: u8,
    minute: u8,
    target: i16,
}

impl Slot {
    const fn at(hour: u8, target: i16) -> Self {
        Self {
            hour,
            minute: 0,
            target,
        }
    }
}

fn in_order(schedule: &[Slot; 4]) -> Result<(), &'static str> {
    if schedule
        .iter()
        .any(|slot| slot.hour > 23 || slot.minute > 59)
    {
        return Err("a slot's time must be between 0:00 and 23:59");
    }
    if !schedule.is_sorted_by_key(|slot| (slot.hour, slot.minute)) {
        return Err("the slots must be in order of time");
    }
    Ok(())
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize, Schema)]
enum Mode {
    Off,
    Heat,
    Auto,
}

/// 32 KiB at the end of a nRF52840's flash.
const SECTORS: usize = 8;
const SECTOR: u32 = 4096;
/// Room for this firmware's settings and as many of others'.
const KEYS: usize = 2 * Thermostat::COUNT;

fn main() -> ExitCode {
    console::main(run)
}

fn run(arguments: &console::Arguments<Command>) -> Result<(), Box<dyn Error>> {
    let mut flash = arguments.open_flash(SECTORS)?;
    let mut resources =
        Resources::<KEYS, SECTORS, { Thermostat::BUFFER }>::for_settings::<Thermostat>();
    let range = 0..SECTORS as u32 * SECTOR;
    let mut store = Store::mount(&mut flash, range, &mut resources, Options::DEFAULT)?;
    let (mut settings, report) = store.load::<Thermostat>();
    console::warn_of_rejected(&report);

    match &arguments.command {
        None => {
            settings.boot_count = settings.boot_count.saturating_add(1);
            store.save(&settings)?;
            console::print_boot(settings.boot_count);
            console::print_all(&settings);
            console::print_stats(&store);
        }
        Some(Command::Get { path }) => console::print_one(&settings, path)?,
        Some(Command::Set { path, value }) => {
            console::set(&mut settings, path, value)?;
            store.save(&settings)?;
        }
        Some(Command::SetMany { changes }) => {
            console::set_many(&mut settings, changes)?;
            // One commit: after a power cut all of the changes are found, or none.
            store.save(&settings)?;
        }
        Some(Command::Reset) => {
            let removed = store.reset(Thermostat::KEYS.group())?;
            println!("{removed} settings are back to their defaults");
        }
        Some(Command::Stats) => console::print_stats(&store),
    }
    Ok(())
}

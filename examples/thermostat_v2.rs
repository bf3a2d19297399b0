//! The thermostat's next firmware, for the same flash image: other names, types and units, and nothing lost.
//!
//! ```text
//! cargo run --example thermostat -- set target 225    the firmware in the field
//! cargo run --example thermostat_v2                   the update; prints what was migrated
//! cargo run --example thermostat                      rolled back: it finds all that it stored
//! cargo run --example thermostat_v2 -- confirm        the update stays; the old values go
//! ```
//!
//! Else as `thermostat`. `docs/migration.md` shows what else can change.

mod console;

use std::error::Error;
use std::num::TryFromIntError;
use std::process::ExitCode;

use clap::Subcommand;
use console::Command;
use heapless::String;
use kvs::{Options, Resources, Settings, Store};
use postcard_schema::Schema;
use serde::{Deserialize, Serialize};

#[derive(Settings)]
struct Thermostat {
    // Was `target: i16`, in tenths of a degree Celsius.
    #[setting(default = 294_150, range = 278_150..=308_150, unit = "mK")]
    #[setting(migrate(from = "target", ty = i16, try_with = millikelvin))]
    target_mk: u32,
    #[setting(nested)]
    device: Device,
    #[setting(default = Seconds(60))]
    #[setting(migrate(from = "period_ms", ty = u32, with = Seconds::from_ms))]
    period: Seconds,
    // Was four slots long.
    #[setting(default = [
        Slot::at(6, 210), Slot::at(8, 180), Slot::at(12, 200), Slot::at(13, 180),
        Slot::at(17, 210), Slot::at(21, 190), Slot::at(22, 160),
    ])]
    #[setting(validate = in_order, migrate(ty = [Slot; 4], with = seven_slots))]
    schedule: [Slot; 7],
    #[setting(default = Mode::Auto)]
    mode: Mode,
    #[setting(nested)]
    wifi: Wifi,
    /// How often the device has started; a factory reset is no reason to forget it.
    #[setting(default, keep)]
    boot_count: u32,
}

#[derive(Settings)]
struct Device {
    // Was beside `device`, not in it.
    #[setting(default = "living room", migrate(from = "/name"))]
    name: String<32>,
}

// The country says which channels there are.
#[derive(Settings)]
#[settings(retired("channel": u8))]
struct Wifi {
    #[setting(default = "")]
    ssid: String<32>,
    #[setting(default = "", secret)]
    password: String<64>,
    #[setting(default = Country::World)]
    country: Country,
}

fn millikelvin(tenths: i16) -> Result<u32, TryFromIntError> {
    u32::try_from(273_150 + 100 * i32::from(tenths))
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize, Schema)]
struct Seconds(u32);

impl Seconds {
    /// Rounded up: a short period is not none.
    const fn from_ms(ms: u32) -> Self {
        Self(ms.div_ceil(1000))
    }
}

/// From this time of day on, this target, in tenths of a degree Celsius.
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

/// The last one over and over, which is the same day.
fn seven_slots(old: [Slot; 4]) -> [Slot; 7] {
    let [a, b, c, last] = old;
    [a, b, c, last, last, last, last]
}

fn in_order(schedule: &[Slot; 7]) -> Result<(), &'static str> {
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
    // New ones at the end: what is stored is a variant's number.
    Away,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize, Schema)]
enum Country {
    World,
    Europe,
    Japan,
    America,
}

#[derive(Subcommand)]
enum CommandV2 {
    #[command(flatten)]
    AsBefore(Command),
    /// Keeps this firmware: stores what was migrated and removes what is of the old one only
    Confirm,
}

/// 32 KiB at the end of a nRF52840's flash.
const SECTORS: usize = 8;
const SECTOR: u32 = 4096;
/// Room for this firmware's settings and as many of others'.
const KEYS: usize = 2 * Thermostat::COUNT;

fn main() -> ExitCode {
    console::main(run)
}

fn run(arguments: &console::Arguments<CommandV2>) -> Result<(), Box<dyn Error>> {
    use CommandV2::{AsBefore, Confirm};

    let mut flash = arguments.open_flash(SECTORS)?;
    let mut resources =
        Resources::<KEYS, SECTORS, { Thermostat::BUFFER }>::for_settings::<Thermostat>();
    let range = 0..SECTORS as u32 * SECTOR;
    let mut store = Store::mount(&mut flash, range, &mut resources, Options::DEFAULT)?;
    // What an old firmware has stored is migrated in RAM, at each boot until it is confirmed.
    let (mut settings, report) = store.load::<Thermostat>();
    console::warn_of_rejected(&report);

    match &arguments.command {
        None => {
            settings.boot_count = settings.boot_count.saturating_add(1);
            // Stores the count alone: what is only migrated is not written.
            store.save(&settings)?;
            console::print_boot(settings.boot_count);
            for (path, number) in report.migrated() {
                let old_names = Thermostat::SCHEMA.old_names(path.leaf(), number);
                let old_names: Vec<_> = old_names.map(|name| name.to_string()).collect();
                println!("{path}: migrated from {}", old_names.join(", "));
            }
            if report.migrated().next().is_some() {
                println!("`confirm` keeps this; until then the old firmware finds what it stored");
            }
            console::print_all(&settings);
            console::print_stats(&store);
        }
        Some(AsBefore(Command::Get { path })) => console::print_one(&settings, path)?,
        Some(AsBefore(Command::Set { path, value })) => {
            console::set(&mut settings, path, value)?;
            store.save(&settings)?;
        }
        Some(AsBefore(Command::SetMany { changes })) => {
            console::set_many(&mut settings, changes)?;
            store.save(&settings)?;
        }
        Some(AsBefore(Command::Reset)) => {
            let removed = store.reset(Thermostat::KEYS.group())?;
            println!("{removed} settings are back to their defaults");
        }
        Some(AsBefore(Command::Stats)) => console::print_stats(&store),
        // A device does this once it knows that the new firmware works.
        Some(Confirm) => match store.confirm::<Thermostat>()? {
            0 => println!("nothing to confirm"),
            count => println!("confirmed: {count} keys stored or removed"),
        },
    }
    Ok(())
}

/// Fails where a change would lose or misread what devices have stored. `UPDATE_LOCK=1 cargo test` writes the file anew
/// after a change that would not.
#[cfg(test)]
#[test]
fn devices_in_the_field_are_understood() {
    kvs::assert_schema_unchanged!(Thermostat, "thermostat.lock");
}

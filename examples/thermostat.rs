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
//! Kill it at any moment: that is a power cut. `--flash FILE` picks the flash image.

mod console;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use heapless::String;
use kvs::sim::presets::Nrf52840;
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
    #[setting(default = "")]
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

#[derive(Parser)]
#[command(about = "A thermostat whose settings survive a reboot")]
struct Arguments {
    /// The flash image; made if it is not there
    #[arg(long, value_name = "FILE", global = true)]
    flash: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Prints the value of one setting
    Get { path: std::string::String },
    /// Changes one setting
    Set {
        path: std::string::String,
        #[arg(allow_hyphen_values = true)]
        value: std::string::String,
    },
    /// Changes several settings, or none of them
    SetMany {
        #[arg(required = true, value_name = "PATH=VALUE")]
        changes: Vec<std::string::String>,
    },
    /// Factory reset
    Reset,
    /// Prints how full and how worn the flash is
    Stats,
}

/// 32 KiB at the end of a nRF52840's flash.
const SECTORS: usize = 8;
const SECTOR: u32 = 4096;
/// Room for this firmware's settings and as many of others'.
const KEYS: usize = 2 * Thermostat::COUNT;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            let bad_input = error.is::<console::BadInput>();
            ExitCode::from(if bad_input { 2 } else { 1 })
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let path = arguments.flash.clone().unwrap_or_else(default_image);
    let mut flash =
        Nrf52840::open(&path, SECTORS).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut resources =
        Resources::<KEYS, SECTORS, { Thermostat::BUFFER }>::for_settings::<Thermostat>();
    let range = 0..SECTORS as u32 * SECTOR;
    let mut store = Store::mount(&mut flash, range, &mut resources, Options::DEFAULT)?;
    let (mut settings, report) = store.load::<Thermostat>();
    for (path, why) in report.rejected() {
        eprintln!("warning: {path}: {why}; using the default");
    }

    match &arguments.command {
        None => {
            settings.boot_count = settings.boot_count.saturating_add(1);
            store.save(&settings)?;
            match settings.boot_count {
                1 => println!("first boot"),
                count => println!("boot number {count}"),
            }
            console::print_all(&settings);
            console::print_stats(&store);
        }
        Some(Command::Get { path }) => console::print_one(&settings, path)?,
        Some(Command::Set { path, value }) => {
            console::set(&mut settings, path, value)?;
            store.save(&settings)?;
        }
        Some(Command::SetMany { changes }) => {
            for change in changes {
                let (path, value) = console::split(change)?;
                console::set(&mut settings, path, value)?;
            }
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

fn default_image() -> PathBuf {
    let target = concat!(env!("CARGO_MANIFEST_DIR"), "/../target");
    PathBuf::from(target).join("thermostat.flash")
}

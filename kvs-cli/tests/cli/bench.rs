//! A workbench: a directory of its own for each test, with the lock file of a firmware, and a device that runs it.

use std::fs;
use std::path::PathBuf;

use assert_cmd::Command;
use heapless::{String, Vec};
use kvs::lock::Lock;
use kvs::sim::SimFlash;
use kvs::{Options, Resources, Settings, Store};
use postcard_schema::Schema;
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

#[derive(Settings)]
pub(crate) struct Boiler {
    /// Tenths of a degree Celsius.
    #[setting(default = 210, range = 50..=350)]
    pub(crate) target: i16,
    #[setting(default = Mode::Auto)]
    pub(crate) mode: Mode,
    #[setting(default = None)]
    pub(crate) limit: Option<u8>,
    #[setting(default = 0.5, range = 0.0..=1.0)]
    pub(crate) gain: f32,
    #[setting(default)]
    pub(crate) steps: Vec<Step, 4>,
    #[setting(nested)]
    pub(crate) wifi: Wifi,
    #[setting(nested)]
    pub(crate) zones: [Zone; 2],
    #[setting(default, keep)]
    pub(crate) boot_count: u64,
}

#[derive(Settings)]
pub(crate) struct Wifi {
    #[setting(default = "", alias = "name")]
    pub(crate) ssid: String<32>,
    #[setting(default = "", secret)]
    pub(crate) password: String<64>,
    #[setting(default = 1, range = 1..=13)]
    pub(crate) channel: u8,
}

#[derive(Settings)]
pub(crate) struct Zone {
    #[setting(default = true)]
    pub(crate) on: bool,
    #[setting(default = 'a')]
    pub(crate) letter: char,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
pub(crate) enum Mode {
    Off,
    #[default]
    Auto,
    Boost {
        minutes: u16,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, Schema)]
pub(crate) struct Step {
    pub(crate) minute: u16,
    pub(crate) target: i16,
}

/// Small sectors, so that a test has collections soon.
pub(crate) const SECTOR: usize = 512;
pub(crate) const SECTORS: usize = 4;
pub(crate) type Flash = SimFlash<4, SECTOR>;

/// Does something with the store of a device.
pub(crate) fn with_store<T>(
    flash: &mut Flash,
    run: impl FnOnce(&mut Store<'_, &mut Flash>) -> T,
) -> T {
    let mut resources = Resources::<64, SECTORS, { Boiler::BUFFER }>::for_settings::<Boiler>();
    let range = 0..(SECTOR * SECTORS) as u32;
    let mut store = Store::mount(flash, range, &mut resources, Options::DEFAULT).unwrap();
    run(&mut store)
}

/// A device that has saved some settings, over and over.
pub(crate) fn used() -> Flash {
    let mut flash = Flash::new(SECTORS);
    with_store(&mut flash, |store| {
        let (mut settings, _) = store.load::<Boiler>();
        settings.wifi.ssid = "attic".try_into().unwrap();
        settings.wifi.password = "correct horse".try_into().unwrap();
        settings.mode = Mode::Boost { minutes: 30 };
        settings.zones[1].on = false;
        store.save(&settings).unwrap();
        store.put_bytes("serial", b"A-1234").unwrap();
        store.put_bytes("calibration", &[0, 255, 3]).unwrap();
        for count in 1..=30 {
            settings.boot_count = count;
            store.save(&settings).unwrap();
        }
        store.delete("calibration").unwrap();
        settings.target = 225;
        settings.limit = Some(7);
        settings.steps = Vec::from_slice(&[Step {
            minute: 390,
            target: 215,
        }])
        .unwrap();
        store.save(&settings).unwrap();
    });
    flash
}

pub(crate) struct Bench {
    directory: TempDir,
}

/// What a command did.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: std::string::String,
    pub(crate) err: std::string::String,
}

/// The layout of the devices' partition.
pub(crate) const LAYOUT: [&str; 6] = [
    "--sector-size",
    "512",
    "--write-size",
    "4",
    "--length",
    "2k",
];

impl Bench {
    pub(crate) fn new() -> Self {
        let bench = Self {
            directory: TempDir::new().unwrap(),
        };
        bench.write("settings.lock", Lock::of(Boiler::SCHEMA).to_string());
        bench
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.path(name), bytes).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> std::vec::Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    /// Runs a command; its words are separated by spaces.
    pub(crate) fn kvs(&self, arguments: &str) -> Ran {
        let arguments: std::vec::Vec<_> = arguments.split_whitespace().collect();
        self.run(&arguments)
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        let output = Command::cargo_bin("kvs")
            .unwrap()
            .args(arguments)
            .current_dir(self.directory.path())
            .env("NO_COLOR", "1")
            .env("LC_ALL", "C.UTF-8")
            .output()
            .unwrap();
        let text = |bytes: std::vec::Vec<u8>| std::string::String::from_utf8(bytes).unwrap();
        Ran {
            code: output.status.code().unwrap(),
            out: text(output.stdout),
            err: text(output.stderr),
        }
    }

    /// The output of a command that succeeds.
    pub(crate) fn ok(&self, arguments: &str) -> std::string::String {
        let ran = self.kvs(arguments);
        assert_eq!(ran.code, 0, "{arguments}: {}{}", ran.out, ran.err);
        ran.out
    }
}

impl Ran {
    /// All that is to be seen of it.
    pub(crate) fn text(&self) -> std::string::String {
        format!("{}{}exit code {}\n", self.out, self.err, self.code)
    }
}

//! Settings in a store: load, save, typed get and put, commits, factory reset, and what is found in flash that is not right.

mod found;
mod reads_back;
mod two;
mod unread;

use heapless::{String, Vec};
use kvs::sim::{SimError, presets};
use kvs::{
    Change, Error, Key, Options, Outcome, RawKey, Rejection, Report, Resources, Settings, Store,
};
use postcard_schema::Schema;
use serde::{Deserialize, Serialize};

type Flash = presets::Nrf52840;
type Ram = Resources<64, 8, 256>;

#[derive(Settings)]
struct Device {
    #[setting(default = 210, range = 50..=350)]
    target: i16,
    #[setting(default = "living room")]
    name: String<32>,
    #[setting(default = [Slot { hour: 6, on: true }; 4])]
    schedule: [Slot; 4],
    #[setting(default = Mode::Auto)]
    mode: Mode,
    #[setting(nested)]
    wifi: Wifi,
    #[setting(nested)]
    zones: [Zone; 3],
    #[setting(nested, keep)]
    factory: Factory,
    #[setting(default, keep)]
    boots: u32,
    #[setting(skip)]
    scratch: u32,
}

#[derive(Settings)]
struct Wifi {
    #[setting(default = "", validate = no_spaces)]
    ssid: String<32>,
    #[setting(default = 1, range = 1..=13)]
    channel: u8,
    #[setting(keep)]
    calibration: Option<u16>,
}

#[derive(Settings)]
struct Zone {
    #[setting(default = true)]
    on: bool,
    #[setting(default)]
    offsets: Vec<i8, 8>,
}

#[derive(Settings)]
struct Factory {
    serial: Option<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, Schema)]
struct Slot {
    hour: u8,
    on: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, Schema)]
enum Mode {
    Off,
    Auto,
    Boost { minutes: u8 },
}

fn no_spaces(text: &String<32>) -> Result<(), &'static str> {
    if text.contains(' ') {
        Err("an SSID has no spaces here")
    } else {
        Ok(())
    }
}

fn mount<'a>(flash: &'a mut Flash, ram: &'a mut Ram) -> Store<'a, &'a mut Flash> {
    Store::mount(flash, 0..8 * 4096, ram, Options::DEFAULT).unwrap()
}

/// Mounts anew and loads.
fn load(flash: &mut Flash) -> (Device, Report<<Device as Settings>::Outcomes>) {
    mount(flash, &mut Ram::new()).load()
}

fn outcome(flash: &mut Flash, path: &str) -> Outcome {
    let (_, report) = load(flash);
    let found = report.iter().find(|(known, _)| known.to_string() == path);
    found.unwrap().1
}

#[test]
fn blank_flash_gives_defaults_and_is_not_written() {
    let mut flash = presets::nrf52840();
    let (device, report) = load(&mut flash);
    assert!(report.is_first_boot());
    assert!(
        report
            .iter()
            .all(|(_, outcome)| outcome == Outcome::Default)
    );
    assert_eq!((device.target, device.name.as_str()), (210, "living room"));
    assert_eq!(device.schedule[3], Slot { hour: 6, on: true });
    assert_eq!((device.mode, device.wifi.channel), (Mode::Auto, 1));
    assert_eq!(device.zones.each_ref().map(|zone| zone.on), [true; 3]);
    assert_eq!(flash.stats().programs + flash.stats().erases, 0);
}

#[test]
fn what_is_saved_is_found_after_a_reboot() {
    let mut flash = presets::nrf52840();
    let mut ram = Ram::new();
    let mut store = mount(&mut flash, &mut ram);
    let (mut device, _) = store.load::<Device>();
    device.target = 225;
    device.name = "attic".try_into().unwrap();
    device.schedule[1] = Slot {
        hour: 23,
        on: false,
    };
    device.mode = Mode::Boost { minutes: 15 };
    device.wifi.calibration = Some(0xBEEF);
    device.zones[2]
        .offsets
        .extend_from_slice(&[-3, 0, 7])
        .unwrap();
    device.scratch = 99;
    assert_eq!(store.save(&device).unwrap(), 6);

    let (found, report) = load(&mut flash);
    assert!(!report.is_first_boot());
    assert_eq!((found.target, found.name.as_str()), (225, "attic"));
    assert_eq!(found.schedule, device.schedule);
    assert_eq!(found.mode, Mode::Boost { minutes: 15 });
    assert_eq!(found.wifi.calibration, Some(0xBEEF));
    assert_eq!(found.zones[2].offsets.as_slice(), [-3, 0, 7]);
    assert_eq!(found.scratch, 0, "skipped: not stored");
    let loaded: std::vec::Vec<_> = report
        .iter()
        .filter(|(_, outcome)| *outcome == Outcome::Loaded)
        .map(|(path, _)| path.to_string())
        .collect();
    assert_eq!(
        loaded,
        [
            "target",
            "name",
            "schedule",
            "mode",
            "wifi.calibration",
            "zones.2.offsets"
        ]
    );
}

#[test]
fn a_save_writes_what_changed_at_once() {
    let mut flash = presets::nrf52840();
    let mut ram = Ram::new();
    let mut store = mount(&mut flash, &mut ram);
    let (mut device, _) = store.load::<Device>();
    assert_eq!(store.save(&device).unwrap(), 0, "defaults are not stored");
    assert_eq!(store.len(), 0);
    device.target = 200;
    device.boots = 1;
    let before = store.flash().stats().clone();
    assert_eq!(store.save(&device).unwrap(), 2);
    // The first use of a sector: its erase, its header, its opening, and the group.
    let cost = store.flash().stats().since(&before);
    assert_eq!(
        (cost.programs, cost.program_bytes, cost.erases),
        (3, 32 + 12 + 12 + 12, 1)
    );
    let before = store.flash().stats().clone();
    assert_eq!(store.save(&device).unwrap(), 0);
    assert_eq!(store.flash().stats().since(&before).programs, 0);
    device.target = 210;
    assert_eq!(
        store.save(&device).unwrap(),
        1,
        "a default over something else is stored"
    );
    assert_eq!(store.get_stored(Device::KEYS.target).unwrap(), Some(210));
}

#[test]
fn a_save_of_a_bad_value_names_it_and_writes_nothing() {
    let mut flash = presets::nrf52840();
    let mut ram = Ram::new();
    let mut store = mount(&mut flash, &mut ram);
    let (mut device, _) = store.load::<Device>();
    device.target = 300;
    device.wifi.channel = 14;
    let error = store.save(&device).unwrap_err();
    assert_eq!(
        error.to_string(),
        "wifi.channel: the value is out of range (allowed: 1..=13)"
    );
    device.wifi.channel = 13;
    device.wifi.ssid = "my net".try_into().unwrap();
    let error = store.save(&device).unwrap_err();
    assert_eq!(error.to_string(), "wifi.ssid: an SSID has no spaces here");
    assert!(matches!(
        error,
        Error::Rejected {
            why: Rejection::Invalid("an SSID has no spaces here"),
            ..
        }
    ));
    assert!(store.is_empty());
    assert_eq!(store.flash().stats().programs, 0);
}

#[test]
fn typed_keys_get_put_and_remove() {
    let mut flash = presets::nrf52840();
    let mut ram = Ram::new();
    let mut store = mount(&mut flash, &mut ram);
    const CHANNEL: Key<u8> = Device::KEYS.wifi.channel;
    assert_eq!(store.get(CHANNEL).unwrap(), 1);
    assert_eq!(store.get_stored(CHANNEL).unwrap(), None);
    store.put(CHANNEL, &1).unwrap();
    assert_eq!(
        store.get_stored(CHANNEL).unwrap(),
        Some(1),
        "a put pins the default"
    );
    store.put(CHANNEL, &7).unwrap();
    assert_eq!(store.get(CHANNEL).unwrap(), 7);
    let error = store.put(CHANNEL, &0).unwrap_err();
    assert_eq!(
        error.to_string(),
        "wifi.channel: the value is out of range (allowed: 1..=13)"
    );
    assert_eq!(store.get(CHANNEL).unwrap(), 7);
    assert!(store.remove(CHANNEL).unwrap());
    assert!(!store.remove(CHANNEL).unwrap());
    assert_eq!(store.get(CHANNEL).unwrap(), 1);
    store.put(Device::KEYS.zones[1].on, &false).unwrap();
    assert!(!load(&mut flash).0.zones[1].on);
}

#[test]
fn several_typed_puts_are_one_commit() {
    let mut flash = presets::nrf52840();
    let mut ram = Ram::new();
    let mut store = mount(&mut flash, &mut ram);
    let keys = Device::KEYS;
    store.put(keys.boots, &4).unwrap();
    let before = store.flash().stats().clone();
    store
        .commit(&[
            keys.target.set(&225).unwrap(),
            keys.wifi.channel.set(&6).unwrap(),
            keys.boots.unset(),
            Change::put("serial", b"A-1"),
        ])
        .unwrap();
    assert_eq!(store.flash().stats().since(&before).programs, 1);
    assert_eq!(keys.target.set(&20).unwrap_err().why, Rejection::OutOfRange);
    let (device, _) = store.load::<Device>();
    assert_eq!(
        (device.target, device.wifi.channel, device.boots),
        (225, 6, 0)
    );
    assert_eq!(store.value_len("serial").unwrap(), Some(3));
}

fn changed(store: &mut Store<'_, &mut Flash>) {
    let (mut device, _) = store.load::<Device>();
    device.target = 100;
    device.wifi.channel = 9;
    device.wifi.calibration = Some(5);
    device.zones[0].on = false;
    device.factory.serial = Some(77);
    device.boots = 3;
    store.save(&device).unwrap();
    store.put_bytes("serial", b"A-1").unwrap();
}

#[test]
fn a_factory_reset_removes_all_but_what_is_kept() {
    let mut flash = presets::nrf52840();
    let mut ram = Ram::new();
    let mut store = mount(&mut flash, &mut ram);
    changed(&mut store);
    assert_eq!(store.reset(Device::KEYS.group()).unwrap(), 3);
    assert_eq!(store.reset(Device::KEYS.group()).unwrap(), 0);
    let (device, _) = store.load::<Device>();
    assert_eq!(
        (device.target, device.wifi.channel, device.zones[0].on),
        (210, 1, true)
    );
    assert_eq!((device.wifi.calibration, device.boots), (Some(5), 3));
    assert_eq!(
        device.factory.serial,
        Some(77),
        "a struct that is kept is kept whole"
    );
    assert_eq!(
        store.value_len("serial").unwrap(),
        Some(3),
        "other keys are left alone"
    );
    assert_eq!(load(&mut flash).0.boots, 3);
}

#[test]
fn a_nested_group_is_reset_alone() {
    let mut flash = presets::nrf52840();
    let mut ram = Ram::new();
    let mut store = mount(&mut flash, &mut ram);
    changed(&mut store);
    assert_eq!(store.reset(Device::KEYS.wifi.group()).unwrap(), 1);
    assert_eq!(store.reset(Device::KEYS.zones[0].group()).unwrap(), 1);
    assert_eq!(store.reset(Device::KEYS.zones[1].group()).unwrap(), 0);
    let (device, _) = store.load::<Device>();
    assert_eq!(
        (device.target, device.wifi.channel, device.zones[0].on),
        (100, 1, true)
    );
    assert_eq!(device.wifi.calibration, Some(5));
}

#[derive(Settings, Clone, Debug, PartialEq)]
struct Panel {
    #[setting(default = "a line of text that is stored long")]
    line: String<40>,
    #[setting(default = 1)]
    contrast: u8,
    #[setting(default = 2)]
    volume: u8,
    #[setting(default = "a default, as long as it can be, or so")]
    note: String<40>,
}

/// A setting that is not to be written, and finds no room behind those that are in a small buffer, does not change what they
/// are in the store: not in the map, and not in what is counted.
#[test]
fn what_is_not_saved_leaves_what_is_alone() {
    for is_noted in [false, true] {
        let mut flash = presets::nrf52840();
        let mut ram = Resources::<8, 8, 64>::for_settings::<Panel>();
        let mut store = Store::mount(&mut flash, 0..8 * 4096, &mut ram, Options::DEFAULT).unwrap();
        if is_noted {
            let note = "a note, as long as it can be in here";
            let note = note.try_into().unwrap();
            store.put(Panel::KEYS.note, &note).unwrap();
        }
        let (mut panel, _) = store.load::<Panel>();
        for round in 0..50 {
            panel.contrast = round;
            panel.volume = 100 - round;
            if round % 3 == 0 {
                panel.line = format!("line {round:3}, which is longer than 31 bytes")
                    .as_str()
                    .try_into()
                    .unwrap();
            }
            store.save(&panel).unwrap();
            assert_eq!(store.load::<Panel>().0, panel, "round {round}");
            let mut live = 0;
            let mut keys = store.keys();
            while let Some(key) = keys.next().unwrap() {
                live += key.size;
            }
            assert_eq!(store.stats().live, live, "round {round}");
            assert_eq!(store.len(), 3 + usize::from(is_noted));
        }
    }
}

//! Settings in a store: load, save, typed get and put, commits, factory reset, and what is found in flash that is not right.

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
fn a_save_writes_what_changed_in_one_program_call() {
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
    // The first use of a sector: its erase, its header, and the group.
    let cost = store.flash().stats().since(&before);
    assert_eq!(
        (cost.programs, cost.program_bytes, cost.erases),
        (2, 32 + 12 + 12, 1)
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

/// A value that another firmware, or a fault, left under a setting's key.
fn plant(flash: &mut Flash, key: u32, bytes: &[u8]) {
    let mut ram = Ram::new();
    mount(flash, &mut ram)
        .put_bytes(RawKey::Hash(key), bytes)
        .unwrap();
}

#[test]
fn what_does_not_fit_is_reported_replaced_by_the_default_and_left_in_flash() {
    let keys = Device::KEYS;
    let cases: [(&str, u32, &[u8], Rejection); 6] = [
        (
            "target",
            keys.target.hash(),
            &[0xF4, 0x03, 0],
            Rejection::Undecodable,
        ),
        ("target", keys.target.hash(), &[], Rejection::Undecodable),
        ("target", keys.target.hash(), &[2], Rejection::OutOfRange),
        (
            "wifi.channel",
            keys.wifi.channel.hash(),
            &[14],
            Rejection::OutOfRange,
        ),
        (
            "wifi.ssid",
            keys.wifi.ssid.hash(),
            b"\x03a b",
            Rejection::Invalid("an SSID has no spaces here"),
        ),
        ("mode", keys.mode.hash(), &[3], Rejection::Undecodable),
    ];
    for (path, key, bytes, why) in cases {
        let mut flash = presets::nrf52840();
        plant(&mut flash, key, bytes);
        let image = flash.image().to_vec();
        assert_eq!(
            outcome(&mut flash, path),
            Outcome::Rejected(why),
            "{path} {bytes:?}"
        );
        let (device, report) = load(&mut flash);
        assert_eq!((device.target, device.wifi.channel), (210, 1));
        assert_eq!(report.rejected().count(), 1);
        assert_eq!(flash.image(), image);
    }
}

#[test]
fn one_bad_setting_does_not_take_the_others_down() {
    let mut flash = presets::nrf52840();
    let mut ram = Ram::new();
    let mut store = mount(&mut flash, &mut ram);
    changed(&mut store);
    // A bit of the target's value rots while the store is mounted elsewhere: found when it is read.
    let mut keys = store.keys();
    let mut place = 0;
    while let Some(key) = keys.next().unwrap() {
        if key.hash == Device::KEYS.target.hash() {
            place = key.sector * 4096 + key.offset as usize;
        }
    }
    let mut image = flash.image().to_vec();
    image[place + 5] ^= 1;
    let mut flash = Flash::from_image(&image);
    let (device, report) = load(&mut flash);
    assert_eq!(
        device.target, 210,
        "the commit it was in is gone or was the only one"
    );
    assert_eq!(device.wifi.channel, 9);
    assert_eq!(report.rejected().count(), 0);
    let mut ram = Ram::new();
    assert_eq!(
        mount(&mut flash, &mut ram).stats().corrupt,
        1,
        "the loss is counted"
    );
}

#[test]
fn a_get_of_what_does_not_fit_is_an_error_that_names_the_setting() {
    let mut flash = presets::nrf52840();
    plant(&mut flash, Device::KEYS.wifi.channel.hash(), &[14]);
    let mut ram = Ram::new();
    let mut store = mount(&mut flash, &mut ram);
    let error: Error<SimError> = store.get(Device::KEYS.wifi.channel).unwrap_err();
    assert_eq!(
        error.to_string(),
        "wifi.channel: the value is out of range (allowed: 1..=13)"
    );
    store.put(Device::KEYS.wifi.channel, &2).unwrap();
    assert_eq!(store.get(Device::KEYS.wifi.channel).unwrap(), 2);
}

/// The same field in an older firmware: another type, so another key.
mod older {
    use super::*;

    #[derive(Settings)]
    pub(crate) struct Device {
        #[setting(default = 21)]
        pub(crate) target: u8,
        #[setting(default = "hall")]
        pub(crate) name: String<8>,
    }
}

#[test]
fn another_firmwares_type_is_never_misread_and_its_value_stays() {
    let mut flash = presets::nrf52840();
    let mut ram = Ram::new();
    let mut store = mount(&mut flash, &mut ram);
    store.put(older::Device::KEYS.target, &25).unwrap();
    store
        .put(older::Device::KEYS.name, &"cellar".try_into().unwrap())
        .unwrap();
    let (mut device, _) = store.load::<Device>();
    assert_eq!(device.target, 210, "u8 and i16 are different keys");
    assert_eq!(
        device.name.as_str(),
        "cellar",
        "a longer string is the same key"
    );
    device.target = 300;
    store.save(&device).unwrap();
    let (old, _) = store.load::<older::Device>();
    assert_eq!((old.target, old.name.as_str()), (25, "cellar"));
}

#[test]
fn a_text_too_long_for_an_older_firmware_is_rejected_there_and_kept() {
    let mut flash = presets::nrf52840();
    let mut ram = Ram::new();
    let mut store = mount(&mut flash, &mut ram);
    store
        .put(Device::KEYS.name, &"a long name".try_into().unwrap())
        .unwrap();
    let (old, report) = store.load::<older::Device>();
    assert_eq!(old.name.as_str(), "hall");
    assert_eq!(report.rejected().next().unwrap().1, Rejection::Undecodable);
    assert_eq!(store.load::<Device>().0.name.as_str(), "a long name");
}

#[test]
fn a_changed_default_reaches_devices_that_never_set_it() {
    #[derive(Settings)]
    struct V1 {
        #[setting(default = 10)]
        interval: u32,
        #[setting(default = 10)]
        timeout: u32,
    }
    #[derive(Settings)]
    struct V2 {
        #[setting(default = 20)]
        interval: u32,
        #[setting(default = 20)]
        timeout: u32,
    }
    let mut flash = presets::nrf52840();
    let mut ram = Ram::new();
    let mut store = mount(&mut flash, &mut ram);
    store.put(V1::KEYS.timeout, &10).unwrap();
    assert_eq!(store.load::<V1>().0.interval, 10);
    let (v2, _) = store.load::<V2>();
    assert_eq!((v2.interval, v2.timeout), (20, 10));
}

#[test]
fn a_name_in_the_way_of_a_typed_key_is_told() {
    // A name with the hash of `target:i16`: the key's own text.
    let mut flash = presets::nrf52840();
    let mut ram = Ram::new();
    let mut store = mount(&mut flash, &mut ram);
    store.put_bytes("target:i16", b"taken").unwrap();
    let key = Device::KEYS.target.hash();
    assert_eq!(
        store.put(Device::KEYS.target, &100),
        Err(Error::NameCollision { key })
    );
    assert_eq!(
        outcome(&mut flash, "target"),
        Outcome::Rejected(Rejection::NameCollision)
    );
}

#[test]
fn a_value_longer_than_the_buffer_is_told() {
    #[derive(Settings)]
    struct Blob {
        #[setting(default = "")]
        text: String<100>,
    }
    let mut flash = presets::nrf52840();
    let mut small = Resources::<8, 8, 64>::new();
    let mut store = Store::mount(&mut flash, 0..8 * 4096, &mut small, Options::DEFAULT).unwrap();
    let (mut blob, _) = store.load::<Blob>();
    blob.text = "x".repeat(100).as_str().try_into().unwrap();
    let error = store.save(&blob).unwrap_err();
    assert_eq!(
        error,
        Error::BufferTooSmall {
            needed: 112,
            available: 64
        }
    );
    let mut large = Resources::<8, 8, 128>::new();
    let mut store = Store::mount(&mut flash, 0..8 * 4096, &mut large, Options::DEFAULT).unwrap();
    store.save(&blob).unwrap();
    let mut store = Store::mount(&mut flash, 0..8 * 4096, &mut small, Options::DEFAULT).unwrap();
    let (_, report) = store.load::<Blob>();
    assert_eq!(report.rejected().next().unwrap().1, Rejection::TooLong);
}

#[test]
fn the_buffer_that_the_derive_asks_for_holds_every_value() {
    let mut flash = presets::nrf52840();
    let mut ram = Resources::<64, 8, { Device::BUFFER }>::for_settings::<Device>();
    let mut store = Store::mount(&mut flash, 0..8 * 4096, &mut ram, Options::DEFAULT).unwrap();
    let (mut device, _) = store.load::<Device>();
    device.name = "x".repeat(32).as_str().try_into().unwrap();
    device.schedule = [Slot {
        hour: 255,
        on: true,
    }; 4];
    device.mode = Mode::Boost { minutes: 255 };
    device.wifi.calibration = Some(u16::MAX);
    device.zones[0].offsets = Vec::from_slice(&[-128; 8]).unwrap();
    device.boots = u32::MAX;
    store.save(&device).unwrap();
    assert_eq!(store.load::<Device>().0.boots, u32::MAX);
}

//! What is found in flash that is not as this firmware would have left it: other types, bad bytes, names in the way,
//! values too long; and what other firmware versions make of it.

use super::*;

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
    mod v1 {
        #[derive(kvs::Settings)]
        pub(super) struct Link {
            #[setting(default = 10)]
            pub(super) interval: u32,
            #[setting(default = 10)]
            pub(super) timeout: u32,
        }
    }
    mod v2 {
        #[derive(kvs::Settings)]
        pub(super) struct Link {
            #[setting(default = 20)]
            pub(super) interval: u32,
            #[setting(default = 20)]
            pub(super) timeout: u32,
        }
    }
    let mut flash = presets::nrf52840();
    let mut ram = Ram::new();
    let mut store = mount(&mut flash, &mut ram);
    store.put(v1::Link::KEYS.timeout, &10).unwrap();
    assert_eq!(store.load::<v1::Link>().0.interval, 10);
    let (v2, _) = store.load::<v2::Link>();
    assert_eq!((v2.interval, v2.timeout), (20, 10));
}

#[test]
fn a_name_in_the_way_of_a_typed_key_is_told() {
    // A name with the hash of `target:i16`: the key's own text.
    let mut flash = presets::nrf52840();
    let mut ram = Ram::new();
    let mut store = mount(&mut flash, &mut ram);
    store.put_bytes("target:i16", b"taken").unwrap();
    let target = Device::KEYS.target;
    let error = Error::NameCollision {
        key: target.hash(),
        setting: Some(target.path()),
    };
    let text = format!(
        "target: a raw key has the same hash {:#010x}; choose another name for the raw key",
        target.hash()
    );
    assert_eq!(error.to_string(), text);
    assert_eq!(store.put(target, &100), Err(error));
    let change = target.set(&100).unwrap();
    assert_eq!(store.commit(&[Change::put("x", &[1]), change]), Err(error));
    assert_eq!(store.get(target), Err(error));
    let mut device = store.load::<Device>().0;
    device.target = 100;
    assert_eq!(store.save(&device), Err(error));
    assert_eq!(
        outcome(&mut flash, "target"),
        Outcome::Rejected(Rejection::NameCollision)
    );
    assert_eq!(
        Rejection::NameCollision.to_string(),
        "a raw key with the same hash is stored; choose another name for the raw key"
    );
}

#[test]
fn a_name_that_a_typed_key_has_is_refused() {
    let mut flash = presets::nrf52840();
    let mut ram = Ram::new();
    let mut store = mount(&mut flash, &mut ram);
    let target = Device::KEYS.target;
    let change = target.set(&100).unwrap();
    // In one commit, it is known which setting it is.
    let both = [Change::put("target:i16", b"taken"), change];
    let [put, set] = both;
    for changes in [both, [set, put]] {
        let error = store.commit(&changes).unwrap_err();
        assert!(
            matches!(error, Error::NameCollision { setting: Some(path), .. } if path == target.path()),
            "{error}"
        );
    }
    store.put(target, &100).unwrap();
    let error = store.put_bytes("target:i16", b"taken").unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "another name, or a setting, has the same hash {:#010x}; choose another name for the raw key",
            target.hash()
        )
    );
    assert_eq!(store.get(target), Ok(100));
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

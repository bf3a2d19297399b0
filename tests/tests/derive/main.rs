//! What `#[derive(Settings)]` generates, tried without a store: numbering, paths, hashes, defaults, bytes, checks.

#![deny(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

mod attributes;
mod deep;
mod deprecated;
mod kinds;
mod macros;
pub mod places;
mod scope;

use heapless::{String, Vec};
use kvs::{EncodeError, Leaves, Rejection, Settings};
use postcard_schema::Schema;
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, Schema)]
enum Mode {
    #[default]
    Off,
    Heat,
    Cool(u8),
}

#[derive(Debug, PartialEq, Settings)]
struct Wifi {
    ssid: String<32>,
    #[setting(default = 6, range = 1..=13)]
    channel: u8,
    #[setting(default = true)]
    enabled: bool,
}

#[derive(Debug, PartialEq, Settings)]
struct Slot {
    #[setting(default = 7, range = ..24)]
    hour: u8,
    #[setting(keep)]
    target: i16,
}

/// A plain struct with most of the attributes.
#[derive(Debug, PartialEq, Settings)]
#[settings(prefix = "net")]
struct Thermostat {
    #[setting(default = 210, range = Self::LOWEST..=350)]
    target: i16,
    #[setting(default = "living room")]
    name: String<32>,
    #[setting(default, validate = runs)]
    mode: Mode,
    #[setting(nested)]
    wifi: Wifi,
    #[setting(nested)]
    slots: [Slot; 4],
    #[setting(skip, default = 17)]
    scratch: u32,
    #[setting(rename = "calib", keep, default = (1.5, -1))]
    calibration: (f32, i8),
    #[setting(skip)]
    cache: Option<u8>,
}

impl Thermostat {
    const LOWEST: i16 = 50;
}

fn runs(mode: &Mode) -> Result<(), &'static str> {
    match mode {
        Mode::Cool(0) => Err("cool by nothing"),
        _ => Ok(()),
    }
}

/// All paths of a tree, with their hashes.
fn listing<T: Settings>() -> std::vec::Vec<(std::string::String, u32)> {
    T::TREE
        .hashes
        .iter()
        .enumerate()
        .map(|(leaf, hash)| (kvs::Path::new(T::TREE, leaf).to_string(), *hash))
        .collect()
}

fn bytes<T: Leaves>(settings: &T, leaf: usize) -> Result<std::vec::Vec<u8>, EncodeError> {
    let mut out = [0; 256];
    let len = settings.encode(leaf, &mut out)?;
    Ok(out.iter().copied().take(len).collect())
}

#[test]
fn leaves_are_numbered_in_declaration_order() {
    let paths: std::vec::Vec<_> = listing::<Thermostat>().into_iter().map(|l| l.0).collect();
    assert_eq!(
        paths,
        [
            "net.target",
            "net.name",
            "net.mode",
            "net.wifi.ssid",
            "net.wifi.channel",
            "net.wifi.enabled",
            "net.slots.0.hour",
            "net.slots.0.target",
            "net.slots.1.hour",
            "net.slots.1.target",
            "net.slots.2.hour",
            "net.slots.2.target",
            "net.slots.3.hour",
            "net.slots.3.target",
            "net.calib",
        ]
    );
    assert_eq!(Thermostat::COUNT, 15);
    assert_eq!(Thermostat::NO_OUTCOMES, [kvs::Outcome::Default; 15]);
}

#[test]
fn hashes_are_of_path_and_shape() {
    for (key, text) in [
        (Thermostat::KEYS.target.hash(), "net.target:i16"),
        (Thermostat::KEYS.name.hash(), "net.name:str"),
        (Thermostat::KEYS.mode.hash(), "net.mode:enum"),
        (Thermostat::KEYS.wifi.ssid.hash(), "net.wifi.ssid:str"),
        (Thermostat::KEYS.wifi.channel.hash(), "net.wifi.channel:u8"),
        (
            Thermostat::KEYS.wifi.enabled.hash(),
            "net.wifi.enabled:bool",
        ),
        (Thermostat::KEYS.slots[0].hour.hash(), "net.slots.0.hour:u8"),
        (
            Thermostat::KEYS.slots[3].target.hash(),
            "net.slots.3.target:i16",
        ),
        (Thermostat::KEYS.calibration.hash(), "net.calib:(f32,i8)"),
        (Wifi::KEYS.ssid.hash(), "ssid:str"),
    ] {
        assert_eq!(key, kvs::key_hash(text), "{text}");
    }
}

#[test]
fn keys_agree_with_the_tree() {
    let keys = Thermostat::KEYS;
    for (path, hash) in [
        (keys.target.path(), keys.target.hash()),
        (keys.wifi.channel.path(), keys.wifi.channel.hash()),
        (keys.slots[2].hour.path(), keys.slots[2].hour.hash()),
        (keys.slots[2].target.path(), keys.slots[2].target.hash()),
        (keys.calibration.path(), keys.calibration.hash()),
    ] {
        assert_eq!(Thermostat::TREE.hashes.get(path.leaf()), Some(&hash));
    }
    assert_eq!(
        keys.slots[2].target.path().to_string(),
        "net.slots.2.target"
    );
    assert_eq!(keys.wifi.channel.path().leaf(), 4);
    // One tree, one address.
    assert_eq!(keys.target.path(), kvs::Path::new(Thermostat::TREE, 0));
}

#[test]
fn what_is_known_of_a_setting() {
    let info = |leaf| Thermostat::SCHEMA.leaf(leaf).map(|(leaf, _)| leaf);
    let ranges: std::vec::Vec<_> = (0..15).filter_map(info).map(|leaf| leaf.range).collect();
    assert_eq!(
        ranges,
        [
            "Self::LOWEST..=350",
            "",
            "",
            "",
            "1..=13",
            "",
            "..24",
            "",
            "..24",
            "",
            "..24",
            "",
            "..24",
            "",
            "",
        ]
    );
    let kept: std::vec::Vec<_> = (0..15)
        .filter(|leaf| kvs::Path::new(Thermostat::TREE, *leaf).is_kept())
        .collect();
    assert_eq!(kept, [7, 9, 11, 13, 14]);
    let max_len = |leaf| info(leaf).map(|leaf| leaf.max_len);
    assert_eq!(max_len(0), Some(3));
    assert!(max_len(1) >= Some(33));
    assert_eq!(max_len(14), Some(5));
}

fn defaults() -> Thermostat {
    let slot = || Slot { hour: 7, target: 0 };
    Thermostat {
        target: 210,
        name: String::try_from("living room").unwrap_or_default(),
        mode: Mode::Off,
        wifi: Wifi {
            ssid: String::new(),
            channel: 6,
            enabled: true,
        },
        slots: [slot(), slot(), slot(), slot()],
        scratch: 17,
        calibration: (1.5, -1),
        cache: None,
    }
}

#[test]
fn defaults_are_as_declared() {
    assert_eq!(Thermostat::defaults(), defaults());
    assert_eq!(Thermostat::KEYS.target.default_value(), 210);
    assert_eq!(
        Thermostat::KEYS.name.default_value().as_str(),
        "living room"
    );
    assert_eq!(Thermostat::KEYS.slots[1].hour.default_value(), 7);
}

#[test]
fn every_leaf_goes_to_bytes_and_back() {
    let mut other = defaults();
    other.target = -0;
    other.target = 350;
    other.mode = Mode::Cool(3);
    other.wifi.channel = 13;
    let [_, _, slot, _] = &mut other.slots;
    slot.hour = 23;
    slot.target = -300;
    other.calibration = (0.25, 100);
    let mut loaded = defaults();
    for leaf in 0..Thermostat::COUNT {
        let bytes = bytes(&other, leaf);
        assert_eq!(
            loaded.decode(leaf, &bytes.clone().unwrap_or_default()),
            Ok(())
        );
        let changed = [0, 2, 4, 10, 11, 14].contains(&leaf);
        let same = defaults().holds(leaf, &bytes.unwrap_or_default());
        assert_eq!(same, !changed, "leaf {leaf}");
    }
    assert_eq!(loaded, other);
}

#[test]
fn decoding_is_strict_and_all_or_nothing() {
    let mut settings = defaults();
    for (leaf, wrong) in [
        (0, &[][..]),
        (0, &[2, 0]),
        (0, &[0x80]),
        (1, &[3, b'a', b'b']),
        (1, &[1, 0xFF]),
        (2, &[9]),
        (5, &[2]),
        (14, &[0, 0, 0, 0]),
        (14, &[0, 0, 0, 0, 0, 0]),
        (15, &[0]),
        (usize::MAX, &[0]),
    ] {
        assert_eq!(settings.decode(leaf, wrong), Err(Rejection::Undecodable));
    }
    assert_eq!(settings, defaults());
    assert!(!settings.holds(15, &[0]));
    assert_eq!(bytes(&settings, 15), Err(EncodeError::Unencodable));
}

#[test]
fn range_and_validate_turn_values_down() {
    let mut settings = defaults();
    let rejections = [
        (0, &[98][..], Rejection::OutOfRange),
        (4, &[14], Rejection::OutOfRange),
        (4, &[0], Rejection::OutOfRange),
        (10, &[24], Rejection::OutOfRange),
        (2, &[2, 0], Rejection::Invalid("cool by nothing")),
    ];
    for (leaf, bytes, why) in rejections {
        assert_eq!(settings.decode(leaf, bytes), Err(why));
    }
    assert_eq!(settings, defaults());
    settings.target = 351;
    settings.mode = Mode::Cool(0);
    settings.wifi.channel = 0;
    for slot in &mut settings.slots {
        slot.hour = 24;
    }
    for (leaf, _, why) in rejections {
        assert_eq!(bytes(&settings, leaf), Err(EncodeError::Rejected(why)));
    }
    let keys = Thermostat::KEYS;
    assert_eq!(keys.target.check(&49), Err(Rejection::OutOfRange));
    assert_eq!(keys.target.check(&50), Ok(()));
    assert_eq!(keys.name.check(&String::new()), Ok(()));
}

#[derive(Settings)]
struct Checked {
    #[setting(range = 1.., validate = |value| value % 2 == 1, default = 1)]
    odd: u16,
    #[setting(validate = is_word)]
    word: String<8>,
    #[setting(range = Some(1)..=Some(9), default = Some(1))]
    digit: Option<u8>,
    #[setting(range = 0.5..2.0, default = 1.0)]
    factor: f32,
    #[setting(range = LETTERS, default = 'x')]
    letter: char,
    #[setting(range = (-(60 * 2))..=HIGH + 1, default = -(1 + 1))]
    computed: i32,
}

const LETTERS: core::ops::RangeInclusive<char> = 'a'..='z';
const HIGH: i32 = 99;

/// Takes what the field derefs to.
fn is_word(text: &str) -> bool {
    !text.contains(' ')
}

#[test]
fn ranges_and_functions_of_all_kinds() {
    let keys = Checked::KEYS;
    let invalid = Err(Rejection::Invalid("the value is not valid"));
    let outside = Err(Rejection::OutOfRange);
    assert_eq!(keys.odd.check(&0), outside);
    assert_eq!(keys.odd.check(&2), invalid);
    assert_eq!(keys.odd.check(&3), Ok(()));
    assert_eq!(
        keys.word
            .check(&String::try_from("a b").unwrap_or_default()),
        invalid
    );
    assert_eq!(keys.digit.check(&None), outside);
    assert_eq!(keys.digit.check(&Some(10)), outside);
    assert_eq!(keys.digit.check(&Some(9)), Ok(()));
    assert_eq!(keys.factor.check(&2.0), outside);
    assert_eq!(keys.factor.check(&f32::NAN), outside);
    assert_eq!(keys.letter.check(&'A'), outside);
    assert_eq!(keys.computed.check(&101), outside);
    assert_eq!(keys.computed.check(&-120), Ok(()));
    let ranges: std::vec::Vec<_> = (0..6)
        .map(|leaf| kvs::Path::new(Checked::TREE, leaf).range())
        .collect();
    assert_eq!(
        ranges,
        [
            "1..",
            "",
            "Some(1)..=Some(9)",
            "0.5..2.0",
            "LETTERS",
            "(-(60*2))..=HIGH+1"
        ]
    );
}

#[derive(Settings)]
#[settings(rename_all = "kebab-case")]
struct Renamed {
    first_name: u8,
    r#type: u8,
    #[setting(rename = "as_written")]
    third: u8,
    #[setting(nested)]
    wifi_client: Wifi,
    #[setting(nested, rename = "s")]
    two_slots: [Slot; 2],
    // Names that the generated code uses too.
    group: u8,
    __group: u8,
    leaf: u8,
    at: u8,
}

#[test]
fn names_in_keys() {
    let paths: std::vec::Vec<_> = listing::<Renamed>().into_iter().map(|l| l.0).collect();
    assert_eq!(
        paths,
        [
            "first-name",
            "type",
            "as_written",
            "wifi-client.ssid",
            "wifi-client.channel",
            "wifi-client.enabled",
            "s.0.hour",
            "s.0.target",
            "s.1.hour",
            "s.1.target",
            "group",
            "--group",
            "leaf",
            "at",
        ]
    );
    let keys = Renamed::KEYS;
    assert_eq!(keys.r#type.hash(), kvs::key_hash("type:u8"));
    assert_eq!(keys.group.hash(), kvs::key_hash("group:u8"));
    assert_eq!(keys.__group.hash(), kvs::key_hash("--group:u8"));
    let _: kvs::Group = keys.group();
    let _: kvs::Group = keys.two_slots[1].group();
}

#[test]
fn secret_is_all_that_is_in_a_secret_struct() {
    #[derive(Settings)]
    struct Device {
        name: String<8>,
        #[setting(nested, secret)]
        wifi: Wifi,
        #[setting(secret)]
        token: Option<String<8>>,
    }
    let secret: std::vec::Vec<_> = (0..6).map(|leaf| Device::SCHEMA.is_secret(leaf)).collect();
    assert_eq!(secret, [false, true, true, true, true, false]);
    assert_eq!(
        Device::SCHEMA.leaf(4).map(|(leaf, _)| leaf.rust),
        Some("Option<String<8>>")
    );
}

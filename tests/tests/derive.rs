//! What `#[derive(Settings)]` generates, tried without a store: numbering, paths, hashes, defaults, bytes, checks.

#![deny(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

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
    T::HASHES
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
        assert_eq!(Thermostat::HASHES.get(path.leaf()), Some(&hash));
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
    let info = |leaf| kvs::Path::new(Thermostat::TREE, leaf).info();
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
        let same = other.is_default(leaf, &bytes.unwrap_or_default());
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
    assert!(!settings.is_default(15, &[0]));
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
        .filter_map(|leaf| kvs::Path::new(Checked::TREE, leaf).info())
        .map(|leaf| leaf.range)
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

mod kinds {
    //! A leaf of every kind, and the shape in its key.

    use super::*;

    #[derive(Default, Serialize, Deserialize, Schema)]
    struct Own {
        a: u8,
        b: Newtype,
        c: u8,
        d: u8,
    }

    #[derive(Default, Serialize, Deserialize, Schema)]
    struct Newtype(u16);

    #[derive(Default, Serialize, Deserialize, Schema)]
    struct Unit;

    #[derive(Settings)]
    struct Kinds {
        a: u8,
        b: u16,
        c: u32,
        d: u64,
        e: u128,
        f: i8,
        g: i16,
        h: i32,
        i: i64,
        j: i128,
        k: bool,
        l: f32,
        m: f64,
        n: char,
        o: String<8>,
        p: Vec<u16, 4>,
        q: Option<Option<i8>>,
        r: (u8, bool),
        s: [u8; 4],
        t: Own,
        u: Newtype,
        v: Mode,
        w: (),
        x: Unit,
        y: (u8, u8, [Vec<char, 2>; 2], i8),
    }

    const SHAPES: [&str; 25] = [
        "u8",
        "u16",
        "u32",
        "u64",
        "u128",
        "i8",
        "i16",
        "i32",
        "i64",
        "i128",
        "bool",
        "f32",
        "f64",
        "char",
        "str",
        "[u16]",
        "??i8",
        "(u8,bool)",
        "(u8*4)",
        "(u8,u16,u8*2)",
        "u16",
        "enum",
        "()",
        "()",
        "(u8*2,([char]*2),i8)",
    ];

    #[test]
    fn every_kind_has_its_shape_in_its_key() {
        for ((path, hash), shape) in listing::<Kinds>().into_iter().zip(SHAPES) {
            let text = format!("{path}:{shape}");
            assert_eq!(hash, kvs::key_hash(&text), "{text}");
        }
        assert_eq!(Kinds::COUNT, SHAPES.len());
    }

    #[test]
    fn every_kind_goes_to_bytes_and_back() {
        let mut kinds = Kinds::defaults();
        for leaf in 0..Kinds::COUNT {
            let bytes = bytes(&kinds, leaf).unwrap_or_default();
            let room = kvs::Path::new(Kinds::TREE, leaf).info();
            assert!(room.is_some_and(|room| bytes.len() <= room.max_len));
            assert_eq!(kinds.decode(leaf, &bytes), Ok(()), "leaf {leaf}");
            assert!(kinds.is_default(leaf, &bytes), "leaf {leaf}");
        }
        assert!(!kinds.is_default(0, &[1]));
    }
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

mod deep {
    //! Nesting in nesting, arrays in arrays' structs, and a lone nested field.

    use super::*;

    #[derive(Settings)]
    struct Leaf {
        #[setting(default = 1)]
        a: u8,
        b: u8,
    }

    #[derive(Settings)]
    struct Branch {
        #[setting(nested)]
        pair: [Leaf; Self::PAIR],
        c: u8,
    }

    impl Branch {
        const PAIR: usize = 2;
    }

    #[derive(Settings)]
    struct Trunk {
        #[setting(nested)]
        branches: [Branch; 3],
    }

    #[derive(Settings)]
    struct Root {
        #[setting(nested)]
        trunk: Trunk,
        #[setting(nested)]
        none: [Leaf; 0],
        #[setting(nested)]
        leaf: Leaf,
    }

    #[test]
    fn each_leaf_is_reached() {
        assert_eq!(Root::COUNT, 17);
        let keys = Root::KEYS;
        let key = keys.trunk.branches[2].pair[1].b;
        assert_eq!(key.path().to_string(), "trunk.branches.2.pair.1.b");
        assert_eq!(key.hash(), kvs::key_hash("trunk.branches.2.pair.1.b:u8"));
        assert_eq!(key.path().leaf(), 13);
        assert_eq!(keys.leaf.b.path().leaf(), 16);
        let mut root = Root::defaults();
        for leaf in 0..17 {
            assert_eq!(root.decode(leaf, &[leaf as u8]), Ok(()));
        }
        assert_eq!(root.decode(17, &[0]), Err(Rejection::Undecodable));
        let flat: std::vec::Vec<u8> = root
            .trunk
            .branches
            .iter()
            .flat_map(|b| b.pair.iter().flat_map(|l| [l.a, l.b]).chain([b.c]))
            .chain([root.leaf.a, root.leaf.b])
            .collect();
        assert_eq!(flat, (0..17).collect::<std::vec::Vec<u8>>());
        for leaf in 0..17 {
            assert_eq!(bytes(&root, leaf), Ok(vec![leaf as u8]));
        }
        assert!(root.is_default(15, &[1]));
        assert!(!root.is_default(16, &[1]));
        assert!(root.none.is_empty());
    }
}

mod without_prelude {
    #![no_implicit_prelude]

    #[derive(::kvs::Settings)]
    pub(super) struct Plain {
        #[setting(default = "x", validate = |_| true)]
        text: ::heapless::String<4>,
        #[setting(default = 3, range = 1..=4)]
        number: u8,
        #[setting(nested)]
        inner: [Inner; 2],
        #[setting(skip)]
        _scratch: ::core::primitive::u32,
    }

    #[derive(::kvs::Settings)]
    pub(super) struct Inner {
        value: ::core::primitive::i32,
    }

    // What the generated code must not take for its own.
    #[allow(dead_code, non_camel_case_types)]
    mod kvs {}
    #[allow(dead_code)]
    struct Option;
    #[allow(dead_code)]
    struct Result;
}

#[test]
fn works_without_a_prelude() {
    assert_eq!(without_prelude::Plain::COUNT, 4);
}

mod under_another_name {
    // `expand.rs` has a test that nothing says `kvs` then.
    use kvs as renamed;
    use renamed::Settings;

    #[derive(Settings)]
    #[settings(crate = renamed)]
    struct Plain {
        #[setting(default = "abc")]
        text: heapless::String<4>,
        #[setting(default = 3, range = 1..=4)]
        number: u8,
        #[setting(nested)]
        inner: [Inner; 2],
    }

    #[derive(Settings)]
    #[settings(crate = renamed)]
    struct Inner {
        value: i32,
    }

    #[test]
    fn works_too() {
        let plain = Plain::defaults();
        assert_eq!((plain.text.as_str(), plain.number), ("abc", 3));
        let hash = Plain::KEYS.inner[1].value.hash();
        assert_eq!(hash, renamed::key_hash("inner.1.value:i32"));
    }
}

/// Documented as a whole, for the lint.
pub mod documented {
    #![deny(missing_docs, unreachable_pub, private_interfaces, unused)]

    use kvs::Settings;

    /// A public struct with a private type in it.
    #[derive(Settings)]
    pub struct Public {
        /// The volume.
        pub volume: u8,
        secret: Secret,
        /// More.
        #[setting(nested)]
        pub more: More,
    }

    /// Nested.
    #[derive(Settings)]
    pub struct More {
        /// Nested.
        pub value: u8,
    }

    #[derive(
        Clone, Copy, Default, serde::Serialize, serde::Deserialize, postcard_schema::Schema,
    )]
    struct Secret(u8);

    /// Reads what is private.
    pub fn secret(of: &Public) -> u8 {
        of.secret.0
    }
}

#[test]
fn public_keys_have_names() {
    let keys: documented::PublicKeys = documented::Public::KEYS;
    let _: kvs::Key<u8> = keys.volume;
    let _: documented::MoreKeys = keys.more;
    assert_eq!(documented::secret(&documented::Public::defaults()), 0);
}

#[test]
fn works_inside_a_function() {
    const LIMIT: u8 = 5;

    #[derive(Default, Serialize, Deserialize, Schema)]
    struct Local(u8);

    #[derive(Settings)]
    struct Inner {
        local: Local,
    }

    #[derive(Settings)]
    struct Outer {
        #[setting(nested)]
        inner: Inner,
        #[setting(default = LIMIT, range = ..=LIMIT)]
        limited: u8,
    }

    assert_eq!(Outer::COUNT, 2);
    assert_eq!(Outer::defaults().inner.local.0, 0);
    assert_eq!(Outer::defaults().limited, 5);
}

mod versions {
    //! Two versions of one struct in one program.

    pub(crate) mod v1 {
        #[derive(kvs::Settings)]
        #[settings(prefix = "app")]
        pub(crate) struct Config {
            pub(crate) period: u16,
            pub(crate) name: heapless::String<8>,
        }
    }

    pub(crate) mod v2 {
        #[derive(kvs::Settings)]
        #[settings(prefix = "app")]
        pub(crate) struct Config {
            pub(crate) period: u32,
            pub(crate) name: heapless::String<64>,
        }
    }
}

#[test]
fn versions_side_by_side() {
    use versions::{v1, v2};
    // Another type is another key; a longer string is not.
    assert_ne!(
        v1::Config::KEYS.period.hash(),
        v2::Config::KEYS.period.hash()
    );
    assert_eq!(v1::Config::KEYS.name.hash(), v2::Config::KEYS.name.hash());
    assert_ne!(
        v1::Config::KEYS.period.path(),
        kvs::Path::new(v2::Config::TREE, 0)
    );
}

/// Attributes and types that come out of a macro, in its invisible groups.
macro_rules! config {
    ($name:ident, $ty:ty, $default:expr, $low:expr, $item:ty) => {
        #[derive(Settings)]
        struct $name {
            #[setting(default = $default, range = $low..=10)]
            number: $ty,
            #[setting(nested)]
            items: $item,
        }
    };
}

config!(FromMacro, u8, 2 + 3, 1 + 1, [Slot; 2]);

#[test]
fn works_from_a_macro() {
    assert_eq!(FromMacro::COUNT, 5);
    assert_eq!(FromMacro::defaults().number, 5);
    assert_eq!(FromMacro::KEYS.number.check(&1), Err(Rejection::OutOfRange));
    assert_eq!(
        FromMacro::KEYS.items[1].hour.path().to_string(),
        "items.1.hour"
    );
}

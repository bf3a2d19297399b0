//! The file: what it looks like, and what is said of one that is damaged.

use heapless::{String, Vec};
use insta::assert_snapshot;
use kvs::Settings;
use kvs::lock::Lock;
use postcard_schema::Schema;
use serde::{Deserialize, Serialize};

#[derive(Default, Serialize, Deserialize, Schema)]
pub(crate) enum Mode {
    #[default]
    Off,
    Heat,
    Cool(u8),
    Timer {
        s: u16,
    },
}

#[derive(Default, Serialize, Deserialize, Schema)]
struct Ms(u32);

#[derive(Default, Serialize, Deserialize, Schema)]
struct Range {
    from: i16,
    to: i16,
}

#[derive(Settings)]
struct Wifi {
    /// The network's name.
    ///
    /// Not "its" password.
    #[setting(alias = "name")]
    ssid: String<32>,
    #[setting(default = 1, range = 1..=13, rev = 2, migrate(rev = 1, with = |old: u8| old + 1))]
    channel: u8,
}

#[derive(Settings)]
struct Slot {
    hour: u8,
    #[setting(keep)]
    range: Range,
}

/// All that a lock knows of.
#[derive(Settings)]
#[settings(
    prefix = "home",
    retired("baud": u16, "parity": bool @ 3, "token"),
    migrate(from("host": String<16>, "port": u16), with = Thermostat::take)
)]
pub(crate) struct Thermostat {
    /// What is held.
    #[setting(default = 210, range = 50..=350, unit = "0.1 C", migrate(ty = i8, with = i16::from))]
    target: i16,
    #[setting(default = "living \"room\"")]
    name: String<32>,
    mode: Mode,
    period: Ms,
    codes: Option<Vec<(u8, String<4>), 2>>,
    #[setting(nested, alias = "net")]
    wifi: Wifi,
    #[setting(nested)]
    slots: [Slot; 2],
    #[setting(skip)]
    _scratch: u8,
}

impl Thermostat {
    fn take(&mut self, _: (Option<String<16>>, Option<u16>)) {}
}

#[test]
fn of_all_kinds() {
    let lock = Lock::of(Thermostat::SCHEMA);
    let text = lock.to_string();
    assert_eq!(text.parse().as_ref(), Ok(&lock));
    assert_eq!(text.replace('\n', "\r\n").parse().as_ref(), Ok(&lock));
    assert_snapshot!(text, @r#"
    # What devices in the field may have stored by the settings of `Thermostat`, and of its earlier versions.
    # A test compares it with the struct. Commit it; after a change: UPDATE_LOCK=1 cargo test
    version = 1
    struct = "Thermostat"

    [[setting]]
    path = "home.target"
    key = "home.target:i16"
    hash = "0x0e4ee0ac"
    type = "i16"
    unit = "0.1 C"
    default = "210"
    range = "50..=350"
    docs = "What is held."
    old = ["home.target:i8"]

    [[setting]]
    path = "home.name"
    key = "home.name:str"
    hash = "0x44c8582f"
    type = "str<32>"
    default = '"living \"room\""'

    [[setting]]
    path = "home.mode"
    key = "home.mode:enum"
    hash = "0x277f9c49"
    type = "enum Mode { Off, Heat, Cool(u8), Timer { s: u16 } }"

    [[setting]]
    path = "home.period"
    key = "home.period:u32"
    hash = "0x9dd57e36"
    type = "struct Ms(u32)"

    [[setting]]
    path = "home.codes"
    key = "home.codes:?[(u8,str)]"
    hash = "0xca2ac1c5"
    type = "?[(u8, str<4>)]<2>"

    [[setting]]
    path = "home.wifi.ssid"
    key = "home.wifi.ssid:str"
    hash = "0x19927f7c"
    type = "str<32>"
    docs = """
    The network's name.

    Not "its" password."""
    old = [
        "home.wifi.name:str",
        "home.net.ssid:str",
        "home.net.name:str",
    ]

    [[setting]]
    path = "home.wifi.channel"
    key = "home.wifi.channel:u8@2"
    hash = "0xb1988c96"
    type = "u8"
    rev = 2
    default = "1"
    range = "1..=13"
    old = [
        "home.wifi.channel:u8",
        "home.net.channel:u8@2",
        "home.net.channel:u8",
    ]

    [[setting]]
    path = "home.slots.0.hour"
    key = "home.slots.0.hour:u8"
    hash = "0x67f3b853"
    type = "u8"

    [[setting]]
    path = "home.slots.0.range"
    key = "home.slots.0.range:(i16*2)"
    hash = "0x666106b8"
    type = "struct Range { from: i16, to: i16 }"
    keep = true

    [[setting]]
    path = "home.slots.1.hour"
    key = "home.slots.1.hour:u8"
    hash = "0x347bd554"
    type = "u8"

    [[setting]]
    path = "home.slots.1.range"
    key = "home.slots.1.range:(i16*2)"
    hash = "0x32e923b9"
    type = "struct Range { from: i16, to: i16 }"
    keep = true

    [[old]]
    path = "home.baud"
    key = "home.baud:u16"
    hash = "0xdecba363"
    type = "u16"
    retired = true

    [[old]]
    path = "home.host"
    key = "home.host:str"
    hash = "0x816e4f52"
    type = "str<16>"
    taken = true

    [[old]]
    path = "home.net.channel"
    key = "home.net.channel:u8"
    hash = "0x1127d946"
    type = "u8"
    became = ["home.wifi.channel"]

    [[old]]
    path = "home.net.channel"
    key = "home.net.channel:u8@2"
    hash = "0x77b95fd4"
    type = "u8"
    became = ["home.wifi.channel"]

    [[old]]
    path = "home.net.name"
    key = "home.net.name:str"
    hash = "0x724a95be"
    type = "str<32>"
    became = ["home.wifi.ssid"]

    [[old]]
    path = "home.net.ssid"
    key = "home.net.ssid:str"
    hash = "0xba96536e"
    type = "str<32>"
    became = ["home.wifi.ssid"]

    [[old]]
    path = "home.parity"
    key = "home.parity:bool@3"
    hash = "0xb861545b"
    type = "bool"
    retired = true

    [[old]]
    path = "home.port"
    key = "home.port:u16"
    hash = "0x1c3b50d0"
    type = "u16"
    taken = true

    [[old]]
    path = "home.target"
    key = "home.target:i8"
    hash = "0x63142de9"
    type = "i8"
    became = ["home.target"]

    [[old]]
    path = "home.token"
    retired = true

    [[old]]
    path = "home.wifi.channel"
    key = "home.wifi.channel:u8"
    hash = "0xed3a6fa4"
    type = "u8"
    became = ["home.wifi.channel"]

    [[old]]
    path = "home.wifi.name"
    key = "home.wifi.name:str"
    hash = "0x913ed12c"
    type = "str<32>"
    became = ["home.wifi.ssid"]
    "#);
    assert_eq!(lock.check(Thermostat::SCHEMA), []);
}

/// Its bytes are pinned by the snapshot above; the file by the macro.
#[test]
fn by_the_macro() {
    kvs::assert_schema_unchanged!(Thermostat, "tests/lock/settings.lock");
}

/// What is said of the lock with a part replaced.
fn damaged(from: &str, to: &str) -> std::string::String {
    let text = Lock::of(Thermostat::SCHEMA).to_string();
    assert!(text.contains(from), "{from}");
    let damaged = text.replacen(from, to, 1);
    damaged.parse::<Lock>().expect_err("damaged").to_string()
}

#[test]
fn damaged_files() {
    let messages = [
        damaged("version = 1\n", ""),
        damaged("version = 1\n", "version = 2\nnew = 3\n"),
        damaged("struct = \"Thermostat\"\n", "<<<<<<< HEAD\n"),
        damaged("unit = ", "units = "),
        damaged("type = \"i16\"", "type = \"i17\""),
        damaged("type = \"struct Ms(u32)\"", "type = \"struct Ms(u32\""),
        damaged("key = \"home.name:str\"", "key = \"home.title:str\""),
        damaged("key = \"home.name:str\"", "key = \"home.target:i16\""),
        damaged("path = \"home.name\"", "path = \"home.target\""),
        damaged("home.name:str", "home.name:u8"),
        damaged("hash = \"0x", "hash = \""),
        damaged("retired = true\n", ""),
        damaged(
            "path = \"home.token\"\n",
            "path = \"home.token\"\nkey = \"home.token:u8\"\n",
        ),
    ];
    assert_snapshot!(messages.join("\n---\n"), @r#"
    TOML parse error at line 1, column 1
      |
    1 | # What devices in the field may have stored by the settings of `Thermostat`, and of its earlier versions.
      | ^
    missing field `version`
    ---
    it is of version 2, and this kvs knows version 1: update kvs
    ---
    TOML parse error at line 4, column 9
      |
    4 | <<<<<<< HEAD
      |         ^
    key with no value, expected `=`
    ---
    TOML parse error at line 11, column 1
       |
    11 | units = "0.1 C"
       | ^^^^^
    unknown field `units`, expected one of `path`, `key`, `hash`, `type`, `rev`, `unit`, `default`, `range`, `validate`, `docs`, `keep`, `secret`, `old`, `misdescribed`, `accepted`
    ---
    TOML parse error at line 10, column 8
       |
    10 | type = "i17"
       |        ^^^^^
    at column 1 of the type: there is no type `i17`; those with a name of their own are written `struct i17 ..` or `enum i17 ..`
    ---
    TOML parse error at line 34, column 8
       |
    34 | type = "struct Ms(u32"
       |        ^^^^^^^^^^^^^^^
    at column 14 of the type: expected `,` or `)`, found the end
    ---
    line 19: the key `home.title:str` is not one of the path `home.name`
    ---
    line 19: the key `home.target:i16` is not one of the path `home.name`
    ---
    line 19: the key `home.name:str` is not one of the path `home.target`
    ---
    line 19: the key `home.name:u8` is not one of the type str<32>, which is `home.name:str`
    ---
    TOML parse error at line 9, column 8
      |
    9 | hash = "0e4ee0ac"
      |        ^^^^^^^^^^
    `0e4ee0ac` is no hash such as 0x1090763b
    ---
    line 99: of the old `home.baud` it needs to say one of `became`, `taken` and `retired`
    ---
    line 162: the old `home.token` needs both `key` and `hash`, or neither
    "#);
    assert_snapshot!("".parse::<Lock>().expect_err("empty"), @r"
    TOML parse error at line 1, column 1
      |
    1 | 
      | ^
    missing field `version`
    ");
}

//! Five firmwares of one device, each of which changes something.

use heapless::String;
use kvs::Settings;
use postcard_schema::Schema;
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Serialize, Deserialize, Schema)]
pub(crate) enum Mode {
    Off,
    On,
}

/// The same, with one more at the end.
#[derive(Clone, Copy, Serialize, Deserialize, Schema)]
pub(crate) enum Mode3 {
    Off,
    On,
    Auto,
}

#[derive(Settings)]
pub(crate) struct V1 {
    /// Tenths of a degree Celsius.
    #[setting(default = 210)]
    pub(crate) temp: i16,
    #[setting(default = "none")]
    pub(crate) name: String<12>,
    /// Milliseconds.
    #[setting(default = 60_000)]
    pub(crate) period: u32,
    #[setting(default = 1)]
    pub(crate) red: u8,
    #[setting(default = 2)]
    pub(crate) green: u8,
    #[setting(default = Mode::Off)]
    pub(crate) mode: Mode,
    #[setting(default)]
    pub(crate) slots: [u8; 2],
    #[setting(default = 9)]
    pub(crate) legacy: u8,
    #[setting(default = 10)]
    pub(crate) first: u8,
    #[setting(default = 20)]
    pub(crate) second: u8,
    #[setting(nested)]
    pub(crate) net: Net1,
}

#[derive(Settings)]
pub(crate) struct Net1 {
    #[setting(default = 80)]
    pub(crate) port: u16,
    #[setting(default = "")]
    pub(crate) host: String<12>,
}

/// A rename with another type and unit; the same name and type with another unit.
#[derive(Settings)]
pub(crate) struct V2 {
    #[setting(default = 294_150, unit = "mK", migrate(from = "temp", ty = i16, with = kelvin))]
    pub(crate) temp_mk: u32,
    #[setting(default = "none")]
    pub(crate) name: String<12>,
    #[setting(default = 60, unit = "s", rev = 2, migrate(rev = 1, with = seconds))]
    pub(crate) period: u32,
    #[setting(default = 1)]
    pub(crate) red: u8,
    #[setting(default = 2)]
    pub(crate) green: u8,
    #[setting(default = Mode3::Off)]
    pub(crate) mode: Mode3,
    #[setting(default)]
    pub(crate) slots: [u8; 2],
    #[setting(default = 9)]
    pub(crate) legacy: u8,
    #[setting(default = 10)]
    pub(crate) first: u8,
    #[setting(default = 20)]
    pub(crate) second: u8,
    #[setting(nested)]
    pub(crate) net: Net1,
}

/// A merge, a nested struct with another name, a wider number in it, a retired name.
#[derive(Settings)]
#[settings(retired("legacy": u8))]
pub(crate) struct V3 {
    #[setting(default = 294_150, unit = "mK", migrate(from = "temp", ty = i16, with = kelvin))]
    pub(crate) temp_mk: u32,
    #[setting(default = "none")]
    pub(crate) name: String<12>,
    #[setting(default = 60, unit = "s", rev = 2, migrate(rev = 1, with = seconds))]
    pub(crate) period: u32,
    #[setting(default = 0x0102, migrate(from("red", "green"), ty = (u8, u8), default = (1, 2), with = both))]
    pub(crate) color: u16,
    #[setting(default = Mode3::Off)]
    pub(crate) mode: Mode3,
    #[setting(default)]
    pub(crate) slots: [u8; 2],
    #[setting(default = 10)]
    pub(crate) first: u8,
    #[setting(default = 20)]
    pub(crate) second: u8,
    #[setting(nested, alias = "net")]
    pub(crate) network: Net3,
}

#[derive(Settings)]
pub(crate) struct Net3 {
    #[setting(default = 80, migrate(ty = u16))]
    pub(crate) port: u32,
    #[setting(default = "")]
    pub(crate) host: String<12>,
}

/// A split, a move into a nested struct, a longer array.
#[derive(Settings)]
#[settings(retired("legacy": u8))]
pub(crate) struct V4 {
    #[setting(default = 294, unit = "K", range = 0..=400,
        migrate(from = "temp_mk", ty = u32, try_with = whole),
        migrate(from = "temp", ty = i16, try_with = |temp| whole(kelvin(temp))))]
    pub(crate) kelvin: u16,
    #[setting(default = 150, unit = "mK",
        migrate(from = "temp_mk", ty = u32, with = part),
        migrate(from = "temp", ty = i16, with = |temp| part(kelvin(temp))))]
    pub(crate) milli: u16,
    #[setting(nested)]
    pub(crate) device: Device4,
    #[setting(default = 60, unit = "s", rev = 2, migrate(rev = 1, with = seconds))]
    pub(crate) period: u32,
    #[setting(default = 0x0102, migrate(from("red", "green"), ty = (u8, u8), default = (1, 2), with = both))]
    pub(crate) color: u16,
    #[setting(default = Mode3::Off)]
    pub(crate) mode: Mode3,
    #[setting(default, migrate(ty = [u8; 2], with = |[a, b]: [u8; 2]| [a, b, 0, 0]))]
    pub(crate) slots: [u8; 4],
    #[setting(default = 10)]
    pub(crate) first: u8,
    #[setting(default = 20)]
    pub(crate) second: u8,
    #[setting(nested, alias = "net")]
    pub(crate) network: Net3,
}

#[derive(Settings)]
pub(crate) struct Device4 {
    #[setting(default = "none", migrate(from = "/name"))]
    pub(crate) name: String<12>,
}

/// Two names swapped; a name that comes home from a nested struct.
#[derive(Settings)]
#[settings(retired("legacy": u8))]
pub(crate) struct V5 {
    #[setting(default = 294, unit = "K", range = 0..=400,
        migrate(from = "temp_mk", ty = u32, try_with = whole),
        migrate(from = "temp", ty = i16, try_with = |temp| whole(kelvin(temp))))]
    pub(crate) kelvin: u16,
    #[setting(default = 150, unit = "mK",
        migrate(from = "temp_mk", ty = u32, with = part),
        migrate(from = "temp", ty = i16, with = |temp| part(kelvin(temp))))]
    pub(crate) milli: u16,
    #[setting(default = "none", alias = "name", migrate(from = "device.name"))]
    pub(crate) label: String<12>,
    #[setting(default = 60, unit = "s", rev = 2, migrate(rev = 1, with = seconds))]
    pub(crate) period: u32,
    #[setting(default = 0x0102, migrate(from("red", "green"), ty = (u8, u8), default = (1, 2), with = both))]
    pub(crate) color: u16,
    #[setting(default = Mode3::Off)]
    pub(crate) mode: Mode3,
    #[setting(default, migrate(ty = [u8; 2], with = |[a, b]: [u8; 2]| [a, b, 0, 0]))]
    pub(crate) slots: [u8; 4],
    #[setting(default = 20, rev = 2, migrate(from = "second"))]
    pub(crate) first: u8,
    #[setting(default = 10, rev = 2, migrate(from = "first"))]
    pub(crate) second: u8,
    #[setting(nested, alias = "net")]
    pub(crate) network: Net3,
}

pub(crate) fn kelvin(tenths: i16) -> u32 {
    u32::try_from(273_150 + i32::from(tenths) * 100).unwrap_or(0)
}

pub(crate) fn seconds(milliseconds: u32) -> u32 {
    milliseconds / 1000
}

pub(crate) fn both((red, green): (u8, u8)) -> u16 {
    u16::from(red) << 8 | u16::from(green)
}

pub(crate) fn whole(milli: u32) -> Option<u16> {
    u16::try_from(milli / 1000).ok()
}

pub(crate) fn part(milli: u32) -> u16 {
    (milli % 1000) as u16
}

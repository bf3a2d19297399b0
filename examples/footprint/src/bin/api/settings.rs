//! Settings with all that the derive and postcard have to offer.

use heapless::{String, Vec};
use kvs::Settings;
use postcard_schema::Schema;
use serde::{Deserialize, Serialize};

#[derive(Settings)]
#[settings(retired("baud": u16), migrate(from("span": u16), with = from_span))]
pub struct Device {
    #[setting(default)]
    pub enabled: bool,
    #[setting(default = 60, alias = "interval")]
    pub period: u16,
    #[setting(default = 0, range = -50..=50)]
    pub offset: i16,
    #[setting(default = 0, keep)]
    pub counter: u32,
    #[setting(default = 0, migrate(ty = u32, with = u64::from))]
    pub total: u64,
    #[setting(default = 1.0, validate = is_finite)]
    pub gain: f32,
    #[setting(default = 'a')]
    pub letter: char,
    #[setting(default = 50, range = 0..=100, migrate(from("low", "high"), ty = (u8, u8), with = middle))]
    pub level: u8,
    #[setting(default = [0; 16])]
    pub token: [u8; 16],
    #[setting(default = Vec::new())]
    pub points: Vec<u16, 8>,
    #[setting(default = [Slot { hour: 0, minute: 0 }; 4])]
    pub schedule: [Slot; 4],
    #[setting(default = (1, 2))]
    pub pair: (u8, i64),
    #[setting(default = None)]
    pub maximum: Option<u32>,
    #[setting(default = Mode::Off, rev = 2, migrate(rev = 1, ty = u8, try_with = to_mode))]
    pub mode: Mode,
    #[setting(nested)]
    pub network: Network,
}

#[derive(Settings)]
pub struct Network {
    #[setting(default = "attic")]
    pub ssid: String<32>,
    #[setting(default = 1, range = 1..=13)]
    pub channel: u8,
}

#[derive(Clone, Copy, Serialize, Deserialize, Schema)]
pub struct Slot {
    pub hour: u8,
    pub minute: u8,
}

#[derive(Clone, Copy, Serialize, Deserialize, Schema)]
pub enum Mode {
    Off,
    On { level: u8 },
    Auto(u16),
}

fn from_span(device: &mut Device, (span,): (Option<u16>,)) {
    if let Some(span) = span {
        device.period = span;
    }
}

fn is_finite(gain: &f32) -> bool {
    gain.is_finite()
}

fn middle((low, high): (u8, u8)) -> u8 {
    low / 2 + high / 2
}

fn to_mode(old: u8) -> Option<Mode> {
    (old < 2).then_some(Mode::Off)
}

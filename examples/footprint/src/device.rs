//! The eight settings as a plain struct, for contenders that know no structs.

use heapless::String;

use crate::values::{Seen, seed};

#[derive(Default)]
pub struct Device {
    pub counter: u32,
    pub enabled: bool,
    pub brightness: u8,
    pub offset: i16,
    pub gain: f32,
    pub serial: u64,
    pub name: String<32>,
    pub token: [u8; 16],
}

impl Device {
    /// As it is stored at first.
    pub fn seed() -> Self {
        Self {
            counter: seed::COUNTER,
            enabled: seed::ENABLED,
            brightness: seed::BRIGHTNESS,
            offset: seed::OFFSET,
            gain: seed::GAIN,
            serial: seed::SERIAL,
            name: seed::NAME.try_into().unwrap_or_default(),
            token: seed::TOKEN,
        }
    }

    pub fn seen(&self) -> Seen<'_> {
        Seen {
            counter: self.counter,
            enabled: self.enabled,
            brightness: self.brightness,
            offset: self.offset,
            gain: self.gain,
            serial: self.serial,
            name: &self.name,
            token: &self.token,
        }
    }
}

//! The eight settings as a struct, and the RAM for a store of them.

use app::Seen;
use heapless::String;
use kvs::{Resources, Settings};

#[derive(Clone, Settings)]
pub struct Device {
    #[setting(default = 0)]
    pub counter: u32,
    #[setting(default = false)]
    pub enabled: bool,
    #[setting(default = 50)]
    pub brightness: u8,
    #[setting(default = 0)]
    pub offset: i16,
    #[setting(default = 1.0)]
    pub gain: f32,
    #[setting(default = 0)]
    pub serial: u64,
    #[setting(default = "lamp")]
    pub name: String<32>,
    #[setting(default = [0; 16])]
    pub token: [u8; 16],
}

impl Device {
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

    /// As it is stored at first.
    #[cfg(feature = "all")]
    pub fn seed() -> Self {
        use app::seed;
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
}

pub const BUFFER: usize = Device::BUFFER;
pub const KEYS: DeviceKeys = Device::KEYS;

pub type Ram = Resources<16, 4, BUFFER>;

pub fn cost<S>(_: &S) -> app::Cost {
    app::Cost {
        store: size_of::<S>() + size_of::<Ram>() - BUFFER,
        buffer: BUFFER,
    }
}

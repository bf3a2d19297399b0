//! The eight settings as a struct, and what both ways of saving them share.

use app::{Flash, PARTITION, Seen};
use heapless::String;
use kvs::{Options, Resources, Settings, Store};

#[derive(Settings)]
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
}

pub const BUFFER: usize = Device::BUFFER;
pub const KEYS: DeviceKeys = Device::KEYS;

pub type Ram = Resources<16, 4, BUFFER>;

pub fn mount(ram: &mut Ram) -> Store<'_, Flash> {
    match Store::mount(Flash, 0..PARTITION, ram, Options::DEFAULT) {
        Ok(store) => store,
        Err(_) => loop {},
    }
}

// Called twice, and not to be there twice.
#[inline(never)]
pub fn load(store: &mut Store<'_, Flash>) -> Device {
    store.load().0
}

pub fn cost() -> app::Cost {
    app::Cost {
        store: size_of::<Store<'_, Flash>>() + size_of::<Ram>() - BUFFER,
        buffer: BUFFER,
    }
}

#[cfg(feature = "all")]
pub fn store_all(ram: &mut Ram) -> bool {
    use app::seed;
    let device = Device {
        counter: seed::COUNTER,
        enabled: seed::ENABLED,
        brightness: seed::BRIGHTNESS,
        offset: seed::OFFSET,
        gain: seed::GAIN,
        serial: seed::SERIAL,
        name: seed::NAME.try_into().unwrap_or_default(),
        token: seed::TOKEN,
    };
    app::erase_all() && mount(ram).save(&device) == Ok(8)
}

//! The lamp's settings, and the changes that can be asked for.

use heapless::String;
use kvs::{Rejected, Settings};

#[derive(Clone, PartialEq, Settings)]
pub struct Lamp {
    /// The firmware before this one counted seconds.
    #[setting(default = 500, range = 50..=5000, unit = "ms")]
    #[setting(migrate(from = "blink_s", ty = u8, with = milliseconds))]
    pub blink_ms: u16,
    #[setting(default = "lamp")]
    pub name: String<24>,
    #[setting(nested)]
    pub wifi: Wifi,
}

#[derive(Clone, PartialEq, Settings)]
pub struct Wifi {
    #[setting(default = "")]
    pub ssid: String<32>,
    #[setting(default = "", validate = passphrase)]
    pub passphrase: String<63>,
}

fn milliseconds(seconds: u8) -> u16 {
    u16::from(seconds).saturating_mul(1000)
}

fn passphrase(text: &String<63>) -> Result<(), &'static str> {
    match text.len() {
        0 | 8.. => Ok(()),
        _ => Err("a passphrase has at least 8 characters"),
    }
}

/// What a task may ask for.
pub enum Change {
    Blink(u16),
    Name(String<24>),
    Wifi(Wifi),
}

impl Change {
    /// Makes the change if the settings' own rules allow it: one that breaks them must not keep others from being saved.
    pub fn apply(self, lamp: &mut Lamp) -> Result<(), Rejected> {
        const LAMP: LampKeys = Lamp::KEYS;
        match self {
            Self::Blink(period) => {
                LAMP.blink_ms.set(&period)?;
                lamp.blink_ms = period;
            }
            Self::Name(name) => {
                LAMP.name.set(&name)?;
                lamp.name = name;
            }
            Self::Wifi(wifi) => {
                LAMP.wifi.ssid.set(&wifi.ssid)?;
                LAMP.wifi.passphrase.set(&wifi.passphrase)?;
                lamp.wifi = wifi;
            }
        }
        Ok(())
    }
}

//! The settings.
#![no_std]

use kvs::Settings;

#[derive(Settings)]
pub struct Device {
    #[setting(default = 0)]
    pub boots: u32,
    #[setting(default = 80, range = 0..=100)]
    pub brightness: u8,
}

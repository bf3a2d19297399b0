//! The settings, and where they are in the flash beside the chip.
#![no_std]

use core::ops::Range;

use kvs::Settings;

#[derive(Settings)]
pub struct Device {
    #[setting(default = 0)]
    pub boots: u32,
    #[setting(default = 80, range = 0..=100)]
    pub brightness: u8,
}

/// The first 64 KiB.
pub const SETTINGS: Range<u32> = 0..0x1_0000;

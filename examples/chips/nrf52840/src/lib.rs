//! What both programs share: the settings and where they are.
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

/// The partition, from `memory.x`, in bytes from the start of the flash.
pub fn settings_range() -> Range<u32> {
    unsafe extern "C" {
        static __settings_start: u8;
        static __settings_end: u8;
    }
    // Nothing is stored there: the symbols' addresses are the values.
    (&raw const __settings_start).addr() as u32..(&raw const __settings_end).addr() as u32
}

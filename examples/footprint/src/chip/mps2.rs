//! A Cortex-M4 board without a flash controller (QEMU `mps2-an386`): RAM that only loses bits, as NOR flash does.

#![allow(unsafe_code, reason = "hardware, or what the emulator lends")]

use core::sync::atomic::{Ordering, compiler_fence};

use crate::flash::PAGE;

/// Where the settings are: in the RAM that the image runs from, behind it.
pub(crate) const FLASH: usize = 0x10_0000;

/// Programs words from `offset` on; whole words within the settings' flash, as the driver has checked.
pub(crate) fn program(offset: u32, words: &[[u8; 4]]) {
    let mut address = (FLASH + offset as usize) as *mut u32;
    for word in words {
        // SAFETY: a word of the settings' memory, where nothing of the image is.
        unsafe {
            address.write_volatile(address.read_volatile() & u32::from_le_bytes(*word));
            address = address.add(1);
        }
    }
    compiler_fence(Ordering::SeqCst);
}

/// Erases the page at `offset`.
pub(crate) fn erase(offset: u32) {
    let start = (FLASH + offset as usize) as *mut u32;
    for word in 0..PAGE as usize / 4 {
        // SAFETY: as above.
        unsafe { start.add(word).write_volatile(u32::MAX) };
    }
    compiler_fence(Ordering::SeqCst);
}

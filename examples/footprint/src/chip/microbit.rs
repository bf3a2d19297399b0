//! nRF51822 (QEMU `microbit`): the NVMC.

#![allow(unsafe_code, reason = "hardware, or what the emulator lends")]

use core::sync::atomic::{Ordering, compiler_fence};

/// Where the settings are: the last 8 KiB below 128 KiB.
pub(crate) const FLASH: usize = 0x1_E000;

const READY: *const u32 = 0x4001_E400 as *const u32;
const CONFIG: *mut u32 = 0x4001_E504 as *mut u32;
const ERASEPAGE: *mut u32 = 0x4001_E508 as *mut u32;
const READ_ONLY: u32 = 0;
const WRITE: u32 = 1;
const ERASE: u32 = 2;

fn within<R>(mode: u32, work: impl FnOnce() -> R) -> R {
    // SAFETY: the NVMC's registers; nothing else in the image uses them.
    unsafe { CONFIG.write_volatile(mode) };
    let result = work();
    // SAFETY: as above.
    unsafe { CONFIG.write_volatile(READ_ONLY) };
    // What has been read of flash before is not what it reads now.
    compiler_fence(Ordering::SeqCst);
    result
}

fn wait() {
    // SAFETY: as above.
    while unsafe { READY.read_volatile() } & 1 == 0 {}
}

/// Programs words from `offset` on; whole words within the settings' flash, as the driver has checked.
pub(crate) fn program(offset: u32, words: &[[u8; 4]]) {
    within(WRITE, || {
        let mut address = (FLASH + offset as usize) as *mut u32;
        for word in words {
            // SAFETY: a word of the settings' flash, where nothing of the image is.
            unsafe {
                address.write_volatile(u32::from_le_bytes(*word));
                address = address.add(1);
            }
            wait();
        }
    });
}

/// Erases the page at `offset`.
pub(crate) fn erase(offset: u32) {
    within(ERASE, || {
        // SAFETY: a page of the settings' flash, where nothing of the image is.
        unsafe { ERASEPAGE.write_volatile(FLASH as u32 + offset) };
        wait();
    });
}

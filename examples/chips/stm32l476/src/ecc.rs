//! Reads that fail where a word has a double ECC error, as one may have whose programming was cut by a power loss.
//!
//! The flash then raises the NMI, and the load goes on with whatever it got. So the NMI handler takes note, and the read
//! fails.

use core::sync::atomic::{AtomicBool, Ordering};

use chips_checked::Controller;
use cortex_m_rt::exception;
use embassy_stm32::flash::FLASH_BASE;
use embassy_stm32::pac;

/// A checked read is under way: its ECC errors are not fatal.
static READING: AtomicBool = AtomicBool::new(false);
/// It has met one.
static FAILED: AtomicBool = AtomicBool::new(false);

#[exception]
unsafe fn NonMaskableInt() {
    // The flag has to be cleared, or the NMI comes again at once.
    if clear_ecc_flags() && READING.load(Ordering::SeqCst) {
        FAILED.store(true, Ordering::SeqCst);
    } else {
        // It was the code that can't be read, or not the flash at all.
        panic!("NMI");
    }
}

/// Clears the flags of ECC errors; `true` if a double error was among them.
fn clear_ecc_flags() -> bool {
    let eccr = pac::FLASH.eccr().read();
    // Each is cleared by writing 1; and that of a corrected error, as the flash tells one error at a time.
    pac::FLASH.eccr().write_value(eccr);
    eccr.eccd()
}

pub struct Ecc;

impl Controller for Ecc {
    fn read(offset: u32, bytes: &mut [u8]) -> bool {
        clear_ecc_flags();
        FAILED.store(false, Ordering::SeqCst);
        READING.store(true, Ordering::SeqCst);
        let from = (FLASH_BASE + offset as usize) as *const u8;
        for (i, byte) in bytes.iter_mut().enumerate() {
            // SAFETY: the caller has checked that this lies within the flash.
            *byte = unsafe { from.add(i).read_volatile() };
        }
        // The last load may still raise it.
        cortex_m::asm::dsb();
        cortex_m::asm::isb();
        READING.store(false, Ordering::SeqCst);
        !FAILED.load(Ordering::SeqCst)
    }
}

//! The MPS2 board with a Cortex-M4 (AN386), as QEMU plays it. All the `unsafe` there is.

#![allow(unsafe_code, reason = "hardware")]

use core::panic::PanicInfo;
use core::sync::atomic::AtomicU8;

use cortex_m::asm::wfi;
use cortex_m::peripheral::SCB;
use cortex_m_semihosting::debug::{self, EXIT_FAILURE, EXIT_SUCCESS};
use cortex_m_semihosting::hprintln;

use crate::flash::{self, Flash};

pub const CORE_HZ: u32 = 25_000_000;

/// The flash. All that ask for it get the same one.
pub fn flash() -> Flash {
    const MEMORY: *const [AtomicU8; flash::LEN] = 0x2100_0000 as *const _;
    // SAFETY: 16 MiB of RAM begin there, of which `memory.x` gives none to the program.
    Flash::new(unsafe { &*MEMORY })
}

/// The LED that is used, of the board's two.
pub struct Led;

impl Led {
    pub fn toggle(&mut self) {
        const LEDS: *mut u32 = 0x4002_8000 as *mut u32;
        // SAFETY: the register of the LEDs. Nothing else uses it, and it may be written at any time.
        unsafe { LEDS.write_volatile(LEDS.read_volatile() ^ 1) };
    }
}

/// As the reset button does. RAM keeps what is in it.
pub fn reset() -> ! {
    SCB::sys_reset()
}

/// Ends the emulator.
pub fn exit(ok: bool) -> ! {
    debug::exit(if ok { EXIT_SUCCESS } else { EXIT_FAILURE });
    loop {
        wfi();
    }
}

#[panic_handler]
fn panic(info: &PanicInfo) -> ! {
    hprintln!("{}", info);
    exit(false)
}

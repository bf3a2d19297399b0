//! SysTick as a clock of instructions: under `-icount shift=6` QEMU lets 64 ns pass with each.

#![allow(unsafe_code, reason = "hardware, or what the emulator lends")]

use core::arch::asm;

const CSR: *mut u32 = 0xE000_E010 as *mut u32;
const RVR: *mut u32 = 0xE000_E014 as *mut u32;
const CVR: *mut u32 = 0xE000_E018 as *mut u32;
const MAX: u32 = 0x00FF_FFFF;
const COUNTFLAG: u32 = 1 << 16;

/// Has SysTick count, from the processor's clock and without interrupts.
pub(crate) fn begin() {
    // SAFETY: SysTick's registers; nothing else in the image uses them.
    unsafe {
        RVR.write_volatile(MAX);
        CVR.write_volatile(0);
        CSR.write_volatile(0b101);
    }
}

/// A thousand times three instructions, for the host to see whether they are counted so.
pub(crate) fn known() {
    // SAFETY: changes nothing but a register of its own, and the flags.
    unsafe {
        asm!(
            "2:",
            "nop",
            "subs {count}, #1",
            "bne 2b",
            count = inout(reg) 1000 => _,
            options(nomem, nostack),
        );
    }
}

/// The moment from which on ticks are counted.
pub(crate) struct Start(u32);

#[inline(always)]
pub(crate) fn start() -> Start {
    // SAFETY: as above. Writing clears the count and the flag.
    unsafe {
        CVR.write_volatile(0);
        Start(CVR.read_volatile())
    }
}

impl Start {
    /// Ticks since the start; `u32::MAX` where they were too many to count.
    #[inline(always)]
    pub(crate) fn ticks(&self) -> u32 {
        // SAFETY: as above; reading has no effect but to clear the flag.
        let (now, status) = unsafe { (CVR.read_volatile(), CSR.read_volatile()) };
        if status & COUNTFLAG != 0 {
            return u32::MAX;
        }
        self.0.wrapping_sub(now) & MAX
    }
}

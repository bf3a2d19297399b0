//! Reads that fail where a word has a double ECC error, as one may have whose programming was cut by a power loss.
//!
//! A load from such a word ends in a bus fault. While it is masked, the load goes on with whatever it got, and the flash
//! keeps a flag.

use core::arch::asm;

use chips_checked::Controller;
use cortex_m::peripheral::SCB;
use embassy_stm32::flash::FLASH_BASE;
use embassy_stm32::pac;
use embassy_stm32::pac::flash::regs::Ccr;

/// CCR.BFHFNMIGN: at priority -1, bus faults of loads and stores are ignored.
const IGNORE_BUS_FAULTS: u32 = 1 << 8;

/// Clears the flags of ECC errors; `true` if a double error was among them.
fn clear_ecc_flags() -> bool {
    let mut double = false;
    for bank in [pac::FLASH.bank(0), pac::FLASH.bank(1)] {
        double |= bank.sr().read().dbeccerr();
        let mut clear = Ccr::default();
        clear.set_clr_sneccerr(true);
        clear.set_clr_dbeccerr(true);
        bank.ccr().write_value(clear);
    }
    double
}

pub struct Ecc;

impl Controller for Ecc {
    fn read(offset: u32, bytes: &mut [u8]) -> bool {
        clear_ecc_flags();
        // SAFETY: FAULTMASK raises the priority to -1, so only the NMI can come between here and where it is cleared.
        // Nothing else uses the bit in the meantime.
        unsafe {
            asm!("cpsid f", options(nomem, nostack, preserves_flags));
            (*SCB::PTR).ccr.modify(|ccr| ccr | IGNORE_BUS_FAULTS);
        }
        cortex_m::asm::dsb();
        cortex_m::asm::isb();

        let from = (FLASH_BASE + offset as usize) as *const u8;
        for (i, byte) in bytes.iter_mut().enumerate() {
            // SAFETY: the caller has checked that this lies within the flash.
            *byte = unsafe { from.add(i).read_volatile() };
        }

        cortex_m::asm::dsb();
        // SAFETY: as above.
        unsafe {
            (*SCB::PTR).ccr.modify(|ccr| ccr & !IGNORE_BUS_FAULTS);
            asm!("cpsie f", options(nomem, nostack, preserves_flags));
        }
        cortex_m::asm::isb();
        !clear_ecc_flags()
    }

    /// The HAL reports whatever error flag is set, however old, and does not clear it where these parts want it cleared.
    fn clear_errors() {
        for bank in [pac::FLASH.bank(0), pac::FLASH.bank(1)] {
            let mut clear = Ccr::default();
            clear.set_clr_wrperr(true);
            clear.set_clr_pgserr(true);
            clear.set_clr_strberr(true);
            clear.set_clr_incerr(true);
            clear.set_clr_operr(true);
            clear.set_clr_rdperr(true);
            clear.set_clr_rdserr(true);
            clear.set_clr_sneccerr(true);
            clear.set_clr_dbeccerr(true);
            bank.ccr().write_value(clear);
        }
    }
}

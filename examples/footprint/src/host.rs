//! Semihosting: files of the host's, and the end of the run.

#![allow(unsafe_code, reason = "hardware, or what the emulator lends")]

use core::arch::asm;

const SYS_OPEN: usize = 0x01;
const SYS_CLOSE: usize = 0x02;
const SYS_WRITE: usize = 0x05;
const SYS_EXIT: usize = 0x18;
const OPEN_WB: usize = 5;
const APPLICATION_EXIT: usize = 0x20026;

fn call(operation: usize, argument: usize) -> usize {
    let result;
    // SAFETY: an emulated debugger stops here, reads what `argument` says or points to, and answers in r0.
    unsafe {
        asm!("bkpt #0xab", inout("r0") operation => result, in("r1") argument, options(nostack));
    }
    result
}

fn call_with(operation: usize, arguments: &[usize; 3]) -> usize {
    call(operation, arguments.as_ptr() as usize)
}

/// Writes `len` bytes from `address` on to the file `name`, which ends in a zero.
pub(crate) fn write_file(name: &[u8], address: usize, len: usize) {
    let file = call_with(
        SYS_OPEN,
        &[name.as_ptr() as usize, OPEN_WB, name.len().wrapping_sub(1)],
    );
    call_with(SYS_WRITE, &[file, address, len]);
    call_with(SYS_CLOSE, &[file, 0, 0]);
}

/// Ends the run; without a report if there is none yet.
#[inline(never)]
pub fn exit() -> ! {
    loop {
        call(SYS_EXIT, APPLICATION_EXIT);
    }
}

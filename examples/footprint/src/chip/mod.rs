//! The chips: how a word of flash is programmed and a page erased.

#[cfg(chip = "microbit")]
mod microbit;
#[cfg(chip = "microbit")]
pub(crate) use microbit::*;

#[cfg(chip = "mps2")]
mod mps2;
#[cfg(chip = "mps2")]
pub(crate) use mps2::*;

/// Reads flash, which is memory-mapped, from `offset` on; within the settings' flash, as the driver has checked.
#[allow(unsafe_code, reason = "hardware, or what the emulator lends")]
pub(crate) fn read(offset: u32, bytes: &mut [u8]) {
    let source = (FLASH + offset as usize) as *const u8;
    // SAFETY: memory that can be read, and that no reference is to.
    unsafe { source.copy_to_nonoverlapping(bytes.as_mut_ptr(), bytes.len()) };
}

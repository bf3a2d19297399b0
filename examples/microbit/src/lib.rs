//! What the firmwares share: the flash, the host at the other end of the debugger, and what is said of a boot.
#![no_std]

pub mod flash;
pub mod host;
pub mod report;

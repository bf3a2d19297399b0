//! What the firmwares share: the board, and the flash that one of its RAMs plays.

#![no_std]
#![deny(unsafe_code)]

pub mod board;
pub mod flash;

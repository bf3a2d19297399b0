//! What all contenders share: a flash driver, the clock, the values, and the way out.
#![no_std]

mod bench;
mod block_on;
mod chip;
mod clock;
mod device;
mod flash;
mod host;
mod panic;
mod stack;
mod values;

pub use bench::{Bench, Cost};
pub use block_on::block_on;
pub use device::Device;
pub use flash::{Flash, PAGE, erase_all};
pub use host::exit;
pub use values::{Seen, seed};

/// The partition of the contenders: four pages. (One of them needs eight.)
pub const PARTITION: u32 = 4 * PAGE;

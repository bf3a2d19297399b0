//! Nothing.
#![no_std]
#![no_main]

use app as _;

#[cortex_m_rt::entry]
fn main() -> ! {
    loop {}
}

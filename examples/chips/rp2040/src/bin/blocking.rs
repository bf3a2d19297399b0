//! Settings in the flash beside an RP2040.
#![no_std]
#![no_main]

use chips_rp2040::{Device, FLASH_SIZE, settings_range};
use cortex_m_rt::entry;
use embassy_rp::flash::{self, Blocking, Flash};
use embassy_rp::peripherals::FLASH;
use kvs::{Maintenance, Options, Resources, Store};
use panic_halt as _;

#[entry]
fn main() -> ! {
    let p = embassy_rp::init(Default::default());
    if run(Flash::new_blocking(p.FLASH)).is_err() {
        // Report it; a product goes on with its defaults.
    }
    loop {
        cortex_m::asm::wfi();
    }
}

fn run(mut flash: Flash<'_, FLASH, Blocking, FLASH_SIZE>) -> Result<(), kvs::Error<flash::Error>> {
    let mut resources = Resources::<16, 8, 256>::for_settings::<Device>();
    let range = settings_range();
    let mut store = Store::mount(&mut flash, range, &mut resources, Options::DEFAULT)?;

    let (mut device, _report) = store.load::<Device>();
    device.boots += 1;
    store.save(&device)?;

    // In idle time, so that no `save` has to erase.
    while store.maintain()? != Maintenance::Idle {}
    Ok(())
}

//! Settings in an nRF52840's own flash.
#![no_std]
#![no_main]

use chips_nrf52840::{Device, settings_range};
use cortex_m_rt::entry;
use embassy_nrf::nvmc::Nvmc;
use kvs::{Maintenance, Options, Resources, Store};
use panic_halt as _;

#[entry]
fn main() -> ! {
    let p = embassy_nrf::init(Default::default());
    if run(Nvmc::new(p.NVMC)).is_err() {
        // Report it; a product goes on with its defaults.
    }
    loop {
        cortex_m::asm::wfi();
    }
}

fn run(mut flash: Nvmc<'_>) -> Result<(), kvs::Error<embassy_nrf::nvmc::Error>> {
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

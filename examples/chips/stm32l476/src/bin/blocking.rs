//! Settings in an STM32L476's own flash.
#![no_std]
#![no_main]

use chips_checked::{Checked, Error};
use chips_stm32l476::ecc::Ecc;
use chips_stm32l476::{Device, settings_range};
use cortex_m_rt::entry;
use embassy_stm32::flash::{self, Blocking, Flash};
use embassy_stm32::pac;
use kvs::{Maintenance, Options, Resources, Store};
use panic_halt as _;

#[entry]
fn main() -> ! {
    let p = embassy_stm32::init(Default::default());
    // The flash's data cache: programming and erasing can corrupt it, and the HAL leaves it on.
    pac::FLASH.acr().modify(|acr| acr.set_dcen(false));
    let flash = Checked::new(Flash::new_blocking(p.FLASH), Ecc);
    if run(flash).is_err() {
        // Report it; a product goes on with its defaults.
    }
    loop {
        cortex_m::asm::wfi();
    }
}

fn run(
    mut flash: Checked<Flash<'_, Blocking>, Ecc>,
) -> Result<(), kvs::Error<Error<flash::Error>>> {
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

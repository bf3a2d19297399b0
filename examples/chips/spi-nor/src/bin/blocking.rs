//! Settings in a W25Q32 on an nRF52840's SPI, by a blocking driver.
#![no_std]
#![no_main]

use core::convert::Infallible;

use chips_spi_nor::{Device, SETTINGS};
use cortex_m_rt::entry;
use embassy_nrf::gpio::{Level, Output, OutputDrive};
use embassy_nrf::spim::{self, Spim};
use embassy_nrf::{bind_interrupts, peripherals};
use embedded_hal_bus::spi::{DeviceError, ExclusiveDevice, NoDelay};
use kvs::{Maintenance, Options, Resources, Store};
use panic_halt as _;
use w25q32jv::W25q32jv;

bind_interrupts!(struct Irqs {
    SPIM3 => spim::InterruptHandler<peripherals::SPI3>;
});

type Pin = Output<'static>;
type Flash = W25q32jv<ExclusiveDevice<Spim<'static>, Pin, NoDelay>, Pin, Pin>;
type FlashError = w25q32jv::Error<DeviceError<spim::Error, Infallible>, Infallible>;

#[entry]
fn main() -> ! {
    let p = embassy_nrf::init(Default::default());
    let mut config = spim::Config::default();
    config.frequency = spim::Frequency::M8;
    let bus = Spim::new(p.SPI3, Irqs, p.P0_19, p.P0_21, p.P0_20, config);
    let high = Level::High;
    let cs = Output::new(p.P0_17, high, OutputDrive::Standard);
    let write_protect = Output::new(p.P0_22, high, OutputDrive::Standard);
    let hold = Output::new(p.P0_23, high, OutputDrive::Standard);
    let Ok(device) = ExclusiveDevice::new_no_delay(bus, cs);
    if let Ok(flash) = W25q32jv::new(device, hold, write_protect)
        && run(flash).is_err()
    {
        // Report it; a product goes on with its defaults.
    }
    loop {
        cortex_m::asm::wfi();
    }
}

fn run(mut flash: Flash) -> Result<(), kvs::Error<FlashError>> {
    let mut resources = Resources::<16, 16, 256>::for_settings::<Device>();
    let mut store = Store::mount(&mut flash, SETTINGS, &mut resources, Options::DEFAULT)?;

    let (mut device, _report) = store.load::<Device>();
    device.boots += 1;
    store.save(&device)?;

    // In idle time, so that no `save` has to erase.
    while store.maintain()? != Maintenance::Idle {}
    Ok(())
}

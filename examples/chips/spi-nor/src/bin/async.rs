//! Settings in a W25Q32 on an nRF52840's SPI.
#![no_std]
#![no_main]

use core::convert::Infallible;

use chips_spi_nor::{Device, SETTINGS};
use embassy_executor::Spawner;
use embassy_nrf::gpio::{Level, Output, OutputDrive};
use embassy_nrf::spim::{self, Spim};
use embassy_nrf::{bind_interrupts, peripherals};
use embedded_hal_bus::spi::{DeviceError, ExclusiveDevice, NoDelay};
use kvs::asynch::Store;
use kvs::{Maintenance, Options, Resources};
use panic_halt as _;
use static_cell::ConstStaticCell;
use w25::{Q, W25};

bind_interrupts!(struct Irqs {
    SPIM3 => spim::InterruptHandler<peripherals::SPI3>;
});

type Flash = W25<Q, ExclusiveDevice<Spim<'static>, Output<'static>, NoDelay>, (), ()>;
type FlashError = w25::Error<DeviceError<spim::Error, Infallible>>;

/// Of the whole flash, in bytes.
const CAPACITY: u32 = 4 * 1024 * 1024;

static RESOURCES: ConstStaticCell<Resources<16, 16, 256>> =
    ConstStaticCell::new(Resources::for_settings::<Device>());

#[embassy_executor::main]
async fn main(_spawner: Spawner) {
    let p = embassy_nrf::init(Default::default());
    let mut config = spim::Config::default();
    config.frequency = spim::Frequency::M8;
    let bus = Spim::new(p.SPI3, Irqs, p.P0_19, p.P0_21, p.P0_20, config);
    let cs = Output::new(p.P0_17, Level::High, OutputDrive::Standard);
    let Ok(device) = ExclusiveDevice::new_no_delay(bus, cs);
    // Waits for what the flash was still doing when the chip was reset.
    if let Ok(flash) = Flash::new_no_pins(device, CAPACITY).await
        && run(flash).await.is_err()
    {
        // Report it; a product goes on with its defaults.
    }
}

async fn run(flash: Flash) -> Result<(), kvs::Error<FlashError>> {
    let resources = RESOURCES.take();
    let mut store = Store::mount(flash, SETTINGS, resources, Options::DEFAULT).await?;

    let (mut device, _report) = store.load::<Device>().await;
    device.boots += 1;
    store.save(&device).await?;

    // In idle time, so that no `save` has to erase.
    while store.maintain().await? != Maintenance::Idle {}
    Ok(())
}

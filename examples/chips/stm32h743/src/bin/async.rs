//! Settings in an STM32H743's own flash, by interrupts.
#![no_std]
#![no_main]

use chips_checked::{Checked, Error};
use chips_stm32h743::ecc::Ecc;
use chips_stm32h743::{Device, settings_range};
use embassy_executor::Spawner;
use embassy_stm32::bind_interrupts;
use embassy_stm32::flash::{self, Async, Flash};
use kvs::asynch::Store;
use kvs::{Options, Resources};
use panic_halt as _;
use static_cell::ConstStaticCell;

bind_interrupts!(struct Irqs {
    FLASH => flash::InterruptHandler;
});

static RESOURCES: ConstStaticCell<Resources<16, 2, 256>> =
    ConstStaticCell::new(Resources::for_settings::<Device>());

#[embassy_executor::main]
async fn main(_spawner: Spawner) {
    let p = embassy_stm32::init(Default::default());
    let flash = Checked::new(Flash::new(p.FLASH, Irqs), Ecc);
    if run(flash).await.is_err() {
        // Report it; a product goes on with its defaults.
    }
}

async fn run(flash: Checked<Flash<'_, Async>, Ecc>) -> Result<(), kvs::Error<Error<flash::Error>>> {
    let resources = RESOURCES.take();
    let mut store = Store::mount(flash, settings_range(), resources, Options::DEFAULT).await?;

    let (mut device, _report) = store.load::<Device>().await;
    device.boots += 1;
    store.save(&device).await?;
    Ok(())
}

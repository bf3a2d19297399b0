//! Settings in an nRF52840's own flash, behind the async API. The driver itself is blocking.
#![no_std]
#![no_main]

use chips_nrf52840::{Device, settings_range};
use embassy_embedded_hal::adapter::BlockingAsync;
use embassy_executor::Spawner;
use embassy_nrf::nvmc::Nvmc;
use kvs::asynch::Store;
use kvs::{Options, Resources};
use panic_halt as _;
use static_cell::ConstStaticCell;

static RESOURCES: ConstStaticCell<Resources<16, 8, 256>> =
    ConstStaticCell::new(Resources::for_settings::<Device>());

#[embassy_executor::main]
async fn main(_spawner: Spawner) {
    let p = embassy_nrf::init(Default::default());
    if run(BlockingAsync::new(Nvmc::new(p.NVMC))).await.is_err() {
        // Report it; a product goes on with its defaults.
    }
}

async fn run(flash: BlockingAsync<Nvmc<'_>>) -> Result<(), kvs::Error<embassy_nrf::nvmc::Error>> {
    let resources = RESOURCES.take();
    let mut store = Store::mount(flash, settings_range(), resources, Options::DEFAULT).await?;

    let (mut device, _report) = store.load::<Device>().await;
    device.boots += 1;
    store.save(&device).await?;
    Ok(())
}

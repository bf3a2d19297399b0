//! Settings in the flash beside an RP2040, behind the async API.
//!
//! By the blocking driver: the async one reads words of 4 bytes and writes single ones, which no store can be mounted on; and
//! it blocks, too, where it writes.
#![no_std]
#![no_main]

use chips_rp2040::{Device, FLASH_SIZE, settings_range};
use embassy_embedded_hal::adapter::BlockingAsync;
use embassy_executor::Spawner;
use embassy_rp::flash::{self, Blocking, Flash};
use embassy_rp::peripherals::FLASH;
use kvs::asynch::Store;
use kvs::{Options, Resources};
use panic_halt as _;
use static_cell::ConstStaticCell;

static RESOURCES: ConstStaticCell<Resources<16, 8, 256>> =
    ConstStaticCell::new(Resources::for_settings::<Device>());

#[embassy_executor::main]
async fn main(_spawner: Spawner) {
    let p = embassy_rp::init(Default::default());
    let flash = BlockingAsync::new(Flash::new_blocking(p.FLASH));
    if run(flash).await.is_err() {
        // Report it; a product goes on with its defaults.
    }
}

async fn run(
    flash: BlockingAsync<Flash<'_, FLASH, Blocking, FLASH_SIZE>>,
) -> Result<(), kvs::Error<flash::Error>> {
    let resources = RESOURCES.take();
    let mut store = Store::mount(flash, settings_range(), resources, Options::DEFAULT).await?;

    let (mut device, _report) = store.load::<Device>().await;
    device.boots += 1;
    store.save(&device).await?;
    Ok(())
}

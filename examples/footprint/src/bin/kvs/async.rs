//! `kvs`, its async API over the adapter of a blocking driver, each future polled once; else as `main.rs`.
#![no_std]
#![no_main]

mod device;

use app::{Bench, Flash, PARTITION, block_on};
use device::{Device, KEYS, Ram, cost};
use embassy_embedded_hal::adapter::BlockingAsync;
use kvs::Options;
use kvs::asynch::Store;

type Driver = BlockingAsync<Flash>;

#[cortex_m_rt::entry]
fn main() -> ! {
    let mut bench = Bench::begin();
    let mut ram = Ram::for_settings::<Device>();
    #[cfg(feature = "all")]
    bench.seeded(store_all(&mut ram));

    let (mut store, device) = bench.load(|| {
        let mut store = mount(&mut ram);
        let device = load(&mut store);
        (store, device)
    });
    bench.loaded(&device.seen());
    bench.save(|value| block_on(store.put(KEYS.counter, &value)).is_ok());
    bench.get(|| block_on(store.get(KEYS.counter)).ok());
    bench.churn(|value| block_on(store.put(KEYS.counter, &value)).is_ok());
    let cost = cost(&store);
    bench.end(&load(&mut store).seen(), cost)
}

fn mount(ram: &mut Ram) -> Store<'_, Driver> {
    let driver = BlockingAsync::new(Flash);
    match block_on(Store::mount(driver, 0..PARTITION, ram, Options::DEFAULT)) {
        Ok(store) => store,
        Err(_) => app::exit(),
    }
}

// Called twice, and not to be there twice.
#[inline(never)]
fn load(store: &mut Store<'_, Driver>) -> Device {
    block_on(store.load()).0
}

#[cfg(feature = "all")]
fn store_all(ram: &mut Ram) -> bool {
    app::erase_all() && block_on(mount(ram).save(&Device::seed())) == Ok(8)
}

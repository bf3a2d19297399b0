//! `kvs`: the whole struct saved, of which one setting has changed.
#![no_std]
#![no_main]

mod device;
mod store;

use app::Bench;
use device::{Device, KEYS, Ram, cost};
use store::{load, mount};

#[cortex_m_rt::entry]
fn main() -> ! {
    let mut bench = Bench::begin();
    let mut ram = Ram::for_settings::<Device>();
    #[cfg(feature = "all")]
    bench.seeded(store::store_all(&mut ram));

    let (mut store, mut device) = bench.load(|| {
        let mut store = mount(&mut ram);
        let device = load(&mut store);
        (store, device)
    });
    bench.loaded(&device.seen());
    bench.save(|value| {
        device.counter = value;
        store.save(&device) == Ok(1)
    });
    bench.get(|| store.get(KEYS.counter).ok());
    bench.churn(|value| {
        device.counter = value;
        store.save(&device) == Ok(1)
    });
    let cost = cost(&store);
    bench.end(&load(&mut store).seen(), cost)
}

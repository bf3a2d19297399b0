//! `kvs`: one setting saved by its typed key.
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

    let (mut store, device) = bench.load(|| {
        let mut store = mount(&mut ram);
        let device = load(&mut store);
        (store, device)
    });
    bench.loaded(&device.seen());
    bench.save(|value| store.put(KEYS.counter, &value).is_ok());
    bench.get(|| store.get(KEYS.counter).ok());
    bench.churn(|value| store.put(KEYS.counter, &value).is_ok());
    let cost = cost(&store);
    bench.end(&load(&mut store).seen(), cost)
}

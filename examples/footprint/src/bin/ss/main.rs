//! `sequential-storage`'s map, without a cache.
#![no_std]
#![no_main]

mod map;

use app::Bench;
use map::{Buffer, cost, get, load, mount, save};
use sequential_storage::cache::Cache;

#[cortex_m_rt::entry]
fn main() -> ! {
    let mut bench = Bench::begin();
    let buffer: &mut Buffer = &mut [0; _];
    #[cfg(feature = "all")]
    bench.seeded(app::erase_all() && map::store_all(&mut mount(Cache::new_uncached()), buffer));

    let (mut map, device) = bench.load(|| {
        let mut map = mount(Cache::new_uncached());
        let device = load(&mut map, buffer);
        (map, device)
    });
    bench.loaded(&device.seen());
    bench.save(|value| save(&mut map, buffer, value));
    bench.get(|| get(&mut map, buffer));
    bench.churn(|value| save(&mut map, buffer, value));
    bench.end(&load(&mut map, buffer).seen(), cost(&map))
}

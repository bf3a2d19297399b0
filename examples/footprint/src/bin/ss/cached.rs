//! `sequential-storage`'s map, cached: four pages, eight keys.
#![no_std]
#![no_main]

mod map;

use app::Bench;
use map::{Buffer, cost, get, load, mount, save};
use sequential_storage::cache::Cache;
use sequential_storage::cache::key_pointers::ArrayKeyPointers;
use sequential_storage::cache::page_pointers::ArrayPagePointers;
use sequential_storage::cache::page_states::ArrayPageStates;

#[cortex_m_rt::entry]
fn main() -> ! {
    let mut bench = Bench::begin();
    let buffer: &mut Buffer = &mut [0; _];
    #[cfg(feature = "all")]
    bench.seeded(app::erase_all() && map::store_all(&mut mount(cache()), buffer));

    let (mut map, device) = bench.load(|| {
        let mut map = mount(cache());
        let device = load(&mut map, buffer);
        (map, device)
    });
    bench.loaded(&device.seen());
    bench.save(|value| save(&mut map, buffer, value));
    bench.get(|| get(&mut map, buffer));
    bench.churn(|value| save(&mut map, buffer, value));
    bench.end(&load(&mut map, buffer).seen(), cost(&map))
}

type Cached = Cache<ArrayPageStates<4>, ArrayPagePointers<4>, ArrayKeyPointers<u8, 8>, u8>;

fn cache() -> Cached {
    Cache::new(
        ArrayPageStates::new(),
        ArrayPagePointers::new(),
        ArrayKeyPointers::new(),
    )
}

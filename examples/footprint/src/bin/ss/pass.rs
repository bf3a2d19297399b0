//! `sequential-storage`'s map, without a cache, loaded by one pass over all items.
#![no_std]
#![no_main]

mod map;

use app::{Bench, Device, block_on};
use map::*;
use sequential_storage::cache::{Cache, CacheImpl};
use sequential_storage::map::Value;

#[cortex_m_rt::entry]
fn main() -> ! {
    let mut bench = Bench::begin();
    let buffer: &mut Buffer = &mut [0; _];
    #[cfg(feature = "all")]
    bench.seeded(app::erase_all() && map::store_all(&mut mount(Cache::new_uncached()), buffer));

    let (mut map, device) = bench.load(|| {
        let mut map = mount(Cache::new_uncached());
        let device = load_pass(&mut map, buffer);
        (map, device)
    });
    bench.loaded(&device.seen());
    bench.save(|value| save(&mut map, buffer, value));
    bench.get(|| get(&mut map, buffer));
    bench.churn(|value| save(&mut map, buffer, value));
    bench.end(&load_pass(&mut map, buffer).seen(), cost(&map))
}

// Called twice, and not to be there twice.
#[inline(never)]
fn load_pass<C: CacheImpl<u8>>(map: &mut Map<C>, buffer: &mut Buffer) -> Device {
    let mut device = Device::default();
    block_on(async {
        let Ok(mut items) = map.fetch_all_items(buffer).await else {
            return;
        };
        // The last item of a key counts.
        while let Ok(Some((key, bytes))) = items.next::<&[u8]>(buffer).await {
            match key {
                COUNTER => decode(bytes, &mut device.counter),
                ENABLED => decode(bytes, &mut device.enabled),
                BRIGHTNESS => decode(bytes, &mut device.brightness),
                OFFSET => decode(bytes, &mut device.offset),
                GAIN => decode(bytes, &mut device.gain),
                SERIAL => decode(bytes, &mut device.serial),
                NAME => decode(bytes, &mut device.name),
                TOKEN => decode(bytes, &mut device.token),
                _ => {}
            }
        }
    });
    device
}

fn decode<'d, V: Value<'d>>(bytes: &'d [u8], value: &mut V) {
    if let Ok((decoded, _)) = V::deserialize_from(bytes) {
        *value = decoded;
    }
}

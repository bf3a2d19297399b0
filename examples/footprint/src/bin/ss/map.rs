//! `sequential-storage`'s map: what the ways of using it share.

use app::{Cost, Device, Flash, PARTITION, block_on};
use embassy_embedded_hal::adapter::BlockingAsync;
use sequential_storage::cache::CacheImpl;
use sequential_storage::map::{MapConfig, MapStorage, Value};

pub type Map<C> = MapStorage<u8, BlockingAsync<Flash>, C>;

pub const COUNTER: u8 = 0;
pub const ENABLED: u8 = 1;
pub const BRIGHTNESS: u8 = 2;
pub const OFFSET: u8 = 3;
pub const GAIN: u8 = 4;
pub const SERIAL: u8 = 5;
pub const NAME: u8 = 6;
pub const TOKEN: u8 = 7;

/// For the largest value and its key, in whole words.
pub type Buffer = [u8; 64];

pub fn mount<C: CacheImpl<u8>>(cache: C) -> Map<C> {
    Map::new(
        BlockingAsync::new(Flash),
        const { MapConfig::new(0..PARTITION) },
        cache,
    )
}

pub async fn fetch<V: for<'d> Value<'d> + Default, C: CacheImpl<u8>>(
    map: &mut Map<C>,
    buffer: &mut Buffer,
    key: u8,
) -> V {
    match map.fetch_item(buffer, &key).await {
        Ok(Some(value)) => value,
        _ => V::default(),
    }
}

/// An item at a time.
// Called twice, and not to be there twice.
#[inline(never)]
#[allow(dead_code, reason = "not by all of them")]
pub fn load<C: CacheImpl<u8>>(map: &mut Map<C>, buffer: &mut Buffer) -> Device {
    block_on(async {
        Device {
            counter: fetch(map, buffer, COUNTER).await,
            enabled: fetch(map, buffer, ENABLED).await,
            brightness: fetch(map, buffer, BRIGHTNESS).await,
            offset: fetch(map, buffer, OFFSET).await,
            gain: fetch(map, buffer, GAIN).await,
            serial: fetch(map, buffer, SERIAL).await,
            name: fetch(map, buffer, NAME).await,
            token: fetch(map, buffer, TOKEN).await,
        }
    })
}

pub fn save<C: CacheImpl<u8>>(map: &mut Map<C>, buffer: &mut Buffer, counter: u32) -> bool {
    block_on(map.store_item(buffer, &COUNTER, &counter)).is_ok()
}

pub fn get<C: CacheImpl<u8>>(map: &mut Map<C>, buffer: &mut Buffer) -> Option<u32> {
    block_on(map.fetch_item(buffer, &COUNTER)).ok().flatten()
}

pub fn cost<C: CacheImpl<u8>>(map: &Map<C>) -> Cost {
    Cost {
        store: size_of_val(map),
        buffer: size_of::<Buffer>(),
    }
}

#[cfg(feature = "all")]
pub fn store_all<C: CacheImpl<u8>>(map: &mut Map<C>, buffer: &mut Buffer) -> bool {
    let device = Device::seed();
    let stored = block_on(async {
        map.store_item(buffer, &COUNTER, &device.counter).await?;
        map.store_item(buffer, &ENABLED, &device.enabled).await?;
        map.store_item(buffer, &BRIGHTNESS, &device.brightness)
            .await?;
        map.store_item(buffer, &OFFSET, &device.offset).await?;
        map.store_item(buffer, &GAIN, &device.gain).await?;
        map.store_item(buffer, &SERIAL, &device.serial).await?;
        map.store_item(buffer, &NAME, &device.name).await?;
        map.store_item(buffer, &TOKEN, &device.token).await
    });
    stored.is_ok()
}

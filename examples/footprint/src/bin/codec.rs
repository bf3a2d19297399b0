//! No store: postcard, and a page for each setting. The floor; a power cut during a save loses the setting.
#![no_std]
#![no_main]

use app::{Bench, Cost, Device, Flash, PAGE, block_on};
use embassy_embedded_hal::adapter::BlockingAsync;
use embedded_storage_async::nor_flash::{NorFlash, ReadNorFlash};
use serde::Serialize;
use serde::de::DeserializeOwned;

type Slots = BlockingAsync<Flash>;

/// For the largest value, in whole words.
type Buffer = [u8; 64];

#[cortex_m_rt::entry]
fn main() -> ! {
    let mut bench = Bench::begin();
    let buffer: &mut Buffer = &mut [0; _];
    let mut slots = BlockingAsync::new(Flash);
    #[cfg(feature = "all")]
    bench.seeded(app::erase_all() && store_all(&mut slots, buffer));

    let device = bench.load(|| load(&mut slots, buffer));
    bench.loaded(&device.seen());
    bench.save(|value| save(&mut slots, buffer, 0, &value));
    bench.get(|| get(&mut slots, buffer, 0));
    bench.churn(|value| save(&mut slots, buffer, 0, &value));
    let cost = Cost {
        store: size_of::<Slots>(),
        buffer: size_of::<Buffer>(),
    };
    bench.end(&load(&mut slots, buffer).seen(), cost)
}

fn get<T: DeserializeOwned>(slots: &mut Slots, buffer: &mut Buffer, slot: u32) -> Option<T> {
    block_on(slots.read(slot * PAGE, buffer)).ok()?;
    postcard::from_bytes(buffer).ok()
}

fn save<T: Serialize>(slots: &mut Slots, buffer: &mut Buffer, slot: u32, value: &T) -> bool {
    let Ok(bytes) = postcard::to_slice(value, buffer) else {
        return false;
    };
    let words = bytes.len().next_multiple_of(4);
    block_on(async {
        slots.erase(slot * PAGE, (slot + 1) * PAGE).await?;
        slots.write(slot * PAGE, &buffer[..words]).await
    })
    .is_ok()
}

// Called twice, and not to be there twice.
#[inline(never)]
fn load(slots: &mut Slots, buffer: &mut Buffer) -> Device {
    Device {
        counter: get(slots, buffer, 0).unwrap_or_default(),
        enabled: get(slots, buffer, 1).unwrap_or_default(),
        brightness: get(slots, buffer, 2).unwrap_or_default(),
        offset: get(slots, buffer, 3).unwrap_or_default(),
        gain: get(slots, buffer, 4).unwrap_or_default(),
        serial: get(slots, buffer, 5).unwrap_or_default(),
        name: get(slots, buffer, 6).unwrap_or_default(),
        token: get(slots, buffer, 7).unwrap_or_default(),
    }
}

#[cfg(feature = "all")]
fn store_all(slots: &mut Slots, buffer: &mut Buffer) -> bool {
    let device = Device::seed();
    save(slots, buffer, 0, &device.counter)
        && save(slots, buffer, 1, &device.enabled)
        && save(slots, buffer, 2, &device.brightness)
        && save(slots, buffer, 3, &device.offset)
        && save(slots, buffer, 4, &device.gain)
        && save(slots, buffer, 5, &device.serial)
        && save(slots, buffer, 6, &device.name)
        && save(slots, buffer, 7, &device.token)
}

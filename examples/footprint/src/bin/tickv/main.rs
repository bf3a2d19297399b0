//! `tickv`, with postcard for the values. An update is a removal and an append: a power cut in between loses the setting.
#![no_std]
#![no_main]

mod controller;

use app::{Bench, Cost, Device, PARTITION};
use controller::{Controller, REGION};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tickv::{ErrorCode, MAIN_KEY, TicKV};

type Kv<'a> = TicKV<'a, Controller, REGION>;

/// The library's, for a region; and the one for values, which holds the largest.
type Region = [u8; REGION];
type Buffer = [u8; 64];

const COUNTER: u64 = hash(b"counter");
const ENABLED: u64 = hash(b"enabled");
const BRIGHTNESS: u64 = hash(b"brightness");
const OFFSET: u64 = hash(b"offset");
const GAIN: u64 = hash(b"gain");
const SERIAL: u64 = hash(b"serial");
const NAME: u64 = hash(b"name");
const TOKEN: u64 = hash(b"token");

/// FNV-1a: the keys are numbers of the caller's making.
const fn hash(name: &[u8]) -> u64 {
    let mut hash = 0xCBF2_9CE4_8422_2325;
    let mut at = 0;
    while at < name.len() {
        hash = (hash ^ name[at] as u64).wrapping_mul(0x100_0000_01B3);
        at += 1;
    }
    hash
}

#[cortex_m_rt::entry]
fn main() -> ! {
    let mut bench = Bench::begin();
    let region: &mut Region = &mut [0; _];
    let buffer: &mut Buffer = &mut [0; _];
    #[cfg(feature = "all")]
    bench.seeded(app::erase_all() && store_all(&mount(region), buffer));

    let (kv, device) = bench.load(|| {
        let kv = mount(region);
        let device = load(&kv, buffer);
        (kv, device)
    });
    bench.loaded(&device.seen());
    bench.save(|value| save(&kv, buffer, COUNTER, &value));
    bench.get(|| get(&kv, buffer, COUNTER));
    bench.churn(|value| save(&kv, buffer, COUNTER, &value));
    let cost = Cost {
        store: size_of_val(&kv),
        buffer: size_of::<Region>() + size_of::<Buffer>(),
    };
    // Once a save has failed, the library's buffer is missing and the next call panics: mount anew.
    bench.end(&load(&mount(region), buffer).seen(), cost)
}

fn mount(region: &mut Region) -> Kv<'_> {
    let kv = Kv::new(Controller, region, PARTITION as usize);
    let _ = kv.initialise(const { hash(MAIN_KEY) });
    kv
}

fn get<T: DeserializeOwned>(kv: &Kv<'_>, buffer: &mut Buffer, key: u64) -> Option<T> {
    let (_, len) = kv.get_key(key, buffer).ok()?;
    postcard::from_bytes(buffer.get(..len)?).ok()
}

fn save<T: Serialize>(kv: &Kv<'_>, buffer: &mut Buffer, key: u64, value: &T) -> bool {
    match postcard::to_slice(value, buffer) {
        Ok(bytes) => put(kv, key, bytes),
        Err(_) => false,
    }
}

fn put(kv: &Kv<'_>, key: u64, bytes: &[u8]) -> bool {
    match kv.invalidate_key(key) {
        Ok(_) | Err(ErrorCode::KeyNotFound) => {}
        Err(_) => return false,
    }
    match kv.append_key(key, bytes) {
        Err(ErrorCode::RegionFull | ErrorCode::FlashFull) => {
            kv.garbage_collect().is_ok() && kv.append_key(key, bytes).is_ok()
        }
        result => result.is_ok(),
    }
}

// Called twice, and not to be there twice.
#[inline(never)]
fn load(kv: &Kv<'_>, buffer: &mut Buffer) -> Device {
    Device {
        counter: get(kv, buffer, COUNTER).unwrap_or_default(),
        enabled: get(kv, buffer, ENABLED).unwrap_or_default(),
        brightness: get(kv, buffer, BRIGHTNESS).unwrap_or_default(),
        offset: get(kv, buffer, OFFSET).unwrap_or_default(),
        gain: get(kv, buffer, GAIN).unwrap_or_default(),
        serial: get(kv, buffer, SERIAL).unwrap_or_default(),
        name: get(kv, buffer, NAME).unwrap_or_default(),
        token: get(kv, buffer, TOKEN).unwrap_or_default(),
    }
}

#[cfg(feature = "all")]
fn store_all(kv: &Kv<'_>, buffer: &mut Buffer) -> bool {
    let device = Device::seed();
    save(kv, buffer, COUNTER, &device.counter)
        && save(kv, buffer, ENABLED, &device.enabled)
        && save(kv, buffer, BRIGHTNESS, &device.brightness)
        && save(kv, buffer, OFFSET, &device.offset)
        && save(kv, buffer, GAIN, &device.gain)
        && save(kv, buffer, SERIAL, &device.serial)
        && save(kv, buffer, NAME, &device.name)
        && save(kv, buffer, TOKEN, &device.token)
}

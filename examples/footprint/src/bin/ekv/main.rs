//! `ekv`, with postcard for the values. Has eight pages: with fewer it is full at once.
#![no_std]
#![no_main]

mod pages;

use app::{Bench, Cost, Device, block_on};
use ekv::{Config, Database, ReadTransaction};
use embassy_sync::blocking_mutex::raw::NoopRawMutex;
use pages::Pages;
use postcard::{from_bytes, to_slice};
use serde::de::DeserializeOwned;

type Db = Database<Pages, NoopRawMutex>;

/// For the largest value.
type Buffer = [u8; 64];

const COUNTER: &[u8] = &[0];
const ENABLED: &[u8] = &[1];
const BRIGHTNESS: &[u8] = &[2];
const OFFSET: &[u8] = &[3];
const GAIN: &[u8] = &[4];
const SERIAL: &[u8] = &[5];
const NAME: &[u8] = &[6];
const TOKEN: &[u8] = &[7];

#[cortex_m_rt::entry]
fn main() -> ! {
    let mut bench = Bench::begin();
    let buffer: &mut Buffer = &mut [0; _];
    #[cfg(feature = "all")]
    bench.seeded(app::erase_all() && store_all(&new(), buffer));

    let (db, device) = bench.load(|| {
        let db = new();
        let _ = block_on(db.mount());
        let device = load(&db, buffer);
        (db, device)
    });
    bench.loaded(&device.seen());
    bench.save(|value| save(&db, buffer, value));
    bench.get(|| get(&db, buffer));
    bench.churn(|value| save(&db, buffer, value));
    let cost = Cost {
        store: size_of_val(&db),
        buffer: size_of::<Buffer>(),
    };
    bench.end(&load(&db, buffer).seen(), cost)
}

fn new() -> Db {
    Db::new(Pages::new(), Config::default())
}

fn save(db: &Db, buffer: &mut Buffer, counter: u32) -> bool {
    let Ok(bytes) = to_slice(&counter, buffer) else {
        return false;
    };
    block_on(async {
        let mut transaction = db.write_transaction().await;
        transaction.write(COUNTER, bytes).await.ok()?;
        transaction.commit().await.ok()
    })
    .is_some()
}

fn get(db: &Db, buffer: &mut Buffer) -> Option<u32> {
    block_on(async { read(&db.read_transaction().await, buffer, COUNTER).await })
}

async fn read<T: DeserializeOwned>(
    transaction: &ReadTransaction<'_, Pages, NoopRawMutex>,
    buffer: &mut Buffer,
    key: &[u8],
) -> Option<T> {
    let len = transaction.read(key, buffer).await.ok()?;
    from_bytes(buffer.get(..len)?).ok()
}

// Called twice, and not to be there twice.
#[inline(never)]
fn load(db: &Db, buffer: &mut Buffer) -> Device {
    block_on(async {
        let all = &db.read_transaction().await;
        Device {
            counter: read(all, buffer, COUNTER).await.unwrap_or_default(),
            enabled: read(all, buffer, ENABLED).await.unwrap_or_default(),
            brightness: read(all, buffer, BRIGHTNESS).await.unwrap_or_default(),
            offset: read(all, buffer, OFFSET).await.unwrap_or_default(),
            gain: read(all, buffer, GAIN).await.unwrap_or_default(),
            serial: read(all, buffer, SERIAL).await.unwrap_or_default(),
            name: read(all, buffer, NAME).await.unwrap_or_default(),
            token: read(all, buffer, TOKEN).await.unwrap_or_default(),
        }
    })
}

/// In one transaction.
#[cfg(feature = "all")]
fn store_all(db: &Db, buffer: &mut Buffer) -> bool {
    let device = Device::seed();
    block_on(async {
        db.format().await.ok()?;
        let mut all = db.write_transaction().await;
        all.write(COUNTER, to_slice(&device.counter, buffer).ok()?)
            .await
            .ok()?;
        all.write(ENABLED, to_slice(&device.enabled, buffer).ok()?)
            .await
            .ok()?;
        all.write(BRIGHTNESS, to_slice(&device.brightness, buffer).ok()?)
            .await
            .ok()?;
        all.write(OFFSET, to_slice(&device.offset, buffer).ok()?)
            .await
            .ok()?;
        all.write(GAIN, to_slice(&device.gain, buffer).ok()?)
            .await
            .ok()?;
        all.write(SERIAL, to_slice(&device.serial, buffer).ok()?)
            .await
            .ok()?;
        all.write(NAME, to_slice(&device.name, buffer).ok()?)
            .await
            .ok()?;
        all.write(TOKEN, to_slice(&device.token, buffer).ok()?)
            .await
            .ok()?;
        all.commit().await.ok()
    })
    .is_some()
}

//! What each contender has, without a contender: the flash driver, its async adapter and an executor.
#![no_std]
#![no_main]

use core::hint::black_box;

use app::{Bench, Cost, Flash, PAGE, Seen, block_on, seed};
use embassy_embedded_hal::adapter::BlockingAsync;
use embedded_storage_async::nor_flash::{NorFlash, ReadNorFlash};

#[cortex_m_rt::entry]
fn main() -> ! {
    let mut bench = Bench::begin();
    let mut flash = BlockingAsync::new(Flash);
    let mut bytes = [0; 64];
    let read = |flash: &mut BlockingAsync<Flash>, bytes: &mut [u8; 64]| {
        let read = block_on(flash.read(0, bytes)).is_ok();
        black_box(bytes);
        read
    };
    bench.load(|| read(&mut flash, &mut bytes));
    bench.save(|_| block_on(flash.write(0, black_box(&bytes))).is_ok());
    bench.get(|| read(&mut flash, &mut bytes).then_some(seed::COUNTER + 1));
    bench.churn(|_| block_on(flash.erase(0, PAGE)).is_ok());
    let mut seen = black_box(Seen {
        counter: seed::COUNTER,
        enabled: seed::ENABLED,
        brightness: seed::BRIGHTNESS,
        offset: seed::OFFSET,
        gain: seed::GAIN,
        serial: seed::SERIAL,
        name: seed::NAME,
        token: &seed::TOKEN,
    });
    bench.loaded(&seen);
    // What 401 saves would have left.
    seen.counter += 401;
    bench.end(
        &seen,
        Cost {
            store: 0,
            buffer: 0,
        },
    )
}

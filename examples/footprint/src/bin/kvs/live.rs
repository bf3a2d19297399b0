//! `kvs`: settings that are shared, edited and saved by the saver, which is polled in the main loop.
#![no_std]
#![no_main]

// What the mutex keeps interrupts out with.
use cortex_m as _;

mod device;
mod store;

use app::{Bench, Flash};
use device::{Device, KEYS, Ram, cost};
use embassy_sync_0_8::blocking_mutex::raw::CriticalSectionRawMutex;
use kvs::live::{Live, Next, Policy};
use kvs::Saver;
use store::mount;

type Shared = Live<CriticalSectionRawMutex, Device, 3>;

static LIVE: Shared = Live::new();

#[cortex_m_rt::entry]
fn main() -> ! {
    let mut bench = Bench::begin();
    let mut ram = Ram::for_settings::<Device>();
    #[cfg(feature = "all")]
    bench.seeded(store::store_all(&mut ram));

    let mut now = 0;
    let mut saver = bench.load(|| {
        let policy = Policy {
            maintain: false,
            ..Policy::DEFAULT
        };
        let mut saver = Saver::new(&LIVE, mount(&mut ram), policy);
        load(&mut saver);
        saver
    });
    bench.loaded(&LIVE.with(Device::clone).seen());
    bench.save(|value| change(value) && save(&mut saver, &mut now));
    bench.get(|| LIVE.get(KEYS.counter).ok());
    bench.churn(|value| change(value) && save(&mut saver, &mut now));
    let cost = cost(saver.store());
    load(&mut saver);
    bench.end(&LIVE.with(Device::clone).seen(), cost)
}

// Called twice, and not to be there twice.
#[inline(never)]
fn load(saver: &mut Saver<'_, CriticalSectionRawMutex, Device, Flash, 3>) {
    saver.load();
}

#[inline(never)]
fn change(value: u32) -> bool {
    LIVE.set(KEYS.counter, &value).is_ok()
}

/// Lets the time pass until what was changed is saved.
#[inline(never)]
fn save(saver: &mut Saver<'_, CriticalSectionRawMutex, Device, Flash, 3>, now: &mut u64) -> bool {
    loop {
        match saver.poll(*now) {
            Ok(Next::Now) => {}
            Ok(Next::At(time)) => *now = time,
            Ok(Next::OnChange) => return LIVE.is_saved(),
            Err(_) => return false,
        }
    }
}

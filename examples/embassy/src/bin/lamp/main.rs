//! A lamp with settings, in embassy: one task owns the store, the others ask it for changes and are told of them.
//!
//! What it goes on to do depends on what it finds in flash, so that there is something to see: on first boot two tasks change
//! settings, after an update it confirms, and after both it resets itself; else it ends.

#![no_std]
#![no_main]
#![deny(unsafe_code)]

mod blink;
mod client;
mod network;
mod owner;
mod panel;
mod settings;
mod time;

use cortex_m_semihosting::hprintln;
use embassy_executor::Spawner;
use embassy_futures::join::join;
use embassy_time::Timer;
use kvs_embassy::board::{self, Led};
use kvs_embassy::flash::Async;

use crate::client::{CONFIRM, CONFIRMED, Words};
use crate::settings::Lamp;

#[embassy_executor::main]
async fn main(spawner: Spawner) {
    if let Some(core) = cortex_m::Peripherals::take() {
        time::start(core.SYST, board::CORE_HZ);
    }
    let (store, lamp, report) = match owner::mount(Async::new(board::flash())).await {
        Ok(mounted) => mounted,
        // A lamp that is sold would go on with `Lamp::defaults()`.
        Err(error) => panic!("no settings: {error}"),
    };
    let is_first_boot = report.is_first_boot();
    let is_update = report.migrated().next().is_some();
    if is_first_boot {
        hprintln!("boot: nothing is stored");
    }
    for (setting, _) in report.migrated() {
        hprintln!("boot: an older firmware's: {}", setting);
    }
    for (setting, why) in report.rejected() {
        hprintln!("boot: the default instead: {}: {}", setting, why);
    }
    show(&lamp);

    spawner.spawn(owner::run(store, lamp).unwrap());
    spawner.spawn(blink::run(Led).unwrap());
    if is_first_boot {
        spawner.spawn(panel::run().unwrap());
        spawner.spawn(network::run().unwrap());
        join(panel::DONE.wait(), network::DONE.wait()).await;
    } else {
        // All is well for a second: this firmware works.
        Timer::after_secs(1).await;
        if !is_update {
            board::exit(true);
        }
        // Until here, the firmware before would still have found its own settings.
        CONFIRM.signal(());
        hprintln!("main: the update: {}", Words(CONFIRMED.wait().await));
    }
    hprintln!("reset");
    board::reset();
}

fn show(lamp: &Lamp) {
    hprintln!(
        "boot: blink {} ms, name \"{}\", network \"{}\", passphrase {}",
        lamp.blink_ms,
        lamp.name,
        lamp.wifi.ssid,
        // Not for the log.
        match lamp.wifi.passphrase.is_empty() {
            true => "none",
            false => "set",
        }
    );
}

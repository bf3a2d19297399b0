//! Somebody at the lamp turns its knob.

use cortex_m_semihosting::hprintln;
use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
use embassy_sync::signal::Signal;
use embassy_time::Timer;

use crate::client::{Client, Inbox, Words};
use crate::settings::Change;

pub static DONE: Signal<CriticalSectionRawMutex, ()> = Signal::new();

#[embassy_executor::task]
pub async fn run() {
    static INBOX: Inbox = Inbox::new();
    let mut client = Client::new(&INBOX);

    Timer::after_secs(1).await;
    hprintln!("panel: the knob is turned from 500 ms to 200 ms, in ten steps");
    for period in (200..=470).rev().step_by(30) {
        // Each step is sent, and none waited for.
        client.send(Change::Blink(period)).await;
        Timer::after_millis(20).await;
    }
    hprintln!("panel: 200 ms: {}", Words(client.answer().await));

    let answer = client.change(Change::Blink(20)).await;
    hprintln!("panel: 20 ms: {}", Words(answer));
    DONE.signal(());
}

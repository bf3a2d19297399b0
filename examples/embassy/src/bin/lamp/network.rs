//! Somebody far away sets the lamp up.

use core::sync::atomic::Ordering::Relaxed;

use cortex_m_semihosting::hprintln;
use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
use embassy_sync::signal::Signal;
use embassy_time::{Duration, TimeoutError, Timer, with_timeout};
use heapless::String;
use kvs_embassy::flash;

use crate::client::{Client, Inbox, Words};
use crate::settings::{Change, Wifi};

pub static DONE: Signal<CriticalSectionRawMutex, ()> = Signal::new();

#[embassy_executor::task]
pub async fn run() {
    static INBOX: Inbox = Inbox::new();
    let mut client = Client::new(&INBOX);

    // While the knob is being turned.
    Timer::after_millis(1050).await;
    let answer = client.change(name("attic")).await;
    hprintln!("network: a name: {}", Words(answer));

    let answer = client.change(wifi("upstairs", "secret")).await;
    hprintln!("network: a short passphrase: {}", Words(answer));
    let answer = client.change(wifi("upstairs", "a longer secret")).await;
    hprintln!("network: a longer one: {}", Words(answer));

    // Who does not wait long enough loses the answer, and nothing else.
    let hasty = with_timeout(
        Duration::from_millis(10),
        client.change(name("attic, left")),
    )
    .await;
    if let Err(TimeoutError) = hasty {
        hprintln!("network: another name: no answer yet, and not waited for");
    }
    let answer = client.change(wifi("downstairs", "a longer secret")).await;
    hprintln!("network: another network: {}", Words(answer));

    // Halfway through the save, the flash driver hangs.
    flash::MISS_AN_INTERRUPT.store(true, Relaxed);
    let answer = client.change(name("the lamp in the attic")).await;
    hprintln!("network: a long name: {}", Words(answer));
    DONE.signal(());
}

fn name(name: &str) -> Change {
    Change::Name(text(name))
}

fn wifi(ssid: &str, passphrase: &str) -> Change {
    Change::Wifi(Wifi {
        ssid: text(ssid),
        passphrase: text(passphrase),
    })
}

fn text<const N: usize>(text: &str) -> String<N> {
    String::try_from(text).expect("it fits")
}

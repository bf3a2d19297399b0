//! Blinks, as fast as the settings say.

use cortex_m_semihosting::hprintln;
use embassy_time::{Duration, TimeoutError, with_timeout};
use kvs_embassy::board::Led;

use crate::client::SETTINGS;

#[embassy_executor::task]
pub async fn run(mut led: Led) {
    let Some(mut settings) = SETTINGS.receiver() else {
        panic!("SETTINGS has room for fewer receivers than there are");
    };
    let mut period = settings.get().await.blink_ms;
    loop {
        hprintln!("blink: every {} ms", period);
        let pause = Duration::from_millis(period.into());
        period = loop {
            let changed = settings.changed_and(|new| new.blink_ms != period);
            match with_timeout(pause, changed).await {
                Ok(new) => break new.blink_ms,
                Err(TimeoutError) => led.toggle(),
            }
        };
    }
}

//! The clock of a saver that runs by itself.

use core::future::Future;

/// A clock in milliseconds, which may begin anywhere and never goes back.
pub trait Clock {
    /// The time now.
    fn now(&self) -> u64;

    /// Waits until this time; at once where it is past.
    fn wait_until(&self, time: u64) -> impl Future<Output = ()>;
}

/// The clock of `embassy-time`.
#[cfg(feature = "embassy-time")]
#[derive(Clone, Copy, Debug, Default)]
pub struct EmbassyClock;

#[cfg(feature = "embassy-time")]
impl Clock for EmbassyClock {
    fn now(&self) -> u64 {
        embassy_time::Instant::now().as_millis()
    }

    async fn wait_until(&self, time: u64) {
        embassy_time::Timer::at(embassy_time::Instant::from_millis(time)).await;
    }
}

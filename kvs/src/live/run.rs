//! The saver as a task.

use core::future::{pending, poll_fn};

use embassy_futures::select::{Either, select};
use embassy_sync::blocking_mutex::raw::RawMutex;

use super::NorFlash;
use super::saver::Saver;
use crate::checksum::Checksum;
use crate::events;
use crate::live::{Clock, Next, SaveError};
use crate::settings::{Base, Settings};

impl<M: RawMutex, S: Settings + Clone, F: NorFlash, const WAITERS: usize, C: Checksum, B: Base<S>>
    Saver<'_, M, S, F, WAITERS, C, B>
{
    /// Saves what is changed, for ever: a task of its own. It sleeps while there is nothing to do.
    ///
    /// What fails is told to who has asked for it, and to the log (features `log`, `defmt`), and
    /// tried again later. To learn of each failure, call [`poll`](Self::poll) in a loop of your own.
    /// May be dropped at any time, to do something else with the [`store`](Self::store), and called
    /// again.
    ///
    /// ```
    /// use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
    /// use kvs::asynch::{Saver, Store};
    /// use kvs::live::{Clock, Live, Policy, SaveError};
    /// use kvs::{Options, Resources, Settings, sim::presets};
    ///
    /// #[derive(Clone, Settings)]
    /// struct Lamp {
    ///     #[setting(default = 80, range = 0..=100)]
    ///     brightness: u8,
    /// }
    ///
    /// static LAMP: Live<CriticalSectionRawMutex, Lamp, 4> = Live::new();
    ///
    /// async fn panel() -> Result<(), SaveError> {
    ///     LAMP.set(Lamp::KEYS.brightness, &40).expect("0 to 100 are allowed");
    ///     LAMP.flush().await // returns when it is in flash
    /// }
    ///
    /// # struct Never;
    /// # impl Clock for Never {
    /// #     fn now(&self) -> u64 { 0 }
    /// #     async fn wait_until(&self, _: u64) { core::future::pending().await }
    /// # }
    /// # embassy_futures::block_on(async {
    /// # let clock = Never; // `EmbassyClock`, with the feature `embassy-time`
    /// # let flash = presets::nrf52840();
    /// let mut resources = Resources::<8, 8, 64>::for_settings::<Lamp>();
    /// let store = Store::mount(flash, 0..8 * 4096, &mut resources, Options::DEFAULT).await?;
    /// let mut saver = Saver::new(&LAMP, store, Policy::DEFAULT);
    /// saver.load().await;
    /// // In a firmware, each in a task.
    /// embassy_futures::select::select(saver.run(&clock), panel()).await;
    /// assert!(LAMP.is_saved());
    /// # Ok::<(), kvs::Error<kvs::sim::SimError>>(())
    /// # });
    /// ```
    pub async fn run(&mut self, clock: &impl Clock) -> ! {
        loop {
            let now = clock.now();
            let work = self.live().work();
            let time_limit = u64::from(self.policy().timeout_ms);
            let time_is_up = async {
                match time_limit {
                    0 => pending().await,
                    limit => clock.wait_until(now.saturating_add(limit)).await,
                }
            };
            let next = match select(self.poll(now), time_is_up).await {
                Either::First(Ok(next)) => next,
                Either::First(Err(error)) => {
                    events::save_failed(&error);
                    Next::Now
                }
                Either::Second(()) => {
                    events::save_dropped();
                    self.failed(clock.now(), work, SaveError::TimedOut);
                    Next::Now
                }
            };
            let live = self.live();
            let changed = poll_fn(|context| live.poll_work(work, context));
            match next {
                Next::Now => {}
                Next::OnChange => changed.await,
                Next::At(time) => {
                    select(changed, clock.wait_until(time)).await;
                }
            }
        }
    }
}

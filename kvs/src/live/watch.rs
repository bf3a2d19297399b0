//! [`Watch`]: waits for changes of some settings.

use core::fmt;
use core::future::poll_fn;
use core::task::Poll;

use embassy_sync::blocking_mutex::raw::RawMutex;

use super::shared::Live;
use crate::settings::{Part, Settings};

/// Waits for changes of one setting, of a nested struct or of all: from
/// [`Live::watch`].
///
/// It misses no last change: what changes while nobody awaits is told at the next
/// [`changed`](Self::changed). Several changes may be told as one, with the newest value. While
/// there is none it costs nothing, and changes of other settings do not wake it.
///
/// ```
/// # use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
/// # use kvs::Settings;
/// # use kvs::live::Live;
/// # #[derive(Clone, Settings)]
/// # struct Lamp {
/// #     #[setting(default = 80, range = 0..=100)]
/// #     brightness: u8,
/// #     #[setting(default = 2700)]
/// #     kelvin: u16,
/// # }
/// static LAMP: Live<CriticalSectionRawMutex, Lamp, 4> = Live::new();
///
/// # embassy_futures::block_on(async {
/// let mut brightness = LAMP.watch(Lamp::KEYS.brightness)?;
/// LAMP.set(Lamp::KEYS.brightness, &30)?;
/// LAMP.set(Lamp::KEYS.brightness, &20)?;
/// assert_eq!(brightness.changed().await, 20);
///
/// // Code that polls asks whether there is something.
/// LAMP.set(Lamp::KEYS.kelvin, &4000)?;
/// assert_eq!(brightness.try_changed(), None);
/// # Ok::<(), kvs::live::WatchError>(())
/// # });
/// ```
pub struct Watch<'a, M: RawMutex, S: Settings, P, const WAITERS: usize> {
    live: &'a Live<M, S, WAITERS>,
    part: P,
    place: usize,
}

impl<'a, M: RawMutex, S: Settings, P: Part, const WAITERS: usize> Watch<'a, M, S, P, WAITERS>
where
    P::Value: Clone,
{
    pub(super) fn new(live: &'a Live<M, S, WAITERS>, part: P, place: usize) -> Self {
        Self { live, part, place }
    }

    /// The newest value, as soon as there has been a change since the last one that this returned,
    /// or since the watch began. May be dropped at any time: no change is missed for that.
    pub async fn changed(&mut self) -> P::Value {
        poll_fn(|context| {
            // First the waker: a change behind it wakes, and one in front of it is seen.
            let waker = context.waker().clone();
            let _before = self
                .live
                .change_state(|state| state.wait(self.place, waker));
            match self.try_changed() {
                Some(value) => Poll::Ready(value),
                None => Poll::Pending,
            }
        })
        .await
    }

    /// The newest value if there has been a change since the last one that this returned, or since
    /// the watch began.
    pub fn try_changed(&mut self) -> Option<P::Value> {
        let news = self.live.change_state(|state| state.take_news(self.place));
        match news {
            Some(true) => self.live.part(self.part),
            _ => None,
        }
    }
}

impl<M: RawMutex, S: Settings, P, const WAITERS: usize> Drop for Watch<'_, M, S, P, WAITERS> {
    fn drop(&mut self) {
        let _waker = self.live.change_state(|state| state.leave(self.place));
    }
}

impl<M: RawMutex, S: Settings, P: fmt::Debug, const WAITERS: usize> fmt::Debug
    for Watch<'_, M, S, P, WAITERS>
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Watch({:?})", self.part)
    }
}

//! Notices: who is woken, by what, and that no last change is missed.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use kvs::live::WatchError;

use crate::device::{Device, KEYS, Shared};

/// Counts how often it is woken.
#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Count {
    fn get(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

fn poll<T>(future: impl Future<Output = T>, waker: &Arc<Count>) -> Poll<T> {
    let waker = Waker::from(Arc::clone(waker));
    pin!(future).poll(&mut Context::from_waker(&waker))
}

#[test]
fn a_change_is_told_within_one_poll() -> Result<(), WatchError> {
    let live = Shared::new();
    let waker = Arc::new(Count::default());
    let mut target = live.watch(KEYS.target)?;
    assert_eq!(poll(target.changed(), &waker), Poll::Pending);
    assert_eq!(waker.get(), 0);
    live.set(KEYS.target, &225)?;
    assert_eq!(waker.get(), 1);
    assert_eq!(poll(target.changed(), &waker), Poll::Ready(225));
    assert_eq!(poll(target.changed(), &waker), Poll::Pending);
    Ok(())
}

#[test]
fn who_waits_is_woken_by_their_own_settings_alone() -> Result<(), WatchError> {
    let live = Shared::new();
    let wakers = [(); 3].map(|()| Arc::new(Count::default()));
    let mut channel = live.watch(KEYS.wifi.channel)?;
    let mut wifi = live.watch(KEYS.wifi)?;
    let mut all = live.watch(KEYS)?;
    let mut poll_all = || {
        (
            poll(channel.changed(), &wakers[0]),
            poll(wifi.changed(), &wakers[1]).map(|wifi| wifi.channel),
            poll(all.changed(), &wakers[2]).map(|device: Device| device.target),
        )
    };
    let nothing = (Poll::Pending, Poll::Pending, Poll::Pending);
    let counts = || [0, 1, 2].map(|number: usize| wakers[number].get());

    assert_eq!(poll_all(), nothing);
    live.set(KEYS.target, &225)?;
    assert_eq!(counts(), [0, 0, 1]);
    assert_eq!(poll_all(), (Poll::Pending, Poll::Pending, Poll::Ready(225)));

    live.edit(|device| device.wifi.ssid.push('x').expect("there is room"))?;
    assert_eq!(counts(), [0, 1, 2]);
    let (_, wifi, _) = poll_all();
    assert_eq!(wifi, Poll::Ready(1));

    assert_eq!(poll_all(), nothing);
    live.set(KEYS.wifi.channel, &6)?;
    assert_eq!(counts(), [1, 2, 3]);
    let found = poll_all();
    assert_eq!(found, (Poll::Ready(6), Poll::Ready(6), Poll::Ready(225)));

    // The same value, and a refused edit, are no news.
    assert_eq!(poll_all(), nothing);
    live.set(KEYS.wifi.channel, &6)?;
    assert!(live.set(KEYS.wifi.channel, &99).is_err());
    assert_eq!(counts(), [1, 2, 3]);
    assert_eq!(poll_all(), nothing);
    Ok(())
}

#[test]
fn no_last_change_is_missed() -> Result<(), WatchError> {
    let live = Shared::new();
    let waker = Arc::new(Count::default());
    let mut target = live.watch(KEYS.target)?;
    // While nobody awaits; several are told as one, with the newest value.
    live.set(KEYS.target, &220)?;
    live.set(KEYS.target, &230)?;
    assert_eq!(poll(target.changed(), &waker), Poll::Ready(230));
    // While a future of it was dropped.
    assert_eq!(poll(target.changed(), &waker), Poll::Pending);
    live.set(KEYS.target, &240)?;
    assert_eq!(poll(target.changed(), &waker), Poll::Ready(240));
    assert_eq!(target.try_changed(), None);
    live.set(KEYS.target, &250)?;
    assert_eq!(target.try_changed(), Some(250));
    assert_eq!(target.try_changed(), None);
    Ok(())
}

#[test]
fn a_watch_begins_when_it_is_made() -> Result<(), WatchError> {
    let live = Shared::new();
    live.set(KEYS.target, &220)?;
    let mut target = live.watch(KEYS.target)?;
    assert_eq!(target.try_changed(), None);
    Ok(())
}

#[test]
fn places_are_bounded_and_are_given_back() -> Result<(), WatchError> {
    let live = Shared::new();
    let first = live.watch(KEYS.target)?;
    let _second = live.watch(KEYS.target)?;
    let _third = live.watch(KEYS.wifi)?;
    let Err(error) = live.watch(KEYS) else {
        panic!("there are three places");
    };
    assert_eq!(error, WatchError::TooManyWaiters { max: 3 });
    let message = "all 3 places of those who wait are taken; give `Live` more of them, with its last parameter";
    assert_eq!(error.to_string(), message);
    drop(first);
    let mut fourth = live.watch(KEYS)?;
    // It has not what the first has left behind.
    assert!(fourth.try_changed().is_none());
    Ok(())
}

#[test]
fn who_polls_looks_at_the_version() -> Result<(), WatchError> {
    let live = Shared::new();
    let seen = live.version();
    assert_eq!(live.version(), seen);
    live.set(KEYS.target, &220)?;
    assert_ne!(live.version(), seen);
    Ok(())
}

//! The saver as a task: requests are answered when what was asked for is in flash, and its future
//! may be dropped at every await.

use std::cell::Cell;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
use kvs::asynch::{Saver, Store};
use kvs::live::{Clock, Policy, SaveError, Wear};
use kvs::sim::{Outage, SimError, Tear, When};
use kvs::{Error, Options};

use crate::device::{Device, KEYS, POLICY, Ram, Shared, text};
use crate::flash::{Flash, Slow};
use crate::poll::{to_the_end, up_to};

type Result = core::result::Result<(), Error<SimError>>;
type SlowSaver<'a> = Saver<'a, CriticalSectionRawMutex, Device, Slow, 3>;

/// A clock that a test sets.
#[derive(Default)]
struct Watch(Cell<u64>);

impl Clock for Watch {
    fn now(&self) -> u64 {
        self.0.get()
    }

    async fn wait_until(&self, time: u64) {
        std::future::poll_fn(|_| match self.0.get() >= time {
            true => Poll::Ready(()),
            false => Poll::Pending,
        })
        .await;
    }
}

fn saver<'a>(
    live: &'a Shared,
    slow: &Slow,
    ram: &'a mut Ram,
) -> core::result::Result<SlowSaver<'a>, Error<SimError>> {
    let store = to_the_end(Store::mount(slow.clone(), 0..4096, ram, Options::DEFAULT))?;
    let policy = Policy {
        wear: Wear::UNLIMITED,
        ..POLICY
    };
    let mut saver = Saver::new(live, store, policy);
    to_the_end(saver.load());
    Ok(saver)
}

fn slow(acts_first: bool) -> Slow {
    Slow {
        flash: Flash::new(),
        acts_first,
    }
}

/// What is in flash, by a mount of its own.
fn stored(slow: &Slow) -> core::result::Result<Device, Error<SimError>> {
    let mut ram = Ram::new();
    let mut store = kvs::Store::mount(slow.flash.clone(), 0..4096, &mut ram, Options::DEFAULT)?;
    Ok(store.load::<Device>().0)
}

#[test]
fn a_flush_returns_when_it_is_in_flash() -> Result {
    let (live, mut ram, slow, clock) = (Shared::new(), Ram::new(), slow(true), Watch::default());
    let mut saver = saver(&live, &slow, &mut ram)?;
    let mut run = pin!(saver.run(&clock));
    let mut context = Context::from_waker(Waker::noop());
    let mut run_once = || assert!(run.as_mut().poll(&mut context).is_pending());
    live.set(KEYS.target, &220)?;
    for _ in 0..100 {
        run_once();
    }
    // It is not time yet.
    assert_eq!(stored(&slow)?.target, 210);

    let mut flush = pin!(live.flush());
    let mut polls = 0;
    let answer = loop {
        match up_to(1, flush.as_mut()) {
            Some(answer) => break answer,
            None => run_once(),
        }
        polls += 1;
        assert!(polls < 1_000);
    };
    assert_eq!(answer, Ok(()));
    assert!(polls > 1);
    assert_eq!(stored(&slow)?.target, 220);
    // There is nothing to store, and the answer is the same.
    let mut flush = pin!(live.flush());
    let answer = (0..1_000).find_map(|_| {
        up_to(1, flush.as_mut()).or_else(|| {
            run_once();
            None
        })
    });
    assert_eq!(answer, Some(Ok(())));
    Ok(())
}

#[test]
fn time_alone_saves() -> Result {
    let (live, mut ram, slow, clock) = (Shared::new(), Ram::new(), slow(false), Watch::default());
    let mut saver = saver(&live, &slow, &mut ram)?;
    let mut run = pin!(saver.run(&clock));
    live.set(KEYS.target, &220)?;
    for now in 0..2_000 {
        clock.0.set(now);
        assert!(up_to(1, run.as_mut()).is_none());
        if now < 1_000 {
            assert!(!live.is_saved());
        }
    }
    assert!(live.is_saved());
    assert_eq!(stored(&slow)?.target, 220);
    Ok(())
}

#[test]
fn a_reset_is_asked_for_and_answered() -> Result {
    let (live, mut ram, slow, clock) = (Shared::new(), Ram::new(), slow(true), Watch::default());
    let mut saver = saver(&live, &slow, &mut ram)?;
    live.edit(|device| {
        device.target = 220;
        device.wifi.channel = 6;
    })?;
    to_the_end(saver.flush())?;
    let mut run = pin!(saver.run(&clock));
    // Two at a time; one has to wait for the other.
    let mut wifi = pin!(live.reset(KEYS.wifi.group()));
    let mut target = pin!(live.reset(KEYS.group()));
    let (mut first, mut second) = (None, None);
    for _ in 0..2_000 {
        first = first.or_else(|| up_to(1, wifi.as_mut()));
        if second.is_none() {
            second = up_to(1, target.as_mut());
        }
        if first.is_some() && second.is_some() {
            break;
        }
        assert!(up_to(1, run.as_mut()).is_none());
    }
    assert_eq!((first, second), (Some(Ok(())), Some(Ok(()))));
    assert_eq!(live.get(KEYS.target)?, 210);
    assert_eq!(live.get(KEYS.wifi.channel)?, 1);
    assert_eq!(stored(&slow)?.target, 210);
    Ok(())
}

#[test]
fn who_asks_is_told_that_it_failed() -> Result {
    let (live, mut ram, slow, clock) = (Shared::new(), Ram::new(), slow(true), Watch::default());
    let mut saver = saver(&live, &slow, &mut ram)?;
    let fails = Outage::Programs(Tear::Clean);
    slow.flash
        .0
        .borrow_mut()
        .outage(fails, When::Next(1_000_000));
    live.set(KEYS.target, &220)?;
    let mut run = pin!(saver.run(&clock));
    let mut flush = pin!(live.flush());
    let mut answer = None;
    for _ in 0..10_000 {
        answer = up_to(1, flush.as_mut());
        if answer.is_some() {
            break;
        }
        assert!(up_to(1, run.as_mut()).is_none());
    }
    assert_eq!(answer, Some(Err(SaveError::Flash)));
    assert!(!live.is_saved());
    slow.flash.0.borrow_mut().end_outages();
    for now in 0..5_000 {
        clock.0.set(now);
        assert!(up_to(1, run.as_mut()).is_none());
    }
    assert!(live.is_saved());
    assert_eq!(stored(&slow)?.target, 220);
    Ok(())
}

#[test]
fn what_takes_too_long_is_dropped_and_tried_again() -> Result {
    let (live, mut ram, slow, clock) = (Shared::new(), Ram::new(), slow(false), Watch::default());
    let mut saver = saver(&live, &slow, &mut ram)?;
    let mut policy = *saver.policy();
    policy.timeout_ms = 50;
    saver.set_policy(policy);
    live.set(KEYS.target, &220)?;
    let mut run = pin!(saver.run(&clock));
    let mut flush = pin!(live.flush());
    assert_eq!(up_to(1, flush.as_mut()), None);
    for _ in 0..3 {
        assert!(up_to(1, run.as_mut()).is_none());
    }
    clock.0.set(100);
    assert!(up_to(1, run.as_mut()).is_none());
    assert_eq!(up_to(1, flush.as_mut()), Some(Err(SaveError::TimedOut)));
    // The part works again.
    for now in 0..20_000 {
        clock.0.set(100 + now / 10);
        assert!(up_to(1, run.as_mut()).is_none());
    }
    assert!(live.is_saved());
    assert_eq!(stored(&slow)?.target, 220);
    Ok(())
}

/// Dropped at every await, then made again, or never: nothing is lost, and nothing is there in part.
#[test]
fn a_saver_may_be_dropped_at_every_await() -> Result {
    let mut trials = 0;
    for acts_first in [false, true] {
        for goes_on in [false, true] {
            for polls in 1.. {
                let (live, mut ram, slow) = (Shared::new(), Ram::new(), slow(acts_first));
                let mut saver = saver(&live, &slow, &mut ram)?;
                let clock = Watch::default();
                live.edit(|device| {
                    device.target = 220;
                    device.wifi.ssid = text("attic");
                })?;
                to_the_end(saver.flush())?;
                live.edit(|device| {
                    device.target = 230;
                    device.wifi.ssid = text("cellar");
                    device.zones[2].offset = 3;
                })?;
                let is_complete = {
                    let mut flush = pin!(live.flush());
                    let _ = up_to(1, flush.as_mut());
                    let _ = up_to(polls, saver.run(&clock));
                    up_to(1, flush.as_mut()) == Some(Ok(()))
                };
                let pair = |device: &Device| (device.target, device.zones[2].offset);
                let found = pair(&stored(&slow)?);
                assert!(
                    found == (230, 3) || !is_complete && found == (220, 0),
                    "acts_first {acts_first}, dropped after {polls} polls: {found:?}"
                );
                assert_eq!(live.is_saved(), is_complete);
                if goes_on {
                    // What is changed meanwhile is saved with it.
                    live.set(KEYS.boots, &1)?;
                    to_the_end(saver.flush())?;
                    assert!(live.is_saved());
                    assert_eq!(stored(&slow)?, live.snapshot());
                }
                trials += 1;
                if is_complete {
                    break;
                }
            }
        }
    }
    assert!(trials > 20, "{trials}");
    Ok(())
}

/// What is changed while a commit is under way is not taken for stored.
#[test]
fn changes_during_a_save_are_saved_after_it() -> Result {
    for polls in 1..60 {
        let (live, mut ram, slow) = (Shared::new(), Ram::new(), slow(true));
        let mut saver = saver(&live, &slow, &mut ram)?;
        live.set(KEYS.target, &220)?;
        {
            let mut flush = pin!(saver.flush());
            let early = up_to(polls, flush.as_mut());
            live.set(KEYS.target, &230)?;
            live.set(KEYS.wifi.channel, &6)?;
            if early.is_none() {
                to_the_end(flush)?;
            }
        }
        assert!(!live.is_saved(), "{polls}");
        to_the_end(saver.flush())?;
        assert!(live.is_saved());
        assert_eq!(stored(&slow)?, live.snapshot(), "{polls}");
    }
    Ok(())
}

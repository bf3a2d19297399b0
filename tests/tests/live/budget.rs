//! The wear budget: whatever changes how often, the flash lasts as long as it is to.

use kvs::Error;
use kvs::live::{Next, Policy, Wear};
use kvs::sim::SimError;

use crate::device::{KEYS, POLICY, Ram, Shared, saver};
use crate::flash::Flash;

const DAY: u64 = 24 * 60 * 60 * 1000;

/// A bug changes a setting all the time.
#[test]
fn a_setting_that_changes_all_the_time_does_not_wear_the_flash_out() -> Result<(), Error<SimError>>
{
    let wear = Wear {
        endurance: 60,
        days: 10,
        burst_days: 1,
    };
    let (live, mut ram, flash) = (Shared::new(), Ram::new(), Flash::new());
    let mut saver = saver(&live, flash.clone(), &mut ram)?;
    saver.set_policy(Policy { wear, ..POLICY });
    saver.load();
    let mut saves = 0u64;
    let mut longest = 0;
    let mut saved = 0;
    let mut now = 0;
    for value in 1.. {
        live.set(KEYS.boots, &value)?;
        match saver.poll(now)? {
            Next::Now => {
                saves += 1;
                longest = longest.max(now - saved);
                saved = now;
            }
            // The next change is sooner than that.
            Next::At(time) => now = time.min(now + 500),
            Next::OnChange => panic!("there are always changes"),
        }
        if now > 10 * DAY {
            break;
        }
    }
    let most = flash.0.borrow().stats().sector_erases.clone();
    // Within the endurance, and not far below it: what is left is used, not saved up.
    assert!(
        most.iter().all(|erases| (30..=60).contains(erases)),
        "{most:?}"
    );
    assert!(saves > 5_000, "{saves}");
    // The last value is never long out of date.
    assert!(longest < 5 * 60 * 1000, "{longest} ms");
    Ok(())
}

/// Nobody waits as long as no more than usual is changed.
#[test]
fn a_burst_goes_through_at_once() -> Result<(), Error<SimError>> {
    let (live, mut ram) = (Shared::new(), Ram::new());
    let mut saver = saver(&live, Flash::new(), &mut ram)?;
    saver.load();
    for number in 0..500 {
        let now = 2_000 * number;
        live.set(KEYS.boots, &(number as u32 + 1))?;
        assert_eq!(saver.poll(now)?, Next::At(now + 1_000));
        assert_eq!(saver.poll(now + 1_000)?, Next::Now);
    }
    Ok(())
}

/// Before a reset, what is changed is stored whatever the budget says.
#[test]
fn a_flush_of_the_owner_does_not_ask_the_budget() -> Result<(), Error<SimError>> {
    let (live, mut ram) = (Shared::new(), Ram::new());
    let mut saver = saver(&live, Flash::new(), &mut ram)?;
    let wear = Wear {
        endurance: 1,
        days: 3_650,
        burst_days: 0,
    };
    saver.set_policy(Policy { wear, ..POLICY });
    saver.load();
    live.set(KEYS.boots, &1)?;
    assert_eq!(saver.poll(0)?, Next::At(1_000));
    assert_eq!(saver.poll(1_000)?, Next::Now);
    live.set(KEYS.boots, &2)?;
    let Next::At(time) = saver.poll(2_000)? else {
        panic!("it is not time yet");
    };
    assert!(time > 10 * DAY, "{time}");
    assert_eq!(saver.flush()?, 1);
    assert!(live.is_saved());
    Ok(())
}

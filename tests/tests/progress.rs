//! Power that fails again and again, sooner than the longest commit would have been done: commits still get through.

use kvs::sim::{Rng, SimError, SimFlash, Tear};
use kvs::{Change, Error, Options, RawKey, Resources, Store};

const KEYS: u32 = 66;
const END: u32 = 4 * 1024;

type Flash = SimFlash<4, 1024>;

fn mount<'a>(
    flash: &'a mut Flash,
    ram: &'a mut Resources<72, 4, 64>,
) -> Result<Store<'a, &'a mut Flash>, Error<SimError>> {
    Store::mount(flash, 0..END, ram, Options::DEFAULT)
}

/// A partition with 66 values in it that never change, rather full, and three that do.
fn provisioned() -> Flash {
    let mut flash = Flash::new(4);
    let mut ram = Resources::new();
    let mut store = mount(&mut flash, &mut ram).unwrap();
    for key in 0..KEYS {
        let value = [key as u8; 24];
        store.put_bytes(RawKey::Hash(100 + key), &value).unwrap();
    }
    flash
}

/// Counts one up, in three keys at once.
fn count_up(store: &mut Store<'_, &mut Flash>) -> Result<u32, Error<SimError>> {
    let mut bytes = [0; 4];
    store.get_bytes(RawKey::Hash(1), &mut bytes)?;
    let count = u32::from_le_bytes(bytes) + 1;
    let bytes = count.to_le_bytes();
    store.commit(&[1, 2, 3].map(|key| Change::put(RawKey::Hash(key), &bytes)))?;
    Ok(count)
}

/// How many words and erases the longest of 300 commits takes, and a usual one.
fn longest() -> (u64, u64) {
    let mut flash = provisioned();
    let mut ram = Resources::new();
    let mut store = mount(&mut flash, &mut ram).unwrap();
    let mut costs = Vec::new();
    for _ in 0..300 {
        let before = store.flash().operations();
        count_up(&mut store).unwrap();
        costs.push(store.flash().operations() - before);
    }
    costs.sort_unstable();
    (costs[299], costs[150])
}

/// Whether the count goes on for 200 boots with `budget` operations each, all torn as `tear` says; how far it came.
fn advances(budget: u64, tear: Tear) -> u32 {
    let mut flash = provisioned();
    let mut rng = Rng::new(budget);
    let (mut acknowledged, mut since) = (0, 0);
    for boot in 0..200u64 {
        // A power supply is no clock: from three quarters of the budget to all of it.
        let lasts = budget - rng.below(budget as usize / 4) as u64;
        flash.cut_after(flash.operations() + lasts, tear, boot);
        let mut ram = Resources::new();
        let mut store = mount(&mut flash, &mut ram).unwrap();
        let before = acknowledged;
        loop {
            match count_up(&mut store) {
                Ok(count) => {
                    assert!(count >= acknowledged, "a count was lost");
                    acknowledged = count;
                }
                Err(Error::Flash(SimError::PowerLost)) => break,
                Err(error) => panic!("{error}"),
            }
        }
        flash.power_on();
        since = if acknowledged == before { since + 1 } else { 0 };
        assert!(
            since < 60,
            "stuck at {acknowledged} with {budget} operations, {tear:?}"
        );
    }
    acknowledged
}

#[test]
fn commits_get_through_when_power_fails_sooner_than_the_longest_lasts() {
    let (longest, usual) = longest();
    assert!(
        longest > 8 * usual,
        "{longest} {usual}: no long commit to cut"
    );
    for tear in Tear::ALL {
        for budget in [3 * usual, longest / 2, longest - 4] {
            let count = advances(budget, tear);
            println!("{budget} operations a boot, {tear:?}: {count} commits in 200 boots");
        }
    }
}

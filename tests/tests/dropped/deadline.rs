//! A call that is dropped again and again, after ever the same time: it gets through where the time is enough for a mount
//! and for a usual commit.

use kvs::asynch::Store;
use kvs::sim::{SimError, SimFlash};
use kvs::{Change, Error, Options, RawKey, Resources};

use crate::flash::{Driver, Slow};
use crate::poll::{counted, to_the_end, up_to};

type Flash = Slow<4, 1024>;
type Ram = Resources<72, 4, 1024>;

async fn mount<'a>(
    flash: &'a mut Flash,
    ram: &'a mut Ram,
) -> Result<Store<'a, &'a mut Flash>, Error<SimError>> {
    Store::mount(flash, 0..4 * 1024, ram, Options::DEFAULT).await
}

/// A partition with 66 values in it that never change, rather full; three will.
fn provisioned(driver: Driver) -> Flash {
    let mut flash = Slow::new(SimFlash::new(4));
    flash.driver = driver;
    let mut ram = Ram::new();
    let mut store = to_the_end(mount(&mut flash, &mut ram)).unwrap();
    for key in 100..166 {
        to_the_end(store.put_bytes(RawKey::Hash(key), &[key as u8; 24])).unwrap();
    }
    flash
}

/// Counts one up, in three keys at once.
async fn count_up(store: &mut Store<'_, &mut Flash>) -> Result<u32, Error<SimError>> {
    let mut bytes = [0; 4];
    store.get_bytes(RawKey::Hash(1), &mut bytes).await?;
    let count = u32::from_le_bytes(bytes) + 1;
    let bytes = count.to_le_bytes();
    let changes = [1, 2, 3].map(|key| Change::put(RawKey::Hash(key), &bytes));
    store.commit(&changes).await?;
    Ok(count)
}

/// In polls, which are flash operations: a mount, a usual commit, the longest of 300.
fn lengths() -> (usize, usize, usize) {
    let mut flash = provisioned(Driver::First);
    let mut ram = Ram::new();
    let (mount, store) = counted(mount(&mut flash, &mut ram));
    let mut store = store.unwrap();
    let mut commits: Vec<_> = (0..300).map(|_| counted(count_up(&mut store)).0).collect();
    commits.sort_unstable();
    (mount, commits[150], commits[299])
}

/// What came of calls that are dropped after so many polls each.
#[derive(Debug, Default)]
struct Progress {
    /// Counts, of a hundred.
    counts: usize,
    /// The most calls for one of them; it is given up after 500.
    calls: usize,
    erases: u64,
}

fn with_deadline(deadline: usize, driver: Driver) -> Progress {
    let mut flash = provisioned(driver);
    let mut ram = Ram::new();
    let mut store = to_the_end(mount(&mut flash, &mut ram)).unwrap();
    let mut result = Progress::default();
    let mut last = 0;
    while result.counts < 100 && result.calls < 500 {
        let mut calls = 0;
        let count = loop {
            calls += 1;
            match up_to(deadline, count_up(&mut store)) {
                None if calls < 500 => {}
                count => break count,
            }
        };
        result.calls = result.calls.max(calls);
        if let Some(count) = count {
            let count = count.unwrap();
            assert!(count > last, "{count} again");
            last = count;
            result.counts += 1;
        }
    }
    result.erases = store.flash().sim.stats().erases;
    result
}

/// Shows how much time is enough: that of a mount in the midst of a collection, which reads each copy and its original, and
/// of what is left then. With less, no call ever comes to its end; nothing is worn by that.
#[test]
fn a_call_with_a_deadline_gets_through() {
    let (mount, usual, longest) = lengths();
    println!("a mount takes {mount} operations, a usual commit {usual}, the longest {longest}");
    for driver in [Driver::First, Driver::Last, Driver::Half, Driver::Torn] {
        let progress = |deadline| with_deadline(deadline, driver);
        let enough = (usual..=mount + longest)
            .step_by(5)
            .find(|deadline| progress(*deadline).counts == 100)
            .expect("a mount and the longest commit are enough");
        println!("{driver:?}: {enough} are enough, {:?}", progress(enough));
        for deadline in [usual, mount + usual, longest / 2, longest - 1] {
            println!("    {deadline}: {:?}", progress(deadline));
        }
    }
}

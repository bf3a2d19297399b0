//! What a drop could do at worst, told one by one.

use kvs::RawKey;
use kvs::sim::SimFlash;

use crate::flash::{Driver, Slow};
use crate::poll::{to_the_end, up_to};
use crate::script::{Mounted, Ram, mount};

const KEY: RawKey<'_> = RawKey::Hash(1);

async fn get<const W: usize, const E: usize>(store: &mut Mounted<'_, W, E>) -> u8 {
    let mut value = [0];
    assert_eq!(store.get_bytes(KEY, &mut value).await, Ok(Some(1)));
    value[0]
}

/// A dropped put is in flash, whole; the program, which does not know, puts the old value. Taken for stored already, that
/// would not be written, and the next mount would find the other one.
#[test]
fn an_old_value_that_is_put_after_a_drop_is_there_after_a_reset() {
    let mut programmed = 0;
    for polls in 0.. {
        let mut flash = Slow::new(SimFlash::<4, 256>::new(3));
        let mut ram = Ram::new();
        let mut store = to_the_end(mount(&mut flash, &mut ram)).unwrap();
        to_the_end(store.put_bytes(KEY, &[0])).unwrap();
        let before = store.flash().sim.stats().programs;
        if up_to(polls, store.put_bytes(KEY, &[1])).is_some() {
            break;
        }
        programmed += store.flash().sim.stats().programs - before;
        to_the_end(store.put_bytes(KEY, &[0])).unwrap();
        let mut store = to_the_end(mount(&mut flash, &mut ram)).unwrap();
        assert_eq!(
            to_the_end(get(&mut store)),
            0,
            "dropped after {polls} polls"
        );
    }
    // When its program was done, and when that was read back.
    assert_eq!(programmed, 2);
}

/// Reading it once decides what a dropped put was.
#[test]
fn what_is_read_after_a_drop_is_there_after_a_reset() {
    for driver in [Driver::First, Driver::Last, Driver::Half, Driver::Torn] {
        let mut found = [0, 0];
        for polls in 0.. {
            let mut flash = Slow::new(SimFlash::<4, 256>::new(3));
            flash.driver = driver;
            let mut ram = Ram::new();
            let mut store = to_the_end(mount(&mut flash, &mut ram)).unwrap();
            to_the_end(store.put_bytes(KEY, &[0])).unwrap();
            if up_to(polls, store.put_bytes(KEY, &[1])).is_some() {
                break;
            }
            let value = to_the_end(get(&mut store));
            found[usize::from(value)] += 1;
            let mut store = to_the_end(mount(&mut flash, &mut ram)).unwrap();
            assert_eq!(
                to_the_end(get(&mut store)),
                value,
                "{driver:?}, after {polls} polls"
            );
        }
        assert!(found[0] > 0 && found[1] > 0, "{driver:?}: {found:?}");
    }
}

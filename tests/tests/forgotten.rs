//! Tombstones that are forgotten while a commit makes room: their keys take new slots then.

use kvs::sim::SimFlash;
use kvs::{Change, Error, Options, RawKey, Resources, Store};

/// The commit is refused before anything is programmed, and the partition mounts as ever.
#[test]
fn a_key_whose_tombstone_is_forgotten_under_its_commit_counts_as_a_new_one() {
    let mut flash = SimFlash::<4, 256>::new(2);
    let value = [7; 40];
    let put = |key| Change::put(RawKey::Hash(key), &value);
    let delete = |key| Change::delete(RawKey::Hash(key));
    let mut results = Vec::new();
    for changes in [
        [put(1), put(3)],
        [delete(1), put(2)],
        [put(1), delete(3)],
        [put(3), put(4)],
    ] {
        let mut ram = Resources::<3, 2, 64>::new();
        let mut store = Store::mount(&mut flash, 0..512, &mut ram, Options::DEFAULT).unwrap();
        results.push(store.commit(&changes));
    }
    assert_eq!(results[3], Err(Error::TooManyKeys { capacity: 3 }));
    let mut ram = Resources::<3, 2, 64>::new();
    let mut store = Store::mount(&mut flash, 0..512, &mut ram, Options::DEFAULT).unwrap();
    for (key, is_there) in [(1, true), (2, true), (3, false), (4, false)] {
        assert_eq!(store.contains(RawKey::Hash(key)), Ok(is_there));
    }
}

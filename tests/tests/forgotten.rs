//! Tombstones that are forgotten while a commit makes room: their keys take new slots then.

use kvs::sim::SimFlash;
use kvs::{Change, Options, RawKey, Resources, Store};

/// The commit is measured again, with one more slot than there is, and made all the same.
#[test]
fn a_key_whose_tombstone_is_forgotten_under_its_commit_counts_as_a_new_one() {
    let mut flash = SimFlash::<4, 256>::new(2);
    let value = [7; 32];
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
    assert_eq!(results, [Ok(()); 4]);
    let mut ram = Resources::<3, 2, 64>::new();
    let mut store = Store::mount(&mut flash, 0..512, &mut ram, Options::DEFAULT).unwrap();
    for (key, is_there) in [(1, true), (2, true), (3, true), (4, true)] {
        assert_eq!(store.contains(RawKey::Hash(key)), Ok(is_there));
    }
}

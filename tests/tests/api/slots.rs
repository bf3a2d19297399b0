//! Key slots: how many keys there may be, and that deleted ones don't use the slots up.

use std::collections::BTreeMap;

use kvs::sim::Rng;
use kvs::{Change, Error, RawKey};
use kvs_tests::{Device, everywhere, get, keys};

#[test]
fn one_key_too_many_is_refused() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        let mut store = device.try_mount::<4, 64, 64>().unwrap();
        assert_eq!(store.capacity(), 4);
        for key in ["a", "b", "c"] {
            store.put_bytes(key, &[1]).unwrap();
        }
        let image = device.partition();
        let error = Err(Error::TooManyKeys { capacity: 4 });
        let two = [
            Change::put("d", &[1]),
            Change::put("a", &[2]),
            Change::put("e", &[1]),
        ];
        assert_eq!(store.commit(&two), error);
        assert_eq!(device.partition(), image, "nothing is written");
        store.put_bytes("d", &[1]).unwrap();
        let image = device.partition();
        for _ in 0..3 {
            assert_eq!(store.put_bytes("e", &[1]), error);
        }
        assert_eq!(device.partition(), image);

        // The four live on, and can be changed.
        store
            .commit(&[Change::put("a", &[2]), Change::put("d", &[2])])
            .unwrap();
        for mut store in [store, device.try_mount::<4, 64, 64>().unwrap()] {
            assert_eq!(keys(&mut store), ["a", "b", "c", "d"]);
            assert_eq!(get(&mut store, "a"), Some(vec![2]));
            assert_eq!(get(&mut store, "b"), Some(vec![1]));
        }
        // With too few slots it does not mount; nothing is lost by trying.
        assert_eq!(
            device.try_mount::<3, 64, 64>().err(),
            Some(Error::TooManyKeys { capacity: 3 })
        );
        assert_eq!(device.mount().len(), 4);
    }
    everywhere!(on);
}

#[test]
fn a_deleted_key_makes_way_for_another() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        let mut store = device.try_mount::<4, 64, 64>().unwrap();
        for key in ["a", "b", "c", "d"] {
            store.put_bytes(key, &[1]).unwrap();
        }
        assert_eq!(store.delete("b"), Ok(true));
        store.put_bytes("e", &[5]).unwrap();
        assert_eq!(
            store.put_bytes("f", &[6]),
            Err(Error::TooManyKeys { capacity: 4 })
        );
        // In one commit, too: afterwards there are four.
        let swap = [Change::delete("a"), Change::put("f", &[6])];
        if store.commit(&swap).is_err() {
            store.delete("a").unwrap();
            store.put_bytes("f", &[6]).unwrap();
        }
        for mut store in [store, device.try_mount::<4, 64, 64>().unwrap()] {
            assert_eq!(keys(&mut store), ["c", "d", "e", "f"]);
        }
    }
    everywhere!(on);
}

/// Ever new names, four of them live at a time, in a store with eight slots.
#[test]
fn tombstones_do_not_exhaust_the_slots() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        let mut store = device.try_mount::<8, 64, 64>().unwrap();
        let name = |number: u32| format!("key{number}");
        for number in 0..1000u32 {
            let value = number.to_le_bytes();
            store
                .put_bytes(name(number).as_str(), &value)
                .unwrap_or_else(|error| panic!("put {number}: {error}"));
            if number >= 4 {
                let deleted = store.delete(name(number - 4).as_str());
                assert_eq!(deleted, Ok(true), "delete {number}");
            }
            if number % 97 == 0 {
                store = device.try_mount::<8, 64, 64>().unwrap();
            }
            for back in 0..number.min(4) {
                let found = get(&mut store, name(number - back).as_str());
                assert_eq!(found, Some((number - back).to_le_bytes().to_vec()));
            }
        }
        for mut store in [store, device.try_mount::<8, 64, 64>().unwrap()] {
            assert_eq!(keys(&mut store), ["key996", "key997", "key998", "key999"]);
        }
    }
    everywhere!(on);
}

/// A deleted key stays deleted, whatever is collected and in whatever order.
#[test]
fn put_over_a_tombstone_and_delete_again() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        let mut rng = Rng::new(11);
        let mut model = BTreeMap::new();
        let mut store = device.try_mount::<8, 64, 64>().unwrap();
        for step in 0..600u16 {
            let key = rng.below(6) as u32;
            if rng.below(2) == 0 {
                let was_there = model.remove(&key).is_some();
                assert_eq!(store.delete(RawKey::Hash(key)), Ok(was_there));
            } else {
                store
                    .put_bytes(RawKey::Hash(key), &step.to_le_bytes())
                    .unwrap();
                model.insert(key, step.to_le_bytes().to_vec());
            }
            if step % 13 == 0 {
                store = device.try_mount::<8, 64, 64>().unwrap();
            }
            for key in 0..6 {
                assert_eq!(
                    get(&mut store, RawKey::Hash(key)),
                    model.get(&key).cloned(),
                    "step {step}"
                );
            }
        }
    }
    everywhere!(on);
}

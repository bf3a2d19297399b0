//! Key slots: keys without one, and that deleted keys don't use the slots up.

use std::collections::BTreeMap;

use kvs::sim::Rng;
use kvs::{Change, Error, RawKey};
use kvs_tests::{Device, everywhere, get, idle, keys};

/// The slots are for speed: keys that have none are stored, found, listed, changed and deleted like
/// the others.
#[test]
fn keys_beyond_the_slots_are_as_good_as_others() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        let mut store = device.try_mount::<4, 64, 64>().unwrap();
        assert_eq!(store.capacity(), 4);
        let names = ["a", "b", "c", "d", "e", "f", "g", "h", "i"];
        for (number, key) in (1..).zip(names) {
            store.put_bytes(key, &[number]).unwrap();
            assert_eq!(store.len(), usize::from(number));
            assert_eq!(
                store.stats().without_slot,
                usize::from(number).saturating_sub(4)
            );
        }
        for mut store in [
            store,
            device.try_mount::<4, 64, 64>().unwrap(),
            device.try_mount::<1, 64, 64>().unwrap(),
            device.mount(),
        ] {
            assert_eq!(keys(&mut store), names);
            for (number, key) in (1..).zip(names) {
                assert_eq!(get(&mut store, key), Some(vec![number]));
            }
            assert_eq!(get(&mut store, "j"), None);
            assert_eq!(store.delete("j"), Ok(false));
            assert_eq!(store.len(), 9);
        }

        let mut store = device.try_mount::<4, 64, 64>().unwrap();
        let image = device.partition();
        store.put_bytes("i", &[9]).unwrap();
        store.put_bytes("a", &[1]).unwrap();
        assert_eq!(
            device.partition(),
            image,
            "what is stored is not written again"
        );
        assert_eq!(store.delete("b"), Ok(true));
        assert_eq!(store.delete("h"), Ok(true));
        let two = [Change::put("a", &[21]), Change::put("j", &[22])];
        store.commit(&two).unwrap();
        for mut store in [store, device.try_mount::<4, 64, 64>().unwrap()] {
            assert_eq!(keys(&mut store), ["a", "c", "d", "e", "f", "g", "i", "j"]);
            assert_eq!(get(&mut store, "a"), Some(vec![21]));
            assert_eq!(get(&mut store, "h"), None);
            assert_eq!(store.len(), 8);
        }
    }
    everywhere!(on);
}

/// A commit needs a slot for each key that it changes and that is there.
#[test]
fn a_commit_that_changes_more_keys_than_there_are_slots_is_refused() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        let mut store = device.try_mount::<2, 64, 64>().unwrap();
        for key in ["a", "b", "c"] {
            store.put_bytes(key, &[1]).unwrap();
        }
        let image = device.partition();
        let put = |key| Change::put(key, &[2]);
        let error = Err(Error::TooManyKeys { capacity: 2 });
        assert_eq!(store.commit(&[put("a"), put("b"), put("c")]), error);
        assert_eq!(device.partition(), image, "nothing is written");
        store.commit(&[put("a"), put("b")]).unwrap();
        store.commit(&[put("d"), put("e"), put("c")]).unwrap();
        for mut store in [store, device.try_mount::<2, 64, 64>().unwrap()] {
            for key in ["a", "b", "c", "d", "e"] {
                assert_eq!(get(&mut store, key), Some(vec![2]));
            }
        }
    }
    everywhere!(on);
}

/// More keys than slots, through collections, deletes and mounts, against a model.
#[test]
fn keys_without_a_slot_survive_collections() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        let fits = device.payload() as usize * (device.sectors() as usize - 1)
            / Device::<W, E>::pad(16)
            / 2;
        let keys = fits.min(24) as u32;
        for seed in 0..4 {
            println!("seed {seed}");
            let device = device.copy();
            let mut rng = Rng::new(seed);
            let mut model = BTreeMap::new();
            let mut store = device.try_mount::<4, 64, 64>().unwrap();
            for step in 0..500u16 {
                let key = rng.below(keys as usize) as u32;
                match rng.below(8) {
                    0 => {
                        let was_there = model.remove(&key).is_some();
                        let deleted = store.delete(RawKey::Hash(key));
                        assert_eq!(deleted, Ok(was_there), "step {step}, key {key}");
                    }
                    1 => store = device.try_mount::<4, 64, 64>().unwrap(),
                    2 => {
                        idle(&mut store);
                    }
                    3 => {
                        let other = (key + 1) % keys;
                        let value = step.to_le_bytes();
                        let both = [key, other].map(|key| Change::put(RawKey::Hash(key), &value));
                        store.commit(&both).unwrap();
                        model.insert(key, value.to_vec());
                        model.insert(other, value.to_vec());
                    }
                    _ => {
                        let value = step.to_le_bytes();
                        let result = store.put_bytes(RawKey::Hash(key), &value);
                        assert_eq!(result, Ok(()), "step {step}, key {key}");
                        model.insert(key, value.to_vec());
                    }
                }
                let key = rng.below(keys as usize) as u32;
                assert_eq!(
                    get(&mut store, RawKey::Hash(key)),
                    model.get(&key).cloned(),
                    "step {step}, key {key}"
                );
                assert_eq!(store.len(), model.len(), "step {step}");
            }
            for mut store in [store, device.mount()] {
                for key in 0..keys {
                    let found = get(&mut store, RawKey::Hash(key));
                    assert_eq!(found, model.get(&key).cloned());
                }
            }
        }
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
        assert_eq!(store.stats().without_slot, 0);
        // In one commit, too: afterwards there are four.
        store
            .commit(&[Change::delete("a"), Change::put("f", &[6])])
            .unwrap();
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

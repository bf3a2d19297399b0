//! A store that is full says so, wears nothing while it does, and takes deletes.

use kvs::{Error, RawKey};
use kvs_tests::{Device, TestStore, everywhere, get, sum};

/// Puts ever new keys with values of `len` bytes until one does not fit; returns how many did.
fn fill<const W: usize, const E: usize>(store: &mut TestStore<W, E>, len: usize) -> u32 {
    for key in 0.. {
        match store.put_bytes(RawKey::Hash(key), &vec![key as u8; len]) {
            Ok(()) => {}
            Err(Error::Full { needed, available }) => {
                let size = Device::<W, E>::pad(len + if len < 63 { 9 } else { 11 });
                assert_eq!(needed as usize, size);
                assert_eq!(available, store.stats().available);
                return key;
            }
            Err(error) => panic!("{error}"),
        }
    }
    unreachable!()
}

fn assert_has<const W: usize, const E: usize>(store: &mut TestStore<W, E>, keys: u32, len: usize) {
    for key in 0..keys {
        assert_eq!(
            get(store, RawKey::Hash(key)),
            Some(vec![key as u8; len]),
            "key {key}"
        );
    }
}

/// Lengths such that small entries, entries of a third of a sector, and entries of most of one are tried; none makes
/// more than 250 keys.
fn lengths<const W: usize, const E: usize>(device: &Device<W, E>) -> [usize; 3] {
    let payload = device.payload() as usize;
    let small = (device.sectors() as usize * payload / 200).max(3);
    [small, payload / 3 - 20, payload - 40]
}

#[test]
fn a_full_store_says_so_and_keeps_what_it_has() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        for len in lengths(device) {
            let device = device.copy();
            let mut store = device.mount();
            let keys = fill(&mut store, len);
            // All sectors but one are filled with as many as fit.
            let size = Device::<W, E>::pad(len + if len < 63 { 9 } else { 11 }) as u32;
            // One without a mark may take one more.
            let least = (device.sectors() - 1) * (device.payload() / size);
            let most = (device.sectors() - 1)
                * ((device.payload() + Device::<W, E>::pad(11) as u32) / size);
            assert!((least..=most).contains(&keys), "{len} bytes: {keys}");
            assert_has(&mut store, keys, len);
            assert_eq!(sum(&store.stats()), store.stats().capacity);

            let before = device.chip.stats();
            for key in keys..keys + 5 {
                let result = store.put_bytes(RawKey::Hash(key), &vec![0; len]);
                assert!(matches!(result, Err(Error::Full { .. })), "{result:?}");
            }
            let cost = device.chip.stats().since(&before);
            assert_eq!(
                (cost.programs, cost.erases),
                (0, 0),
                "failing costs nothing"
            );
            let mut again = device.mount();
            assert_has(&mut again, keys, len);
            assert_eq!(again.len() as u32, keys);
        }
    }
    everywhere!(on);
}

#[test]
fn deletes_make_room_in_a_full_store() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        for len in lengths(device) {
            let device = device.copy();
            let mut store = device.mount();
            let keys = fill(&mut store, len);
            for key in (0..keys).rev() {
                let deleted = store.delete(RawKey::Hash(key));
                assert_eq!(deleted, Ok(true), "key {key} of {keys} with {len} bytes");
                assert_has(&mut store, key, len);
                assert_eq!(get(&mut store, RawKey::Hash(key)), None);
            }
            assert!(device.mount().is_empty());
            // As much fits as before.
            let again = fill(&mut store, len);
            assert_eq!(again, keys);
            assert_has(&mut device.mount(), keys, len);
        }
    }
    everywhere!(on);
}

/// Also over time: the tombstones do not pile up. While one still shadows something it takes a word or three, so there
/// has to be room for a few of them beside the values.
#[test]
fn in_a_nearly_full_store_one_delete_makes_room_for_one_put() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        let [len, ..] = lengths(device);
        let mut store = device.mount();
        let all = fill(&mut store, len);
        let keys = all - 3;
        for key in keys..all {
            store.delete(RawKey::Hash(key)).unwrap();
        }
        for round in 0..200u32 {
            let old = if round < keys {
                round
            } else {
                1000 + round - keys
            };
            let (old, new) = (RawKey::Hash(old), RawKey::Hash(1000 + round));
            assert_eq!(store.delete(old), Ok(true), "round {round}");
            assert_eq!(store.put_bytes(new, &vec![1; len]), Ok(()), "round {round}");
        }
        assert_eq!(device.mount().len() as u32, keys);
    }
    kvs_tests::each(on::<4, 1024>, &[(0, 1024, 4), (1024, 1024, 8)]);
    kvs_tests::each(on::<16, 1024>, &[(0, 1024, 4)]);
}

/// When everything is deleted, everything fits again: a value of a whole payload, too.
#[test]
fn a_store_that_was_emptied_takes_the_longest_value() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        let mut store = device.mount();
        let value = vec![0xAB; store.max_value_len("key")];
        for round in 0..5 {
            store
                .put_bytes("key", &value)
                .unwrap_or_else(|error| panic!("round {round}: {error}"));
            assert_eq!(get(&mut device.mount(), "key"), Some(value.clone()));
            assert_eq!(store.delete("key"), Ok(true), "round {round}");
        }
    }
    everywhere!(on);
}

/// Much room, none of it in one piece: a few live bytes in each sector, then a value of a whole payload.
#[test]
fn a_value_of_a_whole_sector_fits_a_fragmented_store() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        let mut store = device.mount();
        let filler = vec![0; device.share(4, 6)];
        for key in 0..device.sectors() - 1 {
            store.put_bytes(RawKey::Hash(key), &[key as u8]).unwrap();
            for round in 0..3 {
                store.put_bytes("filler", &filler[round..]).unwrap();
            }
        }
        store.delete("filler").unwrap();
        let live = store.sectors().filter(|sector| sector.live != 0).count();
        assert!(live >= 3);
        let value = vec![0xAB; store.max_value_len("big")];
        store.put_bytes("big", &value).unwrap();
        for mut store in [store, device.mount()] {
            assert_eq!(get(&mut store, "big"), Some(value.clone()));
            for key in 0..device.sectors() - 1 {
                assert_eq!(get(&mut store, RawKey::Hash(key)), Some(vec![key as u8]));
            }
        }
    }
    kvs_tests::each(on::<1, 256>, &[(0, 768, 4), (256, 1024, 8)]);
    kvs_tests::each(on::<4, 4096>, &[(4096, 4096, 8)]);
    kvs_tests::each(on::<32, 1024>, &[(0, 1024, 8)]);
}

//! Names as keys: their lengths, and names that share a hash.

use kvs::{Change, Error, RawKey, key_hash};
use kvs_tests::{Device, TestStore, everywhere, get, keys};

/// Found by brute force: two names with the same hash.
const ONE: &str = "yqpnyobx";
const OTHER: &str = "egdgmmro";
const HASH: u32 = 0x7B18_9802;

#[test]
fn the_two_names_collide() {
    assert_eq!((key_hash(ONE), key_hash(OTHER)), (HASH, HASH));
}

/// Does what must be refused, and looks that nothing has changed.
fn assert_refused<const W: usize, const E: usize>(
    device: &Device<W, E>,
    store: &mut TestStore<W, E>,
    changes: &[Change<'_>],
) {
    let image = device.partition();
    assert_eq!(
        store.commit(changes),
        Err(Error::NameCollision {
            key: HASH,
            setting: None
        }),
        "{changes:?}"
    );
    assert_eq!(device.partition(), image);
}

#[test]
fn a_name_whose_hash_another_key_holds_is_refused() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        let all: [RawKey<'_>; 3] = [ONE.into(), OTHER.into(), RawKey::Hash(HASH)];
        for holder in all {
            let device = device.copy();
            let mut store = device.mount();
            store.put_bytes(holder, b"holder").unwrap();
            for other in all.into_iter().filter(|key| *key != holder) {
                for value in [b"other!".as_slice(), b"holder", b""] {
                    assert_refused(&device, &mut store, &[Change::put(other, value)]);
                }
                let last = [Change::put("a", &[1]), Change::put(other, &[1])];
                assert_refused(&device, &mut store, &last);
                assert_refused(
                    &device,
                    &mut store,
                    &[Change::put(other, &[1]), Change::put("a", &[1])],
                );
                // It is not there, and so it can't be read or deleted.
                assert_eq!(get(&mut store, other), None);
                assert_eq!(store.contains(other), Ok(false));
                assert_eq!(store.value_len(other), Ok(None));
                let image = device.partition();
                assert_eq!(store.delete(other), Ok(false));
                assert_eq!(device.partition(), image);
            }
            assert_eq!(get(&mut device.mount(), holder), Some(b"holder".to_vec()));
            assert_eq!(store.len(), 1);
        }
    }
    everywhere!(on);
}

#[test]
fn two_colliding_keys_in_one_commit_are_refused() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        let mut store = device.mount();
        store.put_bytes("a", &[1]).unwrap();
        let pairs: [(RawKey<'_>, RawKey<'_>); 3] = [
            (ONE.into(), OTHER.into()),
            (ONE.into(), RawKey::Hash(HASH)),
            (RawKey::Hash(HASH), OTHER.into()),
        ];
        for (first, second) in pairs {
            assert_refused(
                device,
                &mut store,
                &[Change::put(first, &[1]), Change::put(second, &[1])],
            );
            let apart = [
                Change::put(second, &[1]),
                Change::put("b", &[1]),
                Change::put(first, &[2]),
            ];
            assert_refused(device, &mut store, &apart);
        }
        assert_eq!(keys(&mut device.mount()), ["a"]);
    }
    everywhere!(on);
}

#[test]
fn a_hash_is_free_again_when_its_key_is_deleted() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        let mut store = device.mount();
        store.put_bytes(ONE, b"one").unwrap();
        store.delete(ONE).unwrap();
        store.put_bytes(OTHER, b"other").unwrap();
        for mut store in [store, device.mount()] {
            assert_eq!(get(&mut store, ONE), None);
            assert_eq!(get(&mut store, OTHER), Some(b"other".to_vec()));
        }
    }
    everywhere!(on);
}

#[test]
fn names_have_1_to_63_bytes() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        let long = "n".repeat(64);
        let mut store = device.mount();
        for len in [1, 2, 62, 63] {
            store.put_bytes(&long[..len], &[len as u8]).unwrap();
            assert_eq!(
                get(&mut device.mount(), &long[..len]),
                Some(vec![len as u8])
            );
            store.delete(&long[..len]).unwrap();
        }
        let image = device.partition();
        let mut out = [0; 4];
        for (name, error) in [
            ("", Error::KeyEmpty),
            (&long, Error::KeyTooLong { len: 64, max: 63 }),
        ] {
            assert_eq!(store.put_bytes(name, &[1]), Err(error));
            assert_eq!(store.delete(name), Err(error));
            assert_eq!(store.get_bytes(name, &mut out), Err(error));
            assert_eq!(store.get_bytes_at(name, 0, &mut out), Err(error));
            assert_eq!(store.value_len(name), Err(error));
            assert_eq!(store.contains(name), Err(error));
        }
        assert_eq!(device.partition(), image);
    }
    everywhere!(on);
}

#[test]
fn names_are_any_text() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        let mut store = device.mount();
        let names = ["\0", "a\0b", "größe", "温度"];
        for (index, name) in names.into_iter().enumerate() {
            store.put_bytes(name, &[index as u8]).unwrap();
        }
        assert_eq!(keys(&mut device.mount()), names);
    }
    everywhere!(on);
}

/// A key by its hash: any of the 2^32.
#[test]
fn hashes_are_any_number() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        let mut store = device.mount();
        for hash in [0, 1, u32::MAX, 0x8000_0000] {
            store
                .put_bytes(RawKey::Hash(hash), &hash.to_le_bytes())
                .unwrap();
        }
        for hash in [0, 1, u32::MAX, 0x8000_0000] {
            assert_eq!(
                get(&mut device.mount(), RawKey::Hash(hash)),
                Some(hash.to_le_bytes().to_vec())
            );
        }
        assert_eq!(get(&mut store, RawKey::Hash(2)), None);
    }
    everywhere!(on);
}

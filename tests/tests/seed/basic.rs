//! Putting, getting, deleting, mounting again.

use kvs::sim::Rng;
use kvs::{Error, MAX_NAME_LEN};
use kvs_tests::{Device, everywhere, get, keys};

use super::KEYS;

#[test]
fn basic() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        let mut store = device.mount();
        store.put_bytes(KEYS[0], &[0xDA]).unwrap();
        assert_eq!(get(&mut store, KEYS[0]), Some(vec![0xDA]));

        let pattern = 0xBAD0_301F_u32.to_le_bytes();
        store.put_bytes(KEYS[1], &pattern).unwrap();
        assert_eq!(get(&mut store, KEYS[1]), Some(pattern.to_vec()));
        assert_eq!(get(&mut store, KEYS[0]), Some(vec![0xDA]));
        assert_eq!(store.len(), 2);

        assert_eq!(store.delete(KEYS[0]), Ok(true));
        assert_eq!(get(&mut store, KEYS[0]), None);
        assert_eq!(store.contains(KEYS[0]), Ok(false));
        assert_eq!(get(&mut store, KEYS[1]), Some(pattern.to_vec()));

        assert_eq!(store.delete(KEYS[1]), Ok(true));
        assert_eq!((store.len(), store.is_empty()), (0, true));
    }
    everywhere!(on);
}

#[test]
fn max_key_length() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        let name = "0123456789abcdef".repeat(4);
        let (longest, too_long) = (&name[..MAX_NAME_LEN], name.as_str());
        let mut store = device.mount();
        store.put_bytes(longest, &[1]).unwrap();
        assert_eq!(get(&mut device.mount(), longest), Some(vec![1]));
        // Not to be mistaken for a key that is the front of it.
        assert_eq!(get(&mut store, &longest[..15]), None);
        assert_eq!(store.delete(longest), Ok(true));
        assert_eq!(get(&mut store, longest), None);

        let error = Error::KeyTooLong { len: 64, max: 63 };
        assert_eq!(store.put_bytes(too_long, &[1]), Err(error));
        assert_eq!(store.delete(too_long), Err(error));
        assert_eq!(store.get_bytes(too_long, &mut [0; 8]), Err(error));
    }
    everywhere!(on);
}

#[test]
fn large_buffers() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        let len = device.share(4, 8);
        let mut store = device.mount();
        for (added, key) in KEYS.into_iter().enumerate() {
            store.put_bytes(key, &vec![added as u8; len]).unwrap();
            assert_eq!(store.len(), added + 1);
            for (index, key) in KEYS.into_iter().enumerate().take(added + 1) {
                assert_eq!(get(&mut store, key), Some(vec![index as u8; len]));
            }
        }
        for (deleted, key) in KEYS.into_iter().enumerate() {
            assert_eq!(store.delete(key), Ok(true));
            assert_eq!(store.len(), KEYS.len() - deleted - 1);
            for (index, key) in KEYS.into_iter().enumerate() {
                let expected = (index > deleted).then(|| vec![index as u8; len]);
                assert_eq!(get(&mut store, key), expected);
            }
        }
    }
    everywhere!(on);
}

#[test]
fn enable() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        let len = device.share(5, 8);
        let mut store = device.mount();
        for (index, key) in KEYS.into_iter().enumerate() {
            store.put_bytes(key, &vec![index as u8; len]).unwrap();
        }
        drop(store);

        let mut other = device.mount();
        assert_eq!(other.len(), KEYS.len());
        other.put_bytes("new_key", &[0xDA]).unwrap();
        assert_eq!(get(&mut other, "new_key"), Some(vec![0xDA]));
        assert_eq!(other.len(), KEYS.len() + 1);
        for (index, key) in KEYS.into_iter().enumerate() {
            assert_eq!(get(&mut other, key), Some(vec![index as u8; len]));
        }
    }
    everywhere!(on);
}

#[test]
fn re_enable() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        let chip = device.mount().unmount();
        assert_eq!(
            chip.stats().programs + chip.stats().erases,
            0,
            "mounting never writes"
        );
        let mut store = device.mount();
        store.put_bytes(KEYS[0], &[0xDA]).unwrap();
        assert_eq!(get(&mut store, KEYS[0]), Some(vec![0xDA]));
        store.unmount();
        assert_eq!(get(&mut device.mount(), KEYS[0]), Some(vec![0xDA]));
    }
    everywhere!(on);
}

#[test]
fn erase() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        let mut store = device.mount();
        store.put_bytes(KEYS[0], &[0xDA]).unwrap();
        assert_eq!(store.delete(KEYS[0]), Ok(true));
        assert_eq!(get(&mut store, KEYS[0]), None);
        assert_eq!(get(&mut device.mount(), KEYS[0]), None);
    }
    everywhere!(on);
}

#[test]
fn calling_erase_twice() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        let mut store = device.mount();
        store.put_bytes(KEYS[0], &[0xDA]).unwrap();
        assert_eq!(store.delete(KEYS[0]), Ok(true));
        let image = device.partition();
        assert_eq!(store.delete(KEYS[0]), Ok(false));
        assert_eq!(device.mount().delete(KEYS[0]), Ok(false));
        assert_eq!(store.delete("never there"), Ok(false));
        assert_eq!(device.partition(), image);
    }
    everywhere!(on);
}

/// The typed part is the derive's; here it is values of the lengths that types have.
#[test]
fn templated_put_and_get() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        let mut store = device.mount();
        let bytes: Vec<u8> = (1..=16).collect();
        for len in [4, 1, 8, 2, 16, 0, 12] {
            store.put_bytes(KEYS[0], &bytes[..len]).unwrap();
            assert_eq!(get(&mut store, KEYS[0]), Some(bytes[..len].to_vec()));
            // What lies behind the value is left alone.
            let mut out = [0xEE; 20];
            assert_eq!(store.get_bytes(KEYS[0], &mut out), Ok(Some(len)));
            assert!(out[len..].iter().all(|byte| *byte == 0xEE));
        }
    }
    everywhere!(on);
}

#[test]
fn get_value_size_tests() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        let mut store = device.mount();
        assert_eq!(store.value_len(KEYS[0]), Ok(None));
        assert_eq!(store.value_len(""), Err(Error::KeyEmpty));
        store.put_bytes(KEYS[0], &[0xBA; 20]).unwrap();
        assert_eq!(store.value_len(KEYS[0]), Ok(Some(20)));
        assert_eq!(store.delete(KEYS[0]), Ok(true));
        assert_eq!(store.value_len(KEYS[0]), Ok(None));
    }
    everywhere!(on);
}

#[test]
fn offset_read() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        let mut store = device.mount();
        let value: Vec<u8> = (0..device.share(1, 7).min(160))
            .map(|byte| byte as u8)
            .collect();
        store.put_bytes("the_key", &value).unwrap();
        for size in [1, 7, 16, 63, 64, 200] {
            let mut found = Vec::<u8>::new();
            for offset in (0..value.len()).step_by(size) {
                let mut chunk = vec![0; size];
                let len = store.get_bytes_at("the_key", offset, &mut chunk).unwrap();
                found.extend(&chunk[..len.unwrap()]);
            }
            assert_eq!(found, value, "in pieces of {size}");
        }
        let mut out = [0xEE; 4];
        let last = value.len() - 1;
        assert_eq!(store.get_bytes_at("the_key", last, &mut out), Ok(Some(1)));
        assert_eq!(out, [value[last], 0xEE, 0xEE, 0xEE]);
        for behind in [value.len(), value.len() + 1, usize::MAX] {
            assert_eq!(store.get_bytes_at("the_key", behind, &mut out), Ok(Some(0)));
        }
        assert_eq!(store.get_bytes_at("no_key", 0, &mut out), Ok(None));
    }
    everywhere!(on);
}

#[test]
fn iteration_empty() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        let mut store = device.mount();
        assert!(store.keys().next().unwrap().is_none());
        store.put_bytes(KEYS[0], &[1]).unwrap();
        store.delete(KEYS[0]).unwrap();
        assert!(
            store.keys().next().unwrap().is_none(),
            "a deleted key is none"
        );
    }
    everywhere!(on);
}

#[test]
fn iteration() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        let mut store = device.mount();
        for (index, key) in KEYS.into_iter().enumerate() {
            store.put_bytes(key, &[7; 5][..index]).unwrap();
        }
        store.put_bytes(KEYS[0], &[1, 2, 3]).unwrap();
        assert_eq!(keys(&mut store), ["Key2", "TestKey1", "TestKey3"]);
        let mut store = device.mount();
        let mut cursor = store.keys();
        let (mut last, mut lens) = (0, Vec::new());
        while let Some(key) = cursor.next().unwrap() {
            assert_eq!(key.hash, kvs::key_hash(key.name.unwrap()));
            assert!(key.hash > last, "in order of hash");
            assert_eq!(key.size as usize % W, 0);
            last = key.hash;
            lens.push(key.value_len);
        }
        lens.sort_unstable();
        assert_eq!(lens, [1, 2, 3]);
    }
    everywhere!(on);
}

/// Values that grow and shrink, deleted and put again, between mounts.
#[test]
fn fuzz_test() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        // Everything, and a new value of the longest, fits a sector.
        let long = device.share(6, 8);
        let mut rng = Rng::new(1);
        let mut store = device.mount();
        let put = |store: &mut kvs_tests::TestStore<W, E>, key: &str, value: &[u8]| {
            store
                .put_bytes(key, value)
                .unwrap_or_else(|error| panic!("{key}: {error}"));
        };
        for round in 0..25u8 {
            let (one, two) = (
                vec![round; rng.below(long + 1)],
                vec![!round; rng.below(long + 1)],
            );
            put(&mut store, "Buf1", &one);
            put(&mut store, "Buf2", &two);
            for number in 0..round {
                put(&mut store, "some_data", &[number]);
            }
            for (key, value) in [("Buf1", &one), ("Buf2", &two)] {
                store.delete(key).unwrap();
                put(&mut store, key, value);
            }
            for (index, key) in KEYS.into_iter().enumerate() {
                store.delete(key).unwrap();
                put(&mut store, key, &[round, index as u8]);
            }
            store = device.mount();
            assert_eq!(get(&mut store, "Buf1"), Some(one));
            assert_eq!(get(&mut store, "Buf2"), Some(two));
            for (index, key) in KEYS.into_iter().enumerate() {
                assert_eq!(get(&mut store, key), Some(vec![round, index as u8]));
            }
        }
    }
    everywhere!(on);
}

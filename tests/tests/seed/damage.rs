//! Entries with bad checksums, partitions of another version, partitions that may not be written.

use kvs::{Change, Error, Maintenance, key_hash};
use kvs_tests::craft::seal_header;
use kvs_tests::{Device, everywhere, get};

use super::KEYS;

#[test]
fn bad_crc() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        let mut store = device.mount();
        store.put_bytes(KEYS[0], b"good").unwrap();
        store.put_bytes(KEYS[0], b"bad!").unwrap();
        store.put_bytes(KEYS[1], b"other").unwrap();
        store.put_bytes("long", &[7; 64]).unwrap();
        let (at, _) = device.locate(KEYS[0]);
        // Header, the name behind its length, value and checksum: every byte of it.
        for byte in 0..5 + 1 + KEYS[0].len() + 4 + 4 {
            let device = device.copy();
            let mut store = device.try_mount::<256, 64, 64>().unwrap();
            // So that the entry is not in the buffer any more.
            assert_eq!(get(&mut store, "long"), Some(vec![7; 64]));
            device.flip(at + byte, 1 << (byte % 8));
            let corrupt = Error::Corrupt {
                key: key_hash(KEYS[0]),
            };
            assert_eq!(
                store.get_bytes(KEYS[0], &mut [0; 8]),
                Err(corrupt),
                "byte {byte}"
            );
            assert_eq!(get(&mut store, KEYS[1]), Some(b"other".to_vec()));

            let remounted = device.copy();
            let mut again = remounted.mount();
            let found = get(&mut again, KEYS[0]);
            assert!(
                found.is_none() || found == Some(b"good".to_vec()),
                "byte {byte}: {found:?}"
            );
            assert_eq!(again.stats().corrupt, 1, "byte {byte}");
            assert_eq!(get(&mut again, KEYS[1]), Some(b"other".to_vec()));

            // A new value mends it, in a store that was mounted before as in one that was mounted after.
            for (device, mut store) in [(device, store), (remounted, again)] {
                store.put_bytes(KEYS[0], b"new").unwrap();
                for mut store in [store, device.mount()] {
                    assert_eq!(
                        get(&mut store, KEYS[0]),
                        Some(b"new".to_vec()),
                        "byte {byte}"
                    );
                    assert_eq!(get(&mut store, KEYS[1]), Some(b"other".to_vec()));
                }
            }
        }
    }
    everywhere!(on);
}

#[test]
fn test_version_2() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        device.mount().put_bytes(KEYS[1], &[1, 2, 3, 4]).unwrap();
        let stride = 16.max(W);
        let mut image = device.partition();
        let header = image.windows(2).position(|bytes| bytes == b"KV").unwrap();
        for copy in [header, header + stride] {
            let copy = &mut image[copy..copy + 16];
            assert_eq!(copy[2] >> 4, 1, "the version this is about");
            copy[2] = 2 << 4 | copy[2] & 0x0F;
            seal_header(copy);
        }
        device.plant(0, &image);
        let before = device.chip.stats();
        match device.try_mount::<16, 64, 256>().err() {
            Some(Error::Incompatible {
                version, checksum, ..
            }) => assert_eq!((version, checksum), ((2, 1), (0, 0))),
            other => panic!("{other:?}"),
        }
        let cost = device.chip.stats().since(&before);
        assert_eq!((cost.programs, cost.erases), (0, 0));
        assert_eq!(device.partition(), image);
    }
    everywhere!(on);
}

#[test]
fn read_only_partition() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        for filled in [false, true] {
            if filled {
                let mut store = device.mount();
                for key in KEYS {
                    store.put_bytes(key, key.as_bytes()).unwrap();
                }
                store.delete(KEYS[1]).unwrap();
            }
            let (image, before) = (device.partition(), device.chip.stats());
            let mut store = device.with(|options| options.read_only = true).mount();
            let expected = filled.then(|| KEYS[0].as_bytes().to_vec());
            assert_eq!(get(&mut store, KEYS[0]), expected);
            assert_eq!(store.len(), if filled { 2 } else { 0 });

            assert_eq!(store.put_bytes(KEYS[0], &[1]), Err(Error::ReadOnly));
            assert_eq!(store.delete(KEYS[0]), Err(Error::ReadOnly));
            assert_eq!(store.delete("never there"), Err(Error::ReadOnly));
            let commit = [Change::put("a", &[1]), Change::delete(KEYS[0])];
            assert_eq!(store.commit(&commit), Err(Error::ReadOnly));
            assert_eq!(store.maintain(), Err::<Maintenance, _>(Error::ReadOnly));

            assert_eq!(get(&mut store, KEYS[0]), expected);
            let cost = device.chip.stats().since(&before);
            assert_eq!((cost.programs, cost.erases), (0, 0));
            assert_eq!(device.partition(), image);
        }
    }
    everywhere!(on);
}

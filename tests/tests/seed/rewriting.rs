//! Putting over what is there.

use kvs::Crc32c;
use kvs_tests::{Device, everywhere, get};

use super::KEYS;

#[test]
fn rewrite_value() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        let mut store = device.mount();
        for value in [0xDA, 0x12] {
            store.put_bytes("the_key", &[value]).unwrap();
            assert_eq!(get(&mut store, "the_key"), Some(vec![value]));
            assert_eq!(get(&mut device.mount(), "the_key"), Some(vec![value]));
        }
        assert_eq!(store.len(), 1);
    }
    everywhere!(on);
}

/// Many large values under one key, so that all sectors are gone through.
#[test]
fn multiple_rewrite() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        let len = device.share(3, 7);
        let mut store = device.mount();
        for round in 0..device.sectors() * 3 + 2 {
            store.put_bytes("the_key", &vec![round as u8; len]).unwrap();
            assert_eq!(store.len(), 1);
            assert_eq!(
                get(&mut device.mount(), "the_key"),
                Some(vec![round as u8; len])
            );
        }
        assert!(device.chip.stats().erases > u64::from(device.sectors()));
    }
    everywhere!(on);
}

#[test]
fn same_value_rewrite() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        let values = [
            vec![],
            vec![0x1F, 0x30, 0xD0, 0xBA],
            vec![7; device.share(3, 8)],
        ];
        let mut store = device.mount();
        for (key, value) in KEYS.into_iter().zip(&values) {
            store.put_bytes(key, value).unwrap();
        }
        let (image, before) = (device.partition(), device.chip.stats());
        let mut again = device.mount();
        for (key, value) in KEYS.into_iter().zip(&values) {
            store.put_bytes(key, value).unwrap();
            again.put_bytes(key, value).unwrap();
        }
        let cost = device.chip.stats().since(&before);
        assert_eq!((cost.programs, cost.erases), (0, 0));
        assert_eq!(device.partition(), image);
    }
    everywhere!(on);
}

/// A checksum that stayed the same does not mean that the value did.
#[test]
fn different_value_same_crc() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        let one = [0; 8];
        // A CRC's last four bytes are added to its register: they can cancel out any change before them.
        let change = Crc32c::of(&[1, 0, 0, 0]) ^ Crc32c::of(&[0; 4]);
        let mut two = [1, 0, 0, 0, 0, 0, 0, 0];
        two[4..].copy_from_slice(&change.to_le_bytes());
        let sum = |value: &[u8]| Crc32c::of(&[b"some head".as_slice(), value].concat());
        assert_eq!(sum(&one), sum(&two));

        let mut store = device.mount();
        store.put_bytes("k", &one).unwrap();
        store.put_bytes("k", &two).unwrap();
        assert_eq!(get(&mut store, "k"), Some(two.to_vec()));
        assert_eq!(get(&mut device.mount(), "k"), Some(two.to_vec()));
    }
    everywhere!(on);
}

#[test]
fn interleaved() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        let mut store = device.mount();
        store.put_bytes(KEYS[0], &[0xDA]).unwrap();
        assert_eq!(store.len(), 1);
        store.delete(KEYS[0]).unwrap();
        assert_eq!(get(&mut store, KEYS[0]), None);
        store.put_bytes(KEYS[1], &[0xDA]).unwrap();
        store.put_bytes(KEYS[2], &[0x12]).unwrap();
        store.delete(KEYS[1]).unwrap();
        for mut store in [store, device.mount()] {
            assert_eq!(get(&mut store, KEYS[0]), None);
            assert_eq!(get(&mut store, KEYS[1]), None);
            assert_eq!(get(&mut store, KEYS[2]), Some(vec![0x12]));
            assert_eq!(store.len(), 1);
        }
    }
    everywhere!(on);
}

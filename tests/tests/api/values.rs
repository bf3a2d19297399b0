//! Values of all lengths, and buffers that are too short for them.

use kvs::{Error, RawKey};
use kvs_tests::{Device, everywhere, get};

const HASH: RawKey<'_> = RawKey::Hash(0xABCD_0123);

fn pattern(len: usize) -> Vec<u8> {
    (0..len)
        .map(|index| (index * 31 + index / 256) as u8)
        .collect()
}

/// Under a hash and under a name: 0 bytes, the border of short and long entries, a word's and the buffer's end.
#[test]
fn values_of_every_length_around_a_border() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        let keys: [RawKey<'_>; 2] = [HASH, "name".into()];
        for key in keys {
            let longest = device.mount().max_value_len(key);
            let borders = [
                0..70,
                120..132,
                240..270,
                500..520,
                longest - 20..longest + 1,
            ];
            for len in borders.into_iter().flatten().filter(|len| *len <= longest) {
                let device = device.copy();
                let mut store = device.mount();
                store.put_bytes(key, &pattern(len)).unwrap();
                assert_eq!(store.value_len(key), Ok(Some(len)));
                assert_eq!(get(&mut store, key), Some(pattern(len)));
                assert_eq!(get(&mut device.mount(), key), Some(pattern(len)));
            }
        }
    }
    everywhere!(on);
}

#[test]
fn an_entry_costs_what_the_format_says() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        let mut store = device.mount();
        for (len, overhead) in [(0, 9), (62, 9), (63, 11), (64, 11)] {
            store.put_bytes(HASH, &pattern(len)).unwrap();
            let size = store.keys().next().unwrap().unwrap().size;
            assert_eq!(
                size as usize,
                Device::<W, E>::pad(len + overhead),
                "{len} bytes"
            );
        }
        // The longest value leaves the bytes of a mark in its sector.
        for (key, overhead) in [(HASH, 11), (RawKey::Name("name"), 11 + 5)] {
            assert_eq!(
                store.max_value_len(key),
                device.payload() as usize - overhead
            );
        }
    }
    everywhere!(on);
}

#[test]
fn a_payload_of_value_fits_and_a_byte_more_does_not() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        let mut store = device.mount();
        let max = store.max_value_len(HASH);
        let error = Error::ValueTooLong { len: max + 1, max };
        assert_eq!(store.put_bytes(HASH, &pattern(max + 1)), Err(error));
        let huge = Error::ValueTooLong { len: 70_000, max };
        assert_eq!(store.put_bytes(HASH, &vec![0; 70_000]), Err(huge));
        store.put_bytes(HASH, &pattern(max)).unwrap();
        assert_eq!(get(&mut device.mount(), HASH), Some(pattern(max)));
    }
    everywhere!(on);
}

#[test]
fn a_buffer_too_small_is_told_apart_from_not_found() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        let mut store = device.mount();
        for len in [1, 31, 40, 100] {
            store.put_bytes("key", &pattern(len)).unwrap();
            for short in [0, len / 2, len - 1] {
                let mut out = vec![0xEE; short];
                let error = Error::BufferTooSmall {
                    needed: len,
                    available: short,
                };
                assert_eq!(store.get_bytes("key", &mut out), Err(error));
                assert_eq!(out, vec![0xEE; short], "untouched");
                assert_eq!(store.get_bytes("none", &mut out), Ok(None));
                // A part of it can be had.
                assert_eq!(store.get_bytes_at("key", 0, &mut out), Ok(Some(short)));
                assert_eq!(out, pattern(len)[..short]);
            }
            let mut exact = vec![0; len];
            assert_eq!(store.get_bytes("key", &mut exact), Ok(Some(len)));
        }
        store.put_bytes("key", &[]).unwrap();
        assert_eq!(
            store.get_bytes("key", &mut []),
            Ok(Some(0)),
            "empty is not absent"
        );
    }
    everywhere!(on);
}

/// Values are not limited by the store's buffer.
#[test]
fn a_store_with_the_smallest_buffer_handles_long_values() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        let len = (device.share(3, 4)).min(1024);
        let mut store = device.try_mount::<8, 64, 64>().unwrap();
        for round in 0..3 * device.sectors() as u8 {
            let mut value = pattern(len);
            value[len / 2] = round;
            store.put_bytes("long", &value).unwrap();
            store.put_bytes("tiny", &[round]).unwrap();
            let before = device.chip.stats();
            store.put_bytes("long", &value).unwrap();
            assert_eq!(
                device.chip.stats().since(&before).programs,
                0,
                "it is there already"
            );
            for mut store in [store, device.try_mount::<8, 64, 64>().unwrap()] {
                assert_eq!(get(&mut store, "long"), Some(value.clone()));
                assert_eq!(get(&mut store, "tiny"), Some(vec![round]));
            }
            store = device.try_mount::<8, 64, 64>().unwrap();
        }
    }
    everywhere!(on);
}

/// Values that are full of what the format uses as marks.
#[test]
fn values_may_look_like_flash() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        let mut store = device.mount();
        let image = device.partition();
        let len = device.share(3, 4);
        let mut values = vec![vec![0xFF; len], vec![0; len], image[..len].to_vec()];
        store.put_bytes("a", &[1, 2, 3]).unwrap();
        // The bytes of an entry that is there, inside of a value.
        let (at, size) = device.locate("a");
        let entry = device.partition()[at..at + size].to_vec();
        values.push(entry.iter().copied().cycle().take(len).collect());
        for value in values {
            store.put_bytes("b", &value).unwrap();
            store.put_bytes("a", &[3]).unwrap();
            let mut again = device.mount();
            assert_eq!(get(&mut again, "b"), Some(value));
            assert_eq!(get(&mut again, "a"), Some(vec![3]));
            assert_eq!((again.len(), again.stats().corrupt), (2, 0));
        }
    }
    everywhere!(on);
}

/// Name, value and checksum in all positions to the ends of the store's buffer and of its smaller windows.
#[test]
fn every_byte_of_a_value_can_be_read_and_changed() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        let name = "n".repeat(63);
        let keys = [
            HASH,
            "n".into(),
            RawKey::Name(&name[..9]),
            RawKey::Name(&name),
        ];
        for key in keys {
            for len in [20, 48, 59, 64, 70, 100] {
                let device = device.copy();
                let mut store = device.try_mount::<4, 64, 64>().unwrap();
                let mut value = pattern(len);
                store.put_bytes(key, &value).unwrap();
                for (at, expected) in value.iter().enumerate() {
                    let mut byte = [0];
                    assert_eq!(store.get_bytes_at(key, at, &mut byte), Ok(Some(1)));
                    assert_eq!(byte[0], *expected, "byte {at} of {len}");
                }
                // What differs in any one byte is another value.
                for at in (0..len).step_by(3) {
                    value[at] ^= 1;
                    store.put_bytes(key, &value).unwrap();
                    assert_eq!(
                        get(&mut store, key).as_ref(),
                        Some(&value),
                        "byte {at} of {len}"
                    );
                }
                assert_eq!(get(&mut device.mount(), key), Some(value));
            }
        }
    }
    kvs_tests::each(on::<1, 256>, &[(0, 768, 2)]);
    kvs_tests::each(on::<4, 1024>, &[(1024, 1024, 3)]);
    kvs_tests::each(on::<16, 1024>, &[(0, 1024, 2)]);
}

//! Sectors that are filled: to the brim, and past it.

use kvs::{Error, SectorState};
use kvs_tests::{Device, TestStore, everywhere, get};

use super::KEYS;

/// The head's index.
fn head<const W: usize, const E: usize>(store: &TestStore<W, E>) -> Option<usize> {
    let mut sectors = store.sectors();
    let head = sectors.find(|sector| sector.state == SectorState::Head);
    head.map(|head| head.index)
}

/// Bytes that can be appended to the head.
fn room<const W: usize, const E: usize>(store: &TestStore<W, E>) -> usize {
    let head = store
        .sectors()
        .find(|sector| sector.state == SectorState::Head);
    head.map_or(0, |head| head.free as usize)
}

#[test]
fn multi_sector() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        if device.sectors() < 3 {
            return; // Two sectors hold no more than one does: one is spare.
        }
        let len = device.share(4, 5);
        let mut store = device.mount();
        for index in 0..5 {
            store
                .put_bytes(format!("key_{index}").as_str(), &vec![index; len])
                .unwrap();
            assert_eq!(store.len(), usize::from(index) + 1);
        }
        let used = store.sectors().filter(|sector| sector.live != 0).count();
        assert!(used >= 2, "more than fits one sector is in {used}");
        for mut store in [store, device.mount()] {
            for index in 0..5 {
                let name = format!("key_{index}");
                assert_eq!(get(&mut store, name.as_str()), Some(vec![index; len]));
            }
        }
        let mut store = device.mount();
        for index in 0..5 {
            assert_eq!(store.delete(format!("key_{index}").as_str()), Ok(true));
            assert_eq!(store.len(), 4 - index);
        }
    }
    everywhere!(on);
}

/// One key stays; another is put and deleted until sectors have been filled with that.
#[test]
fn fill_sector() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        let mut store = device.mount();
        store.put_bytes(KEYS[0], &[0xBA; 8]).unwrap();
        let pair = Device::<W, E>::pad(8 + 8 + 8) + Device::<W, E>::pad(9);
        let rounds = (device.sectors() * device.payload()) as usize / pair + 2;
        for round in 0..rounds {
            store.put_bytes(KEYS[2], &[round as u8; 8]).unwrap();
            assert_eq!(store.len(), 2);
            assert_eq!(store.delete(KEYS[2]), Ok(true));
            assert_eq!(store.len(), 1);
        }
        assert!(device.chip.stats().erases > 1);
        for mut store in [store, device.mount()] {
            assert_eq!(get(&mut store, KEYS[0]), Some(vec![0xBA; 8]));
            assert_eq!(get(&mut store, KEYS[2]), None);
        }
    }
    everywhere!(on);
}

/// An entry that takes exactly what is left of a sector in front of a mark, one that is a word shorter, and one that is a byte
/// longer.
#[test]
fn fill_sector_2() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        for more in [-(W as isize), 0, 1] {
            let device = device.copy();
            let mut store = device.mount();
            store.put_bytes(KEYS[0], &[1; 8]).unwrap();
            while room(&store) > device.payload() as usize / 2 {
                let byte = [room(&store) as u8, (room(&store) >> 8) as u8];
                store.put_bytes(KEYS[2], &byte).unwrap();
            }
            let mark = Device::<W, E>::pad(11);
            let left = room(&store) - mark;
            let len = (left as isize - 7 - 1 - 7 - 4 + more) as usize;
            let before = head(&store);
            store.put_bytes("new_key", &vec![0xBD; len]).unwrap();
            if more <= 0 {
                let filled_up = (before, mark + -more as usize);
                assert_eq!((head(&store), room(&store)), filled_up);
            } else {
                assert_ne!(head(&store), before, "it did not fit");
            }
            for remount in [false, true] {
                if remount {
                    store = device.mount();
                }
                assert_eq!(get(&mut store, "new_key"), Some(vec![0xBD; len]));
                assert_eq!(get(&mut store, KEYS[0]), Some(vec![1; 8]));
                store.put_bytes(KEYS[1], &[2]).unwrap();
                assert_eq!(get(&mut store, KEYS[1]), Some(vec![2]));
                store.delete(KEYS[1]).unwrap();
            }
        }
    }
    everywhere!(on);
}

#[test]
fn can_fit_entry_tests() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        let mut store = device.mount();
        let longest = store.max_value_len("k2");
        assert_eq!(longest, device.payload() as usize - 7 - 1 - 2 - 4);
        let untouched = device.partition();
        let error = Error::ValueTooLong {
            len: longest + 1,
            max: longest,
        };
        assert_eq!(store.put_bytes("k2", &vec![7; longest + 1]), Err(error));
        assert_eq!(device.partition(), untouched);
        store.put_bytes("k2", &vec![7; longest]).unwrap();
        assert_eq!(get(&mut device.mount(), "k2"), Some(vec![7; longest]));

        // One in each sector but the spare one: then it is full, to the byte.
        for index in 2..device.sectors() {
            let key = char::from(b'a' + index as u8).to_string() + "2";
            store.put_bytes(key.as_str(), &vec![7; longest]).unwrap();
        }
        assert_eq!(store.stats().available, 0);
        let full = Error::Full {
            needed: Device::<W, E>::pad(5 + 1 + 1 + 1 + 4) as u32,
            available: 0,
        };
        assert_eq!(store.put_bytes("x", &[1]), Err(full));
        assert_eq!(get(&mut store, "k2"), Some(vec![7; longest]));
    }
    everywhere!(on);
}

#[test]
fn large_partition() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        let mut store = device.mount();
        let name = |index: u8| format!("setting.{index}");
        for round in 0..40 {
            for index in 0..200u8 {
                let value = vec![index ^ round; usize::from(index) + usize::from(round)];
                store.put_bytes(name(index).as_str(), &value).unwrap();
            }
        }
        for index in (0..200).step_by(2) {
            assert_eq!(store.delete(name(index).as_str()), Ok(true));
        }
        assert!(
            device.chip.stats().erases > u64::from(device.sectors()),
            "all of it was used"
        );
        for mut store in [store, device.mount()] {
            assert_eq!(store.len(), 100);
            for index in 0..200 {
                let value = vec![index ^ 39; usize::from(index) + 39];
                let expected = (index % 2 == 1).then_some(value);
                assert_eq!(get(&mut store, name(index).as_str()), expected);
            }
        }
    }
    kvs_tests::each(on::<4, 4096>, &[(0, 4096, 64)]);
    kvs_tests::each(on::<8, 1024>, &[(4096, 4096, 60)]);
}

//! Commits of several changes.

use kvs::sim::{SimError, Tear};
use kvs::{Change, Error, RawKey};
use kvs_tests::{Device, everywhere, get, keys};

const HASH: RawKey<'_> = RawKey::Hash(0x1234_5678);

#[test]
fn four_small_changes_are_one_program_call() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        let mut store = device.mount();
        store.put_bytes("gone", &[9]).unwrap();
        let before = device.chip.stats();
        let changes = [
            Change::put("a", &[1]),
            Change::put(HASH, &[2, 2]),
            Change::delete("gone"),
            Change::put("b", &[3, 3, 3]),
        ];
        store.commit(&changes).unwrap();
        let cost = device.chip.stats().since(&before);
        let bytes = [12, 11, 9, 14]
            .map(Device::<W, E>::pad)
            .iter()
            .sum::<usize>();
        assert_eq!(
            (cost.programs, cost.program_bytes, cost.erases),
            (1, bytes as u64, 0)
        );
        for mut store in [store, device.mount()] {
            assert_eq!(get(&mut store, "a"), Some(vec![1]));
            assert_eq!(get(&mut store, HASH), Some(vec![2, 2]));
            assert_eq!(get(&mut store, "gone"), None);
            assert_eq!(get(&mut store, "b"), Some(vec![3; 3]));
            assert_eq!(keys(&mut store), ["0x12345678", "a", "b"]);
        }
    }
    everywhere!(on);
}

/// With the smallest buffer it takes several program calls, and is still all or nothing.
#[test]
fn a_cut_commit_is_there_whole_or_not_at_all() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        let mut store = device.try_mount::<16, 64, 64>().unwrap();
        store.put_bytes("a", b"old").unwrap();
        let changes = [
            Change::put("a", b"new"),
            Change::put("b", &[7; 50]),
            Change::put("c", b"new"),
        ];
        let operations = {
            let device = device.copy();
            device
                .try_mount::<16, 64, 64>()
                .unwrap()
                .commit(&changes)
                .unwrap();
            assert!(device.chip.stats().programs >= 2);
            device.chip.flash().operations()
        };
        let mut outcomes = [0; 2];
        for operation in 0..operations {
            for tear in Tear::ALL {
                let device = device.copy();
                device.chip.flash().cut_after(operation, tear, operation);
                let result = device.try_mount::<16, 64, 64>().unwrap().commit(&changes);
                assert_eq!(result, Err(Error::Flash(SimError::PowerLost)));
                device.chip.flash().power_on();
                let mut store = device.mount();
                let found = ["a", "b", "c"].map(|key| get(&mut store, key));
                let before = [Some(b"old".to_vec()), None, None];
                let after = [
                    Some(b"new".to_vec()),
                    Some(vec![7; 50]),
                    Some(b"new".to_vec()),
                ];
                assert!(
                    found == before || found == after,
                    "{operation} {tear:?}: {found:?}"
                );
                outcomes[usize::from(found == after)] += 1;
            }
        }
        assert!(outcomes[0] != 0 && outcomes[1] != 0, "{outcomes:?}");
    }
    everywhere!(on);
}

#[test]
fn a_key_that_occurs_twice_gets_the_last_of_its_changes() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        let mut store = device.mount();
        let before = device.chip.stats();
        let changes = [
            Change::put("a", &[1]),
            Change::put("b", &[1]),
            Change::put("a", &[2]),
            Change::delete("b"),
            Change::delete("c"),
            Change::put("c", &[3]),
            Change::put("a", &[4]),
        ];
        store.commit(&changes).unwrap();
        for mut store in [store, device.mount()] {
            assert_eq!(get(&mut store, "a"), Some(vec![4]));
            assert_eq!(get(&mut store, "b"), None);
            assert_eq!(get(&mut store, "c"), Some(vec![3]));
        }
        // Nothing of the others was written: a header, an opening, and two entries.
        let bytes = 2 * 16.max(W) + Device::<W, E>::pad(11) + 2 * Device::<W, E>::pad(12);
        assert_eq!(
            device.chip.stats().since(&before).program_bytes,
            bytes as u64
        );
    }
    everywhere!(on);
}

#[test]
fn only_what_differs_is_written() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        let mut store = device.mount();
        store
            .commit(&[Change::put("a", &[1]), Change::put("b", &[2])])
            .unwrap();
        let cost_of = |store: &mut kvs_tests::TestStore<W, E>, changes: &[Change<'_>]| {
            let before = device.chip.stats();
            store.commit(changes).unwrap();
            let cost = device.chip.stats().since(&before);
            assert_eq!(cost.erases, 0);
            cost.program_bytes as usize
        };
        assert_eq!(cost_of(&mut store, &[]), 0);
        let same = [
            Change::put("a", &[1]),
            Change::delete("none"),
            Change::put("b", &[2]),
        ];
        assert_eq!(cost_of(&mut store, &same), 0);
        let one = [
            Change::put("a", &[1]),
            Change::put("b", &[3]),
            Change::delete("none"),
        ];
        assert_eq!(cost_of(&mut store, &one), Device::<W, E>::pad(12));
        // There and back within one commit is no change either.
        let back = [Change::put("a", &[9]), Change::put("a", &[1])];
        assert_eq!(cost_of(&mut store, &back), 0);
        assert_eq!(get(&mut device.mount(), "b"), Some(vec![3]));
    }
    everywhere!(on);
}

#[test]
fn a_commit_has_to_fit_a_sector() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        let mut store = device.mount();
        store.put_bytes("a", b"old").unwrap();
        let payload = device.payload();
        let half = device.share(2, 1);
        let (one, two) = (vec![1; half], vec![2; half]);
        let fits = [Change::put("a", &one), Change::put("b", &two)];
        let (image, value) = (device.partition(), vec![3; half + W]);
        let too_large = [
            Change::put("a", &value),
            Change::put("b", &value),
            Change::put("c", &[]),
        ];
        match store.commit(&too_large) {
            Err(Error::CommitTooLarge { needed, max }) => {
                assert_eq!(max, payload);
                let expected = 2 * Device::<W, E>::pad(13 + value.len()) + Device::<W, E>::pad(11);
                assert_eq!(needed as usize, expected);
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(device.partition(), image);
        assert_eq!(get(&mut store, "a"), Some(b"old".to_vec()));
        if device.sectors() > 2 {
            store.commit(&fits).unwrap();
            assert_eq!(get(&mut device.mount(), "b"), Some(vec![2; half]));
        }
    }
    everywhere!(on);
}

/// Every change is looked at before anything is written.
#[test]
fn one_bad_change_refuses_the_whole_commit() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        let mut store = device.mount();
        store.put_bytes("a", b"old").unwrap();
        let image = device.partition();
        let (long_name, max) = ("x".repeat(64), store.max_value_len("b"));
        let long = vec![0; max + 1];
        let bad = [
            (Change::put("", &[1]), Error::KeyEmpty),
            (Change::delete(""), Error::KeyEmpty),
            (
                Change::put(long_name.as_str(), &[1]),
                Error::KeyTooLong { len: 64, max: 63 },
            ),
            (
                Change::put("b", &long),
                Error::ValueTooLong { len: max + 1, max },
            ),
        ];
        for (change, error) in bad {
            let last = [Change::put("a", b"new"), Change::put("c", &[1]), change];
            assert_eq!(store.commit(&last), Err(error));
            let first = [change, Change::put("a", b"new")];
            assert_eq!(store.commit(&first), Err(error));
        }
        assert_eq!(device.partition(), image);
        for mut store in [store, device.mount()] {
            assert_eq!(get(&mut store, "a"), Some(b"old".to_vec()));
            assert_eq!(store.len(), 1);
        }
    }
    everywhere!(on);
}

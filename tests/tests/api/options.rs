//! Options: what is not done when it is turned off.

use kvs::{Error, Options, RawKey};
use kvs_tests::{Call, Device, Verdict, everywhere, get, idle};

#[test]
fn the_defaults_are_the_safe_ones() {
    let options = Options::default();
    assert_eq!(options, Options::DEFAULT);
    assert!(options.verify_on_read && options.verify_on_write && options.collect_on_write);
    assert!(!options.read_only);
}

#[test]
fn without_collect_on_write_it_is_full_until_maintained() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        let device = device.with(|options| options.collect_on_write = false);
        let mut store = device.mount();
        store.put_bytes("stays", b"here").unwrap();
        let mut refusals = 0;
        for round in 0..2000u16 {
            let value = [round.to_le_bytes(), [1, 2]].concat();
            // Each sector keeps something live, so none comes free by itself.
            let key = RawKey::Hash(u32::from(round) / 8 % 5);
            let before = device.chip.stats();
            match store.put_bytes(key, &value) {
                Ok(()) => {}
                Err(Error::Full { .. }) => {
                    refusals += 1;
                    let cost = device.chip.stats().since(&before);
                    assert_eq!((cost.programs, cost.erases), (0, 0));
                    assert!(
                        idle(&mut store) > 0,
                        "round {round}: there was something to do"
                    );
                    store
                        .put_bytes(key, &value)
                        .unwrap_or_else(|error| panic!("round {round}: {error}"));
                }
                Err(error) => panic!("{error}"),
            }
            assert_eq!(get(&mut store, key), Some(value));
        }
        assert!(refusals > 1);
        assert_eq!(store.stats().collections, 0);
        assert_eq!(get(&mut device.mount(), "stays"), Some(b"here".to_vec()));
    }
    everywhere!(on);
}

/// An idle loop is enough for a store that must not collect in a commit.
#[test]
fn without_collect_on_write_maintaining_between_puts_is_enough() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        let device = device.with(|options| options.collect_on_write = false);
        let mut store = device.mount();
        for round in 0..500u16 {
            let key = RawKey::Hash(u32::from(round) / 8 % 3);
            store
                .put_bytes(key, &round.to_le_bytes())
                .unwrap_or_else(|error| panic!("round {round}: {error}"));
            idle(&mut store);
        }
    }
    everywhere!(on);
}

#[test]
fn without_verify_on_write_nothing_is_read_back() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        let costs = [true, false].map(|verify| {
            let device = device
                .copy()
                .with(|options| options.verify_on_write = verify);
            let mut store = device.mount();
            store.put_bytes("a", &[1]).unwrap();
            let before = device.chip.stats();
            store.put_bytes("b", &[2]).unwrap();
            device.chip.stats().since(&before).reads
        });
        assert!(
            costs[0] >= costs[1] + 2,
            "a blank check and a read-back: {costs:?}"
        );

        // So that a program gone wrong is not noticed, and not taken for right later on.
        let device = device.with(|options| options.verify_on_write = false);
        let mut store = device.mount();
        store.put_bytes("a", &[1]).unwrap();
        device.chip.judge(|call| match call {
            Call::Program(..) => Verdict::Spoil,
            _ => Verdict::Do,
        });
        store.put_bytes("b", &[2]).unwrap();
        device.chip.repair();
        assert!(matches!(
            store.get_bytes("b", &mut [0]),
            Err(Error::Corrupt { .. })
        ));
        let mut store = device.mount();
        assert_eq!(get(&mut store, "a"), Some(vec![1]));
        assert_eq!(get(&mut store, "b"), None);
    }
    everywhere!(on);
}

#[test]
fn without_verify_on_read_a_rotten_value_is_found_at_the_next_mount() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        let device = device.with(|options| options.verify_on_read = false);
        let mut store = device.mount();
        store.put_bytes("a", &[1, 2, 3]).unwrap();
        store.put_bytes("b", &[4]).unwrap();
        let (at, _) = device.locate("a");
        device.flip(at + 5, 0x80);
        assert_eq!(
            get(&mut store, "a"),
            Some(vec![0x81, 2, 3]),
            "the flash as it is"
        );
        let mut store = device.mount();
        assert_eq!(get(&mut store, "a"), None);
        assert_eq!(get(&mut store, "b"), Some(vec![4]));
        assert_eq!(store.stats().corrupt, 1);
    }
    everywhere!(on);
}

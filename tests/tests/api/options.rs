//! Options: what is not done when it is turned off.

use kvs::sim::Rng;
use kvs::{Error, Options, RawKey};
use kvs_tests::{Call, Device, TestStore, Verdict, everywhere, get, idle};

#[test]
fn the_defaults_are_the_safe_ones() {
    let options = Options::default();
    assert_eq!(options, Options::DEFAULT);
    assert!(options.verify_on_read && options.verify_on_write && options.collect_on_write);
    assert!(!options.read_only);
}

/// Random puts over keys that take `quarters` of what can be live, three times around the partition. Returns how many
/// were full at first.
fn without_collecting<const W: usize, const E: usize>(
    device: &Device<W, E>,
    quarters: u32,
    mut between: impl FnMut(&mut TestStore<W, E>),
) -> u32 {
    let device = device
        .copy()
        .with(|options| options.collect_on_write = false);
    let entry = Device::<W, E>::pad(9 + 6).max(device.payload() as usize / 40 / W * W);
    let keys = (device.sectors() - 1) * device.payload() / 4 * quarters / entry as u32;
    let rounds = 3 * device.sectors() * device.payload() / entry as u32;
    let mut rng = Rng::new(u64::from(quarters));
    let mut store = device.mount();
    let mut refusals = 0;
    for round in 0..rounds {
        let key = RawKey::Hash(rng.below(keys as usize) as u32);
        let mut value = vec![round as u8; entry - 11];
        value[..4].copy_from_slice(&round.to_le_bytes());
        let before = device.chip.stats();
        let mut result = store.put_bytes(key, &value);
        if let Err(Error::Full { .. }) = result {
            refusals += 1;
            let cost = device.chip.stats().since(&before);
            assert_eq!((cost.programs, cost.erases), (0, 0));
            assert!(
                idle(&mut store) > 0,
                "round {round} of {rounds}: full, and nothing to do"
            );
            result = store.put_bytes(key, &value);
        }
        result.unwrap_or_else(|error| panic!("round {round} of {rounds}: {error}"));
        assert_eq!(get(&mut store, key), Some(value));
        between(&mut store);
    }
    assert_eq!(store.stats().collections, 0);
    refusals
}

#[test]
fn without_collect_on_write_it_is_full_until_maintained() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        for quarters in 1..=2 {
            println!("{quarters} quarters full");
            assert!(without_collecting(device, quarters, |_| {}) > 0);
        }
    }
    everywhere!(on);
}

/// An idle loop is enough for a store that must not collect in a commit.
#[test]
fn without_collect_on_write_maintaining_between_puts_is_enough() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        for quarters in 1..=2 {
            println!("{quarters} quarters full");
            let refusals = without_collecting(device, quarters, |store| {
                idle(store);
            });
            assert_eq!(refusals, 0);
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
        // Behind the header, and the name with its length.
        device.flip(at + 5 + 2, 0x80);
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

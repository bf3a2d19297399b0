//! Several partitions in one flash, one store after another.

use kvs::sim::SimFlash;
use kvs::{Options, Resources, Store};
use kvs_tests::{Device, everywhere, get};

#[test]
fn two_stores_in_one_flash_do_not_see_each_other() {
    let mut flash = SimFlash::<4, 256>::new(8);
    let (mut left, mut right) = (Resources::<8, 4, 64>::new(), Resources::<8, 4, 64>::new());
    for round in 0..200u8 {
        for (range, resources, value) in [
            (0..1024, &mut left, round),
            (1024..2048, &mut right, !round),
        ] {
            let mut store = Store::mount(&mut flash, range, resources, Options::DEFAULT).unwrap();
            let last =
                (round != 0).then(|| vec![if value == round { round - 1 } else { value + 1 }; 9]);
            assert_eq!(get(&mut store, "key"), last);
            store.put_bytes("key", &[value; 9]).unwrap();
            assert_eq!(store.len(), 1);
        }
    }
    assert!(flash.stats().erases > 8);
}

#[test]
fn unmounting_gives_the_flash_back() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        let mut store = device.mount();
        store.put_bytes("a", &[1]).unwrap();
        let chip = store.unmount();
        assert_eq!(chip.image(), device.chip.image());
        let mut resources = Resources::<4, 8, 64>::new();
        let mut store =
            Store::mount(chip, device.range.clone(), &mut resources, device.options).unwrap();
        assert_eq!(get(&mut store, "a"), Some(vec![1]));
    }
    everywhere!(on);
}

/// Resources that another partition was mounted with are as good as new ones.
#[test]
fn resources_can_be_used_again() {
    let mut resources = Resources::<8, 8, 64>::new();
    let mut full = SimFlash::<4, 256>::new(8);
    let mut store = Store::mount(&mut full, 0..2048, &mut resources, Options::DEFAULT).unwrap();
    for key in ["a", "b", "c", "d", "e", "f", "g", "h"] {
        store.put_bytes(key, &[1; 40]).unwrap();
    }
    let mut empty = SimFlash::<4, 256>::new(8);
    let mut store = Store::mount(&mut empty, 0..1024, &mut resources, Options::DEFAULT).unwrap();
    assert!(store.is_empty());
    let stats = store.stats();
    assert_eq!((stats.live, stats.corrupt, stats.most_erases), (0, 0, 0));
    store.put_bytes("x", &[2]).unwrap();
    assert_eq!(get(&mut store, "x"), Some(vec![2]));
}

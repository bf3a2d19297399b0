//! Wear: a million skewed commits, and a part used until its end of life.

use kvs::sim::{Rng, SimFlash};
use kvs::{Options, RawKey, Resources, Store};
use kvs_tests::reliability::wear;

#[test]
fn a_million_skewed_commits_wear_the_sectors_evenly() {
    wear::run();
}

/// A part that stands 300 erases, used until a sector has had them: as many commits as was estimated, or more.
#[test]
fn the_estimated_lifetime_is_kept() {
    for (sectors, len, keys) in [(4, 4, 8), (4, 60, 40), (8, 60, 60), (3, 30, 60)] {
        let mut rng = Rng::new(2);
        let mut flash = SimFlash::<4, 2048>::new(sectors);
        let end = flash.image().len() as u32;
        let mut ram = Resources::<64, 8, 128>::new();
        let options = Options {
            wear_spread: 20,
            ..Options::DEFAULT
        };
        let mut store = Store::mount(&mut flash, 0..end, &mut ram, options).unwrap();
        let put = |store: &mut Store<'_, &mut SimFlash<4, 2048>>, key: u32, byte: u8| {
            store
                .put_bytes(RawKey::Hash(key), &vec![byte; len])
                .unwrap();
        };
        for key in 0..keys {
            put(&mut store, key, 0);
        }
        let size = store.keys().next().unwrap().unwrap().size;
        let expected = store.stats().expected_commits_left(300, size);
        let mut commits = 0u64;
        while store.stats().most_erases < 300 {
            put(
                &mut store,
                rng.below(keys as usize) as u32,
                commits as u8 ^ rng.next_u8(),
            );
            commits += 1;
        }
        let ratio = commits as f64 / expected as f64;
        println!(
            "{sectors} sectors, {keys} keys of {len}: {commits} commits, {expected} expected: {ratio:.2}"
        );
        assert!((0.95..1.6).contains(&ratio), "{ratio}");
    }
}

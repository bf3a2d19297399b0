//! Wear: a million skewed commits, and a part used until its end of life.

use kvs::sim::{Rng, SimFlash};
use kvs::{Options, RawKey, Resources, Store};

type Ram = Resources<64, 8, 128>;

fn mount<'a, const W: usize, const E: usize>(
    flash: &'a mut SimFlash<W, E>,
    ram: &'a mut Ram,
    wear_spread: u16,
) -> Store<'a, &'a mut SimFlash<W, E>> {
    let end = flash.image().len() as u32;
    let options = Options {
        wear_spread,
        ..Options::DEFAULT
    };
    Store::mount(flash, 0..end, ram, options).unwrap()
}

/// Commits of 4 bytes: most of them to one key, some to a few, hardly any to the rest.
fn skewed(rng: &mut Rng) -> u32 {
    match rng.below(1000) {
        0 => 4 + rng.below(40) as u32,
        1..=100 => 1 + rng.below(3) as u32,
        _ => 0,
    }
}

/// The erase counts after `commits`, the store mounted anew every `boot` of them: as the flash counted, and as the
/// store did.
fn run<const E: usize>(
    sectors: usize,
    commits: u32,
    boot: u32,
    spread: u16,
) -> (Vec<u32>, Vec<u32>) {
    let mut rng = Rng::new(1);
    let mut flash = SimFlash::<4, E>::new(sectors);
    let mut ram = Ram::new();
    let mut store = mount(&mut flash, &mut ram, spread);
    for key in 0..44 {
        store.put_bytes(RawKey::Hash(key), &[0; 4]).unwrap();
    }
    for number in 0..commits {
        if number % boot == boot - 1 {
            store = mount(&mut flash, &mut ram, spread);
        }
        store
            .put_bytes(RawKey::Hash(skewed(&mut rng)), &number.to_le_bytes())
            .unwrap();
    }
    let counted = store.sectors().map(|sector| sector.erases).collect();
    (flash.stats().sector_erases.clone(), counted)
}

#[test]
fn a_million_skewed_commits_wear_the_sectors_evenly() {
    for (sectors, boot) in [(4, 1_000_000), (4, 5_000), (8, 1_000_000), (8, 777)] {
        let (real, counted) = run::<4096>(sectors, 1_000_000, boot, 100);
        println!("{sectors} sectors, a boot every {boot} commits: {real:?}");
        let (least, most) = (*real.iter().min().unwrap(), *real.iter().max().unwrap());
        let mean = real.iter().sum::<u32>() / real.len() as u32;
        assert!(most - least <= 100 + 10, "{real:?}");
        assert!(f64::from(most) <= 1.2 * f64::from(mean), "{real:?}");
        let off = real
            .iter()
            .zip(&counted)
            .map(|(real, counted)| real.abs_diff(*counted));
        assert!(off.max() <= Some(8), "{real:?} counted as {counted:?}");
    }
}

/// A part that stands 300 erases, used until a sector has had them: as many commits as was estimated, or more.
#[test]
fn the_estimated_lifetime_is_kept() {
    for (sectors, len, keys) in [(4, 4, 8), (4, 60, 40), (8, 60, 60), (3, 30, 60)] {
        let mut rng = Rng::new(2);
        let mut flash = SimFlash::<4, 2048>::new(sectors);
        let mut ram = Ram::new();
        let mut store = mount(&mut flash, &mut ram, 20);
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

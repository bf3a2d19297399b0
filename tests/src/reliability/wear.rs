//! Wear: commits that are mostly of one key, by the million, the store mounted anew now and then.

use kvs::sim::{Rng, SimFlash};
use kvs::{Options, RawKey, Resources, Store};

use super::{Row, grouped};

const WEAR_SPREAD: u16 = 100;
/// What is erased beyond the spread before levelling takes hold.
const SLACK: u32 = 10;
/// The most erases of a sector, over the mean.
const OVER_MEAN: f64 = 1.2;

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
fn used(sectors: usize, commits: u32, boot: u32) -> (Vec<u32>, Vec<u32>) {
    let mut rng = Rng::new(1);
    let mut flash = SimFlash::<4, 4096>::new(sectors);
    let end = flash.image().len() as u32;
    let mut ram = Resources::<64, 8, 128>::new();
    let options = Options {
        wear_spread: WEAR_SPREAD,
        ..Options::DEFAULT
    };
    let mut store = Store::mount(&mut flash, 0..end, &mut ram, options).unwrap();
    for key in 0..44 {
        store.put_bytes(RawKey::Hash(key), &[0; 4]).unwrap();
    }
    for number in 0..commits {
        if number % boot == boot - 1 {
            store = Store::mount(&mut flash, 0..end, &mut ram, options).unwrap();
        }
        store
            .put_bytes(RawKey::Hash(skewed(&mut rng)), &number.to_le_bytes())
            .unwrap();
    }
    let counted = store.sectors().map(|sector| sector.erases).collect();
    (flash.stats().sector_erases.clone(), counted)
}

/// A million skewed commits on each of some partitions: the sectors wear evenly, and the store knows how much.
///
/// # Panics
///
/// When they don't, or it does not.
pub fn run() -> Row {
    let commits = 1_000_000;
    let (mut spread, mut over_mean) = (0, 0f64);
    for (sectors, boot) in [(4, commits), (4, 5_000), (8, commits), (8, 777)] {
        let (real, counted) = used(sectors, commits, boot);
        let (least, most) = (*real.iter().min().unwrap(), *real.iter().max().unwrap());
        let mean = f64::from(real.iter().sum::<u32>()) / real.len() as f64;
        spread = spread.max(most - least);
        over_mean = over_mean.max(f64::from(most) / mean);
        let off = real
            .iter()
            .zip(&counted)
            .map(|(real, counted)| real.abs_diff(*counted));
        assert!(off.max() <= Some(8), "{real:?} counted as {counted:?}");
    }
    assert!(spread <= u32::from(WEAR_SPREAD) + SLACK, "{spread}");
    assert!(over_mean <= OVER_MEAN, "{over_mean}");
    Row {
        failure: "wear: nine of ten commits are of one key",
        tried: format!(
            "4 partitions, {} commits each, up to {} mounts, wear spread {WEAR_SPREAD}",
            grouped(u64::from(commits)),
            grouped(u64::from(commits) / 777)
        ),
        found: format!(
            "erase counts at most {spread} apart; no sector more than {over_mean:.2} times the mean"
        ),
    }
}

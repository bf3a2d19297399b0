//! The longest commit, for those who never call `maintain`: flash operations, counted.

use insta::assert_snapshot;
use kvs::sim::{Rng, SimFlash, Stats};
use kvs::{Change, Error, Options, RawKey, Resources, Store};
use kvs_tests::assert_commit_bounds;

/// What is committed, over and over, with never a call of `maintain`.
#[derive(Clone, Copy)]
struct Load {
    keys: usize,
    /// The longest value.
    len: usize,
    /// The most changes of a commit.
    group: usize,
    wear_spread: u16,
}

/// The most of each that a single commit took, of those that met a store no more than `fill` percent live.
#[derive(Default)]
struct Longest {
    erases: u64,
    programs: u64,
    program_bytes: u64,
    read_bytes: u64,
    /// The most percent of the space that were live.
    fullest: u32,
}

impl Longest {
    fn add(&mut self, cost: &Stats) {
        self.erases = self.erases.max(cost.erases);
        self.programs = self.programs.max(cost.programs);
        self.program_bytes = self.program_bytes.max(cost.program_bytes);
        self.read_bytes = self.read_bytes.max(cost.read_bytes);
    }
}

fn longest<const W: usize, const E: usize>(
    sectors: usize,
    load: Load,
    fill: u32,
    commits: usize,
) -> Longest {
    let mut longest = Longest::default();
    for seed in 0..3 {
        let mut rng = Rng::new(seed);
        let mut flash = SimFlash::<W, E>::new(sectors);
        let end = (sectors * E) as u32;
        let mut ram = Resources::<512, 8, 256>::new();
        let options = Options {
            wear_spread: load.wear_spread,
            ..Options::DEFAULT
        };
        let mut store = Store::mount(&mut flash, 0..end, &mut ram, options).unwrap();
        for _ in 0..commits {
            let values: Vec<Vec<u8>> = (0..=rng.below(load.group))
                .map(|_| vec![rng.next_u8(); rng.below(load.len + 1)])
                .collect();
            let changes: Vec<_> = values
                .iter()
                .map(|value| {
                    // Two of three go to an eighth of the keys.
                    let cold = rng.below(3) == 0;
                    let keys = if cold { load.keys } else { load.keys / 8 + 1 };
                    let key = RawKey::Hash(rng.below(keys) as u32);
                    match rng.below(9) {
                        0 => Change::delete(key),
                        _ => Change::put(key, value),
                    }
                })
                .collect();
            let stats = store.stats();
            let room = stats.live * 100 <= (stats.live + stats.available) * fill;
            let before = store.flash().stats().clone();
            match store.commit(&changes) {
                Ok(()) | Err(Error::Full { .. }) => {}
                Err(error) => panic!("seed {seed}: {error}"),
            }
            let cost = store.flash().stats().since(&before);
            assert_commit_bounds(&cost, sectors, E);
            longest.fullest = longest
                .fullest
                .max(stats.live * 100 / (stats.live + stats.available));
            if room {
                longest.add(&cost);
            }
        }
    }
    longest
}

fn keys_for(percent: usize, sectors: usize, sector: usize, entry: usize) -> usize {
    ((sectors - 1) * sector * percent / 100 / entry).clamp(2, 500)
}

fn sweep<const W: usize, const E: usize>(sectors: usize) {
    for percent in [10, 50, 80, 100] {
        for group in [1, 5] {
            for wear_spread in [3, 100] {
                let entry = 21_usize.next_multiple_of(W);
                let load = Load {
                    keys: keys_for(percent, sectors, E, entry),
                    len: 24,
                    group,
                    wear_spread,
                };
                let half = longest::<W, E>(sectors, load, 50, 1500);
                // The second one is for the wear levelling.
                assert!(
                    half.erases <= 2,
                    "{} erases, words of {W}, {sectors} x {E}, {percent} % {group} {wear_spread}",
                    half.erases
                );
                if wear_spread == 100 {
                    assert!(
                        half.erases <= 1,
                        "{} erases, words of {W}, {sectors} x {E}, {percent} % {group} {wear_spread}",
                        half.erases
                    );
                }
            }
        }
    }
}

#[test]
fn up_to_half_full_a_commit_erases_once_and_never_each_sector_twice() {
    sweep::<1, 512>(2);
    sweep::<4, 512>(3);
    sweep::<4, 1024>(8);
    sweep::<8, 512>(4);
    sweep::<32, 2048>(4);
}

/// 8 sectors of 4 KiB, words of 4 bytes: values of up to 128 bytes, one a commit; as many keys as it takes to have so
/// many percent of the space live.
#[test]
fn the_longest_commit_in_figures() {
    let figures = |keys, percent| {
        let load = Load {
            keys,
            len: 128,
            group: 1,
            wear_spread: 100,
        };
        let longest = longest::<4, 4096>(8, load, 100, 6000);
        assert!(
            longest.fullest.abs_diff(percent) <= 2,
            "{} percent",
            longest.fullest
        );
        format!(
            "{} erases, {} program calls of {} bytes, {} bytes read",
            longest.erases, longest.programs, longest.program_bytes, longest.read_bytes
        )
    };
    assert_snapshot!(figures(40, 10), @"1 erases, 6 program calls of 528 bytes, 1328 bytes read");
    assert_snapshot!(figures(200, 50), @"1 erases, 30 program calls of 1868 bytes, 11528 bytes read");
    assert_snapshot!(figures(312, 80), @"1 erases, 48 program calls of 2960 bytes, 50333 bytes read");
}

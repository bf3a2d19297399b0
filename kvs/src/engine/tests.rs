//! The engine against a model, over a simulated flash whose power is cut.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

mod torture;

use std::vec::Vec;

use super::Fault;
use crate::sim::{SimFlash, Tear};
use torture::{Change, Shape, Tally, Torture};

fn torture<const W: usize, const E: usize>(shape: Shape, runs: u64, sessions: usize) -> Tally {
    let mut total = Tally::default();
    // For more of the same: `KVS_RUNS=50`.
    let times = std::env::var("KVS_RUNS").map_or(1, |times| times.parse().unwrap_or(1));
    for seed in 0..runs * times {
        let mut torture = Torture::<W, E>::new(shape, seed);
        for session in 0..sessions {
            torture.session(&std::format!("seed {seed}, session {session}"));
        }
        total.cuts += torture.tally.cuts;
        total.commits += torture.tally.commits;
        total.full += torture.tally.full;
        total.bad += torture.tally.bad;
    }
    std::println!("{total:?}");
    total
}

const SHAPE: Shape = Shape {
    sectors: 4,
    keys: 6,
    longest: 12,
    maintains: false,
    unstable: None,
    is_async: false,
    buffer: 256,
    slots: 0,
    verifies: true,
};

#[test]
fn two_sectors() {
    let shape = Shape {
        sectors: 2,
        keys: 5,
        longest: 20,
        ..SHAPE
    };
    let tally = torture::<4, 512>(shape, 60, 40);
    assert!(tally.full == 0 && tally.cuts > 500);
}

#[test]
fn small_sectors() {
    let tally = torture::<4, 256>(SHAPE, 60, 40);
    assert!(tally.full == 0 && tally.cuts > 500);
}

#[test]
fn with_maintenance() {
    let shape = Shape {
        sectors: 3,
        keys: 4,
        longest: 10,
        maintains: true,
        ..SHAPE
    };
    let tally = torture::<4, 256>(shape, 60, 40);
    assert!(tally.full == 0 && tally.cuts > 500);
}

#[test]
fn words_that_read_differently_each_time() {
    for unstable in [1, 8, 15] {
        let shape = Shape {
            unstable: Some(unstable),
            ..SHAPE
        };
        let tally = torture::<4, 256>(shape, 40, 40);
        assert!(tally.full == 0 && tally.bad == 0 && tally.cuts > 400);
    }
}

/// An async driver is asked for the same, in the same order.
#[test]
fn a_driver_that_is_waited_for_does_the_same() {
    for maintains in [false, true] {
        for seed in 0..30 {
            let shape = Shape {
                maintains,
                sectors: 2 + seed as usize % 3,
                keys: 4,
                ..SHAPE
            };
            let waited_for = Shape {
                is_async: true,
                ..shape
            };
            let mut direct = Torture::<4, 256>::new(shape, seed);
            let mut deferred = Torture::<4, 256>::new(waited_for, seed);
            for session in 0..40 {
                let context = std::format!("seed {seed}, session {session}");
                direct.session(&context);
                deferred.session(&context);
                assert!(direct.flash.image() == deferred.flash.image(), "{context}");
                let operations = (direct.flash.operations(), deferred.flash.operations());
                assert_eq!(operations.0, operations.1, "{context}");
            }
        }
    }
}

/// Values that are longer than the buffer are written, and moved, piece by piece.
#[test]
fn values_longer_than_the_buffer() {
    for is_async in [false, true] {
        let shape = Shape {
            sectors: 4,
            keys: 5,
            longest: 150,
            buffer: 64,
            is_async,
            ..SHAPE
        };
        let tally = torture::<4, 1024>(shape, 40, 40);
        assert!(tally.full == 0 && tally.cuts > 300);
        let tally = torture::<1, 1024>(shape, 20, 40);
        assert!(tally.full == 0 && tally.cuts > 100);
    }
}

/// A scan does not end in the erased bytes that a long entry, or the gap behind a torn copy of one,
/// may have.
#[test]
fn long_entries() {
    for verifies in [false, true] {
        let shape = Shape {
            sectors: 2,
            keys: 4,
            longest: 700,
            buffer: 128,
            verifies,
            ..SHAPE
        };
        let tally = torture::<4, 4096>(shape, 40, 40);
        assert!(tally.full == 0 && tally.cuts > 300);
    }
}

/// What is programmed need not be read back.
#[test]
fn without_a_look_back() {
    let shape = Shape {
        verifies: false,
        ..SHAPE
    };
    let tally = torture::<4, 256>(shape, 60, 40);
    assert!(tally.full == 0 && tally.cuts > 500);
}

/// Keys without a slot are as good as others.
#[test]
fn fewer_slots_than_keys() {
    for is_async in [false, true] {
        let shape = Shape {
            sectors: 4,
            keys: 12,
            slots: 5,
            is_async,
            ..SHAPE
        };
        let tally = torture::<4, 512>(shape, 40, 40);
        assert!(tally.full == 0 && tally.cuts > 300);
    }
}

/// What never changes is moved out of the way of the wear.
#[test]
fn sectors_wear_evenly() {
    let shape = Shape {
        keys: 23,
        longest: 8,
        ..SHAPE
    };
    let mut torture = Torture::<4, 1024>::new(shape, 0);
    let keys: Vec<u32> = (0..23).map(|number| torture.key(number)).collect();
    let result = torture.with(|engine| {
        for round in 0..40_000usize {
            let key = if round < 20 { round } else { 20 + round % 3 };
            let change = Change {
                hash: keys[key],
                value: Some(&round.to_le_bytes()),
            };
            engine.commit(&[change]).map(drop)?;
        }
        Ok::<(), Fault>(())
    });
    assert_eq!(result, Ok(Ok(())));
    let erases = torture.flash.stats().sector_erases.clone();
    let (least, most) = (erases.iter().min(), erases.iter().max());
    let spread = most.zip(least).map(|(most, least)| most - least);
    assert!(spread < Some(120), "{erases:?}");
}

#[test]
fn words_of_one_byte() {
    let shape = Shape {
        sectors: 8,
        keys: 30,
        longest: 24,
        ..SHAPE
    };
    let tally = torture::<1, 512>(shape, 40, 40);
    assert!(tally.full == 0 && tally.cuts > 200);
}

#[test]
fn words_of_32_bytes() {
    let shape = Shape {
        keys: 16,
        longest: 40,
        ..SHAPE
    };
    let tally = torture::<32, 2048>(shape, 40, 40);
    assert!(tally.full == 0 && tally.cuts > 100);
}

/// A bit that flips makes a key's value an older one of it, or none, and never another; and the
/// store goes on.
#[test]
fn every_bit_flipped() {
    let (mut changed, mut flips) = (0, 0);
    for seed in 0..12 {
        let mut torture = Torture::<4, 256>::new(SHAPE, seed);
        for session in 0..seed + 3 {
            torture.session(&std::format!("seed {seed}, session {session}"));
        }
        let right = torture.found("before");
        let image = torture.flash.image().to_vec();
        for bit in 0..image.len() as u32 * 8 {
            let context = std::format!("seed {seed}, bit {bit}");
            torture.flash = SimFlash::from_image(&image);
            torture.flash.flip_bit(bit / 8, (bit % 8) as u8);
            let keys: Vec<u32> = (0..SHAPE.keys).map(|number| torture.key(number)).collect();
            let history = torture.history.clone();
            let mut is_changed = false;
            let result = torture.with(|engine| {
                for key in &keys {
                    // Once more where a table turns out to be wrong.
                    let _ = engine.get(*key);
                    let found = match engine.get(*key) {
                        Ok(value) => value,
                        Err(Fault::Corrupt) => None,
                        Err(fault) => panic!("{context}: {fault:?}"),
                    };
                    is_changed |= found != right.get(key).cloned();
                    if let Some(found) = found {
                        let known = history.get(key).is_some_and(|all| all.contains(&found));
                        assert!(known, "{context}: a value that was never stored");
                    }
                }
                let change = Change {
                    hash: keys[0],
                    value: Some(b"on"),
                };
                engine.commit(&[change])
            });
            match result {
                Ok(Ok(_)) => {
                    let found = torture.found(&context);
                    assert_eq!(found.get(&keys[0]).map(Vec::as_slice), Some(&b"on"[..]));
                }
                other => panic!("{context}: {other:?}"),
            }
            flips += 1;
            changed += u32::from(is_changed);
        }
    }
    std::println!("{flips} flips, {changed} changed a value");
    assert!(changed > 1_000);
}

/// The power is cut in every operation of a dozen commits, in every way, and once more in every
/// operation of the commits that follow.
#[test]
fn every_cut_twice() {
    let mut cuts = 0;
    for seed in 0..4 {
        let shape = Shape {
            sectors: 2 + seed as usize % 2,
            keys: 4,
            longest: 16,
            maintains: seed == 3,
            ..SHAPE
        };
        let mut torture = Torture::<4, 256>::new(shape, seed);
        for session in 0..6 {
            torture.session(&std::format!("seed {seed}, session {session}"));
        }
        let image = torture.flash.image().to_vec();
        let plan: Vec<_> = (0..6).map(|_| (torture.changes(), false)).collect();
        let more: Vec<_> = (0..3).map(|_| (torture.changes(), true)).collect();
        let possible = torture.possible.clone();
        for at in 0.. {
            let mut was_cut = false;
            for tear in Tear::ALL {
                let mut torture = torture.from(&image, &possible);
                let context = std::format!("seed {seed}, {tear:?} at {at}");
                was_cut |= torture.commits(&plan, Some((at, tear)), &context);
                cuts += 1;
                let (image, possible) = (torture.flash.image().to_vec(), torture.possible.clone());
                for again in (0..).step_by(3) {
                    let tear = Tear::ALL[(at + again) as usize % Tear::ALL.len()];
                    let context = std::format!("{context}, then {tear:?} at {again}");
                    let mut torture = torture.from(&image, &possible);
                    let was_cut = torture.commits(&more, Some((again, tear)), &context);
                    torture.commits(&more, None, &context);
                    cuts += 1;
                    if !was_cut {
                        break;
                    }
                }
            }
            if !was_cut {
                break;
            }
        }
    }
    std::println!("{cuts} cuts");
    assert!(cuts > 10_000);
}

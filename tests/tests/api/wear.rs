//! Wear: a few hot keys and many cold ones wear all sectors alike.

use kvs::RawKey;
use kvs_tests::{Device, get, idle};

/// A sector may be erased once more while the coldest one's entries wait for their turn to be moved, and once ahead;
/// one that was never erased when it was mounted is taken for average, which may be one too many.
const SLACK: u32 = 3;

fn hot_and_cold<const W: usize, const E: usize>(
    device: &Device<W, E>,
    remount: u32,
    maintain: bool,
) {
    let device = device.with(|options| options.wear_spread = 5);
    let mut store = device.mount();
    for key in 0..20 {
        store
            .put_bytes(RawKey::Hash(1000 + key), &[key as u8; 8])
            .unwrap();
    }
    for round in 0..20_000u32 {
        store
            .put_bytes(RawKey::Hash(round % 3), &round.to_le_bytes())
            .unwrap();
        if round % remount == remount - 1 {
            store = device.mount();
        }
        if maintain && round % 16 == 0 {
            idle(&mut store);
        }
    }
    for key in 0..20 {
        assert_eq!(
            get(&mut store, RawKey::Hash(1000 + key)),
            Some(vec![key as u8; 8])
        );
    }
    let stats = store.stats();
    // What the flash has seen.
    let first = device.range.start as usize / E;
    let per_sector = device.sector as usize / E;
    let counted =
        &device.chip.stats().sector_erases[first..][..(device.sectors() as usize * per_sector)];
    let (least, most) = (
        *counted.iter().min().unwrap(),
        *counted.iter().max().unwrap(),
    );
    assert!(
        most - least <= u32::from(device.options.wear_spread) + SLACK,
        "{counted:?}"
    );
    assert!(least > 20, "{counted:?}");
    // The store knows, but for sectors that a mount met before they were ever erased: those it takes for average.
    assert!(
        stats.least_erases - least <= 1 && stats.most_erases - most <= 1,
        "{stats:?} {counted:?}"
    );
}

#[test]
fn hot_keys_wear_all_sectors() {
    hot_and_cold(&Device::<4, 1024>::new((0, 1024, 4)), u32::MAX, false);
    hot_and_cold(&Device::<1, 256>::new((256, 768, 5)), u32::MAX, false);
    hot_and_cold(&Device::<16, 1024>::new((1024, 2048, 4)), u32::MAX, false);
}

#[test]
fn across_remounts() {
    hot_and_cold(&Device::<4, 1024>::new((0, 1024, 4)), 7, false);
    hot_and_cold(&Device::<8, 1024>::new((0, 1024, 6)), 100, false);
}

#[test]
fn with_maintenance_in_idle_time() {
    hot_and_cold(&Device::<4, 1024>::new((0, 1024, 4)), 500, true);
}

/// Without levelling the cold entries would keep their sectors for good: that is what the option is for.
#[test]
fn a_larger_spread_moves_less() {
    let moved = [2, 50].map(|spread| {
        let device =
            Device::<4, 1024>::new((0, 1024, 4)).with(|options| options.wear_spread = spread);
        let mut store = device.mount();
        for key in 0..20 {
            store
                .put_bytes(RawKey::Hash(1000 + key), &[key as u8; 8])
                .unwrap();
        }
        for round in 0..10_000u32 {
            store
                .put_bytes(RawKey::Hash(round % 3), &round.to_le_bytes())
                .unwrap();
        }
        device.chip.stats().program_bytes
    });
    assert!(moved[0] > moved[1], "{moved:?}");
}

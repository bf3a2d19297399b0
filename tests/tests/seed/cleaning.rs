//! Collecting: which of several sectors' entries count, what is moved, what is erased.
//!
//! The seed lays two sectors out by hand, and gives one a "clean pending" mark or a large clean count. Here a sector's
//! age is its sequence, so the sectors are laid out with those.

use kvs::sim::{SimError, Tear};
use kvs::{Error, Maintenance, SectorState, key_hash};
use kvs_tests::craft::{Entry, Format};
use kvs_tests::{Device, TestStore, everywhere, get, idle};

use crate::KEYS;

/// An older sector with all three keys; a newer one with another value of the first, and the second deleted.
fn lay_out<const W: usize, const E: usize>(device: &Device<W, E>, older: usize, sequences: [u32; 2]) {
    let format = Format::<W>::new(device.sector);
    let old = KEYS.map(|key| Entry::Named(0, key, b"old"));
    let new = [Entry::Named(0, KEYS[0], b"new"), Entry::Delete(0, key_hash(KEYS[1]))];
    let size = device.sector as usize;
    device.plant(older * size, &format.sector(sequences[0], 3, &old));
    device.plant((1 - older) * size, &format.sector(sequences[1], 3, &new));
}

fn assert_newer_wins<const W: usize, const E: usize>(store: &mut TestStore<W, E>) {
    assert_eq!(get(store, KEYS[0]), Some(b"new".to_vec()));
    assert_eq!(get(store, KEYS[1]), None);
    assert_eq!(get(store, KEYS[2]), Some(b"old".to_vec()));
    assert_eq!(store.stats().corrupt, 0);
}

/// The newer sector's entries win, wherever it lies, and also once the older one is collected.
fn newer_wins<const W: usize, const E: usize>(device: &Device<W, E>, sequences: [u32; 2]) {
    for older in [0, 1] {
        let device = device.copy();
        lay_out(&device, older, sequences);
        let mut store = device.mount();
        assert_newer_wins(&mut store);
        assert_eq!(store.len(), 2);
        let mut round = 0;
        while device.chip.stats().erases < 2 * u64::from(device.sectors()) {
            round += 1;
            store.put_bytes("other", &[round as u8; 9]).unwrap();
            if round % 10 == 0 {
                store = device.mount();
            }
            assert_newer_wins(&mut store);
        }
        assert_newer_wins(&mut device.mount());
    }
}

#[test]
fn partial_clean() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        newer_wins(device, [1, 2]);
    }
    everywhere!(on);
}

#[test]
fn partial_clean_large_counts() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        newer_wins(device, [0x7FFF_FFFF, 0xEFFF_0000]);
    }
    everywhere!(on);
}

/// Fills the store with values that stay and one that is put again and again; returns how many stay.
fn make_stale<const W: usize, const E: usize>(store: &mut TestStore<W, E>, device: &Device<W, E>) -> u32 {
    // A third of what can be live, in entries of two words or 32 bytes.
    let entry = 32.max(2 * W);
    let stay = (device.sectors() - 1) * device.payload() / 3 / entry as u32;
    for index in 0..stay {
        store.put_bytes(stay_name(index).as_str(), &vec![7; entry - 8 - 4]).unwrap();
        for round in 0..3 {
            store.put_bytes(KEYS[0], &[round, index as u8]).unwrap();
        }
    }
    stay
}

fn stay_name(index: u32) -> String {
    format!("s{index:03}")
}

fn assert_all_stay<const W: usize, const E: usize>(store: &mut TestStore<W, E>, stay: u32) {
    for index in 0..stay {
        let len = 32.max(2 * W) - 12;
        assert_eq!(get(store, stay_name(index).as_str()), Some(vec![7; len]), "value {index}");
    }
}

#[test]
fn clean_one_sector() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        let mut store = device.mount();
        let stay = make_stale(&mut store, device);
        // One put after another, until one of them has to collect: it makes one sector free, not all of them.
        let mut round = 0;
        while store.stats().collections == 0 {
            round += 1;
            let before = device.chip.stats();
            store.put_bytes(KEYS[0], &[round as u8, 0xEE]).unwrap();
            if store.stats().collections != 0 {
                let cost = device.chip.stats().since(&before);
                assert!(cost.erases <= 2, "{} erases in one commit", cost.erases);
            }
        }
        assert!(store.sectors().any(|sector| sector.state == SectorState::Dead));
        for mut store in [store, device.mount()] {
            assert_all_stay(&mut store, stay);
            assert_eq!(get(&mut store, KEYS[0]), Some(vec![round as u8, 0xEE]));
        }
    }
    everywhere!(on);
}

#[test]
fn clean_all() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        let mut store = device.mount();
        let stay = make_stale(&mut store, device);
        idle(&mut store);
        assert_eq!(store.maintain(), Ok(Maintenance::Idle));
        assert!(store.sectors().all(|sector| sector.state != SectorState::Dead), "all dead sectors are erased");
        for store in [&mut store, &mut device.mount()] {
            assert_all_stay(store, stay);
            assert_eq!(store.len() as u32, stay + 1);
        }
        let before = device.chip.stats().erases;
        store.put_bytes(KEYS[1], &[1]).unwrap();
        assert_eq!(device.chip.stats().erases, before);
    }
    everywhere!(on);
}

/// A collection that is cut leaves a partition without a dead sector.
#[test]
fn recover_no_free_sectors() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        let mut store = device.mount();
        let stay = make_stale(&mut store, device);
        let (mut last, mut round) = (None, 0u16);
        // The put that collects.
        let before = loop {
            round += 1;
            let before = device.copy();
            let (operations, collections) = (device.chip.flash().operations(), store.stats().collections);
            store.put_bytes(KEYS[0], &round.to_le_bytes()).unwrap();
            if store.stats().collections > collections {
                break (before, device.chip.flash().operations() - operations);
            }
            last = Some(round.to_le_bytes().to_vec());
        };
        let (before, operations) = before;
        let mut without_dead = 0;
        for operation in 0..operations {
            let device = before.copy();
            let mut store = device.mount();
            device.chip.flash().cut_after(operation, Tear::Complete, operation);
            assert_eq!(
                store.put_bytes(KEYS[0], &round.to_le_bytes()),
                Err(Error::Flash(SimError::PowerLost)),
            );
            device.chip.flash().power_on();

            let mut store = device.mount();
            without_dead += u32::from(has_ignored_sector(&store, &device));
            for step in 0..30u16 {
                assert_all_stay(&mut store, stay);
                let found = get(&mut store, KEYS[0]);
                let written = Some(round.to_le_bytes().to_vec());
                if step == 0 {
                    assert!(found == written || last.is_none() || found == last, "cut at {operation}");
                } else {
                    assert_eq!(found, Some(vec![step as u8, 0xAB]), "cut at {operation}");
                }
                store.put_bytes(KEYS[0], &[step as u8 + 1, 0xAB]).unwrap();
                if step % 7 == 0 {
                    store = device.mount();
                }
            }
            device.assert_others_untouched();
        }
        assert!(without_dead != 0, "some cut left no dead sector");
    }
    everywhere!(on);
}

/// Whether a sector with a good header was found to hold copies only: the mark of a collection that was cut.
fn has_ignored_sector<const W: usize, const E: usize>(
    store: &TestStore<W, E>,
    device: &Device<W, E>,
) -> bool {
    let image = device.partition();
    store.sectors().any(|sector| {
        let base = sector.index * device.sector as usize;
        sector.sequence == 0 && image[base..].starts_with(b"KV")
    })
}

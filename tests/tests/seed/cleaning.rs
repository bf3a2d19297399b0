//! Collecting: which of several sectors' entries count, what is moved, what is erased.
//!
//! The seed lays two sectors out by hand, and gives one a "clean pending" mark or a large clean count. Here a sector's
//! age is its sequence, so the sectors are laid out with those.

use std::sync::atomic::{AtomicU32, Ordering};

use kvs::sim::{Rng, SimError, Tear};
use kvs::{Error, Maintenance, SectorState, key_hash};
use kvs_tests::craft::{Entry, Format};
use kvs_tests::{Device, TestStore, everywhere, get, idle};

use super::KEYS;

/// An older sector with all three keys; a newer one with another value of the first, and the second deleted.
fn lay_out<const W: usize, const E: usize>(
    device: &Device<W, E>,
    older: usize,
    sequences: [u32; 2],
) {
    let format = Format::<W>::new(device.sector);
    let old = KEYS.map(|key| Entry::Named(0, key, b"old"));
    let new = [
        Entry::Named(0, KEYS[0], b"new"),
        Entry::Delete(0, key_hash(KEYS[1])),
    ];
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

/// Values that are put again in no order, so that each sector is part live, part stale.
#[derive(Clone)]
struct Churn {
    rounds: Vec<u8>,
    len: usize,
    rng: Rng,
}

impl Churn {
    /// A third of what can be live.
    fn new<const W: usize, const E: usize>(device: &Device<W, E>) -> Self {
        let third = ((device.sectors() - 1) * device.payload() / 3) as usize;
        let entry = Device::<W, E>::pad(32.max(2 * W).max(third / 60));
        Self {
            rounds: vec![0; third / entry],
            len: entry - 8 - 4,
            rng: Rng::new(7),
        }
    }

    fn name(index: usize) -> String {
        format!("s{index:03}")
    }

    /// Puts one value.
    fn step<const W: usize, const E: usize>(
        &mut self,
        store: &mut TestStore<W, E>,
    ) -> Result<(), Error<SimError>> {
        let index = self.rng.below(self.rounds.len());
        let round = self.rounds[index] % 250 + 1;
        store.put_bytes(Self::name(index).as_str(), &vec![round; self.len])?;
        self.rounds[index] = round;
        Ok(())
    }

    fn is_in<const W: usize, const E: usize>(&self, store: &mut TestStore<W, E>) -> bool {
        self.rounds.iter().enumerate().all(|(index, round)| {
            let expected = (*round != 0).then(|| vec![*round; self.len]);
            get(store, Self::name(index).as_str()) == expected
        })
    }
}

#[test]
fn clean_one_sector() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        let mut store = device.mount();
        let mut churn = Churn::new(device);
        let mut stale = 0;
        let mut before = device.chip.stats();
        while store.stats().collections == 0 {
            (stale, before) = (store.stats().stale, device.chip.stats());
            churn.step(&mut store).unwrap();
        }
        // The put that had to collect made one sector free, not all of them.
        let cost = device.chip.stats().since(&before);
        let sectors = cost.erases as usize / (device.sector as usize / E);
        assert!(sectors <= 1, "{sectors} sectors were erased");
        assert!(store.stats().stale < stale);
        assert!(
            store
                .sectors()
                .any(|sector| sector.state == SectorState::Dead)
        );
        assert!(churn.is_in(&mut store));
        assert!(churn.is_in(&mut device.mount()));
    }
    everywhere!(on);
}

#[test]
fn clean_all() {
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        let mut store = device.mount();
        let mut churn = Churn::new(device);
        while store.stats().collections < 5 {
            churn.step(&mut store).unwrap();
        }
        idle(&mut store);
        assert_eq!(store.maintain(), Ok(Maintenance::Idle));
        assert!(
            store
                .sectors()
                .all(|sector| sector.state != SectorState::Dead),
            "all are erased"
        );
        let before = device.chip.stats().erases;
        churn.step(&mut store).unwrap();
        assert_eq!(device.chip.stats().erases, before);
        assert!(churn.is_in(&mut store));
        assert!(churn.is_in(&mut device.mount()));
    }
    everywhere!(on);
}

/// A collection that is cut leaves a partition without a dead sector.
#[test]
fn recover_no_free_sectors() {
    fn cut<const W: usize, const E: usize>(device: &Device<W, E>, collections: u32) -> u32 {
        let mut store = device.mount();
        let mut churn = Churn::new(device);
        // To the put that begins the next collection.
        let (before, old, operations) = loop {
            let (before, old) = (device.copy(), churn.clone());
            let operations = device.chip.flash().operations();
            churn.step(&mut store).unwrap();
            if store.stats().collections > collections {
                break (before, old, device.chip.flash().operations() - operations);
            }
        };
        let new = churn;
        let mut without_dead = 0;
        // All of them where there are few.
        for operation in (0..operations).step_by(operations as usize / 80 + 1) {
            let device = before.copy();
            let mut store = device.mount();
            device
                .chip
                .flash()
                .cut_after(operation, Tear::Complete, operation);
            let cut = old.clone().step(&mut store);
            assert_eq!(cut, Err(Error::Flash(SimError::PowerLost)));
            device.chip.flash().power_on();

            let mut store = device.mount();
            without_dead += u32::from(has_no_dead_sector(&store));
            let is_new = new.is_in(&mut store);
            assert!(is_new || old.is_in(&mut store), "cut at {operation}");
            let mut churn = if is_new { new.clone() } else { old.clone() };
            for step in 0..30 {
                churn.step(&mut store).unwrap();
                assert!(churn.is_in(&mut store), "cut at {operation}, then {step}");
                if step % 7 == 0 {
                    store = device.mount();
                }
            }
            device.assert_others_untouched();
        }
        without_dead
    }
    static WITHOUT_DEAD: AtomicU32 = AtomicU32::new(0);
    fn on<const W: usize, const E: usize>(device: &Device<W, E>) {
        WITHOUT_DEAD.fetch_add(cut(device, 2), Ordering::Relaxed);
    }
    everywhere!(on);
    // Where a sector has no more than one entry to move, there is always another that is dead.
    assert!(
        WITHOUT_DEAD.load(Ordering::Relaxed) != 0,
        "no cut left no dead sector"
    );
}

/// Whether no sector is to spare: the mark of a collection that was cut, and goes on.
fn has_no_dead_sector<const W: usize, const E: usize>(store: &TestStore<W, E>) -> bool {
    !store
        .sectors()
        .any(|sector| matches!(sector.state, SectorState::Dead | SectorState::Ready))
}

//! A part that is sound and fails for a while: reads, programs and erases, at random, in a row or
//! for a stretch, at mounts too.
//!
//! What was acknowledged stays, and the store takes commits again as soon as the part works,
//! mounted anew or not.

use std::collections::BTreeMap;

use kvs::sim::{Outage, Rng, SimFlash, Tear, When};
use kvs::{Change, Error, Options, RawKey, Resources, Store};

use super::{Effort, Row, grouped};
use crate::Chip;

/// With enough slots for the keys, or with too few.
type Ram<const KEYS: usize> = Resources<KEYS, 8, 64>;
type Value = Option<Vec<u8>>;

/// What was tried, and what came of it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    /// Devices that were held to their promises.
    pub trials: u64,
    /// Calls of the flash that failed.
    pub failed: u64,
    /// Mounts that the part refused.
    pub refused_mounts: u64,
    /// Commits that went through.
    pub acknowledged: u64,
    /// Commits that were refused while the part failed.
    pub refused: u64,
    /// Refused commits of which a mount found a part.
    pub halves: u64,
    /// Devices that have lost an acknowledged value.
    pub lost: u64,
    /// Stores that refused a commit when the part worked again.
    pub dead: u64,
}

impl Tally {
    fn add(&mut self, other: &Self) {
        self.trials += other.trials;
        self.failed += other.failed;
        self.refused_mounts += other.refused_mounts;
        self.acknowledged += other.acknowledged;
        self.refused += other.refused;
        self.halves += other.halves;
        self.lost += other.lost;
        self.dead += other.dead;
    }
}

/// What the values may be.
#[derive(Default)]
struct Model {
    acknowledged: BTreeMap<u32, Value>,
    /// Commits that were refused since their keys were last acknowledged: a mount may find them.
    refused: Vec<Vec<(u32, Value)>>,
}

impl Model {
    fn acknowledge(&mut self, mut changes: Vec<(u32, Value)>) {
        // Nothing is written to delete what is not there.
        let is_there = |key: &u32| matches!(self.acknowledged.get(key), Some(Some(_)));
        changes.retain(|(key, value)| value.is_some() || is_there(key));
        for commit in &mut self.refused {
            commit.retain(|(key, _)| changes.iter().all(|(other, _)| other != key));
        }
        self.acknowledged.extend(changes);
    }

    /// Compares a store that is mounted on the flash as it is with what holds; an error where a
    /// value is lost. Counts refused commits that are there in part.
    fn check<const W: usize, const E: usize>(
        &mut self,
        store: &mut Store<'_, Chip<W, E>>,
        tally: &mut Tally,
    ) -> Result<(), String> {
        let mut found = BTreeMap::new();
        for (key, value) in &self.acknowledged {
            let mut buffer = [0; 64];
            let len = store.get_bytes(RawKey::Hash(*key), &mut buffer);
            let len = len.map_err(|error| format!("key {key}: {error}"))?;
            let now = len.map(|len| buffer[..len].to_vec());
            let is_refused = |commit: &Vec<(u32, Value)>| commit.contains(&(*key, now.clone()));
            if now != *value && !self.refused.iter().any(is_refused) {
                return Err(format!("key {key}: {now:02x?} instead of {value:02x?}"));
            }
            found.insert(*key, now);
        }
        for commit in self.refused.drain(..) {
            let there = |(key, value): &&(u32, Value)| found.get(key) == Some(value);
            let changed = |(key, value): &&(u32, Value)| self.acknowledged.get(key) != Some(value);
            let (all, some) = (
                commit.iter().filter(changed).count(),
                commit.iter().filter(changed).filter(there).count(),
            );
            tally.halves += u64::from(some != 0 && some != all);
        }
        self.acknowledged = found;
        Ok(())
    }
}

/// An outage of any kind that lasts any time.
fn outage(rng: &mut Rng, calls: u64) -> (Outage, When) {
    let tear = Tear::ALL[rng.below(Tear::ALL.len())];
    let kind = [
        Outage::Reads,
        Outage::Reads,
        Outage::Programs(tear),
        Outage::Erases(tear),
    ][rng.below(4)];
    let when = match rng.below(3) {
        0 => When::Next(1 + rng.below(8) as u32),
        1 => When::OneIn(match kind {
            Outage::Reads => 10 + rng.below(300) as u32,
            Outage::Erases(_) => 2 + rng.below(10) as u32,
            _ => 20 + rng.below(200) as u32,
        }),
        _ => {
            let most = 1 << rng.below(10);
            When::Calls {
                first: calls + rng.below(400) as u64,
                count: 1 + rng.below(most) as u64,
            }
        }
    };
    (kind, when)
}

struct Trial<const W: usize, const E: usize> {
    chip: Chip<W, E>,
    model: Model,
    rng: Rng,
    keys: usize,
    tally: Tally,
}

impl<const W: usize, const E: usize> Trial<W, E> {
    fn new(seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        let sectors = [2, 3, 4, 8][rng.below(4)];
        let payload = E - 2 * W.max(16);
        // Up to half full: then a commit finds room even where one more sector can't be used.
        let room = payload * (sectors - 1) / (20usize.next_multiple_of(W));
        let keys = (1 + rng.below(room / 2)).min(12);
        let mut flash = SimFlash::new(sectors);
        flash.fault_seed(rng.next_u64());
        flash.strict_tears(rng.below(2) == 0);
        Self {
            chip: Chip::new(flash),
            model: Model::default(),
            rng,
            keys,
            tally: Tally {
                trials: 1,
                ..Tally::default()
            },
        }
    }

    fn mount<'a, const KEYS: usize>(
        &self,
        ram: &'a mut Ram<KEYS>,
    ) -> Result<Store<'a, Chip<W, E>>, String> {
        let end = self.chip.flash().image().len() as u32;
        let options = Options {
            wear_spread: 4,
            ..Options::DEFAULT
        };
        Store::mount(self.chip.clone(), 0..end, ram, options).map_err(|error| error.to_string())
    }

    fn commit(
        &mut self,
        store: &mut Store<'_, Chip<W, E>>,
    ) -> Result<(), Error<kvs::sim::SimError>> {
        let mut changes = BTreeMap::new();
        for _ in 0..=self.rng.below(3) {
            let key = self.rng.below(self.keys) as u32;
            let bytes = self.rng.next_u64().to_le_bytes();
            let value = (self.rng.below(8) != 0).then(|| bytes[..2 + self.rng.below(7)].to_vec());
            changes.insert(key, value);
        }
        let changes: Vec<_> = changes.into_iter().collect();
        let list: Vec<_> = changes
            .iter()
            .map(|(key, value)| match value {
                Some(value) => Change::put(RawKey::Hash(*key), value),
                None => Change::delete(RawKey::Hash(*key)),
            })
            .collect();
        let result = store.commit(&list);
        match result {
            Ok(()) => {
                self.tally.acknowledged += 1;
                self.model.acknowledge(changes);
            }
            Err(_) => {
                self.tally.refused += 1;
                for (key, _) in &changes {
                    self.model.acknowledged.entry(*key).or_insert(None);
                }
                self.model.refused.push(changes);
            }
        }
        result
    }

    /// What a mount finds now, by a part that works.
    fn look(&mut self) -> Result<(), String> {
        self.chip.flash().pause_outages(true);
        let mut ram = Ram::<16>::new();
        let mut store = self.mount(&mut ram)?;
        self.model.check(&mut store, &mut self.tally)?;
        drop(store);
        self.chip.flash().pause_outages(false);
        Ok(())
    }

    fn run<const KEYS: usize>(&mut self) -> Result<(), String> {
        for _ in 0..=self.rng.below(3) {
            let mut ram = Ram::<KEYS>::new();
            let calls = self.chip.flash().calls();
            if self.rng.below(4) != 0 {
                for _ in 0..=self.rng.below(2) {
                    let (outage, when) = outage(&mut self.rng, calls);
                    self.chip.flash().outage(outage, when);
                }
            }
            let Ok(mut store) = self.mount(&mut ram) else {
                self.tally.refused_mounts += 1;
                self.chip.flash().end_outages();
                continue;
            };
            for _ in 0..self.rng.below(40) {
                match self.rng.below(10) {
                    0 => {
                        let _ = store.maintain();
                    }
                    1 if self.rng.below(4) == 0 => {
                        let calls = self.chip.flash().calls();
                        let (outage, when) = outage(&mut self.rng, calls);
                        self.chip.flash().outage(outage, when);
                    }
                    _ => {
                        let _ = self.commit(&mut store);
                    }
                }
            }
            // The same store, when the part works.
            self.chip.flash().end_outages();
            if self.rng.below(2) == 0 {
                for _ in 0..8 {
                    if let Err(error) = self.commit(&mut store) {
                        self.tally.dead += 1;
                        return Err(format!("a sound part, and still: {error}"));
                    }
                }
            }
            drop(store);
            self.look()?;
        }
        let mut ram = Ram::<KEYS>::new();
        let mut store = self.mount(&mut ram)?;
        for _ in 0..8 {
            if let Err(error) = self.commit(&mut store) {
                self.tally.dead += 1;
                return Err(format!("a sound part, mounted anew, and still: {error}"));
            }
        }
        drop(store);
        self.look()
    }
}

/// One trial.
///
/// # Errors
///
/// What has been lost, or why the store is dead.
pub fn trial<const W: usize, const E: usize>(seed: u64) -> Result<Tally, String> {
    let mut trial = Trial::<W, E>::new(seed);
    let result = match seed % 4 {
        0 => trial.run::<4>(),
        _ => trial.run::<16>(),
    };
    let failed = trial.chip.flash().failed_calls();
    result.map(|()| Tally {
        failed,
        ..trial.tally
    })
}

fn on<const W: usize, const E: usize>(trials: u64, tally: &mut Tally) {
    for seed in 0..trials {
        match trial::<W, E>(seed) {
            Ok(one) => tally.add(&one),
            Err(what) => {
                println!("W={W} E={E} seed {seed}: {what}");
                tally.trials += 1;
                if what.contains("sound part") {
                    tally.dead += 1;
                } else {
                    tally.lost += 1;
                }
            }
        }
    }
}

/// Runs all of it.
///
/// # Panics
///
/// Where a promise is broken.
#[must_use]
pub fn run(effort: Effort) -> Row {
    let trials = match effort {
        Effort::Sample => 400,
        Effort::Every => 20_000,
    };
    let mut tally = Tally::default();
    on::<1, 256>(trials, &mut tally);
    on::<4, 256>(trials, &mut tally);
    on::<8, 256>(trials, &mut tally);
    on::<16, 512>(trials, &mut tally);
    on::<32, 768>(trials, &mut tally);
    assert_eq!((tally.lost, tally.dead), (0, 0), "{tally:?}");
    Row {
        failure: "a sound part that fails for a while: reads, programs, erases; at mounts too",
        tried: format!(
            "{} trials, {} failed calls: at random, in a row, for a stretch",
            grouped(tally.trials),
            grouped(tally.failed)
        ),
        found: format!(
            "0 acknowledged values lost, 0 stores that stayed dead, in {} commits; {} commits and {} mounts refused meanwhile, \
             {} refused commits found in part",
            grouped(tally.acknowledged),
            grouped(tally.refused),
            grouped(tally.refused_mounts),
            grouped(tally.halves)
        ),
    }
}

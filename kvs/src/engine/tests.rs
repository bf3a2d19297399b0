//! The engine against a model, over a simulated flash whose power is cut.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

use std::collections::BTreeMap;
use std::vec;
use std::vec::Vec;

use super::commit::Change;
use super::index::{Sector, Slot};
use super::{Engine, Fault};
use crate::bytes::Aligned;
use crate::sim::{Rng, SimFlash, Tear};

type Model = BTreeMap<u32, Vec<u8>>;
/// The changes of one commit, and whether maintenance follows.
type Step = (Vec<(u32, Option<Vec<u8>>)>, bool);

#[derive(Clone, Copy)]
struct Shape {
    sectors: usize,
    keys: usize,
    longest: usize,
    maintains: bool,
    /// Words that were torn read differently each time; so many of 16 reads of a bit give 1.
    unstable: Option<u8>,
}

/// What came of a run.
#[derive(Debug, Default)]
struct Tally {
    cuts: usize,
    commits: usize,
    full: usize,
    /// How often the keys were neither as before nor as after, with unstable words.
    bad: usize,
}

struct Torture<const W: usize, const E: usize> {
    shape: Shape,
    rng: Rng,
    flash: SimFlash<W, E, W>,
    /// What may be there: with words that read differently each time, the last commit before a cut
    /// may be there or not until something is written after it.
    possible: Vec<Model>,
    tally: Tally,
    /// All values that each key has ever had.
    history: BTreeMap<u32, Vec<Vec<u8>>>,
}

impl<const W: usize, const E: usize> Torture<W, E> {
    fn new(shape: Shape, seed: u64) -> Self {
        let mut flash = SimFlash::new(shape.sectors);
        flash.unstable_tears(shape.unstable.is_some());
        flash.unstable_ones(shape.unstable.unwrap_or(8));
        flash.fault_seed(seed);
        Self {
            shape,
            rng: Rng::new(seed),
            flash,
            possible: vec![Model::new()],
            tally: Tally::default(),
            history: BTreeMap::new(),
        }
    }

    fn key(&self, number: usize) -> u32 {
        (number as u32 + 1).wrapping_mul(0x9E37_79B1)
    }

    fn with<T>(
        &mut self,
        body: impl FnOnce(&mut Engine<'_, &mut SimFlash<W, E, W>>) -> T,
    ) -> Result<T, Fault> {
        let mut slots = vec![Slot::EMPTY; self.shape.keys + 4];
        let mut sectors = vec![Sector::UNKNOWN; self.shape.sectors];
        let mut buffer = Aligned([0; 256]);
        let range = 0..(self.shape.sectors * E) as u32;
        let mut engine = Engine::mount(
            &mut self.flash,
            range,
            E as u32,
            &mut slots,
            &mut sectors,
            &mut buffer.0,
        )?;
        engine.index.check_invariants();
        Ok(body(&mut engine))
    }

    /// All keys, as a fresh mount finds them.
    fn found(&mut self, context: &str) -> Model {
        let keys: Vec<u32> = (0..self.shape.keys)
            .map(|number| self.key(number))
            .collect();
        let found = self.with(|engine| {
            'again: loop {
                let mut found = Model::new();
                for key in &keys {
                    match engine.get(*key) {
                        Ok(Some(value)) => drop(found.insert(*key, value.to_vec())),
                        Ok(None) => {}
                        Err(Fault::Remounted) => continue 'again,
                        Err(fault) => panic!("{key:#x}: {fault:?}"),
                    }
                }
                return found;
            }
        });
        found.unwrap_or_else(|fault| panic!("{context}: {fault:?}"))
    }

    /// Prints what is in flash.
    fn dump(&mut self) {
        let sectors = self.shape.sectors;
        let _ = self.with(|engine| {
            for number in 0..sectors {
                let sector = engine.index.sector(number);
                std::println!(
                    "sector {number}: {sector:?} active: {}",
                    number == engine.active
                );
                let base = number as u32 * E as u32;
                let mut at = base + Engine::<&mut SimFlash<W, E, W>>::FIRST;
                while at < base + E as u32 {
                    match engine.probe(at) {
                        super::read::Found::Entry(entry) => {
                            std::println!(
                                "  {:#x}: {:x?} {:?}",
                                at - base,
                                entry.header,
                                entry.role
                            );
                            at += entry.header.entry_len(W as u32);
                        }
                        found => {
                            if found == super::read::Found::Damage {
                                std::println!("  {:#x}: damage", at - base);
                            }
                            at += W as u32;
                        }
                    }
                }
            }
        });
    }

    fn changes(&mut self) -> Vec<(u32, Option<Vec<u8>>)> {
        let count = 1 + self.rng.below(4);
        let mut changes = Vec::new();
        for _ in 0..count {
            let key = self.rng.below(self.shape.keys);
            let key = self.key(key);
            let value = (self.rng.below(6) != 0).then(|| {
                let len = self.rng.below(self.shape.longest + 1);
                (0..len).map(|_| self.rng.next_u8()).collect()
            });
            changes.push((key, value));
        }
        changes
    }

    /// The same with another image.
    fn from(&self, image: &[u8], possible: &[Model]) -> Self {
        Self {
            shape: self.shape,
            rng: self.rng.clone(),
            flash: SimFlash::from_image(image),
            possible: possible.to_vec(),
            tally: Tally::default(),
            history: self.history.clone(),
        }
    }

    /// Mounts, and commits until the power fails or so many commits were made.
    fn session(&mut self, context: &str) {
        let to_come = 1 + self.rng.below(400) as u64;
        let tear = Tear::ALL[self.rng.below(Tear::ALL.len())];
        let commits = 1 + self.rng.below(30);
        let plan: Vec<_> = (0..commits)
            .map(|_| (self.changes(), self.rng.below(4) == 0))
            .collect();
        self.commits(&plan, Some((to_come, tear)), context);
    }

    /// Makes these commits, with maintenance behind those that ask for it; cuts the power in the
    /// operation that is so many away, and returns whether that came.
    fn commits(&mut self, plan: &[Step], cut: Option<(u64, Tear)>, context: &str) -> bool {
        let tear = cut.map_or(Tear::Complete, |(_, tear)| tear);
        if let Some((to_come, tear)) = cut {
            let seed = self.rng.next_u64();
            let at = self.flash.operations() + to_come;
            self.flash.cut_after(at, tear, seed);
        }
        let mut before = self.possible.clone();
        let mut after = self.possible.clone();
        for (key, value) in plan.iter().flat_map(|(changes, _)| changes) {
            let values = self.history.entry(*key).or_default();
            values.extend(value.clone());
        }
        let maintains = self.shape.maintains;
        let (mut made, mut full) = (0, 0);
        let run = self.with(|engine| {
            for (changes, is_idle) in plan {
                for after in &mut after {
                    for (key, value) in changes {
                        match value {
                            Some(value) => drop(after.insert(*key, value.clone())),
                            None => drop(after.remove(key)),
                        }
                    }
                }
                let asked: Vec<_> = changes
                    .iter()
                    .map(|(hash, value)| Change {
                        hash: *hash,
                        value: value.as_deref(),
                    })
                    .collect();
                let result = engine.commit(&asked);
                if std::env::var("TRACE").is_ok_and(|wanted| wanted == context) {
                    std::println!(
                        "{changes:x?}: {result:?}; active {} end {:#x} flags {}",
                        engine.active,
                        engine.end,
                        engine.flags
                    );
                    std::println!("   {:?}", engine.index.slots());
                }
                match result {
                    Ok(_) => {
                        before.clone_from(&after);
                        made += 1;
                        engine.index.check_invariants();
                    }
                    Err(Fault::Full) => {
                        after.clone_from(&before);
                        full += 1;
                    }
                    Err(_) => return,
                }
                let mut has_more = maintains && *is_idle;
                while has_more {
                    match engine.maintain() {
                        Ok(more) => has_more = more,
                        Err(_) => return,
                    }
                }
            }
        });
        self.tally.commits += made;
        self.tally.full += full;
        let was_cut = !self.flash.is_powered();
        self.flash.power_on();
        assert!(was_cut || run.is_ok(), "{context}: {run:?}");
        self.tally.cuts += usize::from(was_cut);
        let found = self.found(context);
        let again = self.found(context);
        let pairs: Vec<_> = before.iter().zip(&after).collect();
        let is_right = |found: &Model| pairs.iter().any(|(a, b)| found == *a || found == *b);
        if !is_right(&found) || !is_right(&again) {
            let is_wanted = std::env::var("TRACE").is_ok_and(|wanted| wanted == context);
            if self.shape.unstable.is_none() || is_wanted {
                panic!("{}", self.said(context, tear, &found, &before, &after));
            }
            std::println!("bad: {context}, {tear:?}, {made} commits made");
            self.tally.bad += 1;
            self.possible = vec![self.found(context)];
            return was_cut;
        }
        if self.shape.unstable.is_none() {
            assert_eq!(found, again, "{context}: a second mount");
            self.possible = vec![again];
            return was_cut;
        }
        // Once something is written, what was there before is there for good, or not.
        let of_found = pairs
            .iter()
            .filter(|(a, b)| made == 0 || found == **a || found == **b);
        self.possible = of_found
            .flat_map(|(a, b)| [(*a).clone(), (*b).clone()])
            .collect();
        self.possible.sort();
        self.possible.dedup();
        was_cut
    }

    fn said(
        &mut self,
        context: &str,
        tear: Tear,
        found: &Model,
        before: &[Model],
        after: &[Model],
    ) -> std::string::String {
        self.dump();
        for number in 0..self.shape.keys {
            let key = self.key(number);
            let of = |model: &Model| model.get(&key).cloned();
            let all = [of(found), of(&before[0]), of(&after[0])];
            if all[0] != all[1] || all[0] != all[2] {
                std::println!("{key:#x}: found, before, after: {all:x?}");
            }
        }
        std::format!("{context}: after {tear:?}")
    }
}

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
                        Ok(value) => value.map(<[u8]>::to_vec),
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

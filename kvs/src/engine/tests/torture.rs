//! A store that is used, cut off and looked at, and the model of what it should hold.

use std::collections::BTreeMap;
use std::vec;
use std::vec::Vec;

use embassy_futures::block_on;

use super::super::batch::{Batch, Value};
use super::super::gc::Done;
use super::super::index::Sector;
use super::super::place::Slot;
use super::super::read::{Found, Probe};
use super::super::{Device, Engine, Fault, Job};
use crate::Options;
use crate::asynch::driver as deferred;
use crate::blocking::driver as direct;
use crate::bytes::Aligned;
use crate::checksum::Crc32c;
use crate::sim::{Rng, SimFlash, Tear};

type Model = BTreeMap<u32, Vec<u8>>;
/// The changes of one commit, and whether maintenance follows.
type Step = (Vec<(u32, Option<Vec<u8>>)>, bool);

#[derive(Clone, Copy)]
pub(super) struct Shape {
    pub(super) sectors: usize,
    pub(super) keys: usize,
    pub(super) longest: usize,
    pub(super) maintains: bool,
    /// Words that were torn read differently each time; so many of 16 reads of a bit give 1.
    pub(super) unstable: Option<u8>,
    pub(super) is_async: bool,
    pub(super) buffer: usize,
    /// How many slots there are; 0 for more than keys.
    pub(super) slots: usize,
    pub(super) verifies: bool,
}

/// A put, or a delete, of a hashed key.
pub(super) struct Change<'a> {
    pub(super) hash: u32,
    pub(super) value: Option<&'a [u8]>,
}

struct Changes<'a>(&'a [Change<'a>]);

impl Batch for Changes<'_> {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn hash(&self, number: usize) -> u32 {
        self.0[number].hash
    }

    fn value(&self, number: usize, out: &mut [u8]) -> Result<Value, Fault> {
        let Some(value) = self.0[number].value else {
            return Ok(Value::Delete);
        };
        let front = out.get_mut(..value.len()).ok_or(Fault::BufferTooSmall)?;
        front.copy_from_slice(value);
        Ok(Value::Put(value.len() as u16))
    }

    fn bytes(&self, number: usize) -> Option<(Option<&str>, &[u8])> {
        self.0[number].value.map(|value| (None, value))
    }
}

/// An engine behind either kind of driver.
pub(super) trait Calls {
    fn get(&mut self, hash: u32) -> Result<Option<Vec<u8>>, Fault>;
    fn commit(&mut self, changes: &[Change<'_>]) -> Result<usize, Fault>;
    fn maintain(&mut self) -> Result<bool, Fault>;
    fn check_invariants(&self);
    /// Counts up each time all is read anew.
    fn mounts(&self) -> u8;
    /// What stands at an address.
    fn probe(&mut self, address: u32) -> (Found, Probe);
    fn state(&self) -> std::string::String;
}

impl<D: Device> Calls for Engine<'_, D> {
    fn get(&mut self, hash: u32) -> Result<Option<Vec<u8>>, Fault> {
        let mut job = Job::new();
        if !self.find(hash, &mut job)? {
            return Ok(None);
        }
        let mut value = Vec::new();
        while value.len() < job.value_len() as usize {
            value.extend(self.value(value.len() as u32, &job)?);
        }
        Ok(Some(value))
    }

    fn commit(&mut self, changes: &[Change<'_>]) -> Result<usize, Fault> {
        Engine::commit(self, &mut Changes(changes), &mut Job::new())
    }

    fn maintain(&mut self) -> Result<bool, Fault> {
        Ok(Engine::maintain(self, &mut Job::new())? != Done::Nothing)
    }

    fn check_invariants(&self) {
        self.index.check_invariants(self.is_partial());
    }

    fn mounts(&self) -> u8 {
        Engine::mounts(self)
    }

    fn probe(&mut self, address: u32) -> (Found, Probe) {
        let mut probe = Probe::START;
        let found = Engine::probe(self, address, &mut probe);
        (found.unwrap_or(Found::Damage), probe)
    }

    fn state(&self) -> std::string::String {
        std::format!(
            "active {} end {:#x} flags {:#x}: {:?}",
            self.active,
            self.end,
            self.flags,
            self.index.slots()
        )
    }
}

/// An engine whose driver is async.
struct Awaited<'a, 'b, F: embedded_storage_async::nor_flash::NorFlash>(
    Engine<'a, deferred::Driver<'b, F>>,
);

impl<F: embedded_storage_async::nor_flash::NorFlash> Calls for Awaited<'_, '_, F> {
    fn get(&mut self, hash: u32) -> Result<Option<Vec<u8>>, Fault> {
        let mut value = Vec::new();
        block_on(run(&mut self.0, |engine, job| {
            if !job.is_found() && !engine.find(hash, job)? {
                return Ok(None);
            }
            while value.len() < job.value_len() as usize {
                value.extend(engine.value(value.len() as u32, job)?);
            }
            Ok(Some(value.clone()))
        }))
    }

    fn commit(&mut self, changes: &[Change<'_>]) -> Result<usize, Fault> {
        let mut batch = Changes(changes);
        let commit = run(&mut self.0, |engine, job| engine.commit(&mut batch, job));
        block_on(commit)
    }

    fn maintain(&mut self) -> Result<bool, Fault> {
        block_on(run(&mut self.0, |engine, job| {
            Ok(engine.maintain(job)? != Done::Nothing)
        }))
    }

    fn check_invariants(&self) {
        self.0.index.check_invariants(self.0.is_partial());
    }

    fn mounts(&self) -> u8 {
        self.0.mounts()
    }

    fn probe(&mut self, address: u32) -> (Found, Probe) {
        let found = block_on(run(&mut self.0, |engine, job| {
            let found = engine.probe(address, &mut job.probe)?;
            Ok((found, job.probe))
        }));
        found.unwrap_or((Found::Damage, Probe::START))
    }

    fn state(&self) -> std::string::String {
        self.0.state()
    }
}

/// Makes a call, and makes it again for as long as the driver has something to do first.
async fn run<F: embedded_storage_async::nor_flash::NorFlash, T>(
    engine: &mut Engine<'_, deferred::Driver<'_, F>>,
    mut call: impl FnMut(&mut Engine<'_, deferred::Driver<'_, F>>, &mut Job) -> Result<T, Fault>,
) -> Result<T, Fault> {
    let mut job = Job::new();
    loop {
        let result = call(engine, &mut job);
        let Err(Fault::Pending) = result else {
            return result;
        };
        engine.device().perform().await;
    }
}

/// What came of a run.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) cuts: usize,
    pub(super) commits: usize,
    pub(super) full: usize,
    /// How often the keys were neither as before nor as after, with unstable words.
    pub(super) bad: usize,
}

pub(super) struct Torture<const W: usize, const E: usize> {
    shape: Shape,
    rng: Rng,
    pub(super) flash: SimFlash<W, E, W>,
    /// What may be there: with words that read differently each time, the last commit before a cut
    /// may be there or not until something is written after it.
    pub(super) possible: Vec<Model>,
    pub(super) tally: Tally,
    /// All values that each key has ever had.
    pub(super) history: BTreeMap<u32, Vec<Vec<u8>>>,
}

impl<const W: usize, const E: usize> Torture<W, E> {
    pub(super) fn new(shape: Shape, seed: u64) -> Self {
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

    pub(super) fn key(&self, number: usize) -> u32 {
        (number as u32 + 1).wrapping_mul(0x9E37_79B1)
    }

    pub(super) fn with<T>(&mut self, body: impl FnOnce(&mut dyn Calls) -> T) -> Result<T, Fault> {
        let slots = match self.shape.slots {
            0 => self.shape.keys + 4,
            slots => slots,
        };
        let mut slots = vec![Slot::EMPTY; slots];
        let mut sectors = vec![Sector::UNKNOWN; self.shape.sectors];
        let mut buffer = Aligned([0; 256]);
        let buffer = &mut buffer.0[..self.shape.buffer];
        let (flash, sector_size) = (&mut self.flash, E as u32);
        let options = Options {
            verify_on_write: self.shape.verifies,
            ..Options::DEFAULT
        };
        if self.shape.is_async {
            let driver = deferred::Driver::new(flash, 0, buffer);
            let checksum = Crc32c::new();
            let mut engine = Engine::new(
                driver,
                checksum,
                sector_size,
                &mut slots,
                &mut sectors,
                &options,
            );
            block_on(run(&mut engine, |engine, job| engine.resume(job)))?;
            let mut engine = Awaited(engine);
            engine.check_invariants();
            Ok(body(&mut engine))
        } else {
            let driver = direct::Driver::new(flash, 0, buffer);
            let checksum = Crc32c::new();
            let mut engine = Engine::new(
                driver,
                checksum,
                sector_size,
                &mut slots,
                &mut sectors,
                &options,
            );
            engine.resume(&mut Job::new())?;
            engine.index.check_invariants(engine.is_partial());
            Ok(body(&mut engine))
        }
    }

    /// All keys, as a fresh mount finds them.
    pub(super) fn found(&mut self, context: &str) -> Model {
        let keys: Vec<u32> = (0..self.shape.keys)
            .map(|number| self.key(number))
            .collect();
        let found = self.with(|engine| {
            loop {
                let mounts = engine.mounts();
                let mut found = Model::new();
                for key in &keys {
                    match engine.get(*key) {
                        Ok(Some(value)) => drop(found.insert(*key, value)),
                        Ok(None) => {}
                        Err(fault) => panic!("{key:#x}: {fault:?}"),
                    }
                }
                if engine.mounts() == mounts {
                    return found;
                }
            }
        });
        found.unwrap_or_else(|fault| panic!("{context}: {fault:?}"))
    }

    /// Prints what is in flash.
    fn dump(&mut self) {
        let sectors = self.shape.sectors;
        let _ = self.with(|engine| {
            std::println!("{}", engine.state());
            for number in 0..sectors {
                std::println!("sector {number}:");
                let base = number as u32 * E as u32;
                let mut at = base + Engine::<direct::Driver<'_, &mut SimFlash<W, E, W>>>::FIRST;
                while at < base + E as u32 {
                    let (found, probe) = engine.probe(at);
                    let offset = at - base;
                    if found == Found::Entry {
                        std::println!("  {offset:#x}: {:x?} {:?}", probe.header, probe.role);
                        at += probe.header.entry_len(W as u32);
                        continue;
                    }
                    if found == Found::Damage {
                        std::println!("  {offset:#x}: damage");
                    }
                    at += W as u32;
                }
            }
        });
    }

    pub(super) fn changes(&mut self) -> Vec<(u32, Option<Vec<u8>>)> {
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
    pub(super) fn from(&self, image: &[u8], possible: &[Model]) -> Self {
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
    pub(super) fn session(&mut self, context: &str) {
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
    pub(super) fn commits(
        &mut self,
        plan: &[Step],
        cut: Option<(u64, Tear)>,
        context: &str,
    ) -> bool {
        let tear = cut.map_or(Tear::Complete, |(_, tear)| tear);
        if std::env::var("TRACE").is_ok_and(|wanted| wanted == context) {
            self.dump();
        }
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
        let (mut made, mut full, mut error) = (0, 0, None);
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
                    std::println!("{changes:x?}: {result:?}; {}", engine.state());
                }
                match result {
                    Ok(_) => {
                        before.clone_from(&after);
                        made += 1;
                        engine.check_invariants();
                    }
                    Err(Fault::Full) => {
                        after.clone_from(&before);
                        full += 1;
                    }
                    Err(fault) => {
                        error = Some(fault);
                        return;
                    }
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
        assert!(was_cut || error.is_none(), "{context}: {error:?}");
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

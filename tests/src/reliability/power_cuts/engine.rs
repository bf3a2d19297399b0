//! The engine under cuts: commits of one to eight keys, deletes, maintenance; words of 1 to 32 bytes, 2 to 8 sectors,
//! partitions from near empty to full.

use std::collections::BTreeMap;

use kvs::sim::{Positions, Rng, SimError, SimFlash, every_cut};
use kvs::{Change, Error, Options, RawKey, Resources, Store};

use super::{Effort, Job, Run};

/// What is stored: small keys with their values.
type Model = BTreeMap<u8, Vec<u8>>;

#[derive(Clone, Debug)]
enum Step {
    Commit(Vec<(u8, Option<Vec<u8>>)>),
    /// So many calls of `maintain`.
    Maintain(u8),
}

/// The shape of a scenario.
#[derive(Clone, Copy, Debug)]
struct Shape {
    sectors: usize,
    /// Keys in use, and the longest value: what they take of the room decides how full it gets.
    keys: u8,
    len: usize,
    /// The most keys in a commit.
    group: usize,
}

type Ram = Resources<40, 8, 128>;
type Flash<const W: usize, const E: usize> = SimFlash<W, E>;

fn mount<'a, const W: usize, const E: usize>(
    flash: &'a mut Flash<W, E>,
    ram: &'a mut Ram,
) -> Result<Store<'a, &'a mut Flash<W, E>>, Error<SimError>> {
    let end = flash.image().len() as u32;
    let options = Options {
        wear_spread: 4,
        ..Options::DEFAULT
    };
    Store::mount(flash, 0..end, ram, options)
}

/// Even keys are hashed, odd ones have names.
fn key(key: u8, name: &str) -> RawKey<'_> {
    if key.is_multiple_of(2) {
        RawKey::Hash(u32::from(key))
    } else {
        RawKey::Name(name)
    }
}

fn steps(shape: Shape, count: usize, seed: u64) -> Vec<Step> {
    let mut rng = Rng::new(seed);
    let mut step = |_| {
        if rng.below(4) == 0 {
            return Step::Maintain(1 + rng.below(4) as u8);
        }
        let mut changes = BTreeMap::new();
        for _ in 0..=rng.below(shape.group) {
            let value = (rng.below(5) != 0).then(|| {
                let len = rng.below(shape.len + 1);
                (0..len).map(|_| rng.next_u8()).collect()
            });
            changes.insert(rng.below(shape.keys.into()) as u8, value);
        }
        Step::Commit(changes.into_iter().collect())
    };
    (0..count).map(&mut step).collect()
}

fn after(model: &Model, step: &Step) -> Model {
    let mut model = model.clone();
    if let Step::Commit(changes) = step {
        for (key, value) in changes {
            match value {
                Some(value) => model.insert(*key, value.clone()),
                None => model.remove(key),
            };
        }
    }
    model
}

fn act<const W: usize, const E: usize>(
    flash: &mut Flash<W, E>,
    step: &Step,
    model: &mut Model,
    may_be_full: bool,
) -> Result<(), Error<SimError>> {
    let mut ram = Ram::new();
    let mut store = mount(flash, &mut ram)?;
    match step {
        Step::Maintain(calls) => (0..*calls).try_for_each(|_| match store.maintain() {
            // A word that was torn and looks erased: its sector is closed now.
            Err(Error::Flash(SimError::ProgrammedTwice { .. })) => store.maintain().map(|_| ()),
            result => result.map(|_| ()),
        }),
        Step::Commit(changes) => {
            let names: Vec<_> = changes.iter().map(|(key, _)| format!("{key}")).collect();
            let changes: Vec<_> = changes
                .iter()
                .zip(&names)
                .map(|((number, value), name)| match value {
                    Some(value) => Change::put(key(*number, name), value),
                    None => Change::delete(key(*number, name)),
                })
                .collect();
            match store.commit(&changes) {
                Err(Error::Full { .. } | Error::CommitTooLarge { .. }) if may_be_full => Ok(()),
                Ok(()) => {
                    *model = after(model, step);
                    Ok(())
                }
                Err(error) => Err(error),
            }
        }
    }
}

fn check<const W: usize, const E: usize>(
    flash: &mut Flash<W, E>,
    keys: u8,
    model: &mut Model,
    in_flight: Option<&Step>,
) -> Result<(), String> {
    let mut ram = Ram::new();
    let mut store = mount(flash, &mut ram).map_err(|error| error.to_string())?;
    let mut found = Model::new();
    for number in 0..keys {
        let (mut buffer, name) = ([0; 128], format!("{number}"));
        let value = store
            .get_bytes(key(number, &name), &mut buffer)
            .map_err(|error| error.to_string())?;
        if let Some(len) = value {
            found.insert(number, buffer[..len].to_vec());
        }
    }
    let new = in_flight.map_or_else(|| model.clone(), |step| after(model, step));
    if found != *model && found != new {
        let odd = (0..keys)
            .find(|key| found.get(key) != model.get(key) && found.get(key) != new.get(key));
        let what = match odd {
            Some(key) if !found.contains_key(&key) => "lost",
            Some(_) => "wrong",
            None => "half",
        };
        return Err(format!(
            "{what}: {found:?}, before {model:?}, after {new:?}"
        ));
    }
    *model = found;
    Ok(())
}

fn scenario<const W: usize, const E: usize>(shape: Shape, count: usize, seed: u64) -> Run {
    let steps = steps(shape, count, seed);
    every_cut(
        &Flash::<W, E>::new(shape.sectors),
        &steps,
        Model::new(),
        |flash, step, model| act(flash, step, model, true),
        |flash, model, step| check(flash, shape.keys, model, step),
    )
    .cut_again(&[Positions::Sample(1), Positions::Sample(1)])
    .try_run()
}

/// A partition with room to spare still has it after a cut: a hundred further commits, none of them full.
fn no_leak<const W: usize, const E: usize>(shape: Shape, count: usize, seed: u64) -> Run {
    let scenario = steps(shape, count, seed);
    let further = steps(shape, 100, !seed);
    every_cut(
        &Flash::<W, E>::new(shape.sectors),
        &scenario,
        Model::new(),
        |flash, step, model| act(flash, step, model, false),
        |flash, model, step| check(flash, shape.keys, model, step),
    )
    .positions(Positions::Sample(4))
    .afterwards(&further)
    .cut_again(&[])
    .try_run()
}

/// The scenarios of one flash: `unit` is the size of a small entry with a value of some ten bytes.
pub(super) fn on<const W: usize, const E: usize>(effort: Effort, jobs: &mut Vec<Job>) {
    let entry = 24usize.next_multiple_of(W);
    let payload = E - 2 * W.max(16);
    let (count, seeds) = match effort {
        Effort::Sample => (4, 0..1),
        Effort::Every => (26, 0..2),
    };
    for sectors in [2, 3, 4, 8] {
        // How many small entries there is room for, and a share of them in tenths.
        let room = (sectors - 1) * payload / entry;
        for (tenths, group) in [(1, 1), (4, 4), (7, 8), (12, 2)] {
            let keys = (room * tenths / 10).clamp(2, 36) as u8;
            let shape = Shape {
                sectors,
                keys,
                len: 20,
                group,
            };
            for seed in seeds.clone() {
                jobs.push(Box::new(move || scenario::<W, E>(shape, count, seed)));
            }
            if tenths <= 4 && group * entry * 2 <= payload {
                jobs.push(Box::new(move || no_leak::<W, E>(shape, count / 3, 9)));
            }
        }
    }
}

pub(super) fn jobs(effort: Effort) -> Vec<Job> {
    let mut jobs = Vec::new();
    on::<1, 256>(effort, &mut jobs);
    on::<4, 256>(effort, &mut jobs);
    on::<8, 256>(effort, &mut jobs);
    on::<16, 512>(effort, &mut jobs);
    on::<32, 768>(effort, &mut jobs);
    jobs
}

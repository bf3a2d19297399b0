//! Power cuts at every flash operation: nothing acknowledged is lost, a commit is there whole or not at all.
//!
//! A script of commits runs once. Before each, the flash is kept; then the commit is run again from there with the
//! power cut at each of its operations, torn in each way. The store is rebuilt from flash each time, checked against
//! a model, and goes on: with a second cut during its recovery.

use std::collections::BTreeMap;

use kvs::sim::{Rng, SimError, SimFlash, Tear};
use kvs::{Change, Error, Options, Resources, Store};

type Model = BTreeMap<u8, Vec<u8>>;
type Step = Vec<(u8, Option<Vec<u8>>)>;

const KEYS: usize = 24;

fn name(key: u8) -> String {
    format!("key{key}")
}

fn apply(model: &Model, step: &Step) -> Model {
    let mut model = model.clone();
    for (key, value) in step {
        match value {
            Some(value) => model.insert(*key, value.clone()),
            None => model.remove(key),
        };
    }
    model
}

struct Bench<const W: usize, const E: usize> {
    sectors: usize,
    keys: u8,
    max_len: usize,
    cuts: u64,
}

impl<const W: usize, const E: usize> Bench<W, E> {
    fn resources() -> Resources<KEYS, 8, 128> {
        Resources::new()
    }

    fn mount<'a>(
        &self,
        flash: &'a mut SimFlash<W, E>,
        resources: &'a mut Resources<KEYS, 8, 128>,
    ) -> Store<'a, &'a mut SimFlash<W, E>> {
        let range = 0..(self.sectors * E) as u32;
        Store::mount(
            flash,
            range,
            resources,
            Options {
                wear_spread: 3,
                ..Options::DEFAULT
            },
        )
        .expect("it mounts")
    }

    fn random_step(&self, rng: &mut Rng) -> Step {
        let count = 1 + rng.below(4);
        let mut step: Step = Vec::new();
        for _ in 0..count {
            let key = rng.below(usize::from(self.keys)) as u8;
            if step.iter().any(|(other, _)| *other == key) {
                continue;
            }
            let value = (rng.below(5) != 0).then(|| {
                let len = rng.below(self.max_len + 1);
                (0..len).map(|_| rng.next_u8()).collect()
            });
            step.push((key, value));
        }
        step
    }

    /// Commits `step`; the maintenance steps are between commits, as an idle loop would do them.
    fn commit(
        store: &mut Store<'_, &mut SimFlash<W, E>>,
        step: &Step,
    ) -> Result<(), Error<SimError>> {
        let names: Vec<_> = step.iter().map(|(key, _)| name(*key)).collect();
        let changes: Vec<_> = step
            .iter()
            .zip(&names)
            .map(|((key, value), name)| match value {
                // Hashed and named keys side by side.
                Some(value) if key % 2 == 0 => {
                    Change::put(kvs::RawKey::Hash(kvs::key_hash(name)), value)
                }
                Some(value) => Change::put(name.as_str(), value),
                None if key % 2 == 0 => Change::delete(kvs::RawKey::Hash(kvs::key_hash(name))),
                None => Change::delete(name.as_str()),
            })
            .collect();
        store.commit(&changes)
    }

    fn read(&self, store: &mut Store<'_, &mut SimFlash<W, E>>) -> Model {
        let mut found = Model::new();
        for key in 0..self.keys {
            let mut buffer = [0; 512];
            let name = name(key);
            let raw = if key % 2 == 0 {
                kvs::RawKey::Hash(kvs::key_hash(&name))
            } else {
                kvs::RawKey::Name(&name)
            };
            if let Some(len) = store.get_bytes(raw, &mut buffer).expect("readable") {
                found.insert(key, buffer[..len].to_vec());
            }
        }
        found
    }

    /// What is in flash, seen by a fresh mount.
    fn reread(&self, flash: &mut SimFlash<W, E>) -> Model {
        let mut resources = Self::resources();
        let mut store = self.mount(flash, &mut resources);
        self.read(&mut store)
    }

    fn run(&mut self, steps: usize, seed: u64) {
        let mut rng = Rng::new(seed);
        let mut flash = SimFlash::<W, E>::new(self.sectors);
        let mut model = Model::new();
        for number in 0..steps {
            let step = self.random_step(&mut rng);
            let maintain = rng.below(3);
            let before = flash.image().to_vec();
            let started = flash.operations();
            let done = {
                let mut resources = Self::resources();
                let mut store = self.mount(&mut flash, &mut resources);
                for _ in 0..maintain {
                    store.maintain().expect("maintain");
                }
                match Self::commit(&mut store, &step) {
                    Ok(()) => true,
                    Err(Error::Full { .. } | Error::CommitTooLarge { .. }) => false,
                    Err(error) => panic!("{error} in step {number} of seed {seed}"),
                }
            };
            let after = if done {
                apply(&model, &step)
            } else {
                model.clone()
            };
            assert_eq!(
                self.reread(&mut flash),
                after,
                "step {number} of seed {seed}"
            );
            let operations = flash.operations() - started;
            for operation in 0..operations {
                for tear in Tear::ALL {
                    let what = format!(
                        "W={W} E={E} x{} seed {seed} step {number} op {operation} {tear:?}",
                        self.sectors
                    );
                    let mut flash = SimFlash::<W, E>::from_image(&before);
                    flash.cut_after(operation, tear, seed ^ operation);
                    {
                        let mut resources = Self::resources();
                        let mut store = self.mount(&mut flash, &mut resources);
                        let result = (0..maintain)
                            .try_for_each(|_| store.maintain().map(|_| ()))
                            .and_then(|()| Self::commit(&mut store, &step));
                        assert!(result.is_err() || !done, "{what}: {result:?}");
                    }
                    flash.power_on();
                    self.cuts += 1;
                    let found = self.reread(&mut flash);
                    assert!(
                        found == model || found == after,
                        "{what}\n found {found:?}\n before {model:?}\n after {after:?}"
                    );
                    self.go_on(flash, found, &mut Rng::new(seed ^ operation ^ 77), &what);
                }
            }
            model = after;
        }
    }

    /// After a cut: commits on, with one more cut somewhere.
    fn go_on(&mut self, mut flash: SimFlash<W, E>, mut model: Model, rng: &mut Rng, what: &str) {
        let tear = Tear::ALL[rng.below(Tear::ALL.len())];
        let cut = flash.operations() + rng.below(60) as u64;
        flash.cut_after(cut, tear, rng.next_u64());
        for round in 0..6 {
            let step = self.random_step(rng);
            let after = apply(&model, &step);
            let result = {
                let mut resources = Self::resources();
                let mut store = self.mount(&mut flash, &mut resources);
                Self::commit(&mut store, &step)
            };
            flash.power_on();
            let found = self.reread(&mut flash);
            match result {
                Ok(()) => assert_eq!(
                    found, after,
                    "{what} round {round} second cut {cut} {tear:?}"
                ),
                Err(Error::Full { .. } | Error::CommitTooLarge { .. }) => {
                    assert_eq!(found, model, "{what} round {round}")
                }
                Err(Error::Flash(SimError::PowerLost)) => {
                    self.cuts += 1;
                    assert!(
                        found == model || found == after,
                        "{what} round {round} second cut {cut} {tear:?}\n{found:?}\n{model:?}\n{after:?}"
                    );
                }
                Err(error) => panic!("{what} round {round}: {error}"),
            }
            model = found;
        }
    }
}

fn sweep<const W: usize, const E: usize>(
    sectors: usize,
    keys: u8,
    max_len: usize,
    steps: usize,
    seed: u64,
) -> u64 {
    let mut bench = Bench::<W, E> {
        sectors,
        keys,
        max_len,
        cuts: 0,
    };
    bench.run(steps, seed);
    bench.cuts
}

#[test]
fn sample() {
    let from: u64 = std::env::var("FROM").map_or(0, |s| s.parse().unwrap());
    let to: u64 = std::env::var("TO").map_or(2, |s| s.parse().unwrap());
    let mut cuts = 0;
    for seed in from..to {
        cuts += sweep::<1, 256>(2, 4, 20, 60, seed);
        cuts += sweep::<1, 256>(3, 12, 24, 60, seed);
        cuts += sweep::<4, 256>(3, 8, 20, 60, seed);
        cuts += sweep::<4, 256>(4, 12, 40, 60, seed);
        cuts += sweep::<4, 256>(4, 20, 24, 60, seed);
        cuts += sweep::<8, 256>(2, 4, 20, 60, seed);
        cuts += sweep::<8, 256>(2, 8, 20, 60, seed);
        cuts += sweep::<8, 512>(8, 20, 100, 60, seed);
        cuts += sweep::<16, 512>(3, 8, 40, 60, seed);
        cuts += sweep::<32, 1024>(4, 12, 40, 60, seed);
    }
    println!("{cuts} cuts");
}

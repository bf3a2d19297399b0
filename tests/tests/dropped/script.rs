//! Partitions of many shapes, and what is done to them: each kind of step, in a random order.

use kvs::asynch::Store;
use kvs::sim::{Rng, SimError, SimFlash};
use kvs::{Error, Options, Resources};

use crate::flash::Slow;
use crate::model::{Content, read};
use crate::poll::to_the_end;
use crate::step::{KEYS, RAW, Step};

/// How much of a partition is live at first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fill {
    Low,
    Half,
    /// To the last byte.
    Full,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    pub(crate) sectors: usize,
    pub(crate) fill: Fill,
    pub(crate) seed: u64,
}

/// Fewer slots than there are keys: so that they have to be made, too.
pub(crate) type Ram = Resources<12, 4, 64>;
pub(crate) type Mounted<'a, const W: usize, const E: usize> = Store<'a, &'a mut Slow<W, E>>;

pub(crate) async fn mount<'a, const W: usize, const E: usize>(
    flash: &'a mut Slow<W, E>,
    ram: &'a mut Ram,
) -> Result<Mounted<'a, W, E>, Error<SimError>> {
    let end = flash.sim.image().len() as u32;
    let options = Options {
        // So that wear is levelled now and then.
        wear_spread: 2,
        ..Options::DEFAULT
    };
    Store::mount(flash, 0..end, ram, options).await
}

/// The store is mounted anew before every so many steps; in between it is in the middle of things.
const CHAPTER: usize = 4;

/// Steps, and what each of them meets.
pub(crate) struct Script<const W: usize, const E: usize> {
    pub(crate) steps: Vec<Step>,
    /// What is stored before each step.
    before: Vec<Content>,
    /// The flash before each chapter.
    chapters: Vec<SimFlash<W, E>>,
    /// Whether each step collects, or levels wear.
    pub(crate) collects: Vec<bool>,
}

impl<const W: usize, const E: usize> Script<W, E> {
    pub(crate) fn new(shape: Shape) -> Self {
        let mut rng = Rng::new(shape.seed);
        let mut flash = Slow::new(SimFlash::new(shape.sectors));
        let longest = fill(&mut flash, shape, &mut rng);
        let steps = steps(&mut rng, longest);
        let mut script = Self {
            steps: Vec::new(),
            before: Vec::new(),
            chapters: Vec::new(),
            collects: Vec::new(),
        };
        for chapter in steps.chunks(CHAPTER) {
            script.chapters.push(flash.sim.clone());
            let mut ram = Ram::new();
            to_the_end(script.play(&mut flash, &mut ram, chapter));
        }
        script.steps = steps;
        script
    }

    async fn play(&mut self, flash: &mut Slow<W, E>, ram: &mut Ram, steps: &[Step]) {
        let mut store = mount(flash, ram).await.expect("it mounts");
        for step in steps {
            self.before.push(read(&mut store).await.expect("readable"));
            let collections = store.stats().collections;
            if *step != Step::Mount {
                match step.run(&mut store).await {
                    Ok(_) | Err(Error::Full { .. } | Error::TooManyKeys { .. }) => {}
                    Err(error) => panic!("{step:?}: {error}"),
                }
            }
            self.collects.push(store.stats().collections != collections);
        }
    }

    pub(crate) fn before(&self, step: usize) -> &Content {
        &self.before[step]
    }

    /// The flash of a store in which these steps are to be done before `step`.
    pub(crate) fn start(&self, step: usize) -> (SimFlash<W, E>, &[Step]) {
        let chapter = step / CHAPTER;
        (
            self.chapters[chapter].clone(),
            &self.steps[chapter * CHAPTER..step],
        )
    }
}

fn bytes(rng: &mut Rng, len: usize) -> Vec<u8> {
    vec![rng.next_u8(); len]
}

/// Fills a partition, and replaces values until each sector has been in use. Returns how long values are.
fn fill<const W: usize, const E: usize>(
    flash: &mut Slow<W, E>,
    shape: Shape,
    rng: &mut Rng,
) -> usize {
    // Behind a sector's header and opening, and before a mark.
    let payload = E - 2 * W.max(16) - 2 * 11usize.next_multiple_of(W);
    let settings = (KEYS - RAW) * 16usize.next_multiple_of(W);
    let room = ((shape.sectors - 1) * payload).saturating_sub(settings);
    let (keys, longest) = match shape.fill {
        Fill::Low => (2, 4),
        Fill::Half => (RAW, (room / 2 / RAW / W * W).saturating_sub(16).max(4)),
        Fill::Full => (RAW, (room / RAW / W * W).saturating_sub(16).max(4)),
    };
    let mut ram = Ram::new();
    let mut store = to_the_end(mount(flash, &mut ram)).expect("it mounts");
    let mut put = |key: usize, value: Vec<u8>| {
        let result = to_the_end(Step::put(key, value).run(&mut store));
        assert!(
            matches!(result, Ok(_) | Err(Error::Full { .. })),
            "{result:?}"
        );
        result.is_ok()
    };
    for key in 0..keys {
        put(key, bytes(rng, longest));
    }
    for _ in 0..20 + rng.below(20) {
        let len = rng.below(longest + 1);
        put(rng.below(keys), bytes(rng, len));
    }
    if shape.fill == Fill::Full {
        for key in 0..keys {
            (0..payload.min(120))
                .rev()
                .find(|len| put(key, bytes(rng, *len)));
        }
    }
    longest
}

/// Each kind of step at least once.
fn steps(rng: &mut Rng, longest: usize) -> Vec<Step> {
    let mut kinds: Vec<usize> = (0..24).collect();
    let mut steps = Vec::new();
    while !kinds.is_empty() {
        let kind = kinds.swap_remove(rng.below(kinds.len()));
        let key = rng.below(RAW);
        let value = |rng: &mut Rng| {
            let len = rng.below(longest + 1);
            bytes(rng, len)
        };
        let step = match kind {
            0..3 => Step::put(key, value(rng)),
            // Longer than the store's buffer.
            3 => Step::put(key, bytes(rng, 90)),
            4..7 => {
                let keys = (0..2 + rng.below(4)).map(|_| rng.below(KEYS));
                let mut keys: Vec<_> = keys.collect();
                keys.sort_unstable();
                keys.dedup();
                let change = |key| {
                    let value = (rng.below(4) != 0).then(|| match key {
                        raw if raw < RAW => value(rng).into_iter().take(30).collect(),
                        // Of a number, or an empty text.
                        _ => vec![0],
                    });
                    (key, value)
                };
                Step::Commit(keys.into_iter().map(change).collect())
            }
            7 => Step::Delete(key),
            8..11 => Step::Save(rng.next_u8()),
            11 => Step::Put(rng.next_u8()),
            12 => Step::Remove,
            13 => Step::Reset,
            14 => {
                steps.push(Step::plant());
                Step::Confirm
            }
            15 => Step::Prune,
            16..20 => Step::Maintain,
            20 => Step::GetBytes(key),
            21 => Step::Get,
            22 => Step::Load,
            23 => Step::Keys,
            _ => Step::Mount,
        };
        steps.push(step);
    }
    steps.push(Step::Mount);
    steps
}

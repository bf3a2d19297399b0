//! One fault at each operation of a scenario, of each kind; and each programmed word gone bad before each step.

use std::cell::RefCell;
use std::rc::Rc;

use kvs::sim::{Fault, SimFlash, Tear};

use super::promise::{Breach, Broken, Loss, Promises};
use super::scenario::{Shape, Step};
use super::trial::{Planted, Start, Trial};
use super::{Effort, Tally};
use crate::Call;

/// All faults, each with all tears.
const FAULTS: [Fault; 15] = [
    Fault::ProgramFails(Tear::Clean),
    Fault::ProgramFails(Tear::Prefix),
    Fault::ProgramFails(Tear::WordBits),
    Fault::ProgramFails(Tear::CallBits),
    Fault::ProgramFails(Tear::Complete),
    Fault::EraseFails(Tear::Clean),
    Fault::EraseFails(Tear::Prefix),
    Fault::EraseFails(Tear::WordBits),
    Fault::EraseFails(Tear::CallBits),
    Fault::EraseFails(Tear::Complete),
    Fault::StuckAtOne,
    Fault::StuckAtZero,
    Fault::ReadFails,
    Fault::ReadFailsForever,
    Fault::Unstable,
];

/// What can befall a word that was good when it was programmed.
const LATER: [Fault; 3] = [Fault::ReadFails, Fault::ReadFailsForever, Fault::Unstable];

/// Steps from the one on in which the fault is.
const STEPS: usize = 14;

/// Whether a fault can be planned for a program, or an erase.
fn strikes(fault: Fault, erase: bool) -> bool {
    match fault {
        Fault::ProgramFails(_) | Fault::StuckAtOne => !erase,
        Fault::EraseFails(_) | Fault::StuckAtZero => erase,
        _ => true,
    }
}

/// A scenario as it goes on sound flash.
struct Course<const W: usize, const E: usize> {
    shape: Shape,
    seed: u64,
    steps: Vec<Step>,
    starts: Vec<Start<W, E>>,
    /// Of each operation, whether it is an erase, and the step it is in.
    operations: Vec<(bool, usize)>,
    /// After each step, the words that are programmed.
    words: Vec<Vec<u32>>,
}

impl<const W: usize, const E: usize> Course<W, E> {
    fn new(shape: Shape, count: usize, seed: u64) -> Result<Self, Broken> {
        let steps = shape.steps(count, seed);
        let flash = SimFlash::<W, E>::new(shape.sectors);
        let kinds = Rc::new(RefCell::new(Vec::new()));
        let seen = kinds.clone();
        let see = move |call| {
            let (erase, count) = match call {
                Call::Read(..) => return,
                Call::Program(_, len) => (false, len / W),
                Call::Erase(from, to) => (true, (to - from) as usize / E),
            };
            seen.borrow_mut().extend(std::iter::repeat_n(erase, count));
        };
        let mut trial = Trial::new(flash, Promises::new(shape.keys), see);
        let (mut starts, mut ends, mut words) = (Vec::new(), Vec::new(), Vec::new());
        let start = |step, trial: &Trial<W, E>| {
            starts.push(Start {
                step,
                flash: trial.chip.flash().clone(),
                promises: trial.promises.clone(),
            });
        };
        let done = |trial: &Trial<W, E>| {
            let flash = trial.chip.flash();
            ends.push(flash.operations());
            let image = flash.image().chunks(W).zip((0..).step_by(W));
            let programmed = image.filter(|(word, _)| word.iter().any(|byte| *byte != 0xFF));
            words.push(programmed.map(|(_, at)| at).collect());
        };
        trial.run((0, &steps), None, start, done)?;
        if trial.seen.refused != 0 {
            return Err(Broken::new(Breach::Stuck, "sound flash fails"));
        }
        let step = |number: u64| ends.partition_point(|end| *end <= number);
        let kinds = kinds.borrow();
        let operations = kinds.iter().zip(0..);
        let operations = operations.map(|(erase, number)| (*erase, step(number)));
        Ok(Self {
            shape,
            seed,
            operations: operations.collect(),
            steps,
            starts,
            words,
        })
    }

    /// Goes on from the last mount before `step` to some steps behind it; `prepare` sets the faults and what is expected.
    fn trial(
        &self,
        step: usize,
        planted: Option<&Planted>,
        prepare: impl FnOnce(&mut Trial<W, E>),
    ) -> (Trial<W, E>, Result<(), Broken>) {
        let before = self.starts.iter().rev().find(|start| start.step <= step);
        let Start {
            step: from,
            flash,
            promises,
        } = before.expect("a mount comes first").clone();
        let mut trial = Trial::new(flash, promises, |_| ());
        prepare(&mut trial);
        let until = (step + STEPS).min(self.steps.len());
        let steps = (from, &self.steps[from..until]);
        let result = trial.run(steps, planted, |_, _| (), |_| ());
        let result = result.and_then(|()| trial.recover());
        (trial, result)
    }

    /// A fault at operation `number`.
    fn at_operation(&self, number: usize, fault: Fault, tally: &mut Tally) {
        let (erase, step) = self.operations[number];
        let name = || {
            let (shape, seed) = (self.shape, self.seed);
            format!("W={W} E={E} {shape:?}, seed {seed}: {fault:?} at operation {number}")
        };
        tally.trial(fault, name, || {
            self.trial(step, None, |trial| {
                let mut flash = trial.chip.flash();
                flash.fault_seed(number as u64);
                flash.strict_tears(number % 2 == 1);
                flash.fault_after(number as u64, fault);
                trial.heals = LATER.contains(&fault);
                trial.loss = match (fault, erase) {
                    (Fault::Unstable, true) => Loss::Any,
                    (Fault::Unstable, false) => Loss::OneCommit,
                    // What can't be read back is not acknowledged.
                    _ => Loss::Nothing,
                };
            })
        });
    }

    /// A word that is programmed goes bad before a step.
    fn in_word(&self, step: usize, word: u32, fault: Fault, tally: &mut Tally) {
        let name = || {
            let (shape, seed) = (self.shape, self.seed);
            format!("W={W} E={E} {shape:?}, seed {seed}: {fault:?} in {word:#x} before step {step}")
        };
        let planted = (step, word..word + W as u32, fault);
        tally.trial(fault, name, || {
            self.trial(step, Some(&planted), |trial| {
                trial.chip.flash().fault_seed(word.into());
                trial.heals = true;
                trial.loss = Loss::OneCommit;
            })
        });
    }

    /// Some of the faults there can be: of as many as these, evenly spread.
    fn run(&self, (operations, words): (usize, usize), tally: &mut Tally) {
        let kinds = |(number, (erase, _)): (usize, &(bool, usize))| {
            let erase = *erase;
            let kinds = FAULTS.into_iter();
            kinds.filter_map(move |kind| strikes(kind, erase).then_some((number, kind)))
        };
        let all: Vec<_> = self.operations.iter().enumerate().flat_map(kinds).collect();
        for (number, fault) in spread(&all, operations) {
            if self.holds_still(fault) {
                self.at_operation(number, fault, tally);
            }
        }
        let words_at = |(step, words): (&Vec<u32>, usize)| {
            let words = step.iter().map(move |word| (words, *word));
            let kinds = |(step, word)| LATER.into_iter().map(move |kind| (step, word, kind));
            words.flat_map(kinds).collect::<Vec<_>>()
        };
        let all: Vec<_> = self.words.iter().zip(1..).flat_map(words_at).collect();
        for (step, word, fault) in spread(&all, words) {
            if self.holds_still(fault) {
                self.in_word(step, word, fault, tally);
            }
        }
    }

    /// A value that is longer than the store's buffer is read twice, once to check it: bits that read differently each
    /// time get past that.
    fn holds_still(&self, fault: Fault) -> bool {
        fault != Fault::Unstable || !self.shape.is_long()
    }
}

/// About `count` of `all`, evenly spread.
fn spread<T: Copy>(all: &[T], count: usize) -> impl Iterator<Item = T> {
    let every = all.len().div_ceil(count).max(1);
    // Not a multiple of what recurs in them.
    let every = (every..).find(|every| every % 3 != 0 && every % 5 != 0 || *every == 1);
    all.iter().copied().step_by(every.unwrap_or(1))
}

pub(super) fn on<const W: usize, const E: usize>(effort: Effort, tally: &mut Tally) {
    let count = match effort {
        Effort::Sample => (30, 10),
        Effort::Every => (900, 300),
    };
    let mut shapes = Vec::new();
    for sectors in [2, 3, 4, 8] {
        for tenths in [4, 9] {
            shapes.push((Shape::small::<W, E>(sectors, tenths), 1));
            shapes.push((Shape::long::<W, E>(sectors, tenths), 2));
        }
    }
    // So empty that sectors are closed with summaries.
    shapes.extend([4, 8].map(|sectors| (Shape::small::<W, E>(sectors, 1), 3)));
    for (shape, seed) in shapes {
        match Course::<W, E>::new(shape, 40, seed) {
            Ok(course) => course.run(count, tally),
            Err(broken) => {
                tally.breach(&format!("W={W} E={E} {shape:?}"), &broken);
            }
        }
    }
}

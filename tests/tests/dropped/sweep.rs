//! All cases, counted.

use std::fmt;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;

use crate::case::{Case, Outcome, Then};
use crate::flash::Driver;
use crate::model::Model;
use crate::script::{Fill, Script, Shape};

/// What was tried.
#[derive(Default)]
pub(crate) struct Tally {
    /// Operations that were dropped; each is followed by a reset, and most by a further drop.
    pub(crate) drops: u64,
    /// Of these, in a program or an erase.
    pub(crate) torn: u64,
    /// Of these, of operations that collect or level wear.
    pub(crate) collecting: u64,
    pub(crate) failures: u64,
}

type Job = Box<dyn FnOnce() -> Tally + Send>;

/// More than any operation here takes.
const MANY_POLLS: usize = 5_000;

/// The one case to be run, if it is one.
fn only() -> Option<String> {
    std::env::var("KVS_DROP").ok()
}

const DRIVERS: [Driver; 4] = [Driver::First, Driver::Last, Driver::Half, Driver::Torn];

impl Tally {
    /// Runs scripts of these seeds on all shapes, on two threads.
    pub(crate) fn of_all(seeds: &Range<u64>) -> Self {
        let mut jobs = Vec::new();
        on::<1, 256>(&[2, 3], seeds, &mut jobs);
        on::<4, 256>(&[2, 3, 4], seeds, &mut jobs);
        on::<8, 256>(&[2, 3], seeds, &mut jobs);
        on::<32, 512>(&[2, 4], seeds, &mut jobs);
        let (jobs, sum) = (Mutex::new(jobs), Mutex::new(Self::default()));
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    loop {
                        let Some(job) = jobs.lock().unwrap().pop() else {
                            break;
                        };
                        let tally = job();
                        sum.lock().unwrap().add(&tally);
                    }
                });
            }
        });
        sum.into_inner().unwrap()
    }

    fn add(&mut self, other: &Self) {
        self.drops += other.drops;
        self.torn += other.torn;
        self.collecting += other.collecting;
        self.failures += other.failures;
    }

    fn of<const W: usize, const E: usize>(shape: Shape) -> Self {
        let mut trial = Trial {
            script: Script::<W, E>::new(shape),
            model: Model::default(),
            tally: Self::default(),
            only: only(),
        };
        for step in 0..trial.script.steps.len() {
            for driver in DRIVERS {
                let case = |polls, then| Case {
                    word: W,
                    shape,
                    step,
                    driver,
                    polls,
                    then,
                };
                (0..).map(spread).find(|polls| {
                    Then::ALL
                        .map(|then| trial.run(case(*polls, then)))
                        .contains(&true)
                });
            }
        }
        trial.tally
    }
}

/// After how many polls an operation is dropped: after each at first, and where it takes many, after
/// some of them.
fn spread(number: usize) -> usize {
    const EACH: usize = 150;
    number.min(EACH) + number.saturating_sub(EACH) * 11
}

struct Trial<const W: usize, const E: usize> {
    script: Script<W, E>,
    model: Model,
    tally: Tally,
    only: Option<String>,
}

impl<const W: usize, const E: usize> Trial<W, E> {
    /// Runs a case; whether the operation came to its end before it was dropped.
    fn run(&mut self, case: Case) -> bool {
        if self
            .only
            .as_ref()
            .is_some_and(|only| case.to_string() != *only)
        {
            return case.polls > MANY_POLLS;
        }
        let (script, tally) = (&self.script, &mut self.tally);
        let run = catch_unwind(AssertUnwindSafe(|| case.run(script, &mut self.model)));
        match run.unwrap_or_else(|_| Err("panicked".into())) {
            Ok(Outcome::Done) => return true,
            Ok(Outcome::Skipped) => {}
            Ok(Outcome::Dropped) => {
                tally.drops += 1;
                tally.torn += u64::from(matches!(case.driver, Driver::Half | Driver::Torn));
                tally.collecting += u64::from(script.collects[case.step]);
            }
            Err(text) => {
                tally.failures += 1;
                if tally.failures < 4 {
                    let step = &script.steps[case.step];
                    println!("{step:?} was dropped: {text}\n    again: KVS_DROP={case}");
                }
            }
        }
        false
    }
}

fn on<const W: usize, const E: usize>(sectors: &[usize], seeds: &Range<u64>, jobs: &mut Vec<Job>) {
    for &sectors in sectors {
        for fill in [Fill::Low, Fill::Half, Fill::Full] {
            for seed in seeds.clone() {
                let shape = Shape {
                    sectors,
                    fill,
                    seed,
                };
                let name = format!("{W}x{sectors}.{fill:?}.{seed}:");
                if only().is_none_or(|only| only.starts_with(&name)) {
                    jobs.push(Box::new(move || Tally::of::<W, E>(shape)));
                }
            }
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} futures dropped, {} of them in a program or an erase that is left torn, {} while collecting: {} failures",
            self.drops, self.torn, self.collecting, self.failures
        )
    }
}

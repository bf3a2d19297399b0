//! Power cuts at every flash operation, torn in every way, with more cuts during the recovery: no acknowledged value is
//! lost, none is wrong, no commit is half there; and the store goes on.

mod engine;
mod typed;

use std::fmt;
use std::sync::Mutex;

use kvs::sim::{Failure, Tally};

use super::{Effort, Row, grouped};

type Run = Result<Tally, Failure>;
type Job = Box<dyn FnOnce() -> Run + Send>;

/// What power cuts must not do, counted.
#[derive(Default)]
pub struct Sum {
    /// How many cuts there were, those during recovery included.
    pub cuts: u64,
    lost: u64,
    wrong: u64,
    half: u64,
    others: Vec<Failure>,
}

impl Sum {
    fn add(&mut self, run: Run) {
        match run {
            Ok(tally) => self.cuts += tally.all_cuts(),
            Err(failure) => {
                let text = failure.to_string();
                println!("{text}");
                if text.contains("lost: ") {
                    self.lost += 1;
                } else if text.contains("wrong: ") {
                    self.wrong += 1;
                } else if text.contains("half: ") {
                    self.half += 1;
                } else {
                    self.others.push(failure);
                }
            }
        }
    }
}

impl fmt::Display for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            cuts,
            lost,
            wrong,
            half,
            ..
        } = self;
        write!(f, "{cuts} cuts: {lost} lost, {wrong} wrong, {half} half")
    }
}

/// Runs all scenarios.
///
/// # Panics
///
/// When a cut did something that it must not.
pub fn run(effort: Effort) -> Sum {
    let mut jobs = engine::jobs(effort);
    jobs.extend(typed::jobs(effort));
    sum(jobs)
}

/// Runs a sample of those on words of 4 bytes.
///
/// # Panics
///
/// As [`run`] does.
pub fn run_on_one_flash() -> Sum {
    let mut jobs = Vec::new();
    engine::on::<4, 256>(Effort::Sample, &mut jobs);
    jobs.push(Box::new(|| typed::scenario::<4, 256>(3, 8, 0)));
    sum(jobs)
}

/// Runs `jobs` on two threads.
fn sum(jobs: Vec<Job>) -> Sum {
    let (jobs, sum) = (Mutex::new(jobs), Mutex::new(Sum::default()));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let Some(job) = jobs.lock().unwrap().pop() else {
                        break;
                    };
                    let run = job();
                    sum.lock().unwrap().add(run);
                }
            });
        }
    });
    let sum = sum.into_inner().unwrap();
    assert_eq!((sum.lost, sum.wrong, sum.half), (0, 0, 0), "{sum}");
    assert!(sum.others.is_empty(), "{} other failures", sum.others.len());
    sum
}

/// The same, for the table.
pub fn row(effort: Effort) -> Row {
    let sum = run(effort);
    Row {
        failure: "a power cut at any program word or erase, torn in any way, cut again while recovering",
        tried: format!(
            "{} cuts; words of 1 to 32 bytes, 2 to 8 sectors, nearly empty to full, groups of 1 to 8",
            grouped(sum.cuts)
        ),
        found: format!("{} lost, {} wrong, {} half", sum.lost, sum.wrong, sum.half),
    }
}

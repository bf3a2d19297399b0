//! Power cuts at every flash operation, torn in every way, with more cuts during the recovery: no acknowledged value is
//! lost, none is wrong, no commit is half there; and the store goes on.
//!
//! ```sh
//! cargo test --release -p kvs-tests --test power_cuts -- --include-ignored --nocapture
//! ```

mod engine;
mod typed;

use std::sync::Mutex;

use kvs::sim::{Failure, Tally};

/// How much is tried.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Effort {
    Sample,
    Every,
}

type Run = Result<Tally, Failure>;

/// What power cuts must not do, counted.
#[derive(Default)]
struct Sum {
    cuts: u64,
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

/// Runs all scenarios, on two threads.
fn run(effort: Effort) -> u64 {
    let mut jobs: Vec<Box<dyn FnOnce() -> Run + Send>> = engine::jobs(effort);
    jobs.extend(typed::jobs(effort));
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
    println!(
        "{} cuts: {} lost, {} wrong, {} half",
        sum.cuts, sum.lost, sum.wrong, sum.half
    );
    assert_eq!((sum.lost, sum.wrong, sum.half), (0, 0, 0));
    assert!(sum.others.is_empty(), "{} other failures", sum.others.len());
    sum.cuts
}

#[test]
fn a_sample() {
    assert!(run(Effort::Sample) >= 50_000);
}

#[test]
#[ignore = "a minute or two in release: over a million cuts"]
fn every() {
    assert!(run(Effort::Every) >= 1_000_000);
}

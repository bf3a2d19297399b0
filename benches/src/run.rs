//! Runs all of it, a thread a core.

use std::sync::Mutex;
use std::thread;

use crate::contenders::Kind;
use crate::preset::{NRF52840, Part};
use crate::report::tables::Row;
use crate::work::{self, Curves, Figures};

/// What came out.
pub struct Counted {
    /// For each part, a row for each contender.
    pub tables: Vec<Vec<Row>>,
    /// The lines of the plots, if they are wanted.
    pub curves: Vec<(Kind, Curves)>,
}

enum Done {
    Figures(Box<Figures>),
    Curves(Curves),
}

/// Every contender on every part, and the lines of the plots.
pub fn count(parts: &[Part], curves: bool) -> Counted {
    let mut jobs: Vec<Job<Done>> = Vec::new();
    for &part in parts {
        for kind in Kind::ALL {
            jobs.push(Box::new(move || {
                let figures = Box::new(work::all(kind, &part));
                eprintln!("counted: {}, {}", part.name, kind.label());
                Done::Figures(figures)
            }));
        }
    }
    for kind in Kind::ALL.into_iter().filter(|_| curves) {
        jobs.push(Box::new(move || {
            let curves = work::curves(kind);
            eprintln!("counted: plots, {}", kind.label());
            Done::Curves(curves)
        }));
    }
    let (mut rows, mut lines) = (Vec::new(), Vec::new());
    for done in parallel(jobs) {
        match done {
            Done::Figures(figures) => {
                rows.push((Kind::ALL[rows.len() % Kind::ALL.len()], *figures))
            }
            Done::Curves(curves) => lines.push(curves),
        }
    }
    let tables: Vec<_> = rows.chunks(Kind::ALL.len()).map(<[_]>::to_vec).collect();
    let plotted = parts.iter().position(|part| part.name == NRF52840.name);
    let figures = plotted.map_or(&[][..], |index| tables[index].as_slice());
    let lines = lines.into_iter().zip(figures);
    Counted {
        curves: lines
            .map(|(lines, (kind, figures))| (*kind, lines.with(figures)))
            .collect(),
        tables,
    }
}

type Job<T> = Box<dyn FnOnce() -> T + Send>;

/// Does all jobs; the results are in the jobs' order.
fn parallel<T: Send>(jobs: Vec<Job<T>>) -> Vec<T> {
    let count = jobs.len();
    let queue = Mutex::new(jobs.into_iter().enumerate());
    let done = Mutex::new(Vec::with_capacity(count));
    let cores = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..cores.min(count) {
            scope.spawn(|| {
                while let Some((index, job)) = next(&queue) {
                    let result = job();
                    lock(&done).push((index, result));
                }
            });
        }
    });
    let mut done = done
        .into_inner()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, result)| result).collect()
}

fn next<I: Iterator>(queue: &Mutex<I>) -> Option<I::Item> {
    lock(queue).next()
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}

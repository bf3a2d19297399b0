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

/// These contenders on these parts, and the lines of the plots where they are wanted: of the README's part.
pub fn count(parts: &[Part], kinds: &[Kind], curves: bool) -> Counted {
    let mut jobs: Vec<Job<Done>> = Vec::new();
    for &part in parts {
        for &kind in kinds {
            jobs.push(Box::new(move || {
                let figures = Box::new(work::all(kind, &part));
                eprintln!("counted: {}, {}", part.name, kind.label());
                Done::Figures(figures)
            }));
        }
    }
    for &kind in kinds.iter().filter(|_| curves) {
        jobs.push(Box::new(move || {
            let curves = work::curves(kind);
            eprintln!("counted: plots, {}", kind.label());
            Done::Curves(curves)
        }));
    }
    let (mut figures, mut lines) = (Vec::new(), Vec::new());
    for done in parallel(jobs) {
        match done {
            Done::Figures(of) => figures.push(*of),
            Done::Curves(of) => lines.push(of),
        }
    }
    let tables: Vec<_> = figures
        .chunks(kinds.len())
        .map(|of| rows(kinds, of))
        .collect();
    let plotted = parts.iter().position(|part| part.name == NRF52840.name);
    let plotted = plotted.map_or(&[][..], |part| &figures[part * kinds.len()..]);
    let lines = kinds.iter().zip(lines).zip(plotted);
    Counted {
        curves: lines
            .map(|((kind, lines), figures)| (*kind, lines.with(figures)))
            .collect(),
        tables,
    }
}

fn rows(kinds: &[Kind], figures: &[Figures]) -> Vec<Row> {
    let of = |kind| kinds.iter().position(|&other| other == kind);
    let rows = Kind::ALL.into_iter();
    rows.map(|kind| (kind, of(kind).map(|index| figures[index].clone())))
        .collect()
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

//! The series of the plots, all of them on the part of the README's table.

use std::iter::successors;

use super::boot::boot;
use super::wear::{Churn, churn};
use super::{FILLS, Figures, Wear};
use crate::contenders::Kind;
use crate::model::Layout;
use crate::preset::NRF52840;
use crate::rig::Rig;
use crate::store::Outcome;

/// Saves for one point of the plots that have many.
const FEW: u32 = 10_000;

/// Points of a line.
pub type Line = Vec<(f64, f64)>;

/// A line of each plot.
#[derive(Clone, Debug, Default)]
pub struct Curves {
    /// Erases after so many saves of the counter.
    pub erases: Line,
    /// Write amplification by percent full.
    pub amplification: Line,
    /// Bytes read at boot by bytes of the partition.
    pub boot: Line,
    /// Percent of saves that take longer, by milliseconds.
    pub latency: Line,
    /// Bytes programmed in a save by number of settings.
    pub settings: Line,
}

/// Runs what the lines are made of, but for those that the tables' figures have. A line ends where its contender can't go
/// on.
pub fn curves(kind: Kind) -> Curves {
    Curves {
        amplification: line((0..=80).step_by(10), |percent| {
            let wear = churn(&filled(kind, percent), Churn::zipf(FEW))?;
            Ok((percent as f64, wear.amplification()))
        }),
        boot: line(
            successors(Some(2), |sectors| Some(2 * sectors)).take(8),
            |sectors| boot_of(kind, sectors),
        ),
        settings: line(
            successors(Some(8), |count| Some(2 * count)).take(7),
            |count| {
                let rig = Rig::new(kind, &NRF52840, Layout::counters(count));
                Ok((count as f64, churn(&rig, Churn::counter(FEW))?.bytes()))
            },
        ),
        ..Curves::default()
    }
}

impl Curves {
    /// With the lines that the part's figures have.
    #[must_use]
    pub fn with(mut self, figures: &Figures) -> Self {
        if let Ok(wear) = &figures.counter {
            self.erases = erases(wear);
        }
        let fill = FILLS.iter().position(|&fill| fill == figures.fill);
        if let Some(Ok(wear)) = fill.map(|index| &figures.zipf[index]) {
            self.latency = latency(wear);
        }
        self
    }
}

fn filled(kind: Kind, percent: usize) -> Rig {
    let layout = Layout::device().filled(percent, NRF52840.capacity());
    Rig::new(kind, &NRF52840, layout)
}

/// The points that there are.
fn line<X>(xs: impl Iterator<Item = X>, point: impl FnMut(X) -> Outcome<(f64, f64)>) -> Line {
    xs.map(point).filter_map(Result::ok).collect()
}

fn erases(wear: &Wear) -> Line {
    let points = wear.erases.iter();
    points
        .map(|&(saves, erases)| (f64::from(saves), erases as f64))
        .collect()
}

/// Saved to until all of it has been written.
fn boot_of(kind: Kind, sectors: usize) -> Outcome<(f64, f64)> {
    let part = NRF52840.with_sectors(sectors);
    let rig = Rig::new(kind, &part, Layout::device());
    // None takes less than twelve bytes for a save.
    let saves = (part.capacity() / 12 + 1_000) as u32;
    churn(&rig, Churn::counter(saves))?;
    Ok((part.capacity() as f64, boot(&rig)?.bytes as f64))
}

fn latency(wear: &Wear) -> Line {
    let count = wear.singles.len();
    let share = |rank: usize| 100.0 * (count - rank) as f64 / count as f64;
    let mut points: Line = Vec::new();
    for (rank, single) in wear.singles.iter().enumerate() {
        let time = single.time.as_secs_f64() * 1000.0;
        if points.last().is_none_or(|last| last.0 < time * 0.99) {
            points.push((time, share(rank)));
        }
    }
    let longest = wear
        .singles
        .last()
        .map_or(0.0, |single| single.time.as_secs_f64() * 1000.0);
    points.push((longest, share(count - 1)));
    points
}

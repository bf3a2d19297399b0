//! How long single saves take, modelled.

use std::time::Duration;

use super::wear::{Single, Wear};
use crate::model::Zipf;
use crate::rig::Rig;
use crate::store::Outcome;

/// Saves with work ahead in between.
const SAVES: u32 = 20_000;

/// Single saves.
#[derive(Clone, Copy, Debug)]
pub struct Latency {
    /// Half of them are no longer than this.
    pub median: Duration,
    /// 99 of 100.
    pub most: Duration,
    /// The longest.
    pub longest: Single,
    /// The most erases in one.
    pub erases: u64,
    /// The most program calls in one.
    pub programs: u64,
}

impl Latency {
    /// Of the saves of a run.
    pub fn of(wear: &Wear) -> Self {
        Self::of_sorted(&wear.singles)
    }

    fn of_sorted(singles: &[Single]) -> Self {
        let at = |percent: usize| singles[(singles.len() - 1) * percent / 100];
        Self {
            median: at(50).time,
            most: at(99).time,
            longest: at(100),
            erases: singles
                .iter()
                .map(|single| single.erases)
                .max()
                .unwrap_or(0),
            programs: singles
                .iter()
                .map(|single| single.programs)
                .max()
                .unwrap_or(0),
        }
    }
}

/// Saves by Zipf's law, with all the work ahead done before each.
pub fn maintained(rig: &Rig) -> Outcome<Latency> {
    let mut session = rig.provisioned()?;
    let mut zipf = Zipf::new(32, 32);
    let mut singles: Vec<Single> = Vec::new();
    for _ in 0..SAVES {
        session.maintain()?;
        let key = zipf.draw();
        let ((), cost) = session.cost(|session| session.change(&[key]))?;
        singles.push(cost.into());
    }
    singles.sort_unstable();
    Ok(Latency::of_sorted(&singles))
}

//! Saves, a hundred thousand of them: what they program, and how often which sector is erased.

use std::time::Duration;

use kvs::sim::Stats;

use crate::model::Zipf;
use crate::rig::{Rig, Session};
use crate::store::{Outcome, Why};

/// How many saves.
pub const SAVES: u32 = 100_000;
/// A run ends early after so many reads: it would take hours.
const READS: u64 = 80_000_000;
/// Saves between two looks at the flash, and at the values.
const STEP: u32 = 5_000;

/// What is saved.
pub struct Churn {
    saves: u32,
    pick: Box<dyn FnMut() -> usize>,
}

impl Churn {
    /// The first setting, over and over.
    pub fn counter(saves: u32) -> Self {
        let pick = Box::new(|| 0);
        Self { saves, pick }
    }

    /// Any of the first 32 settings, by Zipf's law.
    pub fn zipf(saves: u32) -> Self {
        let mut zipf = Zipf::new(32, 32);
        let pick = Box::new(move || zipf.draw());
        Self { saves, pick }
    }
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Wear {
    /// How many saves there were: fewer than asked for where they read too much.
    pub saves: u32,
    /// What all of them cost.
    pub stats: Stats,
    /// Bytes of the values that were saved.
    pub payload: u64,
    /// Erases after each so many saves.
    pub erases: Vec<(u32, u64)>,
    /// What single saves cost, in order of their times.
    pub singles: Vec<Single>,
}

/// What one save cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Single {
    /// How long, modelled.
    pub time: Duration,
    /// Erases.
    pub erases: u64,
    /// Program calls.
    pub programs: u64,
}

impl From<Stats> for Single {
    fn from(stats: Stats) -> Self {
        Self {
            time: stats.time,
            erases: stats.erases,
            programs: stats.programs,
        }
    }
}

impl Wear {
    /// Bytes programmed in a save.
    pub fn bytes(&self) -> f64 {
        self.stats.program_bytes as f64 / f64::from(self.saves)
    }

    /// Program calls in a save.
    pub fn programs(&self) -> f64 {
        self.stats.programs as f64 / f64::from(self.saves)
    }

    /// Erases in a thousand saves.
    pub fn erases_per_thousand(&self) -> f64 {
        self.stats.erases as f64 * 1000.0 / f64::from(self.saves)
    }

    /// Bytes programmed for each byte of a value.
    pub fn amplification(&self) -> f64 {
        self.stats.program_bytes as f64 / self.payload as f64
    }

    /// Erases of the sector that has the most, and of a sector on average.
    pub fn spread(&self) -> (u32, f64) {
        let sectors = &self.stats.sector_erases;
        let most = sectors.iter().copied().max().unwrap_or(0);
        (most, self.stats.erases as f64 / sectors.len() as f64)
    }
}

/// Stores everything, and then saves one setting at a time.
pub fn churn(rig: &Rig, mut churn: Churn) -> Outcome<Wear> {
    let mut session = rig.provisioned()?;
    let start = rig.flash.stats();
    let mut wear = Wear {
        saves: 0,
        stats: Stats::default(),
        payload: 0,
        erases: vec![(0, 0)],
        singles: Vec::new(),
    };
    while wear.saves < churn.saves {
        let key = (churn.pick)();
        let saved = session.cost(|session| session.change(&[key]));
        let ((), cost) = saved.map_err(|why| Why::After(wear.saves, Box::new(why)))?;
        wear.saves += 1;
        wear.payload += session.model.values[key].len() as u64;
        wear.singles.push(cost.into());
        if wear.saves.is_multiple_of(STEP) || wear.saves == churn.saves {
            wear.stats = rig.flash.stats().since(&start);
            wear.erases.push((wear.saves, wear.stats.erases));
            check(&mut session)?;
            if rig.flash.stats().reads - start.reads > READS {
                break;
            }
        }
    }
    wear.singles.sort_unstable();
    check_anew(session)?;
    Ok(wear)
}

/// Only what a firmware would get: one value of those saved.
fn check(session: &mut Session<'_>) -> Outcome<()> {
    match session.get(0)? {
        Some(value) if value == session.model.values[0] => Ok(()),
        Some(_) => Err(Why::Wrong),
        None => Err(Why::Lost),
    }
}

/// All values, in a store that knows only what is in flash.
fn check_anew(session: Session<'_>) -> Outcome<()> {
    let Session { rig, model, .. } = session;
    rig.remount(model)?.check()
}

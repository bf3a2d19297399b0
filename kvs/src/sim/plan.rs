//! How much a sweep of power cuts tries: which cuts, how many in a row, and what runs in between.

use core::ops::Range;
use std::vec;
use std::vec::Vec;

use super::case::PowerCut;
use super::rng::Rng;
use super::tear::Tear;

/// Where the power is cut, among the operations of what runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Positions {
    /// At every operation, in every tear.
    Every,
    /// So many times: at random operations, in random tears.
    Sample(usize),
}

pub(super) struct Plan<'s, S> {
    pub(super) tears: Vec<Tear>,
    pub(super) seeds: Range<u64>,
    /// Both, where it does not say.
    pub(super) strict_tears: Option<bool>,
    pub(super) unstable_tears: bool,
    /// The first cuts.
    pub(super) positions: Positions,
    /// Those after the first, an item for each in a row.
    pub(super) again: Vec<Positions>,
    /// How many steps of the scenario run after a cut.
    pub(super) go_on: usize,
    /// What runs instead.
    pub(super) afterwards: Option<&'s [S]>,
}

impl<S> Default for Plan<'_, S> {
    fn default() -> Self {
        Self {
            tears: Tear::ALL.to_vec(),
            seeds: 0..1,
            strict_tears: None,
            unstable_tears: false,
            positions: Positions::Every,
            again: vec![Positions::Sample(1)],
            go_on: 2,
            afterwards: None,
        }
    }
}

impl<S> Plan<'_, S> {
    /// The first cuts in a step of so many operations, each with whether its tear is strict.
    pub(super) fn first_cuts(&self, step: usize, operations: u64) -> Vec<(bool, PowerCut)> {
        let modes = match self.strict_tears {
            Some(strict) => vec![strict],
            None => vec![false, true],
        };
        let mut rng = Rng::new(Rng::new(self.seeds.start).next_u64() ^ step as u64);
        let cuts = self.cuts(self.positions, operations, self.seeds.clone(), &mut rng);
        match self.positions {
            Positions::Every => {
                let all = |strict| cuts.iter().map(move |&cut| (strict, cut));
                modes.into_iter().flat_map(all).collect()
            }
            Positions::Sample(_) => {
                let mut pick = || modes[rng.below(modes.len())];
                cuts.into_iter().map(|cut| (pick(), cut)).collect()
            }
        }
    }

    /// The cuts after those `before`, in what runs for so many operations.
    pub(super) fn further_cuts(
        &self,
        positions: Positions,
        operations: u64,
        step: usize,
        before: &[PowerCut],
    ) -> Vec<PowerCut> {
        // Each case has random numbers of its own.
        let mixed = before.iter().fold(step as u64, |mixed, cut| {
            let cut = cut.seed ^ cut.operation.rotate_left(32) ^ (cut.tear as u64).rotate_left(16);
            Rng::new(mixed ^ cut).next_u64()
        });
        let mut rng = Rng::new(mixed);
        let seed = rng.next_u64() >> 1;
        self.cuts(positions, operations, seed..seed + 1, &mut rng)
    }

    fn cuts(
        &self,
        positions: Positions,
        operations: u64,
        seeds: Range<u64>,
        rng: &mut Rng,
    ) -> Vec<PowerCut> {
        let cut = |operation, tear, seed| PowerCut {
            operation,
            tear,
            seed,
        };
        let mut cuts = Vec::new();
        match positions {
            _ if operations == 0 => {}
            Positions::Sample(count) => cuts.extend((0..count).map(|_| {
                let operation = rng.below(operations as usize) as u64;
                let tear = self.tears[rng.below(self.tears.len())];
                cut(operation, tear, rng.next_u64())
            })),
            Positions::Every => {
                for operation in 0..operations {
                    for &tear in &self.tears {
                        cuts.extend(seeds.clone().map(|seed| cut(operation, tear, seed)));
                    }
                }
            }
        }
        cuts
    }
}

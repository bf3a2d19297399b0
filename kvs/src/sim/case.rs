//! What a sweep of power cuts reports: how much it tried, and the one case that went wrong.

use core::fmt;
use core::iter::Sum;
use core::ops::AddAssign;
use core::str::FromStr;
use std::format;
use std::string::{String, ToString};
use std::vec::Vec;

use super::tear::Tear;

/// How much [`every_cut`](super::every_cut) tried. Prints as one line; add them up with `+=` or `sum`.
///
/// ```
/// let mut all = kvs::sim::Tally::default();
/// all.cuts = 60;
/// all += all;
/// assert_eq!(all.to_string(), "0 steps, 0 operations, 120 cuts, 0 cuts during recovery");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tally {
    /// Steps of the scenario.
    pub steps: u64,
    /// Operations of these steps, which is where the power was cut.
    pub operations: u64,
    /// Cuts in the scenario.
    pub cuts: u64,
    /// Cuts in what ran after a cut.
    pub further_cuts: u64,
}

impl Tally {
    /// All cuts, in the scenario and after.
    pub fn all_cuts(&self) -> u64 {
        self.cuts + self.further_cuts
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            steps,
            operations,
            cuts,
            further_cuts,
        } = self;
        write!(
            f,
            "{steps} steps, {operations} operations, {cuts} cuts, {further_cuts} cuts during recovery"
        )
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.steps += other.steps;
        self.operations += other.operations;
        self.cuts += other.cuts;
        self.further_cuts += other.further_cuts;
    }
}

impl Sum for Tally {
    fn sum<I: Iterator<Item = Self>>(tallies: I) -> Self {
        tallies.fold(Self::default(), |mut sum, tally| {
            sum += tally;
            sum
        })
    }
}

/// A power cut: where, how, and the seed of what is random about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PowerCut {
    /// So many operations happen before it, since the step began or since the power came back.
    pub operation: u64,
    /// What it leaves.
    pub tear: Tear,
    /// See [`SimFlash::cut_after`](super::SimFlash::cut_after).
    pub seed: u64,
}

/// One of the runs that [`every_cut`](super::every_cut) makes: all that
/// [`replay`](super::EveryCut::replay) needs. It is written as a short text, and read from it.
///
/// ```
/// use kvs::sim::{Case, Tear};
/// let case: Case = "3:12.CallBits.0+4.Prefix.99:strict".parse()?;
/// assert_eq!((case.step, case.cuts[1].tear), (3, Tear::Prefix));
/// assert_eq!(case.to_string(), "3:12.CallBits.0+4.Prefix.99:strict");
/// # Ok::<(), String>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Case {
    /// The step in which the power is cut first.
    pub step: usize,
    /// The first cut, and those that came after it, each while what ran since the one before was
    /// going on. None when the scenario fails without.
    pub cuts: Vec<PowerCut>,
    /// See [`SimFlash::strict_tears`](super::SimFlash::strict_tears).
    pub strict_tears: bool,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.step)?;
        for (index, cut) in self.cuts.iter().enumerate() {
            let plus = if index == 0 { "" } else { "+" };
            write!(f, "{plus}{}.{:?}.{}", cut.operation, cut.tear, cut.seed)?;
        }
        f.write_str(if self.strict_tears { ":strict" } else { "" })
    }
}

impl FromStr for Case {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        parse(text).ok_or_else(|| format!("{text:?} is not a case, such as \"3:12.Prefix.0\""))
    }
}

fn parse(text: &str) -> Option<Case> {
    let (text, strict_tears) = match text.strip_suffix(":strict") {
        Some(text) => (text, true),
        None => (text, false),
    };
    let (step, cuts) = text.split_once(':')?;
    let cuts = cuts.split('+').filter(|cut| !cut.is_empty()).map(|cut| {
        let mut parts = cut.split('.');
        let (operation, tear, seed) = (parts.next()?, parts.next()?, parts.next()?);
        Some(PowerCut {
            operation: operation.parse().ok()?,
            tear: Tear::ALL.into_iter().find(|t| format!("{t:?}") == tear)?,
            seed: seed.parse().ok()?,
        })
    });
    Some(Case {
        step: step.parse().ok()?,
        cuts: cuts.collect::<Option<_>>()?,
        strict_tears,
    })
}

/// What went wrong in [`every_cut`](super::every_cut), and in which case.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Failure {
    /// What replays it.
    pub case: Case,
    /// In which part of the run.
    pub when: String,
    /// What the check, the step or the panic said.
    pub message: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: {}\n  in step {}",
            self.when, self.message, self.case.step
        )?;
        for (index, cut) in self.case.cuts.iter().enumerate() {
            let PowerCut {
                operation,
                tear,
                seed,
            } = cut;
            let lead = match index {
                0 => "the power was cut",
                _ => "and again",
            };
            write!(
                f,
                ", {lead} after {operation} operations ({tear:?}, seed {seed})"
            )?;
        }
        if self.case.strict_tears {
            f.write_str(", with strict tears")?;
        }
        let case = self.case.to_string();
        write!(f, "\n  again: .replay(&{case:?}.parse().unwrap())")
    }
}

impl core::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use std::vec;

    use super::*;

    fn case() -> Case {
        let cut = |operation, tear, seed| PowerCut {
            operation,
            tear,
            seed,
        };
        Case {
            step: 3,
            cuts: vec![cut(12, Tear::CallBits, 0), cut(4, Tear::Clean, u64::MAX)],
            strict_tears: true,
        }
    }

    #[test]
    fn a_case_is_read_as_it_was_written() {
        let without = Case {
            strict_tears: false,
            ..case()
        };
        for case in [case(), without, Case::default()] {
            assert_eq!(case.to_string().parse(), Ok(case));
        }
        for wrong in ["", "3", "x:", "3:1.Clean", "3:1.Torn.0", "3:1.Clean.0:lax"] {
            assert!(wrong.parse::<Case>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_failure_prints_all_that_replays_it() {
        let failure = Failure {
            case: case(),
            when: "after the power came back".into(),
            message: "half a value".into(),
        };
        assert_eq!(
            failure.to_string(),
            "after the power came back: half a value\n  \
             in step 3, the power was cut after 12 operations (CallBits, seed 0), \
             and again after 4 operations (Clean, seed 18446744073709551615), with strict tears\n  \
             again: .replay(&\"3:12.CallBits.0+4.Clean.18446744073709551615:strict\".parse().unwrap())"
        );
    }

    #[test]
    fn tallies_add_up() {
        let one = Tally {
            steps: 1,
            operations: 2,
            cuts: 3,
            further_cuts: 4,
        };
        let sum: Tally = [one; 3].into_iter().sum();
        assert_eq!(
            sum.to_string(),
            "3 steps, 6 operations, 9 cuts, 12 cuts during recovery"
        );
        assert_eq!(sum.all_cuts(), 21);
    }
}

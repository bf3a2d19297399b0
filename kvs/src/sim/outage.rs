//! Calls that fail for a while and then work: a bus that glitches, a flash that a radio keeps busy.

use std::vec::Vec;

use super::error::SimError;
use super::faults::Kind;
use super::flash::SimFlash;
use super::rng::Rng;
use super::tear::Tear;

/// The calls that an outage makes fail, with [`SimError::Busy`].
///
/// The part is sound: the same call works once the outage is over, and needs no erase for that. A
/// fault that lasts, or that an erase mends, is a [`Fault`](super::Fault).
///
/// ```
/// use embedded_storage::nor_flash::ReadNorFlash;
/// use kvs::sim::{Outage, SimError, SimFlash, When};
///
/// let mut flash = SimFlash::<4, 256>::new(1);
/// flash.outage(Outage::Reads, When::Next(2));
/// let mut read = || flash.read(0, &mut [0; 4]);
/// assert_eq!(read(), Err(SimError::Busy { address: 0 }));
/// assert_eq!(read(), Err(SimError::Busy { address: 0 }));
/// assert_eq!(read(), Ok(()));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outage {
    /// Reads fail, and give no bytes.
    Reads,
    /// Programs fail. [`Tear::Clean`] leaves nothing of them; the others tear the call at one of
    /// its words, as a power cut would.
    Programs(Tear),
    /// Erases fail, having done what the tear says.
    Erases(Tear),
}

/// How long an [`Outage`] lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum When {
    /// The next so many calls of the outage's kind.
    Next(u32),
    /// One call in so many of the outage's kind, at random from the
    /// [fault seed](SimFlash::fault_seed).
    OneIn(u32),
    /// Each of `count` calls in a row, of whatever kind, from the one on that has `first` calls
    /// before it; see [`SimFlash::calls`].
    Calls {
        /// The calls before the outage.
        first: u64,
        /// The calls that it lasts.
        count: u64,
    },
}

/// The outages that a flash has.
#[derive(Clone, Debug, Default)]
pub(super) struct Outages {
    all: Vec<(Outage, When)>,
    /// Reads, programs and erases so far.
    calls: u64,
    failed: u64,
    paused: bool,
}

impl Outage {
    /// What a failing call of this kind leaves, if the outage is about such calls.
    fn tear(self, kind: Kind) -> Option<Tear> {
        match (self, kind) {
            (Self::Reads, Kind::Read) => Some(Tear::Clean),
            (Self::Programs(tear), Kind::Program) | (Self::Erases(tear), Kind::Erase) => Some(tear),
            _ => None,
        }
    }
}

impl Outages {
    pub(super) fn copy_from(&mut self, source: &Self) {
        self.all.clone_from(&source.all);
        self.calls = source.calls;
        self.failed = source.failed;
        self.paused = source.paused;
    }

    /// Counts a call, and tells whether it fails, and what it leaves then.
    pub(super) fn strike(&mut self, kind: Kind, rng: &mut Rng) -> Option<Tear> {
        if self.paused {
            return None;
        }
        let call = self.calls;
        self.calls += 1;
        let mut struck = None;
        for (outage, when) in &mut self.all {
            let Some(tear) = outage.tear(kind) else {
                continue;
            };
            let fails = match when {
                When::Next(0) => false,
                When::Next(left) => {
                    *left -= 1;
                    true
                }
                When::OneIn(share) => rng.below(*share as usize) == 0,
                When::Calls { first, count } => (*first..*first + *count).contains(&call),
            };
            if fails {
                struck.get_or_insert(tear);
            }
        }
        self.failed += u64::from(struck.is_some());
        struck
    }
}

impl<const WRITE: usize, const ERASE: usize, const READ: usize> SimFlash<WRITE, ERASE, READ> {
    /// Makes calls fail for a while. A flash may have several outages.
    pub fn outage(&mut self, outage: Outage, when: When) {
        self.outages.all.push((outage, when));
    }

    /// Ends all outages, those to come included.
    pub fn end_outages(&mut self) {
        self.outages.all.clear();
    }

    /// Whether the flash has outages, be they over or still to come.
    pub fn has_outages(&self) -> bool {
        !self.outages.all.is_empty()
    }

    /// Pauses all outages, or lets them go on where they were: for a look at what the flash holds.
    /// Calls in the pause are not counted.
    pub fn pause_outages(&mut self, paused: bool) {
        self.outages.paused = paused;
    }

    /// The reads, programs and erases so far, failed ones included.
    pub fn calls(&self) -> u64 {
        self.outages.calls
    }

    /// The calls so far that an outage made fail.
    pub fn failed_calls(&self) -> u64 {
        self.outages.failed
    }

    /// Whether this call meets an outage, and what it leaves then.
    pub(super) fn outage_of(&mut self, kind: Kind) -> Option<Tear> {
        self.outages.strike(kind, self.faults.rng())
    }

    /// The error of a call that met an outage.
    pub(super) fn busy(address: usize) -> SimError {
        SimError::Busy {
            address: address as u32,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use embedded_storage::nor_flash::{NorFlash, ReadNorFlash};

    use super::*;

    type Small = SimFlash<4, 64>;

    #[test]
    fn the_next_calls_of_a_kind_fail_and_leave_nothing() {
        let mut flash = Small::from_image(&[0xFF; 128]);
        flash.outage(Outage::Programs(Tear::Clean), When::Next(2));
        flash.outage(Outage::Erases(Tear::Clean), When::Next(1));
        let busy = |address| Err(SimError::Busy { address });
        assert_eq!(flash.write(8, &[0; 8]), busy(8));
        assert_eq!(flash.erase(64, 128), busy(64));
        assert_eq!(flash.write(8, &[0; 8]), busy(8));
        assert_eq!(flash.image(), [0xFF; 128]);
        flash.read(0, &mut [0; 4]).unwrap();
        flash.write(8, &[0; 8]).unwrap();
        flash.erase(64, 128).unwrap();
        assert_eq!((flash.calls(), flash.failed_calls()), (6, 3));
    }

    #[test]
    fn a_stretch_counts_all_calls() {
        let mut flash = Small::new(1);
        flash.outage(Outage::Reads, When::Calls { first: 2, count: 2 });
        let results = [0, 4, 8, 12, 16].map(|at| {
            flash.write(at, &[0; 4]).unwrap();
            flash.read(at, &mut [0; 4]).is_ok()
        });
        assert_eq!(results, [true, false, true, true, true]);
    }

    #[test]
    fn a_share_fails_at_random_and_equal_seeds_are_equal() {
        let run = |seed| {
            let mut flash = Small::new(1);
            flash.fault_seed(seed);
            flash.outage(Outage::Reads, When::OneIn(4));
            let reads = (0..400).map(|_| flash.read(0, &mut [0; 4]).is_ok());
            reads.collect::<Vec<_>>()
        };
        let failed = run(1).iter().filter(|ok| !**ok).count();
        assert!((60..140).contains(&failed), "{failed} of 400");
        assert_eq!(run(1), run(1));
        assert_ne!(run(1), run(2));
    }

    #[test]
    fn a_torn_outage_leaves_what_a_cut_leaves_and_the_power_stays_on() {
        let mut flash = Small::new(1);
        flash.outage(Outage::Programs(Tear::Complete), When::Next(1));
        assert_eq!(flash.write(4, &[0; 4]), Err(SimError::Busy { address: 4 }));
        assert_eq!(flash.image()[4..8], [0; 4]);
        flash.outage(Outage::Erases(Tear::Prefix), When::Next(1));
        assert_eq!(flash.erase(0, 64), Err(SimError::Busy { address: 0 }));
        assert!(flash.is_powered());
        flash.erase(0, 64).unwrap();
        flash.write(4, &[0; 4]).unwrap();
    }

    #[test]
    fn a_pause_hides_outages_and_counts_no_calls() {
        let mut flash = Small::new(1);
        flash.outage(Outage::Reads, When::Next(1));
        flash.pause_outages(true);
        flash.read(0, &mut [0; 4]).unwrap();
        assert_eq!(flash.calls(), 0);
        flash.pause_outages(false);
        assert!(flash.read(0, &mut [0; 4]).is_err());
        assert!(flash.has_outages());
        flash.end_outages();
        assert!(!flash.has_outages());
    }
}

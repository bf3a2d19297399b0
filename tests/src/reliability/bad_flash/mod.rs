//! Flash that fails: programs and erases that give errors, whole or torn; words that can't be read, that are stuck, that
//! read differently each time; sectors that are dead from the beginning, or die one after the other.
//!
//! What was acknowledged stays, in the store and for a mount, as long as the flash gives back what it gave when it was
//! checked. What the flash itself has lost since then is one commit a word, and noticed: by an error, or counted.
//!
//! Left out: bits that read differently each time in values that are longer than the store's buffer. Those are read once
//! to be checked, and once more to be copied.

mod mixture;
mod operations;
mod promise;
mod scenario;
mod sectors;
mod seen;
mod trial;

use std::collections::{BTreeMap, HashSet};

use kvs::sim::Fault;

pub use promise::Breach;
use promise::Broken;
pub use seen::Seen;
use trial::Trial;

use super::{Effort, Row, grouped};

/// What was tried, and what came of it.
#[derive(Debug, Default)]
pub struct Tally {
    /// Devices that were held to their promises.
    pub trials: u64,
    /// Those with several faults at once.
    pub mixtures: u64,
    /// Faults that they had.
    pub faults: u64,
    /// Of so many kinds; a tear makes a kind.
    pub kinds: HashSet<Fault>,
    /// What went on meanwhile.
    pub seen: Seen,
    /// Trials in which a promise was broken.
    pub broken: BTreeMap<Breach, u64>,
}

/// Says which trial it was that panicked.
struct Told<N: Fn() -> String>(N);

impl<N: Fn() -> String> Drop for Told<N> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("panicked: {}", self.0());
        }
    }
}

impl Tally {
    fn count(&mut self, fault: Fault) {
        self.faults += 1;
        self.kinds.insert(fault);
    }

    /// Takes in a trial with this fault.
    fn trial<const W: usize, const E: usize>(
        &mut self,
        fault: Fault,
        name: impl Fn() -> String,
        run: impl FnOnce() -> (Trial<W, E>, Result<(), Broken>),
    ) {
        self.mixture(name, |tally| {
            tally.count(fault);
            run()
        });
    }

    /// Takes in a trial that counts its faults itself.
    fn mixture<const W: usize, const E: usize>(
        &mut self,
        name: impl Fn() -> String,
        run: impl FnOnce(&mut Self) -> (Trial<W, E>, Result<(), Broken>),
    ) {
        let told = Told(name);
        let (trial, result) = run(self);
        self.trials += 1;
        self.seen.add(&trial.seen);
        if let Err(broken) = result {
            self.breach(&told.0(), &broken);
        }
    }

    fn breach(&mut self, name: &str, broken: &Broken) {
        *self.broken.entry(broken.breach).or_default() += 1;
        println!("{:?}: {name}: {}", broken.breach, broken.what);
    }

    /// As a line of the table.
    #[must_use]
    pub fn row(&self) -> Row {
        let broken = |breach| self.broken.get(&breach).copied().unwrap_or(0);
        let (lost, silent) = (broken(Breach::Lost), broken(Breach::Silent));
        let wrong = broken(Breach::Wrong) + broken(Breach::Half);
        let Seen {
            acknowledged,
            spilled,
            jammed,
            halves,
            ..
        } = self.seen;
        Row {
            failure: "a part that fails: programs, erases, reads; bits that stick or waver; dead sectors",
            tried: format!(
                "{} faults of {} kinds, {} times up to nine at once",
                grouped(self.faults),
                self.kinds.len(),
                grouped(self.mixtures)
            ),
            found: format!(
                "{lost} acknowledged values lost, {wrong} wrong, {silent} gone unnoticed, in {} commits; \
                 of several faults at once: {spilled} lost and noticed, {halves} refused commits found in part, \
                 {jammed} stores left read-only",
                grouped(acknowledged)
            ),
        }
    }
}

/// All of it on one flash.
fn on<const W: usize, const E: usize>(effort: Effort, tally: &mut Tally) {
    operations::on::<W, E>(effort, tally);
    sectors::on::<W, E>(effort, tally);
    mixture::on::<W, E>(effort, tally);
}

/// Runs all of it.
///
/// # Panics
///
/// Where a promise is broken.
#[must_use]
pub fn tally(effort: Effort) -> Tally {
    let mut tally = Tally::default();
    on::<1, 256>(effort, &mut tally);
    on::<4, 256>(effort, &mut tally);
    on::<8, 256>(effort, &mut tally);
    on::<16, 512>(effort, &mut tally);
    on::<32, 768>(effort, &mut tally);
    assert!(tally.broken.is_empty(), "{:?}", tally.broken);
    tally
}

/// Runs all of it.
///
/// # Panics
///
/// Where a promise is broken.
#[must_use]
pub fn run(effort: Effort) -> Row {
    tally(effort).row()
}

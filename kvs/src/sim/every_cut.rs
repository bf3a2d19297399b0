//! The harness of power cuts as its users see it. What it runs is in `sweep`.

use core::fmt;
use core::ops::Range;
use std::boxed::Box;
use std::string::{String, ToString};

use super::case::{Case, Failure, Tally};
use super::flash::SimFlash;
use super::plan::{Plan, Positions};
use super::sweep::Sweep;
use super::tear::Tear;

/// Runs `steps` with the power cut at every operation of each, in every way.
///
/// * `flash` is where it starts from: empty, or an image of your own. It is copied.
/// * `steps` are data: values to store, numbers, `&[()]` for a single step.
/// * `acknowledged` is what your code has promised so far: a counter, a model of what is stored.
/// * `act` does a step, and notes in `acknowledged` what it may promise from then on. It builds
///   everything anew from the flash, as RAM does not survive a cut. It may fail once the power is
///   lost, and not before; unless the flash has [outages](super::Outage): then a step that fails is
///   one that may have happened or not, as one that was cut.
/// * `check` looks at what is there, anew from the flash too. After a cut it is given the step in
///   which the power went, which may have happened or not; it notes in `acknowledged` which of the
///   two it found, as that is to stay now. Where no step was under way it gets `None`.
///
/// Both may panic (`assert!`), too: that counts as a failure, even without power. Both must do the
/// same each time. One that reads a million times is taken for endless, and fails. Outages are
/// paused while `check` looks.
///
/// After each cut the power is turned on, `check` runs, and then the scenario goes on from there,
/// checked after each step, with [more cuts](EveryCut::cut_again). By default: every operation,
/// every tear, one seed, strict tears and others; then the step that was cut and the one behind it,
/// with one more cut somewhere in them.
///
/// ```
/// use kvs::{Options, Resources, Settings, Store};
/// use kvs::sim::{SimFlash, every_cut};
///
/// #[derive(Settings, Clone, Debug, PartialEq)]
/// struct Motor {
///     #[setting(default = 0)]
///     speed: u16,
///     #[setting(default = 0)]
///     torque: u16, // always a tenth of it
/// }
///
/// type Flash = SimFlash<4, 256>;
/// type Error = kvs::Error<kvs::sim::SimError>;
///
/// fn save(flash: &mut Flash, settings: &Motor) -> Result<(), Error> {
///     let mut resources = Resources::<{ Motor::KEY_SLOTS }, 3, 64>::for_settings::<Motor>();
///     let mut store = Store::mount(flash, 0..768, &mut resources, Options::DEFAULT)?;
///     store.save(settings).map(|_| ())
/// }
/// fn load(flash: &mut Flash) -> Result<Motor, Error> {
///     let mut resources = Resources::<{ Motor::KEY_SLOTS }, 3, 64>::for_settings::<Motor>();
///     let mut store = Store::mount(flash, 0..768, &mut resources, Options::DEFAULT)?;
///     Ok(store.load().0)
/// }
///
/// let steps: Vec<Motor> = (1..=20).map(|n| Motor { speed: 10 * n, torque: n }).collect();
/// let tally = every_cut(
///     &Flash::new(3),
///     &steps,
///     Motor { speed: 0, torque: 0 },
///     |flash, step, saved| {
///         save(flash, step)?;
///         *saved = step.clone();
///         Ok::<_, Error>(())
///     },
///     |flash, saved, in_flight| {
///         let found = load(flash).map_err(|error| error.to_string())?;
///         if found != *saved && Some(&found) != in_flight {
///             return Err(format!("{found:?} instead of {saved:?} or {in_flight:?}"));
///         }
///         *saved = found;
///         Ok(())
///     },
/// )
/// .run();
/// println!("{tally}");
/// assert!(tally.cuts > 500 && tally.further_cuts > 500);
/// ```
pub fn every_cut<'s, S, P, A, C, const WRITE: usize, const ERASE: usize, const READ: usize>(
    flash: &SimFlash<WRITE, ERASE, READ>,
    steps: &'s [S],
    acknowledged: P,
    mut act: impl FnMut(&mut SimFlash<WRITE, ERASE, READ>, &S, &mut P) -> Result<(), A> + 's,
    mut check: impl FnMut(&mut SimFlash<WRITE, ERASE, READ>, &mut P, Option<&S>) -> Result<(), C> + 's,
) -> EveryCut<'s, S, P, WRITE, ERASE, READ>
where
    P: Clone,
    A: fmt::Display,
    C: fmt::Display,
{
    EveryCut {
        flash: flash.clone(),
        steps,
        acknowledged,
        act: Box::new(move |flash, step, acknowledged| {
            act(flash, step, acknowledged).map_err(|error| text(flash, &error))
        }),
        check: Box::new(move |flash, acknowledged, in_flight| {
            check(flash, acknowledged, in_flight).map_err(|error| text(flash, &error))
        }),
        plan: Plan::default(),
    }
}

/// What an error says. Without power it says that and nobody asks, a million times over.
fn text<const WRITE: usize, const ERASE: usize, const READ: usize>(
    flash: &SimFlash<WRITE, ERASE, READ>,
    error: &dyn fmt::Display,
) -> String {
    if flash.is_powered() {
        error.to_string()
    } else {
        String::new()
    }
}

type Act<'s, S, P, F> = Box<dyn FnMut(&mut F, &S, &mut P) -> Result<(), String> + 's>;
type Check<'s, S, P, F> = Box<dyn FnMut(&mut F, &mut P, Option<&S>) -> Result<(), String> + 's>;

/// What [`every_cut`] is going to run: set it up, then [`run`](Self::run) it.
#[must_use = "nothing has run yet"]
pub struct EveryCut<'s, S, P, const WRITE: usize, const ERASE: usize, const READ: usize> {
    pub(super) flash: SimFlash<WRITE, ERASE, READ>,
    pub(super) steps: &'s [S],
    pub(super) acknowledged: P,
    pub(super) act: Act<'s, S, P, SimFlash<WRITE, ERASE, READ>>,
    pub(super) check: Check<'s, S, P, SimFlash<WRITE, ERASE, READ>>,
    pub(super) plan: Plan<'s, S>,
}

impl<'s, S, P: Clone, const WRITE: usize, const ERASE: usize, const READ: usize>
    EveryCut<'s, S, P, WRITE, ERASE, READ>
{
    /// Only these tears, instead of all.
    ///
    /// # Panics
    ///
    /// When there are none, as nothing would be tried.
    pub fn tears(mut self, tears: &[Tear]) -> Self {
        assert!(!tears.is_empty(), "no tears: nothing to try");
        self.plan.tears = tears.to_vec();
        self
    }

    /// The seeds of what is random, each for every operation and tear. `0..1` at first.
    ///
    /// # Panics
    ///
    /// When there are none, as nothing would be tried.
    pub fn seeds(mut self, seeds: Range<u64>) -> Self {
        assert!(!seeds.is_empty(), "no seeds: nothing to try");
        self.plan.seeds = seeds;
        self
    }

    /// Only with [strict tears](SimFlash::strict_tears), or only without. At first: both.
    pub fn strict_tears(mut self, strict: bool) -> Self {
        self.plan.strict_tears = Some(strict);
        self
    }

    /// With [unstable tears](SimFlash::unstable_tears). Not at first.
    pub fn unstable_tears(mut self, unstable: bool) -> Self {
        self.plan.unstable_tears = unstable;
        self
    }

    /// Where the power is cut in each step: [`Positions::Every`] at first. A sample is drawn from
    /// the first of the [seeds](Self::seeds), and is spread over strict tears and others.
    pub fn positions(mut self, positions: Positions) -> Self {
        self.plan.positions = positions;
        self
    }

    /// How many steps run after a cut: the one that was cut, which is done again, and those behind
    /// it. 2 at first; with 0 a case ends with its first check.
    pub fn go_on(mut self, steps: usize) -> Self {
        self.plan.go_on = steps;
        self
    }

    /// What runs after a cut, instead of steps of the scenario.
    pub fn afterwards(mut self, steps: &'s [S]) -> Self {
        self.plan.afterwards = Some(steps);
        self
    }

    /// The further cuts, in what runs after a cut: an item for each cut in a row.
    /// `&[Positions::Sample(1)]` at first.
    ///
    /// Two of them are three cuts in a row, and every choice is multiplied with those before: with
    /// `Sample(2)` and `Sample(3)`, nine further cuts for each of the first ones.
    pub fn cut_again(mut self, positions: &[Positions]) -> Self {
        self.plan.again = positions.to_vec();
        self
    }

    /// Runs it all, and says how much that was.
    ///
    /// # Panics
    ///
    /// At the first failure, saying what went wrong and what replays it.
    #[track_caller]
    #[allow(clippy::panic, reason = "this is how a test fails")]
    pub fn run(&mut self) -> Tally {
        match self.try_run() {
            Ok(tally) => tally,
            Err(failure) => std::panic!("{failure}"),
        }
    }

    /// Runs it all, and says how much that was.
    ///
    /// # Errors
    ///
    /// The first failure.
    pub fn try_run(&mut self) -> Result<Tally, Failure> {
        Sweep::new(self).run()
    }

    /// Runs one case only: the steps before it, its cuts, and what comes after the last of them.
    ///
    /// # Errors
    ///
    /// Its failure, if it fails.
    pub fn replay(&mut self, case: &Case) -> Result<(), Failure> {
        Sweep::new(self).replay(case)
    }
}

//! One drop: of which operation, at which await, by which driver, and what the program does next.

use std::fmt;

use kvs::Error;
use kvs::sim::{Rng, SimError};

use crate::flash::{Driver, Slow};
use crate::model::{Content, Known, Model, read};
use crate::poll::{to_the_end, up_to};
use crate::script::{Fill, Mounted, Ram, Script, Shape, mount};
use crate::step::{RAW, Step};

/// What the program does after the drop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    /// It is reset at once.
    Reset,
    /// Reads all, undoes what it has done, does something else, maintains; one of these is dropped, too.
    GoOn,
    /// Without a look stores the old values again.
    PutBack,
    /// Maintains, and that is dropped once.
    Maintain,
    /// Does it again; that is dropped once, and then it is done.
    Again,
}

impl Then {
    pub(crate) const ALL: [Self; 5] = [
        Self::Reset,
        Self::GoOn,
        Self::PutBack,
        Self::Maintain,
        Self::Again,
    ];
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Case {
    pub(crate) word: usize,
    pub(crate) shape: Shape,
    pub(crate) step: usize,
    pub(crate) driver: Driver,
    pub(crate) polls: usize,
    pub(crate) then: Then,
}

/// Replays it: see `main.rs`.
impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Shape {
            sectors,
            fill,
            seed,
        } = self.shape;
        let Self {
            word,
            step,
            polls,
            driver,
            then,
            ..
        } = self;
        write!(
            f,
            "{word}x{sectors}.{fill:?}.{seed}:{step}.{driver:?}.{polls}:{then:?}"
        )
    }
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The operation came to its end before.
    Done,
    /// It was dropped where that is nothing special to this driver.
    Skipped,
    Dropped,
}

impl Case {
    pub(crate) fn run<const W: usize, const E: usize>(
        &self,
        script: &Script<W, E>,
        model: &mut Model,
    ) -> Result<Outcome, String> {
        let mut rng = self.rng();
        let (sim, steps) = script.start(self.step);
        let mut flash = Slow {
            driver: self.driver,
            rng: Rng::new(rng.next_u64()),
            ..Slow::new(sim)
        };
        let mut ram = Ram::new();
        let mut store = to_the_end(mount(&mut flash, &mut ram)).map_err(text)?;
        for step in steps.iter().filter(|step| **step != Step::Mount) {
            // What is refused was refused when the script was made, too.
            let _ = to_the_end(step.run(&mut store));
        }
        let step = &script.steps[self.step];
        if *step == Step::Mount {
            if up_to(self.polls, mount(&mut flash, &mut ram)).is_some() {
                return Ok(Outcome::Done);
            }
            store = to_the_end(mount(&mut flash, &mut ram)).map_err(text)?;
        } else if up_to(self.polls, step.run(&mut store)).is_some() {
            return Ok(Outcome::Done);
        }
        if matches!(self.driver, Driver::Half | Driver::Torn) && !store.flash().is_writing {
            return Ok(Outcome::Skipped);
        }
        let before = script.before(self.step);
        let mut trial = Trial {
            fill: self.shape.fill,
            known: Known::new(before.clone()),
            model,
        };
        trial.known.dropped(trial.model, step);
        self.go_on(&mut trial, &mut store, step, before, &mut rng)?;

        let mut store = to_the_end(mount(&mut flash, &mut ram)).map_err(text)?;
        trial
            .look(&mut store)
            .map_err(|text| format!("after a reset: {text}"))?;
        trial.act(&mut store, &another(before, &mut rng), None)?;
        let mut store = to_the_end(mount(&mut flash, &mut ram)).map_err(text)?;
        trial
            .look(&mut store)
            .map_err(|text| format!("after another: {text}"))?;
        Ok(Outcome::Dropped)
    }

    /// What the program does until it is reset.
    fn go_on<const W: usize, const E: usize>(
        &self,
        trial: &mut Trial<'_>,
        store: &mut Mounted<'_, W, E>,
        step: &Step,
        before: &Content,
        rng: &mut Rng,
    ) -> Result<(), String> {
        let after = &trial.model.after(step, before).0;
        let differing = before.iter().zip(after).enumerate();
        let back = Step::Commit(
            differing
                .filter(|(_, (before, after))| before != after)
                .map(|(key, (before, _))| (key, before.clone()))
                .collect(),
        );
        // Mostly soon, as most things are short.
        let soon = |rng: &mut Rng| {
            let most = [4, 30, 100][rng.below(3)];
            rng.below(most)
        };
        match self.then {
            Then::Reset => {}
            Then::GoOn => {
                trial.look(store)?;
                let steps = [back, another(before, rng), Step::Maintain];
                let dropped = rng.below(steps.len());
                for (index, step) in steps.iter().enumerate() {
                    let polls = (index == dropped).then(|| soon(rng));
                    trial.act(store, step, polls)?;
                }
                trial.look(store)?;
            }
            Then::PutBack => trial.act(store, &back, None)?,
            Then::Maintain => {
                trial.act(store, &Step::Maintain, Some(soon(rng)))?;
                trial.act(store, &Step::Maintain, None)?;
                trial.act(store, &Step::Maintain, None)?;
                trial.look(store)?;
            }
            Then::Again if *step == Step::Mount => {}
            Then::Again => {
                trial.act(store, step, Some(soon(rng)))?;
                trial.act(store, step, None)?;
                trial.look(store)?;
            }
        }
        Ok(())
    }

    fn rng(&self) -> Rng {
        let Shape { sectors, seed, .. } = self.shape;
        let numbers = [self.word, sectors, seed as usize, self.step, self.polls];
        let mixed = numbers.iter().fold(self.then as u64, |mixed, number| {
            Rng::new(mixed ^ *number as u64).next_u64()
        });
        Rng::new(mixed)
    }
}

/// A put of a raw key's value, as long as the one that it has.
fn another(before: &Content, rng: &mut Rng) -> Step {
    let key = rng.below(RAW);
    let len = before[key].as_ref().map_or(3, Vec::len);
    Step::put(key, vec![rng.next_u8(); len])
}

struct Trial<'m> {
    fill: Fill,
    known: Known,
    model: &'m mut Model,
}

impl Trial<'_> {
    /// Does `step`, or drops it after so many polls.
    fn act<const W: usize, const E: usize>(
        &mut self,
        store: &mut Mounted<'_, W, E>,
        step: &Step,
        polls: Option<usize>,
    ) -> Result<(), String> {
        let result = match polls {
            Some(polls) => up_to(polls, step.run(store)),
            None => Some(to_the_end(step.run(store))),
        };
        match result {
            None => self.known.dropped(self.model, step),
            Some(Ok(found)) => self.known.done(self.model, step, &found)?,
            Some(Err(error)) if self.may_refuse(step, &error) => {
                if *step == Step::Confirm {
                    // Some of its steps may have been done.
                    self.known.dropped(self.model, step);
                }
            }
            Some(Err(error)) => return Err(format!("{step:?}: {error}")),
        }
        Ok(())
    }

    fn may_refuse(&self, step: &Step, error: &Error<SimError>) -> bool {
        match error {
            Error::Full { needed, available } => self.fill == Fill::Full || needed * 2 > *available,
            Error::TooManyKeys { .. } => true,
            // All that a step has changed, put back at once.
            Error::CommitTooLarge { .. } => matches!(step, Step::Commit(_)),
            _ => false,
        }
    }

    /// Reads all.
    fn look<const W: usize, const E: usize>(
        &mut self,
        store: &mut Mounted<'_, W, E>,
    ) -> Result<(), String> {
        let content = to_the_end(read(store)).map_err(text)?;
        let keys = content.iter().flatten().count();
        if store.len() != keys {
            return Err(format!("{} keys of {keys}", store.len()));
        }
        let stats = store.stats();
        if stats.live + stats.stale + stats.free != stats.capacity {
            return Err(format!("{stats:?}"));
        }
        self.known.seen(content)
    }
}

fn text(error: Error<SimError>) -> String {
    error.to_string()
}

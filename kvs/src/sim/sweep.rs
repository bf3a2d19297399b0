//! Runs a scenario with the power cut everywhere.
//!
//! The flash is kept before each step, and a cut starts from there, so that no step is run again for a cut behind it. The
//! same holds for further cuts: they start from what the cut before left.

use std::format;
use std::string::{String, ToString};
use std::vec::Vec;

use super::case::{Case, Failure, PowerCut, Tally};
use super::every_cut::EveryCut;
use super::plan::Positions;
use super::state::State;

/// What runs on, with the number of its first step: of the scenario, or of the steps for afterwards.
struct Todo<'s, S> {
    steps: &'s [S],
    first: usize,
}

/// Where in a run something failed.
enum When {
    AtFirst,
    InStep(usize),
    PowerBack,
    GoingOn(usize),
}

pub(super) struct Sweep<'a, 's, S, P, const WRITE: usize, const ERASE: usize, const READ: usize> {
    scenario: &'a mut EveryCut<'s, S, P, WRITE, ERASE, READ>,
    again: Vec<Positions>,
    /// States that are no longer in use, so that a cut allocates nothing for its own.
    spare: Vec<State<P, WRITE, ERASE, READ>>,
    case: Case,
    tally: Tally,
}

impl<'a, 's, S, P: Clone, const WRITE: usize, const ERASE: usize, const READ: usize>
    Sweep<'a, 's, S, P, WRITE, ERASE, READ>
{
    pub(super) fn new(scenario: &'a mut EveryCut<'s, S, P, WRITE, ERASE, READ>) -> Self {
        Self {
            again: scenario.plan.again.clone(),
            scenario,
            spare: Vec::new(),
            case: Case::default(),
            tally: Tally::default(),
        }
    }

    /// Runs it all. Where that fails after several cuts, it looks for a failure with fewer: a simpler one to understand.
    pub(super) fn run(mut self) -> Result<Tally, Failure> {
        let failure = match self.all() {
            Ok(()) => return Ok(self.tally),
            Err(failure) => failure,
        };
        let Self { scenario, .. } = self;
        for further in 0..failure.case.cuts.len().saturating_sub(1) {
            let mut sweep = Sweep::new(scenario);
            sweep.again.truncate(further);
            sweep.all()?;
        }
        Err(failure)
    }

    fn all(&mut self) -> Result<(), Failure> {
        let mut state = self.start()?;
        for step in 0..self.scenario.steps.len() {
            let mut next = self.copy(&state);
            let operations = self.uncut(step, &mut next)?;
            self.tally.steps += 1;
            self.tally.operations += operations;
            let todo = self.one_step();
            for (strict, cut) in self.scenario.plan.first_cuts(step, operations) {
                self.case.strict_tears = strict;
                self.cut(&state, &todo, cut)?;
            }
            self.case.strict_tears = false;
            self.spare.push(core::mem::replace(&mut state, next));
        }
        Ok(())
    }

    pub(super) fn replay(mut self, case: &Case) -> Result<(), Failure> {
        self.again.clear();
        self.case.step = case.step;
        if case.step >= self.scenario.steps.len() {
            return Err(self.failure(When::AtFirst, "there is no such step".into()));
        }
        let mut state = self.start()?;
        for step in 0..case.step {
            self.uncut(step, &mut state)?;
        }
        if case.cuts.is_empty() {
            return self.uncut(case.step, &mut state).map(|_| ());
        }
        self.case.step = case.step;
        self.case.strict_tears = case.strict_tears;
        let mut todo = self.one_step();
        for &cut in &case.cuts {
            todo = self.strike(&mut state, &todo, cut)?;
        }
        self.go_on(state, &todo)
    }

    /// Where the scenario begins.
    fn start(&mut self) -> Result<State<P, WRITE, ERASE, READ>, Failure> {
        let mut state = State {
            flash: self.scenario.flash.clone(),
            acknowledged: self.scenario.acknowledged.clone(),
        };
        match self.scenario.check(&mut state, None) {
            Ok(()) => Ok(state),
            Err(message) => Err(self.failure(When::AtFirst, message)),
        }
    }

    /// Does a step of the scenario without a cut, and counts its operations.
    fn uncut(
        &mut self,
        step: usize,
        state: &mut State<P, WRITE, ERASE, READ>,
    ) -> Result<u64, Failure> {
        self.case.step = step;
        let (steps, before) = (self.scenario.steps, state.flash.operations());
        let refused = self
            .scenario
            .act(state, &steps[step])
            .map_err(|message| self.failure(When::InStep(step), message))?;
        let operations = state.flash.operations() - before;
        self.scenario
            .check(state, refused)
            .map_err(|message| self.failure(When::InStep(step), message))?;
        Ok(operations)
    }

    /// One cut, and all that comes after it.
    fn cut(
        &mut self,
        from: &State<P, WRITE, ERASE, READ>,
        todo: &Todo<'s, S>,
        cut: PowerCut,
    ) -> Result<(), Failure> {
        let mut state = self.copy(from);
        let todo = self.strike(&mut state, todo, cut)?;
        match self.case.cuts.len() {
            1 => self.tally.cuts += 1,
            _ => self.tally.further_cuts += 1,
        }
        self.go_on(state, &todo)?;
        self.case.cuts.pop();
        Ok(())
    }

    /// Runs until the cut, turns the power on and checks. Gives what is to run then.
    fn strike(
        &mut self,
        state: &mut State<P, WRITE, ERASE, READ>,
        todo: &Todo<'s, S>,
        cut: PowerCut,
    ) -> Result<Todo<'s, S>, Failure> {
        self.case.cuts.push(cut);
        let flash = &mut state.flash;
        flash.strict_tears(self.case.strict_tears);
        flash.unstable_tears(self.scenario.plan.unstable_tears);
        flash.cut_after(flash.operations() + cut.operation, cut.tear, cut.seed);
        for (step, index) in todo.steps.iter().zip(todo.first..) {
            let mut in_flight = self
                .scenario
                .act(state, step)
                .map_err(|message| self.failure(When::InStep(index), message))?;
            if state.flash.is_powered() {
                // The check may write, so the power may go in here too.
                self.scenario
                    .check(state, in_flight)
                    .map_err(|message| self.failure(When::InStep(index), message))?;
                in_flight = None;
            }
            if state.flash.is_powered() {
                continue;
            }
            state.flash.power_on();
            self.scenario
                .check(state, in_flight)
                .map_err(|message| self.failure(When::PowerBack, message))?;
            return Ok(self.next(todo, index));
        }
        let message = "the power cut never came: the steps do something else each time";
        Err(self.failure(When::InStep(todo.first), message.into()))
    }

    /// Goes on after a cut, first without a further one, then with those that are wanted.
    fn go_on(
        &mut self,
        mut state: State<P, WRITE, ERASE, READ>,
        todo: &Todo<'s, S>,
    ) -> Result<(), Failure> {
        let Some(&positions) = self.again.get(self.case.cuts.len() - 1) else {
            self.walk(&mut state, todo)?;
            self.spare.push(state);
            return Ok(());
        };
        let mut ahead = self.copy(&state);
        let operations = self.walk(&mut ahead, todo)?;
        self.spare.push(ahead);
        let (plan, case) = (&self.scenario.plan, &self.case);
        for cut in plan.further_cuts(positions, operations, case.step, &case.cuts) {
            self.cut(&state, todo, cut)?;
        }
        self.spare.push(state);
        Ok(())
    }

    /// Does the steps one after the other, and counts their operations.
    fn walk(
        &mut self,
        state: &mut State<P, WRITE, ERASE, READ>,
        todo: &Todo<'s, S>,
    ) -> Result<u64, Failure> {
        let before = state.flash.operations();
        for (step, index) in todo.steps.iter().zip(todo.first..) {
            self.scenario
                .act(state, step)
                .and_then(|refused| self.scenario.check(state, refused))
                .map_err(|message| self.failure(When::GoingOn(index), message))?;
        }
        Ok(state.flash.operations() - before)
    }

    fn one_step(&self) -> Todo<'s, S> {
        let (steps, first) = (self.scenario.steps, self.case.step);
        Todo {
            steps: &steps[first..=first],
            first,
        }
    }

    /// What runs after a cut in step `index` of `todo`.
    fn next(&self, todo: &Todo<'s, S>, index: usize) -> Todo<'s, S> {
        let (steps, plan) = (self.scenario.steps, &self.scenario.plan);
        if self.case.cuts.len() > 1 {
            return Todo {
                steps: &todo.steps[index - todo.first..],
                first: index,
            };
        }
        match plan.afterwards {
            Some(steps) => Todo { steps, first: 0 },
            None => Todo {
                steps: &steps[index..steps.len().min(index + plan.go_on)],
                first: index,
            },
        }
    }

    fn copy(&mut self, state: &State<P, WRITE, ERASE, READ>) -> State<P, WRITE, ERASE, READ> {
        match self.spare.pop() {
            Some(mut copy) => {
                copy.flash.clone_from(&state.flash);
                copy.acknowledged.clone_from(&state.acknowledged);
                copy
            }
            None => state.clone(),
        }
    }

    fn failure(&self, when: When, message: String) -> Failure {
        let cuts = self.case.cuts.len();
        let afterwards = match self.scenario.plan.afterwards {
            Some(_) => " of what comes afterwards",
            None => "",
        };
        let when = match when {
            When::AtFirst => "before the first step".to_string(),
            When::InStep(_) if cuts == 0 => "without a power cut".to_string(),
            When::InStep(_) if cuts == 1 => "before the power was cut".to_string(),
            When::PowerBack => "after the power came back".to_string(),
            When::InStep(step) | When::GoingOn(step) => {
                format!("going on with step {step}{afterwards}")
            }
        };
        Failure {
            case: self.case.clone(),
            when,
            message,
        }
    }
}

//! A device under test: its flash, and what has been promised about it. Steps and checks are done
//! to it here.

use std::format;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::string::String;

use super::every_cut::EveryCut;
use super::flash::SimFlash;

/// Who reads that often in one step or check is going round in circles.
const MANY_READS: u64 = 1_000_000;

pub(super) struct State<P, const WRITE: usize, const ERASE: usize, const READ: usize> {
    pub(super) flash: SimFlash<WRITE, ERASE, READ>,
    pub(super) acknowledged: P,
}

impl<P, const WRITE: usize, const ERASE: usize, const READ: usize> State<P, WRITE, ERASE, READ> {
    fn limit_reads(&mut self) {
        self.flash.reads_left = MANY_READS;
    }
}

impl<P: Clone, const WRITE: usize, const ERASE: usize, const READ: usize> Clone
    for State<P, WRITE, ERASE, READ>
{
    fn clone(&self) -> Self {
        Self {
            flash: self.flash.clone(),
            acknowledged: self.acknowledged.clone(),
        }
    }

    fn clone_from(&mut self, source: &Self) {
        self.flash.clone_from(&source.flash);
        self.acknowledged.clone_from(&source.acknowledged);
    }
}

impl<S, P, const WRITE: usize, const ERASE: usize, const READ: usize>
    EveryCut<'_, S, P, WRITE, ERASE, READ>
{
    /// Does a step; gives back the step where it was not done. Failing is an error only while the
    /// power is on and the flash has no [outages](super::Outage).
    pub(super) fn act<'t>(
        &mut self,
        state: &mut State<P, WRITE, ERASE, READ>,
        step: &'t S,
    ) -> Result<Option<&'t S>, String> {
        state.limit_reads();
        let result = caught(|| (self.act)(&mut state.flash, step, &mut state.acknowledged))?;
        match result {
            Err(message) if state.flash.is_powered() && !state.flash.has_outages() => {
                Err(format!("the step failed with the power on: {message}"))
            }
            Err(_) => Ok(Some(step)),
            Ok(()) if state.flash.is_powered() => Ok(None),
            Ok(()) => Ok(Some(step)),
        }
    }

    /// Checks, with the outages paused. Without power nothing is found wrong, as it is to be asked
    /// again.
    pub(super) fn check(
        &mut self,
        state: &mut State<P, WRITE, ERASE, READ>,
        in_flight: Option<&S>,
    ) -> Result<(), String> {
        state.flash.pause_outages(true);
        let result = caught(|| (self.check)(&mut state.flash, &mut state.acknowledged, in_flight))?;
        state.flash.pause_outages(false);
        result.or_else(|message| {
            if state.flash.is_powered() {
                Err(message)
            } else {
                Ok(())
            }
        })
    }
}

/// Makes a panic an error. Nothing that it may have left half done is used again.
fn caught<T>(run: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(run)).map_err(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
        format!("panicked: {}", text.unwrap_or("(no message)"))
    })
}

//! What a [`Live`](super::Live) holds behind its mutex: the settings, what of them is not stored
//! yet, who waits for a change, and what the saver is asked for.

use core::mem;
use core::task::Waker;

use super::error::SaveError;
use super::waiter::{Waiter, Waiting};
use crate::settings::{Group, Settings, flags};

pub(super) struct State<S: Settings, const WAITERS: usize> {
    /// `None` until somebody asks: defaults can't be made in a constant.
    pub(super) settings: Option<S>,
    /// The settings that were changed since they were loaded or saved.
    pub(super) unsaved: S::Flags,
    /// Counts the changes.
    pub(super) version: u32,
    pub(super) requests: Requests,
    waiters: [Waiter; WAITERS],
}

/// What the saver is asked for.
pub(super) struct Requests {
    /// The last ticket that was given out: one for each time that the saver is asked.
    pub(super) asked: u8,
    /// The last ticket that the saver has answered, all those before it too.
    pub(super) done: u8,
    /// How that went.
    pub(super) failed: Option<SaveError>,
    /// What is to be reset.
    pub(super) reset: Option<Waiting>,
    /// Wakes the saver.
    pub(super) saver: Option<Waker>,
}

impl<S: Settings, const WAITERS: usize> State<S, WAITERS> {
    pub(super) const fn new() -> Self {
        Self {
            settings: None,
            unsaved: S::NO_FLAGS,
            version: 0,
            requests: Requests {
                asked: 0,
                done: 0,
                failed: None,
                reset: None,
                saver: None,
            },
            waiters: [const { Waiter::FREE }; WAITERS],
        }
    }

    /// Takes in new settings, of which those in `changed` are others than before, and notes the news
    /// for who waits for them. Returns the settings before.
    pub(super) fn replace(&mut self, settings: S, changed: &[u8]) -> Option<S> {
        self.version = self.version.wrapping_add(1);
        for waiter in &mut self.waiters {
            if flags::any_in(changed, waiter.leaves()) {
                waiter.set_news(true);
            }
        }
        self.settings.replace(settings)
    }

    /// Gives somebody a place to wait at; `None` if all are taken.
    pub(super) fn enter(&mut self, waiting: Waiting) -> Option<usize> {
        let place = self.waiters.iter().position(|waiter| !waiter.is_taken())?;
        let waiter = self.waiters.get_mut(place)?;
        *waiter = Waiter::new(waiting);
        Some(place)
    }

    /// Frees a place; returns the waker, which is to be dropped outside of the mutex.
    pub(super) fn leave(&mut self, place: usize) -> Option<Waker> {
        let waiter = self.waiters.get_mut(place)?;
        mem::replace(waiter, Waiter::FREE).waker
    }

    /// Whether there was news at a place since this was asked last.
    pub(super) fn take_news(&mut self, place: usize) -> bool {
        let Some(waiter) = self.waiters.get_mut(place) else {
            return false;
        };
        let has_news = waiter.has_news();
        waiter.set_news(false);
        has_news
    }

    /// Has `waker` woken when there is news at a place; returns the one before.
    pub(super) fn wait(&mut self, place: usize, waker: Waker) -> Option<Waker> {
        self.waiters.get_mut(place)?.waker.replace(waker)
    }

    /// A waker of somebody that there is news for.
    pub(super) fn next_to_wake(&mut self) -> Option<Waker> {
        let mut waiters = self.waiters.iter_mut();
        waiters.find_map(|waiter| match waiter.has_news() {
            true => waiter.waker.take(),
            false => None,
        })
    }

    /// Asks the saver for something; returns the ticket.
    pub(super) fn ask(&mut self, reset: Option<Group>) -> u8 {
        let requests = &mut self.requests;
        requests.asked = requests.asked.wrapping_add(1);
        if let Some(group) = reset {
            requests.reset = Some(Waiting::changes_of(group));
        }
        requests.asked
    }

    /// What the saver has answered to who has this ticket; `None` if it has not yet.
    pub(super) fn answer(&self, ticket: u8) -> Option<Result<(), SaveError>> {
        let ahead = self.requests.done.wrapping_sub(ticket);
        (ahead < 128).then_some(match self.requests.failed {
            None => Ok(()),
            Some(failed) => Err(failed),
        })
    }

    /// Answers all that have asked up to this ticket.
    pub(super) fn set_answer(&mut self, ticket: u8, failed: Option<SaveError>) {
        self.requests.done = ticket;
        self.requests.failed = failed;
        for waiter in &mut self.waiters {
            if waiter.waits_for_answer() {
                waiter.set_news(true);
            }
        }
    }
}

//! What the saver does with a [`Live`]: takes what is to be stored, brings what was loaded, and
//! answers who has asked.

use core::task::{Context, Poll};

use embassy_sync::blocking_mutex::raw::RawMutex;

use super::error::SaveError;
use super::shared::Live;
use super::waiter::Waiting;
use crate::settings::batches::Removal;
use crate::settings::{Group, Rejected, Settings, flags};

/// What there is to do for the saver.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Work {
    pub(crate) version: u32,
    pub(crate) is_unsaved: bool,
    /// The last ticket that was given out.
    pub(crate) asked: u8,
    /// Whether it is not answered yet.
    pub(crate) is_asked: bool,
    reset: Option<Waiting>,
}

impl<M: RawMutex, S: Settings, const WAITERS: usize> Live<M, S, WAITERS> {
    pub(crate) fn work(&self) -> Work {
        let work = self.read_state(|state| Work {
            version: state.version,
            is_unsaved: !flags::is_empty(state.unsaved.as_ref()),
            asked: state.requests.asked,
            is_asked: state.requests.asked != state.requests.done,
            reset: state.requests.reset,
        });
        work.unwrap_or(Work {
            version: 0,
            is_unsaved: false,
            asked: 0,
            is_asked: false,
            reset: None,
        })
    }

    /// Ready when there is something else to do than `known`.
    pub(crate) fn poll_work(&self, known: Work, context: &Context<'_>) -> Poll<()> {
        self.set_saver(context.waker().clone());
        if self.work() == known {
            Poll::Pending
        } else {
            Poll::Ready(())
        }
    }

    /// The settings, and which of them are to be stored. Those stay unsaved until [`saved`](Self::saved)
    /// is called: so nothing is lost where the commit fails, or its future is dropped.
    pub(crate) fn to_save(&self) -> (S, S::Flags)
    where
        S: Clone,
    {
        let flags = self.read_state(|state| state.unsaved);
        // In this order: what is changed in between is saved, and saved again later.
        (self.snapshot(), flags.unwrap_or(S::NO_FLAGS))
    }

    /// Notes that those of `flags` are stored as they are in `settings`. What was changed since then
    /// stays unsaved.
    pub(crate) fn saved(&self, settings: &S, flags: &S::Flags) {
        let mut scratch = S::SCRATCH;
        for leaf in flags::leaves(flags.as_ref()) {
            let Ok(len) = settings.encode(leaf, scratch.as_mut()) else {
                continue;
            };
            let bytes = scratch.as_ref().get(..len).unwrap_or(&[]);
            self.change_state(|state| {
                if state
                    .settings
                    .as_ref()
                    .is_some_and(|own| own.holds(leaf, bytes))
                {
                    flags::set(state.unsaved.as_mut(), leaf, false);
                }
            });
        }
    }

    /// Takes in settings that were loaded, but for what was changed here and is not stored yet.
    pub(crate) fn loaded(&self, loaded: &S) -> Result<(), Rejected>
    where
        S: Clone,
    {
        loop {
            let (own, version) = self.copy();
            let unsaved = self.read_state(|state| state.unsaved);
            let unsaved = unsaved.unwrap_or(S::NO_FLAGS);
            let mut settings = loaded.clone();
            let mut scratch = S::SCRATCH;
            for leaf in flags::leaves(unsaved.as_ref()) {
                if let Ok(len) = own.encode(leaf, scratch.as_mut()) {
                    let bytes = scratch.as_ref().get(..len).unwrap_or(&[]);
                    // It encodes, so it decodes.
                    let _ = settings.decode(leaf, bytes);
                }
            }
            let mut changed = S::NO_FLAGS;
            self.compare_all(&settings, changed.as_mut());
            if self.replace(settings, version, &changed, false)? {
                return Ok(());
            }
        }
    }

    /// Notes in `changed` which settings are others than those that are here. One that breaks its
    /// own rules, as a default may, counts as changed.
    fn compare_all(&self, settings: &S, changed: &mut [u8]) {
        for leaf in 0..S::COUNT {
            if self
                .compare(settings, leaf..leaf.saturating_add(1), changed)
                .is_err()
            {
                flags::set(changed, leaf, true);
            }
        }
    }

    /// Forgets what was changed of these settings and is not stored, but for those that a reset
    /// keeps.
    pub(crate) fn forget(&self, group: Group) {
        let reset = Removal { group, keep: true }.flags::<S>();
        self.change_state(|state| flags::remove(state.unsaved.as_mut(), reset.as_ref()));
    }

    /// What is to be reset.
    pub(crate) fn to_reset(&self, work: Work) -> Option<Group> {
        let leaves = work.reset?.settings();
        Some(Group::new(S::TREE, leaves.start, leaves.len()))
    }

    /// Answers all that had asked for something when there was this `work` to do.
    pub(crate) fn answer(&self, work: Work, failed: Option<SaveError>) {
        if work.is_asked {
            self.change_state(|state| {
                if work.reset.is_some() {
                    state.requests.reset = None;
                }
                state.set_answer(work.asked, failed);
            });
            self.wake();
        }
    }
}

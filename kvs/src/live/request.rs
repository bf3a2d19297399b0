//! [`Request`]: what somebody asks the saver for, and waits for.

use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use embassy_sync::blocking_mutex::raw::RawMutex;

use super::error::SaveError;
use super::shared::Live;
use super::state::State;
use super::waiter::Waiting;
use crate::settings::{Group, Settings};

/// A [`flush`](Live::flush) or [`reset`](Live::reset), to be awaited. Nothing happens before it is
/// polled; once it was, dropping it takes nothing back.
#[must_use = "does nothing unless it is awaited"]
pub struct Request<'a, M: RawMutex, S: Settings, const WAITERS: usize> {
    live: &'a Live<M, S, WAITERS>,
    /// What is still to be asked for.
    reset: Option<Group>,
    ticket: Option<u8>,
    place: Option<usize>,
}

impl<'a, M: RawMutex, S: Settings, const WAITERS: usize> Request<'a, M, S, WAITERS> {
    pub(super) fn new(live: &'a Live<M, S, WAITERS>, reset: Option<Group>) -> Self {
        Self {
            live,
            reset,
            ticket: None,
            place: None,
        }
    }

    /// Asks, unless another reset is still to be made.
    fn ask(&mut self, state: &mut State<S, WAITERS>) {
        if self.ticket.is_none() && (self.reset.is_none() || state.requests.reset.is_none()) {
            self.ticket = Some(state.ask(self.reset.take()));
        }
    }
}

impl<M: RawMutex, S: Settings, const WAITERS: usize> Future for Request<'_, M, S, WAITERS> {
    type Output = Result<(), SaveError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let live = this.live;
        let is_new = this.ticket.is_none();
        let waker = context.waker().clone();
        let mut before = None;
        let answer = live.change_state(|state| {
            this.ask(state);
            if this.place.is_none() {
                this.place = state.enter(Waiting::ANSWER);
            }
            if let Some(place) = this.place {
                state.take_news(place);
                before = state.wait(place, waker);
            }
            state.answer(this.ticket?)
        });
        drop(before);
        if let Some(Some(answer)) = answer {
            return Poll::Ready(answer);
        }
        if is_new && this.ticket.is_some() {
            live.wake_saver();
        }
        if this.place.is_none() {
            // There is no place to wait at.
            context.waker().wake_by_ref();
        }
        Poll::Pending
    }
}

impl<M: RawMutex, S: Settings, const WAITERS: usize> Drop for Request<'_, M, S, WAITERS> {
    fn drop(&mut self) {
        if let Some(place) = self.place {
            let _waker = self.live.change_state(|state| state.leave(place));
        }
    }
}

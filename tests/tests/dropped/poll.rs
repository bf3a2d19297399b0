//! Polling by hand: so many times and no more, or to the end.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// Who is polled more often than that does not come to an end.
const MANY_POLLS: usize = 1_000_000;

/// Polls `future` up to so many times, then drops it. `None`: it was dropped before its end.
pub(crate) fn up_to<T>(polls: usize, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    // A driver of these tests needs no wake: it is ready whenever it is asked again.
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..polls {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return Some(output);
        }
    }
    None
}

/// Polls `future` to its end.
pub(crate) fn to_the_end<T>(future: impl Future<Output = T>) -> T {
    counted(future).1
}

/// The same, and how often it was pending: each flash operation is once.
pub(crate) fn counted<T>(future: impl Future<Output = T>) -> (usize, T) {
    let mut future = pin!(future);
    let mut polls = 0;
    while polls < MANY_POLLS {
        match up_to(1, future.as_mut()) {
            Some(output) => return (polls, output),
            None => polls += 1,
        }
    }
    panic!("pending without end")
}

/// Is pending once.
pub(crate) async fn suspend() {
    let mut pending = true;
    std::future::poll_fn(|_| {
        if std::mem::take(&mut pending) {
            Poll::Pending
        } else {
            Poll::Ready(())
        }
    })
    .await;
}

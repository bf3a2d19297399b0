//! An executor of one future, which fails where a real one would hang.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

/// Enough for the longest operation of any test; whoever is polled more often never ends.
const MANY_POLLS: usize = 10_000_000;

#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Polls `future` to its end.
///
/// # Panics
///
/// When it is pending and has not asked to be woken, or does not come to an end.
pub fn to_the_end<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let wakes = Arc::new(Wakes::default());
    let waker = Waker::from(wakes.clone());
    let mut context = Context::from_waker(&waker);
    for polls in 0..MANY_POLLS {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
        let woken = wakes.0.load(Ordering::Relaxed) > polls;
        assert!(woken, "pending, and nothing will wake it");
    }
    panic!("pending without end");
}

/// Is pending so many times.
pub(crate) async fn suspend(mut times: usize) {
    poll_fn(|context| {
        if times == 0 {
            return Poll::Ready(());
        }
        times -= 1;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

//! Settings of a running device: shared by tasks and interrupts, watched, and saved by themselves.
//!
//! [`Live`] holds the settings behind a mutex. Tasks and interrupts read and edit them there, and
//! wait for changes with a [`Watch`]; none of that touches the flash. The saver
//! ([`Saver`](crate::Saver), or [`asynch::Saver`](crate::asynch::Saver)) owns the store: it brings
//! what is stored, and stores what was changed, when its [`Policy`] says so.
//!
//! `docs/live.md` goes the way from a knob to the flash.

#[cfg(any(feature = "async", doc))]
mod clock;
mod error;
mod policy;
mod request;
mod saving;
mod shared;
mod state;
mod waiter;
mod watch;

#[cfg(feature = "async")]
pub use clock::Clock;
#[cfg(all(feature = "async", feature = "embassy-time"))]
pub use clock::EmbassyClock;
pub use error::{SaveError, WatchError};
pub(crate) use policy::Schedule;
pub use policy::{Next, Policy, Wear};
pub use request::Request;
pub(crate) use saving::Work;
pub use shared::Live;
pub use watch::Watch;

//! `kvs`, but its [`Store`] is the async one behind the blocking one's methods: where a crate depends on this under the
//! name of `kvs`, its blocking code runs on the async API as it is. For tests.
//!
//! Every flash operation suspends before it acts, so every await of the store really gives up control. Each method
//! polls its future to the end, and panics where an executor would sleep forever.

mod poll;
mod store;
mod suspending;

// What is named below comes before what a glob brings.
pub use kvs::*;
pub use poll::to_the_end;
pub use store::{Keys, Store};

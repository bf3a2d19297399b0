//! Futures that are dropped: every operation of the async store at every await, with drivers that have done what was
//! dropped, have not, or have done half of it; what the store does then, in RAM and after a reset, is checked against a
//! model. What is stored is what was before the dropped operation or what is after it, and what was acknowledged since.
//!
//! A failure prints the case that replays it:
//!
//! ```sh
//! KVS_DROP=4x3.Half.0:17.First.12:GoOn cargo test -p kvs-tests --test dropped every_await -- --nocapture
//! ```

mod case;
mod deadline;
mod flash;
mod model;
mod poll;
mod script;
mod special;
mod step;
mod sweep;

use sweep::Tally;

#[test]
fn every_await_of_every_operation() {
    let tally = Tally::of_all(&(0..1));
    println!("{tally}");
    assert_eq!(tally.failures, 0);
    assert!(tally.drops >= 100_000 && tally.torn >= 10_000 && tally.collecting >= 50_000);
}

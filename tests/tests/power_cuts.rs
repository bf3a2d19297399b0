//! Power cuts at every flash operation, torn in every way, with more cuts during the recovery: no acknowledged value is
//! lost, none is wrong, no commit is half there; and the store goes on.
//!
//! ```sh
//! cargo test --release -p kvs-tests --test power_cuts -- --include-ignored --nocapture
//! ```

use kvs_tests::reliability::{Effort, power_cuts};

fn run(effort: Effort) -> u64 {
    let sum = power_cuts::run(effort);
    println!("{sum}");
    sum.cuts
}

#[test]
fn a_sample() {
    assert!(run(Effort::Sample) >= 50_000);
}

#[test]
#[ignore = "two minutes in release: over a million cuts"]
fn every() {
    assert!(run(Effort::Every) >= 1_000_000);
}

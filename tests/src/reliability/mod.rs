//! The tests behind the reliability table: each counts what it tried, and fails where a promise is broken.
//!
//! `cargo run --release -p kvs-tests --bin reliability` prints the table; the test files of the same names run a sample
//! of it in each `cargo test`.

pub mod bad_flash;
pub mod bit_rot;
pub mod hostile;
pub mod outages;
pub mod power_cuts;
pub mod wear;

/// How much is tried.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Effort {
    /// A few seconds.
    Sample,
    /// All of it; for release builds.
    Every,
}

/// A line of the table.
pub struct Row {
    /// What happens to the flash.
    pub failure: &'static str,
    /// How often, and in which ways.
    pub tried: String,
    /// What came of it.
    pub found: String,
}

/// A number with its thousands set apart.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index != 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

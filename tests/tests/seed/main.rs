//! The tests of Pigweed's `key_value_store_test.cc`, the seed of this project, under their own names in Rust's
//! spelling: each on words of 1 to 32 bytes, sectors of 256 to 4096 bytes, 2 to 8 of them, and partitions that begin
//! in the middle of the flash.

mod basic;
mod cleaning;
mod damage;
mod filling;
mod rewriting;

/// The seed's keys.
const KEYS: [&str; 3] = ["TestKey1", "Key2", "TestKey3"];

//! The command `kvs`, run as a person would run it, on images that a store on simulated flash has made.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod bench;
mod build;
mod change;
mod damage;
mod dumps;
mod example;
mod files;
mod migrate;
mod pw_kvs;
mod read;
mod secrets;
mod tables;

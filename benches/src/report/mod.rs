//! What comes out: tables, plots, and the files that they are in.

pub mod files;
mod merge;
#[cfg(feature = "peers")]
pub mod plot;
mod quoted;
pub mod ratios;
pub mod summary;
mod table;
pub mod tables;

//! What comes out: tables, plots, and the files that they are in.

pub mod files;
pub mod plot;
mod quoted;
pub mod summary;
mod table;
pub mod tables;

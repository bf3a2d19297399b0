//! Firmware updates and rollbacks: what a firmware finds of another's settings.

mod chain;
mod cuts;
mod edges;
mod matrix;
mod misdecode;
mod oracle;
mod reset;
mod versions;

//! Settings stores compared by what they ask of the flash: calls, bytes, erases, and the time that a real part would
//! take for them. Nothing is timed, so a figure is the same on every machine.
//!
//! Data flows one way: a [`preset`] says what flash and which settings ([`model`]); a [`contenders`] module puts a store
//! on it, seen as a [`store::Store`]; [`rig`] holds the two together; [`work`] has a module for each case, which does
//! something to a rig and counts; [`run`] runs all of it; [`report`] makes tables and plots of what came out.

pub mod chip;
pub mod contenders;
pub mod device;
pub mod model;
pub mod preset;
pub mod report;
pub mod rig;
pub mod run;
pub mod store;
pub mod work;

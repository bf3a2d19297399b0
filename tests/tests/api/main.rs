//! The raw interface, beyond what the seed's tests ask of it: commits, names, values, limits, options, failing flash.

mod commit;
mod faults;
mod full;
mod geometry;
mod maintain;
mod messages;
mod names;
mod options;
mod partitions;
mod slots;
mod values;
mod wear;

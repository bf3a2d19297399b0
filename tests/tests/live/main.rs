//! Settings that are shared, watched, and saved by themselves.

mod budget;
mod cuts;
mod device;
mod dropped;
mod factory;
mod flash;
#[path = "../dropped/poll.rs"]
mod poll;
mod saver;
mod shared;
mod watch;

// The tests' mutex is the standard library's.
use critical_section as _;

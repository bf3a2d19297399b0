//! A NOR flash in memory, or in a file, that keeps to the physics (feature `sim`, needs `std`).
//!
//! For tests on the host: this crate's, and yours. [`SimFlash`] stands where the driver of a real
//! part would stand, and is stricter than most of them:
//!
//! * A word is programmed **once** between two erases, with whatever value. Many parts keep a
//!   checksum (ECC) for each word, and a second program spoils it. For parts where bits may be
//!   cleared again, see [`SimFlash::allow_reprogram`].
//! * Reads, programs and erases have to be aligned and in range, or nothing happens.
//! * Everything is counted ([`Stats`]): calls, bytes, erases of each sector, and the time that a
//!   real part would take ([`Timing`], [`presets`]).
//! * The power can be cut at any operation, cleanly or halfway through ([`Tear`]).
//! * Parts can be given faults: stuck words, sectors that refuse to erase, reads and programs that
//!   fail, bits that flip or are not stable ([`Fault`]); or calls fail for a while, and then work
//!   ([`Outage`]).
//! * With [`SimFlash::open`] the contents live in a file, so a process that is killed is a device
//!   that lost power.
//!
//! All that is random comes from seeds, so that a failure can be run again.
//!
//! # Does my code survive a power cut?
//!
//! [`every_cut`] runs a scenario of yours with the power cut at each of its operations, in each
//! way, and asks you what must hold when it comes back. Then it goes on from there, and cuts again.
//! Here it finds a bug:
//!
//! ```
//! use embedded_storage::nor_flash::{NorFlash, ReadNorFlash};
//! use kvs::sim::{SimError, SimFlash, every_cut};
//!
//! type Flash = SimFlash<4, 256>; // words of 4 bytes, sectors of 256
//!
//! // What is tested: a value and then a mark that says "the value is whole".
//! fn save(flash: &mut Flash, value: u32) -> Result<(), SimError> {
//!     flash.erase(0, 256)?;
//!     flash.write(0, &value.to_le_bytes())?;
//!     flash.write(4, b"done")
//! }
//! fn load(flash: &mut Flash) -> Result<Option<u32>, SimError> {
//!     let (mut value, mut mark) = ([0; 4], [0; 4]);
//!     flash.read(0, &mut value)?;
//!     flash.read(4, &mut mark)?;
//!     Ok((mark == *b"done").then_some(u32::from_le_bytes(value)))
//! }
//!
//! let mut scenario = every_cut(
//!     &Flash::new(1), // starts from here
//!     &[215, 220],    // and has two steps
//!     None,           // nothing is promised yet
//!     |flash, &value, saved| {
//!         save(flash, value)?;
//!         *saved = Some(value); // now it is
//!         Ok::<_, SimError>(())
//!     },
//!     |flash, saved, in_flight| {
//!         let found = load(flash).map_err(|error| error.to_string())?;
//!         if found != *saved && found.as_ref() != in_flight {
//!             return Err(format!("{found:?} instead of {saved:?} or {in_flight:?}"));
//!         }
//!         *saved = found; // which it was: that is to stay
//!         Ok(())
//!     },
//! );
//! let failure = scenario.try_run().unwrap_err();
//! println!("{failure}");
//! assert_eq!(failure.case.to_string(), "1:0.Prefix.0"); // in step 1, the erase half done
//!
//! // That one alone, to look into it:
//! let case = "1:0.Prefix.0".parse()?;
//! assert_eq!(scenario.replay(&case), Err(failure));
//! # Ok::<(), String>(())
//! ```
//!
//! The new value is never half there, as the mark takes care of that; but the old one is lost. It
//! prints:
//!
//! ```text
//! after the power came back: None instead of Some(215) or Some(220)
//!   in step 1, the power was cut after 0 operations (Prefix, seed 0)
//!   again: .replay(&"1:0.Prefix.0".parse().unwrap())
//! ```
//!
//! A test calls [`run`](EveryCut::run), which panics with that, or returns the [`Tally`] of what was
//! tried. See [`every_cut`] for one of the store.
//!
//! For a single cut, in a test of your own making, there is [`SimFlash::cut_after`].
//!
//! # Does it live with a bad part?
//!
//! ```
//! use kvs::{Options, Resources, Store, sim::{Fault, SimFlash, Tear}};
//!
//! let mut flash = SimFlash::<4, 256>::new(4);
//! flash.fault_at(0..256, Fault::EraseFails(Tear::Clean)); // a sector that is worn out
//! flash.fault_after(20, Fault::StuckAtOne); // and a word that reads back differently
//! let mut resources = Resources::<8, 4, 64>::new();
//! let mut store = Store::mount(&mut flash, 0..1024, &mut resources, Options::DEFAULT)?;
//! let stored = ["a", "b", "c"].map(|key| store.put_bytes(key, b"value").is_ok());
//!
//! // Whatever it could not store, it said so.
//! let mut store = Store::mount(&mut flash, 0..1024, &mut resources, Options::DEFAULT)?;
//! for (key, stored) in ["a", "b", "c"].into_iter().zip(stored) {
//!     assert!(!stored || store.value_len(key)? == Some(5));
//! }
//! # Ok::<(), kvs::Error<kvs::sim::SimError>>(())
//! ```
#![allow(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "host-only test kit: a bug here should panic"
)]
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::panic,
        reason = "a test fails by panicking"
    )
)]

mod case;
mod copy;
mod cut;
mod error;
mod every_cut;
#[cfg(test)]
mod every_cut_tests;
mod fault;
#[cfg(test)]
mod fault_tests;
mod faults;
mod flash;
mod medium;
mod nor;
mod outage;
mod plan;
mod power;
pub mod presets;
mod rng;
mod rules;
mod state;
mod stats;
mod sweep;
#[cfg(test)]
mod sweep_tests;
mod tear;
mod timing;

pub use case::{Case, Failure, PowerCut, Tally};
pub use error::SimError;
pub use every_cut::{EveryCut, every_cut};
pub use fault::Fault;
pub use flash::SimFlash;
pub use outage::{Outage, When};
pub use plan::Positions;
pub use rng::Rng;
pub use stats::Stats;
pub use tear::Tear;
pub use timing::Timing;

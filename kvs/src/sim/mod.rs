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
//! * With [`SimFlash::open`] the contents live in a file, so a process that is killed is a device
//!   that lost power.
//!
//! # Does my code survive a power cut?
//!
//! Run the test once without a cut and count the operations. Then run it once for each of them,
//! with the power cut there, and look at what is left. Build everything anew from the flash after
//! the cut: RAM does not survive it.
//!
//! ```
//! use embedded_storage::nor_flash::{NorFlash, ReadNorFlash};
//! use kvs::sim::{SimError, SimFlash, Tear, presets};
//!
//! // What is tested here: a value and then a mark that says "the value is whole".
//! fn save(flash: &mut presets::Nrf52840) -> Result<(), SimError> {
//!     flash.erase(0, 4096)?;
//!     flash.write(0, b"21.5 deg")?;
//!     flash.write(8, b"done")
//! }
//! fn load(flash: &mut presets::Nrf52840) -> Result<Option<[u8; 8]>, SimError> {
//!     let mut bytes = [0; 12];
//!     flash.read(0, &mut bytes)?;
//!     let (value, mark) = bytes.split_at(8);
//!     Ok(if mark == b"done" { value.try_into().ok() } else { None })
//! }
//!
//! let mut flash = presets::nrf52840();
//! save(&mut flash)?;
//! assert_eq!(flash.operations(), 4); // an erase and three words
//! assert_eq!(flash.stats().program_bytes, 12);
//! println!("takes {:?} on the real part", flash.elapsed());
//!
//! for tear in Tear::ALL {
//!     for operation in 0..4 {
//!         for seed in 0..10 {
//!             let mut flash = presets::nrf52840();
//!             flash.cut_after(operation, tear, seed);
//!             assert_eq!(save(&mut flash), Err(SimError::PowerLost));
//!             flash.power_on();
//!             // The value is whole or not there, never half there.
//!             assert!(load(&mut flash)?.is_none_or(|value| value == *b"21.5 deg"));
//!         }
//!     }
//! }
//! # Ok::<(), SimError>(())
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

mod copy;
mod cut;
mod error;
mod fault;
#[cfg(test)]
mod fault_tests;
mod faults;
mod flash;
mod medium;
mod nor;
mod power;
pub mod presets;
mod rng;
mod rules;
mod stats;
mod tear;
mod timing;

pub use error::SimError;
pub use fault::Fault;
pub use flash::SimFlash;
pub use rng::Rng;
pub use stats::Stats;
pub use tear::Tear;
pub use timing::Timing;

//! Typed device settings in NOR flash: power-safe, wear-levelled, `no_std`, no heap, no `unsafe`, no panics.
//!
//! ```
//! use kvs::{Options, Resources, Settings, Store, sim::presets};
//!
//! #[derive(Settings)]
//! struct Lamp {
//!     #[setting(default = 80, range = 0..=100)]
//!     brightness: u8,
//!     #[setting(default = 2700)]
//!     kelvin: u16,
//! }
//!
//! # let flash = presets::nrf52840();
//! let mut resources = Resources::<8, 8, 64>::for_settings::<Lamp>();
//! let mut store = Store::mount(flash, 0..8 * 4096, &mut resources, Options::DEFAULT)?;
//!
//! let (mut lamp, report) = store.load::<Lamp>();
//! assert!(report.is_first_boot());
//! lamp.brightness = 40;
//! store.save(&lamp)?;
//! # Ok::<(), kvs::Error<kvs::sim::SimError>>(())
//! ```
//!
//! * [`Store`] is mounted on a range of any `embedded_storage::nor_flash::NorFlash`, in RAM that [`Resources`] size.
//! * [`Settings`](trait@Settings) is derived for a struct; [`Store::load`], [`Store::save`], [`Store::get`], [`Store::put`] and
//!   [`Store::reset`] work on it, with the typed [`Key`]s in `Lamp::KEYS`.
//! * Raw keys are names of up to 63 bytes, with bytes for values: [`Store::get_bytes`], [`Store::put_bytes`], [`Store::delete`].
//! * [`Store::commit`] takes several changes, typed and raw, and makes all of them or none.
//! * [`Store::maintain`] does in idle time what a commit would otherwise have to wait for.
//! * [`Store::stats`], [`Store::sectors`] and [`Store::keys`] show what there is.
//! * `lock` (feature `lock`) writes down what devices in the field may hold, and fails a test of yours when a change to the
//!   struct would lose or misread it.
//! * `sim` (feature `sim`) is a NOR flash to test against, with power cuts.
//!
//! # How it works
//!
//! Flash is a log. A commit appends its entries to the *head* sector in one run; of each key the last entry counts, and a
//! table in RAM, 8 bytes a key, knows where it is. When the head is full, the next sector that holds nothing that counts is
//! erased and becomes the head. When only one such sector is left, the live entries of the sector with the fewest of them are
//! moved to it first, so that there is always one to spare. Nothing is ever appended behind something torn, and mounting
//! never writes.
//!
//! # Features
//!
//! * `derive` (default): `#[derive(Settings)]`.
//! * `crc-table`: the CRC with a table of 1 KiB.
//! * `lock`: the lock file, for a test that fails when a change would lose or misread stored values; needs `std`.
//! * `sim`: the simulator; needs `std`.
#![no_std]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

#[cfg(any(feature = "lock", feature = "sim", test))]
extern crate std;

mod change;
mod checksum;
mod collect;
mod commit;
mod error;
mod flash;
mod format;
mod hash;
#[cfg(feature = "lock")]
pub mod lock;
mod lookup;
mod map;
mod mount;
mod open;
mod options;
mod rescue;
mod resources;
mod room;
mod run;
mod scan;
mod sectors;
mod settings;
#[cfg(feature = "sim")]
pub mod sim;
mod stats;
mod store;
mod tombstones;
mod window;

pub use change::{Change, EncodeError, RawKey};
pub use checksum::{Checksum, Crc32c};
pub use error::{Error, Geometry};
pub use format::MAX_NAME_LEN;
pub use hash::{KeyHasher, key_hash};
pub use options::Options;
pub use resources::Resources;
pub use room::Maintenance;
pub use settings::{
    Field, FieldSchema, Group, Key, KeyEntry, KeyName, LeafSchema, Leaves, Node, Old, Outcome,
    Path, Rejected, Rejection, Report, Retired, Rule, Schema, SchemaNode, Settings, Source,
    Sources, Spec, Tree, max_encoded_len,
};
pub use stats::{KeyInfo, Keys, SectorInfo, SectorState, Stats};
pub use store::Store;

/// What generated code calls.
#[doc(hidden)]
pub use settings::generated as __private;

/// Makes a struct's fields settings; see [`Settings`](trait@Settings).
#[cfg(feature = "derive")]
pub use kvs_derive::Settings;

/// The README's example, compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

/// The guide's, too.
#[cfg(doctest)]
#[doc = include_str!("../../docs/migration.md")]
struct MigrationGuide;

// So that the documentation's examples, which are part of this crate's tests, find `::kvs`.
#[cfg(test)]
extern crate self as kvs;

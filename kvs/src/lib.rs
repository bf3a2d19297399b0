//! Typed device settings in NOR flash.
#![no_std]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

#[cfg(any(feature = "sim", test))]
extern crate std;

mod change;
mod checksum;
mod collect;
mod commit;
mod error;
mod flash;
mod format;
mod hash;
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
    Field, Group, Key, Leaf, Leaves, Node, Outcome, Path, Rejected, Rejection, Report, Settings,
    Spec, Tree, max_encoded_len,
};
pub use stats::{KeyInfo, Keys, SectorInfo, SectorState, Stats};
pub use store::Store;

/// What generated code calls.
#[doc(hidden)]
pub use settings::generated as __private;

/// Makes a struct's fields settings; see [`Settings`](trait@Settings).
#[cfg(feature = "derive")]
pub use kvs_derive::Settings;

// So that the documentation's examples, which are part of this crate's tests, find `::kvs`.
#[cfg(test)]
extern crate self as kvs;

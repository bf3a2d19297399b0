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
//! * `live` (feature `live`) has settings that tasks and interrupts share, watch and edit, and a [`Saver`] that stores them.
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
//! * `blocking` (default): [`Store`], over `embedded_storage`.
//! * `async`: `asynch::Store`, over `embedded_storage_async`.
//! * `derive` (default): `#[derive(Settings)]`.
//! * `crc-table`: the CRC with a table of 1 KiB.
//! * `defmt`, `log`: a line for each mount, collection, recovery, corrupt entry and migration.
//! * `live`: settings that tasks and interrupts share, and that save themselves, on `embassy-sync`; `embassy-time`: its clock
//!   for them.
//! * `host`: what is in a sector, stale and damaged entries too, for tools; needs `std`.
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
#![allow(
    clippy::duplicate_mod,
    reason = "the store is compiled for each API from one text"
)]
#![cfg_attr(
    not(any(feature = "blocking", feature = "async")),
    allow(
        dead_code,
        unused_imports,
        reason = "a crate of settings structs needs no store"
    )
)]

#[cfg(any(feature = "host", feature = "lock", feature = "sim", test))]
extern crate std;

mod bytes;
mod change;
mod checksum;
mod error;
mod events;
mod format;
mod hash;
#[cfg(feature = "host")]
pub mod host;
#[cfg(feature = "live")]
pub mod live;
#[cfg(feature = "lock")]
pub mod lock;
mod map;
mod options;
mod resources;
mod sectors;
mod settings;
#[cfg(feature = "sim")]
pub mod sim;
mod stats;

#[cfg(all(feature = "blocking", feature = "live"))]
pub use blocking::saver::Saver;
#[cfg(feature = "blocking")]
pub use blocking::store::{Keys, Store};
// The store is one text, in `store/`, and written as async code. It is compiled once for each API: what a module here calls
// `NorFlash` is the driver's trait, and its `bisync` keeps the `async` and `.await` or takes them away.
#[cfg(feature = "blocking")]
#[path = "."]
mod blocking {
    use embedded_storage::nor_flash::NorFlash;
    use kvs_bisync::blocking as bisync;

    /// A blocking call always comes to its end.
    #[cfg(not(kvs_next))]
    const CAN_BE_DROPPED: bool = false;

    #[cfg(kvs_next)]
    #[path = "direct.rs"]
    pub(crate) mod driver;
    #[cfg(kvs_next)]
    mod perform;
    #[cfg(feature = "live")]
    #[path = "live/saver.rs"]
    pub(crate) mod saver;
    #[cfg(not(kvs_next))]
    pub(crate) mod store;
    #[cfg(kvs_next)]
    #[path = "second/mod.rs"]
    pub(crate) mod store;
}

#[cfg(feature = "async")]
#[path = "."]
pub mod asynch {
    //! The store over `embedded_storage_async`: each method of the blocking [`Store`](crate::Store), to be awaited.
    //!
    //! ```
    //! use kvs::asynch::Store;
    //! use kvs::{Options, Resources, Settings, sim::presets};
    //!
    //! #[derive(Settings)]
    //! struct Lamp {
    //!     #[setting(default = 80, range = 0..=100)]
    //!     brightness: u8,
    //! }
    //!
    //! # embassy_futures::block_on(async {
    //! # let flash = presets::nrf52840();
    //! let mut resources = Resources::<8, 8, 64>::for_settings::<Lamp>();
    //! let mut store = Store::mount(flash, 0..8 * 4096, &mut resources, Options::DEFAULT).await?;
    //!
    //! let (mut lamp, _) = store.load::<Lamp>().await;
    //! lamp.brightness = 40;
    //! store.save(&lamp).await?;
    //! assert_eq!(store.get(Lamp::KEYS.brightness).await?, 40);
    //! # Ok::<(), kvs::Error<kvs::sim::SimError>>(())
    //! # });
    //! ```
    //!
    //! # Dropping a future
    //!
    //! Any future may be dropped at any await, in a `select` or by a timeout. A commit that is dropped is there whole or not
    //! at all, as after a power cut: the next call reads the partition anew, at the cost of a mount, and finds which. What
    //! needs no flash ([`Store::len`], [`Store::stats`], [`Store::sectors`]) may count wrong until then.
    //!
    //! The one exception is the way out after bit rot has left no spare sector, which holds values in RAM for the time of an
    //! erase: dropped just then, they are lost, as after a power cut.
    //!
    //! The driver must stand it, too: the call after a dropped one has to wait for what the flash is still doing. A time limit
    //! has to be longer than a mount and a usual commit, or no call after a dropped one comes to its end; and [`Store::maintain`] belongs between
    //! waits, not into a `select`, where each step that is dropped costs a mount.
    //!
    //! The futures are `Send` where the flash driver, the settings and the checksum are.

    use embedded_storage_async::nor_flash::NorFlash;
    use kvs_bisync::asynch as bisync;

    #[cfg(not(kvs_next))]
    const CAN_BE_DROPPED: bool = true;

    #[cfg(kvs_next)]
    #[path = "deferred.rs"]
    pub(crate) mod driver;
    #[cfg(kvs_next)]
    mod perform;
    #[cfg(feature = "live")]
    #[path = "live/run.rs"]
    mod run;
    #[cfg(feature = "live")]
    #[path = "live/saver.rs"]
    mod saver;
    #[cfg(not(kvs_next))]
    mod store;
    #[cfg(kvs_next)]
    #[path = "second/mod.rs"]
    mod store;

    #[cfg(feature = "live")]
    pub use saver::Saver;
    pub use store::{Keys, Store};
}

/// The engine that is to replace the one in `store`, in the making: tested, and not used yet. With
/// `--cfg kvs_next` it is used, through the store in `second`.
#[cfg(any(
    kvs_next,
    all(test, feature = "blocking", feature = "async", feature = "sim")
))]
#[cfg_attr(
    not(kvs_next),
    allow(dead_code, reason = "what the store is to ask of it is not asked yet")
)]
mod engine;

#[cfg(all(
    test,
    not(kvs_next),
    feature = "blocking",
    feature = "async",
    feature = "sim"
))]
#[allow(dead_code, reason = "what the store is to ask of it is not asked yet")]
#[path = "."]
mod next {
    #[path = "."]
    pub(crate) mod blocking {
        use embedded_storage::nor_flash::NorFlash;
        use kvs_bisync::blocking as bisync;

        pub(crate) mod direct;
        mod perform;
    }

    #[path = "."]
    pub(crate) mod asynch {
        use embedded_storage_async::nor_flash::NorFlash;
        use kvs_bisync::asynch as bisync;

        pub(crate) mod deferred;
        mod perform;
    }
}

pub use change::{Change, EncodeError, RawKey};
pub use checksum::{Checksum, Crc32c};
pub use error::{Error, Geometry};
pub use format::MAX_NAME_LEN;
pub use hash::{KeyHasher, key_hash};
pub use options::Options;
pub use resources::Resources;
pub use settings::{
    Base, CodeDefaults, Factory, Field, FieldSchema, Group, Key, KeyEntry, KeyName, LeafSchema,
    Leaves, Node, Old, Outcome, Part, Path, Rejected, Rejection, Report, Retired, Rule, Schema,
    SchemaNode, Settings, SettingsSet, Source, Sources, Spec, Stored, Tree, WithDefaults,
    max_encoded_len,
};
pub use stats::{KeyInfo, Maintenance, SectorInfo, SectorState, Stats};

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

/// The page on settings that are shared, too.
#[cfg(all(doctest, feature = "live", feature = "async"))]
#[doc = include_str!("../../docs/live.md")]
struct SharedSettings;

/// The examples of what can be a setting, too.
#[cfg(doctest)]
#[doc = include_str!("../../docs/types.md")]
struct Types;

// So that the documentation's examples, which are part of this crate's tests, find `::kvs`.
#[cfg(test)]
extern crate self as kvs;

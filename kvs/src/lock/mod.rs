//! The lock file: what devices in the field may have stored (feature `lock`, needs `std`).
//!
//! A settings struct changes from release to release, and each change has to do with values that
//! are in flash already. The compiler sees one version of the struct only. The lock file is the
//! version before, and all those before it; a test compares:
//!
//! ```
//! # mod my_firmware {
//! #[derive(kvs::Settings)]
//! pub struct Thermostat {
//!     #[setting(default = 210, range = 50..=350, unit = "0.1 C")]
//!     target: i16,
//! }
//! # }
//! # use my_firmware::Thermostat;
//! #[test]
//! fn settings_are_compatible() {
//!     kvs::assert_schema_unchanged!(Thermostat, "settings.lock");
//! }
//! ```
//!
//! The path is that from the `Cargo.toml` of the crate with the test. `UPDATE_LOCK=1 cargo test`
//! writes the file; commit it.
//!
//! ```toml
//! version = 1
//! struct = "Thermostat"
//!
//! [[setting]]
//! path = "target"
//! key = "target:i16"
//! hash = "0x24b95625"
//! type = "i16"
//! unit = "0.1 C"
//! default = "210"
//! range = "50..=350"
//! ```
//!
//! # What the test lets pass
//!
//! New settings, other defaults, wider ranges, other docs, larger capacities, enum variants at the
//! end, newtypes around what was there. It says on stderr that the file is behind then; with
//! `UPDATE_LOCK=exact` it fails, and where the variable `CI` is set, as continuous integration does:
//! what is never written to the file can't be compared with what comes later.
//!
//! # What it fails on
//!
//! | | what to write |
//! |---|---|
//! | another type or `rev`, and the old value is lost | `migrate(..)` |
//! | a setting that is gone | `alias`, `migrate` or `retired` |
//! | another unit | `rev`, `migrate` |
//! | enum variants removed, reordered, put in the middle, with other contents; fields of a value reordered | `rev`, `migrate` |
//! | an `alias` or `migrate` that reads an old value as another type | the type as it was |
//! | a name that was retired or renamed, and is back | another name, or `rev` |
//! | an old key that is not migrated any more | the rule again, or `retired` |
//! | a name with the hash of an old one | `rename` |
//! | another name of a variant, a field or a type in a value | `rev`, `migrate`; or accept it |
//! | a text or a list that holds less | `rev`, `migrate(try_with = ..)`; or accept it |
//! | a narrower `range`, another `validate` | `rev`, `migrate`; or accept it |
//! | a default that `range` or `validate` turns down, or that does not fit | another `default` |
//! | a type that is written as other bytes than its schema says, see [`faults`] | another type |
//!
//! To accept is `UPDATE_LOCK=accept cargo test`: what only a person can know is noted in the file
//! then, under `accepted`.
//!
//! The message says which, and what to write. An update keeps the keys that are no setting's any
//! more, so that those of long ago count too:
//!
//! ```toml
//! [[old]]
//! path = "wifi.name"
//! key = "wifi.name:str"
//! hash = "0x0be4c5a5"
//! type = "str"
//! became = ["wifi.ssid"]
//! ```
//!
//! A text or a list has its capacity behind it, `str<32>`, as far as the type itself tells. It is
//! asked by values of all lengths that are made up, so that an alias or a constant hides nothing;
//! where the type tells none, it is `str<?>`. What is not to be shown has `secret`, for programs:
//! an old key stays secret for ever that was a secret setting's, or that one was made of. These
//! read the file with [`Lock`], and values in flash by the [`Type`]s in it.

#![allow(
    clippy::test_attr_in_doctest,
    reason = "the example is a test, to be compiled only"
)]

mod bounds;
mod capacity;
mod check;
mod compare;
mod faults;
mod file;
mod gone;
mod known;
mod model;
mod parse;
mod past;
mod probe;
mod problem;
mod rules;
mod rust;
mod shape;
mod ty;
mod update;
mod uses;
mod verify;
mod walk;
mod wire;

pub use bounds::{Bounds, Number};
pub use faults::faults;
pub use file::ParseError;
pub use model::{Fate, Lock, OldKey, Setting};
pub use parse::TypeError;
pub use problem::Problem;
pub use ty::Type;
pub(crate) use wire::{Leaf, Read, Wire};

pub use verify::{Failure, Mode, Verdict, Why, assert_no_faults, assert_unchanged, verify};

/// Fails a test if a settings struct has changed in a way that would lose or misread what devices
/// have stored. See [`lock`](crate::lock).
///
/// The path is that of the lock file, from the directory of the `Cargo.toml` of the crate that
/// calls this.
#[macro_export]
macro_rules! assert_schema_unchanged {
    ($settings:ty, $path:expr $(,)?) => {
        $crate::lock::assert_unchanged(
            <$settings as $crate::Settings>::SCHEMA,
            &::std::path::Path::new(::core::env!("CARGO_MANIFEST_DIR")).join($path),
        )
    };
}

/// Fails a test if a settings struct is wrong in itself, without a lock file: a default that its
/// own rules turn down, or a type whose bytes are not what its schema says. See
/// [`lock::faults`](crate::lock::faults). [`assert_schema_unchanged!`] looks for the same.
///
/// ```
/// #[derive(kvs::Settings)]
/// struct Lamp {
///     #[setting(default = 80, range = 0..=100)]
///     brightness: u8,
/// }
/// kvs::assert_wire_matches_schema!(Lamp);
/// ```
///
/// [`assert_schema_unchanged!`]: crate::assert_schema_unchanged
#[macro_export]
macro_rules! assert_wire_matches_schema {
    ($settings:ty $(,)?) => {
        $crate::lock::assert_no_faults(<$settings as $crate::Settings>::SCHEMA)
    };
}

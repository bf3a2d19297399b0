//! What the code that `#[derive(Settings)]` writes calls. Not for others: it changes with the
//! derive.
//!
//! The code for a leaf or a nested field goes through one constant each, a [`Codec`] or a
//! [`Nested`]: so the type is asked for its traits in one place, and a missing one is one error.
//! The functions in them are known while compiling, and their methods are always inlined: so no
//! call is indirect in the end.

mod check;
mod codec;
mod default;
mod migrate;
mod nested;

pub use super::history::Hashes;
pub use super::index::{KeyIndex, KeyTable};
pub use check::{
    RangeOf, ValidateResult, ValidatedAs, accept, in_range, validate, validate_closure, verdict,
};
pub use codec::{Codec, Storable, codec};
pub use default::{
    DefaultValue, FromText, Probe, UnknownCapacity, default_value, has_room, text, too_long,
    with_defaults,
};
pub use migrate::{Attempt, MadeFrom, OldCodec, OldType, attempt, convert, no_rules, old_codec};
pub use nested::{Nestable, Nested, is_whole, nested};

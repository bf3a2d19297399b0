//! What a load found: an outcome for each setting.

use core::fmt;

use super::tree::{Path, Tree};
use crate::error::Error;

/// Why a value was turned down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Rejection {
    /// The bytes are not an encoding of the type.
    Undecodable,
    /// The value is outside the setting's `range`.
    OutOfRange,
    /// The setting's `validate` function said no, and why.
    Invalid(&'static str),
    /// The entry in flash fails its checksum.
    Corrupt,
    /// The flash could not be read there.
    Unreadable,
    /// The stored value is longer than the store's buffer.
    TooLong,
    /// A raw key is stored whose name has the same hash. Delete it, and choose another name for it.
    NameCollision,
    /// The `migrate` function did not take the old value.
    NotMigrated,
    /// What the value's type writes is not what it reads, because of its serde attributes (`skip` on an enum's variant, `untagged`,
    /// `tag`, `skip_serializing_if`, ..) or its own `Serialize` and `Deserialize`. It is never stored.
    NotReadBack,
    /// The setting has a key in common with the settings struct of this name, which the store was given first. See
    /// [`Settings`](trait@crate::Settings#several-structs-in-one-store).
    SharedKey(&'static str),
    /// The setting is not of the settings struct of this name, which the call is about.
    AnotherStruct(&'static str),
    /// The settings are changed by a closure of `Live::with`, which reads them.
    BeingRead,
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Undecodable => "the stored bytes are not a value of this type",
            Self::OutOfRange => "the value is out of range",
            Self::Invalid(why) => why,
            Self::Corrupt => "the stored entry fails its checksum",
            Self::Unreadable => "the flash could not be read",
            Self::TooLong => "the stored value is longer than the buffer",
            Self::NameCollision => {
                "a raw key with the same hash is stored; choose another name for the raw key"
            }
            Self::NotMigrated => "the old value could not be migrated",
            Self::NotReadBack => {
                "what the type's serde attributes write of this value is not what they read, so it would not come back"
            }
            Self::AnotherStruct(other) => {
                return write!(f, "the setting is not one of `{other}`");
            }
            Self::BeingRead => {
                "a closure of `Live::with` reads the settings, and must not change them"
            }
            Self::SharedKey(other) => {
                return write!(
                    f,
                    "the struct `{other}` in the same store has this key too; give one of the two a `prefix`, and have `Resources::for_settings::<(A, B)>()` check them while compiling"
                );
            }
        };
        f.write_str(text)
    }
}

impl core::error::Error for Rejection {}

impl Rejection {
    /// Why a value could not be read.
    pub(crate) fn of<E>(error: &Error<E>) -> Self {
        match error {
            Error::Corrupt { .. } => Self::Corrupt,
            Error::BufferTooSmall { .. } => Self::TooLong,
            Error::NameCollision { .. } => Self::NameCollision,
            _ => Self::Unreadable,
        }
    }
}

/// A value that its setting's rules turn down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Rejected {
    /// Which setting.
    pub setting: Path,
    /// Why.
    pub why: Rejection,
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The same words as where a save is turned down.
        Error::<()>::from(*self).fmt(f)
    }
}

impl core::error::Error for Rejected {}

impl<E> From<Rejected> for Error<E> {
    fn from(rejected: Rejected) -> Self {
        Self::Rejected {
            setting: rejected.setting,
            why: rejected.why,
        }
    }
}

/// Where a setting's value came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum Outcome {
    /// Nothing is stored: the default.
    Default,
    /// Nothing is stored: what the [`Factory`](crate::Factory) has given.
    Factory,
    /// From flash.
    Loaded,
    /// From a key that an older firmware used: the one of this number among the setting's old keys, from 1 on, in the
    /// order in which they are tried; 0 for the struct's own `migrate` function. In RAM only, until the setting is saved
    /// or [`confirm`](crate::Store::confirm)ed.
    Migrated(u8),
    /// What is stored was turned down, and left where it is: the default.
    Rejected(Rejection),
}

/// What a load found, setting by setting.
#[derive(Clone, Copy)]
pub struct Report<O> {
    pub(crate) tree: &'static Tree,
    pub(crate) outcomes: O,
}

impl<O: AsRef<[Outcome]>> Report<O> {
    /// Each setting with its outcome, in declaration order.
    pub fn iter(&self) -> impl Iterator<Item = (Path, Outcome)> + '_ {
        let tree = self.tree;
        self.outcomes
            .as_ref()
            .iter()
            .enumerate()
            .map(move |(leaf, outcome)| (Path::new(tree, leaf), *outcome))
    }

    /// Whether nothing at all was stored: a first boot, or the boot after a factory reset.
    pub fn is_first_boot(&self) -> bool {
        let is_stored = |outcome| !matches!(outcome, Outcome::Default | Outcome::Factory);
        !self.iter().any(|(_, outcome)| is_stored(outcome))
    }

    /// The settings whose value is from an older firmware's key, and which of their old keys that was; see
    /// [`Outcome::Migrated`] and [`Schema::old_names`](super::Schema::old_names).
    pub fn migrated(&self) -> impl Iterator<Item = (Path, u8)> + '_ {
        self.iter().filter_map(|(path, outcome)| match outcome {
            Outcome::Migrated(number) => Some((path, number)),
            _ => None,
        })
    }

    /// The settings whose stored value was turned down, and why.
    pub fn rejected(&self) -> impl Iterator<Item = (Path, Rejection)> + '_ {
        self.iter().filter_map(|(path, outcome)| match outcome {
            Outcome::Rejected(why) => Some((path, why)),
            _ => None,
        })
    }
}

impl<O: AsRef<[Outcome]>> fmt::Debug for Report<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

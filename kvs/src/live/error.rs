//! What can go wrong with settings that are shared, in words for a person.

use core::fmt;

use crate::error::Error;
use crate::settings::Rejected;

/// Why somebody can't wait for changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum WatchError {
    /// As many wait already as [`Live`](super::Live) has places for, its last parameter.
    TooManyWaiters {
        /// The places there are.
        max: usize,
    },
    /// What is to be watched is a part of another settings struct.
    Rejected(Rejected),
}

impl fmt::Display for WatchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooManyWaiters { max } => write!(
                f,
                "all {max} places of those who wait are taken; give `Live` more of them, with its last parameter"
            ),
            Self::Rejected(rejected) => fmt::Display::fmt(rejected, f),
        }
    }
}

impl core::error::Error for WatchError {}

impl From<Rejected> for WatchError {
    fn from(rejected: Rejected) -> Self {
        Self::Rejected(rejected)
    }
}

/// Why what was changed is not stored, told to who has asked for it. The settings are as they were
/// changed, and the saver tries again.
///
/// The saver itself is told the whole [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub enum SaveError {
    /// The flash failed.
    Flash,
    /// The flash took longer than [`Policy::timeout_ms`](super::Policy::timeout_ms).
    TimedOut,
    /// The partition is full.
    Full,
    /// What was changed does not fit into one commit, into the store's buffer or its key slots.
    TooLarge,
    /// The store was mounted read-only.
    ReadOnly,
    /// A setting's own rules, or another struct's key, are in the way.
    Rejected,
    /// The flash holds what this store can't use.
    Unusable,
}

impl fmt::Display for SaveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Flash => "the flash failed",
            Self::TimedOut => "the flash took too long",
            Self::Full => "the partition is full",
            Self::TooLarge => {
                "the changes are too large for one commit, the store's buffer or its key slots"
            }
            Self::ReadOnly => "the store is read-only",
            Self::Rejected => "a setting can't be stored as it is",
            Self::Unusable => "the partition can't be used",
        })
    }
}

impl core::error::Error for SaveError {}

impl SaveError {
    pub(crate) fn of<E>(error: &Error<E>) -> Self {
        match error {
            Error::Flash(_)
            | Error::NotBlank { .. }
            | Error::VerifyFailed { .. }
            | Error::Corrupt { .. }
            | Error::Unreadable { .. } => Self::Flash,
            Error::Full { .. } => Self::Full,
            Error::CommitTooLarge { .. }
            | Error::ValueTooLong { .. }
            | Error::TooManyKeys { .. }
            | Error::BufferTooSmall { .. } => Self::TooLarge,
            Error::ReadOnly => Self::ReadOnly,
            Error::Rejected { .. }
            | Error::Unencodable
            | Error::KeyEmpty
            | Error::KeyTooLong { .. }
            | Error::NameCollision { .. } => Self::Rejected,
            Error::Geometry(_) | Error::Incompatible { .. } | Error::Exhausted => Self::Unusable,
        }
    }
}

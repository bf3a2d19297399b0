//! What a commit is asked to do: puts and deletes, of names and of hashed keys.
//!
//! The engine takes values as bytes or as something that encodes itself into a buffer; what a setting is, it does
//! not know.

use core::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::hash::key_hash;
use crate::settings::batches::Removal;
use crate::settings::{Path, Rejection};

/// The key of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RawKey<'a> {
    /// By its hash alone: 4 bytes in flash. Typed keys are stored so.
    Hash(u32),
    /// By name, 1..=63 bytes, stored in full.
    Name(&'a str),
}

impl RawKey<'_> {
    /// The hash that stands for the key.
    #[must_use]
    pub fn hash(&self) -> u32 {
        match self {
            Self::Hash(hash) => *hash,
            Self::Name(name) => key_hash(name),
        }
    }
}

impl<'a> From<&'a str> for RawKey<'a> {
    fn from(name: &'a str) -> Self {
        Self::Name(name)
    }
}

/// Why a value could not be encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EncodeError {
    /// It takes this many bytes, more than there is room for.
    TooLong(usize),
    /// The setting's own rules turn the value down.
    Rejected(Rejection),
    /// The type's `Serialize` failed, or postcard can't encode it (a sequence of unknown length, for instance).
    Unencodable,
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong(len) => write!(
                f,
                "the value takes {len} bytes, more than there is room for"
            ),
            Self::Rejected(why) => fmt::Display::fmt(why, f),
            Self::Unencodable => f.write_str("the value can't be encoded"),
        }
    }
}

impl core::error::Error for EncodeError {}

/// A value that encodes itself.
pub(crate) trait Encode: Sync {
    /// Writes the value to the front of `out`; returns its length. The same bytes each time.
    fn encode(&self, out: &mut [u8]) -> Result<usize, EncodeError>;
}

impl<T: Serialize + DeserializeOwned + Sync> Encode for T {
    fn encode(&self, out: &mut [u8]) -> Result<usize, EncodeError> {
        crate::settings::value::encode(self, out)
    }
}

/// One put or delete of a [`commit`](crate::Store::commit).
#[derive(Clone, Copy)]
pub struct Change<'a>(pub(crate) Action<'a>);

#[derive(Clone, Copy)]
pub(crate) enum Action<'a> {
    Delete(RawKey<'a>),
    Bytes(RawKey<'a>, &'a [u8]),
    /// Of a setting, which is checked.
    Encode(Path, &'a dyn Encode),
}

impl<'a> Change<'a> {
    /// Stores `value` under `key`.
    pub fn put(key: impl Into<RawKey<'a>>, value: &'a [u8]) -> Self {
        Self(Action::Bytes(key.into(), value))
    }

    /// Deletes `key`. Deleting what is not there changes nothing.
    pub fn delete(key: impl Into<RawKey<'a>>) -> Self {
        Self(Action::Delete(key.into()))
    }

    fn key(&self) -> RawKey<'a> {
        match self.0 {
            Action::Delete(key) | Action::Bytes(key, _) => key,
            Action::Encode(setting, _) => RawKey::Hash(setting.hash()),
        }
    }
}

impl fmt::Debug for Change<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let action = match self.0 {
            Action::Delete(_) => "delete",
            Action::Bytes(..) | Action::Encode(..) => "put",
        };
        write!(f, "{action} {:?}", self.key())
    }
}

/// Why the changes of a batch can't be had: becomes an [`Error`](crate::Error).
pub(crate) enum Refusal {
    TooLong(usize),
    Rejected(Path, Rejection),
    Unencodable,
}

impl Refusal {
    /// That a setting's value could not be encoded.
    pub(crate) fn of(setting: Path, error: EncodeError) -> Self {
        match error {
            EncodeError::TooLong(needed) => Self::TooLong(needed),
            EncodeError::Rejected(why) => Self::Rejected(setting, why),
            EncodeError::Unencodable => Self::Unencodable,
        }
    }
}

/// A value, as a batch hands it over.
pub(crate) enum Value<'a> {
    /// As it is.
    Keep,
    Delete,
    /// In the caller's memory.
    Bytes(&'a [u8]),
    /// At the front of the scratch, this long.
    Encoded(usize),
    /// What a removal makes of its key of this number, which depends on what else is stored: the store looks, and has one of
    /// the others then.
    Removed(Removal, usize),
}

/// The changes of one commit. Asked for twice, to measure and to write, and answers the same both times.
pub(crate) trait Batch: Send {
    fn len(&self) -> usize;

    fn key(&self, index: usize) -> RawKey<'_>;

    fn value(&self, index: usize, scratch: &mut [u8]) -> Result<Value<'_>, Refusal>;

    /// Whether this value need not be stored where the key is not: a default.
    fn is_implied(&self, _index: usize, _value: &[u8]) -> bool {
        false
    }

    /// Whether `stored` stays in spite of an implied value: it is what a load turned down, and put a default in place of.
    fn keeps(&mut self, _index: usize, _stored: &[u8]) -> bool {
        false
    }

    /// The setting that a change is of, if it is of one.
    fn setting(&self, _index: usize) -> Option<Path> {
        None
    }

    /// Whether no key occurs twice.
    fn is_unique(&self) -> bool {
        false
    }
}

/// A user's list of changes.
pub(crate) struct Changes<'a>(pub(crate) &'a [Change<'a>]);

impl Batch for Changes<'_> {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn key(&self, index: usize) -> RawKey<'_> {
        self.0.get(index).map_or(RawKey::Hash(0), Change::key)
    }

    fn value(&self, index: usize, scratch: &mut [u8]) -> Result<Value<'_>, Refusal> {
        match self.0.get(index).map(|change| change.0) {
            None | Some(Action::Delete(_)) => Ok(Value::Delete),
            Some(Action::Bytes(_, bytes)) => Ok(Value::Bytes(bytes)),
            Some(Action::Encode(setting, value)) => {
                let encoded = value.encode(scratch);
                encoded
                    .map(Value::Encoded)
                    .map_err(|error| Refusal::of(setting, error))
            }
        }
    }

    fn setting(&self, index: usize) -> Option<Path> {
        match self.0.get(index)?.0 {
            Action::Encode(setting, _) => Some(setting),
            Action::Delete(_) | Action::Bytes(..) => None,
        }
    }
}

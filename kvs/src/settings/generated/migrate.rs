//! What `migrate(..)` is made of.

use postcard_schema::Schema;
use postcard_schema::schema::NamedType;
use serde::de::DeserializeOwned;

use crate::settings::key::Sources;
use crate::settings::report::Rejection;
use crate::settings::schema::Source;
use crate::settings::{max_encoded_len, refused, value};

/// The rules of a setting without `migrate`.
pub fn no_rules<T>(_: usize, _: &Sources<'_>) -> Result<T, Rejection> {
    Err(Rejection::NotMigrated)
}

/// A type that old values are read as.
#[diagnostic::on_unimplemented(
    message = "old values cannot be read as `{Self}`",
    label = "not a type that can be read",
    note = "if it is a type of your own, derive `Deserialize` and `postcard_schema::Schema` for it and what it holds",
    note = "if it is another crate's, it was stored in a `kvs::Stored<..>` or a struct of your own, and is read as that"
)]
pub trait OldType: DeserializeOwned + Schema + 'static {}

#[diagnostic::do_not_recommend]
impl<T: DeserializeOwned + Schema + 'static> OldType for T {}

/// How old values of a type are read: as with a [`Codec`](super::Codec), the type is asked for its traits in one
/// place.
pub struct OldCodec<T> {
    schema: &'static NamedType,
    max_len: usize,
    decode: fn(&[u8]) -> Result<T, Rejection>,
    #[cfg(feature = "lock")]
    read: crate::lock::Read,
}

/// The codec of an old type.
///
/// # Panics
///
/// While compiling: for a type with a `usize` or `isize` in it.
#[must_use]
#[allow(clippy::panic, reason = "runs while compiling: this is the error")]
pub const fn old_codec<T: OldType>() -> OldCodec<T> {
    if let Some(advice) = refused::as_old(T::SCHEMA) {
        panic!("{}", advice)
    }
    OldCodec {
        schema: T::SCHEMA,
        max_len: max_encoded_len(T::SCHEMA, size_of::<T>()),
        decode: value::decode,
        #[cfg(feature = "lock")]
        read: crate::lock::Read::of::<T>(),
    }
}

impl<T> OldCodec<T> {
    /// An old key.
    #[must_use]
    pub const fn source(&self, name: &'static str, rev: u16) -> Source {
        Source {
            name,
            ty: self.schema,
            max_len: self.max_len,
            rev,
            secret: false,
            #[cfg(feature = "lock")]
            read: self.read,
        }
    }

    /// An old key that is not to be shown.
    #[must_use]
    pub const fn secret_source(&self, name: &'static str, rev: u16) -> Source {
        let mut source = self.source(name, rev);
        source.secret = true;
        source
    }

    /// The value of source number `index`.
    #[inline(always)]
    pub fn read(&self, sources: &Sources<'_>, index: usize) -> Result<T, Rejection> {
        self.read_any(sources, index)?.ok_or(Rejection::NotMigrated)
    }

    /// The value of source number `index`, if it is stored.
    #[inline(always)]
    pub fn read_any(&self, sources: &Sources<'_>, index: usize) -> Result<Option<T>, Rejection> {
        match sources.get(index) {
            Some(Some(bytes)) => (self.decode)(bytes).map(Some),
            _ => Ok(None),
        }
    }
}

/// What an old value becomes without `with`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not made from the old type `{Old}`",
    label = "no `From<{Old}>`",
    note = "add `with = function` or `try_with = function` to the `migrate`"
)]
pub trait MadeFrom<Old> {
    /// `From::from`.
    fn made_from(old: Old) -> Self;
}

#[diagnostic::do_not_recommend]
impl<Old, T: From<Old>> MadeFrom<Old> for T {
    fn made_from(old: Old) -> Self {
        T::from(old)
    }
}

/// A rule without `with`.
pub fn convert<Old, T: MadeFrom<Old>>(old: Old) -> T {
    T::made_from(old)
}

/// What a `try_with` function may return.
#[diagnostic::on_unimplemented(
    message = "`try_with` needs a function that returns `Result<{T}, _>` or `Option<{T}>`",
    label = "returns `{Self}`"
)]
pub trait Attempt<T> {
    /// As a rule's result.
    fn attempt(self) -> Result<T, Rejection>;
}

impl<T, E> Attempt<T> for Result<T, E> {
    fn attempt(self) -> Result<T, Rejection> {
        self.map_err(|_| Rejection::NotMigrated)
    }
}

impl<T> Attempt<T> for Option<T> {
    fn attempt(self) -> Result<T, Rejection> {
        self.ok_or(Rejection::NotMigrated)
    }
}

/// A rule with `try_with`.
pub fn attempt<T, A: Attempt<T>>(made: A) -> Result<T, Rejection> {
    made.attempt()
}

//! What the code that `#[derive(Settings)]` writes calls. Not for others: it changes with the
//! derive.
//!
//! The code for a leaf or a nested field goes through one constant each, a [`Codec`] or a
//! [`Nested`]: so the type is asked for its traits in one place, and a missing one is one error.
//! The functions in them are known while compiling, and their methods are always inlined: so no
//! call is indirect in the end.

use core::borrow::Borrow;
use core::marker::PhantomData;
use core::ops::RangeBounds;

use heapless::LenType;
use postcard_schema::Schema;
use postcard_schema::schema::NamedType;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::key::{Sources, Spec};
use super::name::{Message, Part};
use super::report::Rejection;
use super::schema::{LeafSchema, Rule, SchemaNode, Source};
use super::{Leaves, Settings, WithDefaults, foreign, max_encoded_len, shape, value};
use crate::change::EncodeError;

pub use super::history::{current, old};
pub use super::index::{KeyIndex, sorted};
pub use super::name::TextHash;
pub use super::nested::{Nestable, Nested, nested};

/// What a setting's type must be able to do.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be stored as a setting",
    label = "not a type that can be stored",
    note = "if it is a type of your own, derive `Serialize`, `Deserialize` and `postcard_schema::Schema` for it and what it holds",
    note = "if it is another crate's: a text is a `heapless::String<N>`, a list a `heapless::Vec<T, N>`; `kvs::Stored<..>` takes the other collections of `heapless` 0.9, and arrays of more than 32 items; anything else goes into a struct of your own",
    note = "or mark the field `#[setting(nested)]` if it holds a settings struct, or `#[setting(skip)]` if it is not stored"
)]
pub trait Storable: Serialize + DeserializeOwned + Schema + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned + Schema + 'static> Storable for T {}

/// A type with a default value.
#[diagnostic::on_unimplemented(
    message = "the setting type `{Self}` has no default value",
    label = "no `Default`",
    note = "add `#[setting(default = ..)]` to the field, or implement `Default` for `{Self}` if it is your own type"
)]
pub trait DefaultValue: Sized {
    /// `Default::default`.
    fn default_value() -> Self;
}

#[diagnostic::do_not_recommend]
impl<T: Default> DefaultValue for T {
    fn default_value() -> Self {
        T::default()
    }
}

/// The default of a field that is given none.
#[must_use]
pub fn default_value<T: DefaultValue>() -> T {
    T::default_value()
}

/// A type that a string literal can be the default of.
#[diagnostic::on_unimplemented(
    message = "a string literal cannot be the default of `{Self}`",
    label = "not made from a text",
    note = "write an expression of the setting's type; in an option, `Some(..)`",
    note = "a type of your own is made from a text if it has `TryFrom<&str>` and `Default`"
)]
pub trait FromText: Sized {
    /// Empty if the text does not fit. For a `String<N>`, [`has_room`] has checked that it does.
    fn from_text(text: &'static str) -> Self;
}

#[diagnostic::do_not_recommend]
impl<T: TryFrom<&'static str> + Default> FromText for T {
    fn from_text(text: &'static str) -> Self {
        T::try_from(text).unwrap_or_default()
    }
}

/// The default of a field that is given a string literal.
#[must_use]
pub fn text<T: FromText>(text: &'static str) -> T {
    T::from_text(text)
}

/// Asks a type for its capacity in bytes of text: `Probe::<T>::CAPACITY`.
///
/// That is the constant of the type's own `impl` where there is one, and of [`UnknownCapacity`] for
/// all others: so it is the type that tells, whatever it is called.
pub struct Probe<T>(PhantomData<T>);

impl<const N: usize, L: LenType> Probe<heapless::String<N, L>> {
    /// `N`.
    pub const CAPACITY: Option<usize> = Some(N);
}

impl<const N: usize, L: LenType> Probe<Option<heapless::String<N, L>>> {
    /// `N`.
    pub const CAPACITY: Option<usize> = Some(N);
}

/// The capacity of a type that does not tell.
pub trait UnknownCapacity {
    /// `None`.
    const CAPACITY: Option<usize> = None;
}

impl<T> UnknownCapacity for Probe<T> {}

/// Whether a text of `len` bytes fits, as far as is known.
#[must_use]
pub const fn has_room(capacity: Option<usize>, len: usize) -> bool {
    match capacity {
        Some(capacity) => len <= capacity,
        None => true,
    }
}

/// What the compiler says of a default of `len` bytes that does not fit.
#[must_use]
pub const fn too_long(capacity: Option<usize>, len: usize) -> Message {
    let capacity = match capacity {
        Some(capacity) => Part::Number(capacity),
        None => Part::Text(""),
    };
    Message::of(&[
        Part::Text("this default of "),
        Part::Number(len),
        Part::Text(" bytes is too long for a `String<"),
        capacity,
        Part::Text(">`"),
    ])
}

/// [`Tree::with_defaults`](super::Tree::with_defaults) of a struct with so many old keys.
#[must_use]
pub const fn with_defaults<S: Settings>(old_keys: usize) -> Option<WithDefaults> {
    fn lend<S: Settings>(to: &mut dyn FnMut(&mut dyn Leaves)) {
        to(&mut S::defaults());
    }
    match old_keys {
        0 => None,
        _ => Some(lend::<S>),
    }
}

/// The check of a setting without `range` and `validate`.
pub fn accept<T>(_: &T) -> Result<(), Rejection> {
    Ok(())
}

/// What can be the `range` of a setting.
#[diagnostic::on_unimplemented(
    message = "`range` needs bounds of the setting's own type, which must have an order",
    label = "this is `{Self}`",
    note = "use `validate = function` for what is no range"
)]
pub trait RangeOf<T> {
    /// Whether `value` is in the range.
    fn has(&self, value: &T) -> bool;
}

#[diagnostic::do_not_recommend]
impl<T: PartialOrd, R: RangeBounds<T>> RangeOf<T> for R {
    fn has(&self, value: &T) -> bool {
        self.contains(value)
    }
}

/// The check of `range`.
pub fn in_range<T, R: RangeOf<T>>(value: &T, range: &R) -> Result<(), Rejection> {
    if range.has(value) {
        Ok(())
    } else {
        Err(Rejection::OutOfRange)
    }
}

/// What a `validate` function may return.
#[diagnostic::on_unimplemented(
    message = "`validate` needs a function that returns `bool` or `Result<(), &'static str>`",
    label = "returns `{Self}`"
)]
pub trait ValidateResult {
    /// As a check's result.
    fn verdict(self) -> Result<(), Rejection>;
}

impl ValidateResult for bool {
    fn verdict(self) -> Result<(), Rejection> {
        if self {
            Ok(())
        } else {
            Err(Rejection::Invalid("the value is not valid"))
        }
    }
}

impl ValidateResult for Result<(), &'static str> {
    fn verdict(self) -> Result<(), Rejection> {
        self.map_err(Rejection::Invalid)
    }
}

/// A type whose values a `validate` function can look at as `U`: the type itself, `str` for a text.
#[diagnostic::on_unimplemented(
    message = "`validate` needs a function that takes a reference to the setting's own type",
    label = "takes `&{U}`",
    note = "a closure can convert the value: `validate = |value| ..`"
)]
pub trait ValidatedAs<U: ?Sized> {
    /// `Borrow::borrow`.
    fn as_validated(&self) -> &U;
}

#[diagnostic::do_not_recommend]
impl<U: ?Sized, T: Borrow<U>> ValidatedAs<U> for T {
    fn as_validated(&self) -> &U {
        self.borrow()
    }
}

/// Calls a `validate` function, which tells what it takes.
pub fn validate<T, U, R>(value: &T, function: impl FnOnce(&U) -> R) -> R
where
    T: ValidatedAs<U>,
    U: ?Sized,
{
    function(value.as_validated())
}

/// Calls a `validate` closure, which has to be told.
pub fn validate_closure<T, R>(value: &T, closure: impl FnOnce(&T) -> R) -> R {
    closure(value)
}

/// The check of `validate`.
pub fn verdict(verdict: impl ValidateResult) -> Result<(), Rejection> {
    verdict.verdict()
}

/// How a leaf's type gets to bytes and back.
pub struct Codec<T> {
    schema: &'static NamedType,
    /// The hash of `:shape`.
    suffix: TextHash,
    max_len: usize,
    encode: fn(&T, &mut [u8]) -> Result<usize, EncodeError>,
    decode: fn(&[u8]) -> Result<T, Rejection>,
    is_encoding: fn(&T, &[u8]) -> bool,
    #[cfg(feature = "lock")]
    wire: crate::lock::Wire<T>,
}

/// The codec of a type.
///
/// # Panics
///
/// While compiling: for a type with a `usize` or `isize` in it, or another that can't be stored.
#[must_use]
pub const fn codec<T: Storable>() -> Codec<T> {
    foreign::check(T::SCHEMA);
    Codec {
        schema: T::SCHEMA,
        // Here, where the error points at the field; the tree's hashes come later.
        suffix: shape::check(T::SCHEMA),
        max_len: max_encoded_len(T::SCHEMA, size_of::<T>()),
        encode: value::encode,
        decode: value::decode,
        is_encoding: value::encodes_to,
        #[cfg(feature = "lock")]
        wire: crate::lock::Wire::of(),
    }
}

impl<T> Codec<T> {
    /// The rules of a setting of the type.
    #[must_use]
    pub const fn spec(
        &self,
        default: fn() -> T,
        check: fn(&T) -> Result<(), Rejection>,
        migrate: fn(usize, &Sources<'_>) -> Result<T, Rejection>,
    ) -> Spec<T> {
        Spec {
            #[cfg(feature = "lock")]
            wire: Some(self.wire),
            ..Spec::new(default, check, migrate)
        }
    }

    /// The setting's part of the schema. `rev` and `rules` are what the attributes say, `texts` the
    /// unit, the default, the range, the function of `validate` and the type as written.
    #[must_use]
    pub const fn node(
        &self,
        rev: u16,
        rules: &'static [Rule],
        texts: [&'static str; 5],
        spec: &'static Spec<T>,
    ) -> SchemaNode {
        let [unit, default, range, validate, rust] = texts;
        #[cfg(not(feature = "lock"))]
        let _ = spec;
        SchemaNode::Leaf(LeafSchema {
            ty: self.schema,
            max_len: self.max_len,
            rev,
            unit,
            default,
            range,
            validate,
            rust,
            rules,
            suffix: shape::suffix(self.suffix, rev),
            #[cfg(feature = "lock")]
            spec,
        })
    }

    /// Encodes `value` into `out`.
    #[inline(always)]
    pub fn encode(&self, value: &T, out: &mut [u8]) -> Result<usize, EncodeError> {
        (self.encode)(value, out)
    }

    /// Encodes `value` into `out` if `check` lets it.
    #[inline(always)]
    pub fn check_encode(
        &self,
        value: &T,
        check: fn(&T) -> Result<(), Rejection>,
        out: &mut [u8],
    ) -> Result<usize, EncodeError> {
        check(value).map_err(EncodeError::Rejected)?;
        (self.encode)(value, out)
    }

    /// Sets `field` from exactly `bytes`.
    #[inline(always)]
    pub fn decode(&self, field: &mut T, bytes: &[u8]) -> Result<(), Rejection> {
        *field = (self.decode)(bytes)?;
        Ok(())
    }

    /// Sets `field` from exactly `bytes` if `check` lets it.
    #[inline(always)]
    pub fn check_decode(
        &self,
        field: &mut T,
        check: fn(&T) -> Result<(), Rejection>,
        bytes: &[u8],
    ) -> Result<(), Rejection> {
        let value = (self.decode)(bytes)?;
        check(&value)?;
        *field = value;
        Ok(())
    }

    /// Whether `value` encodes to `bytes`.
    #[inline(always)]
    pub fn holds(&self, value: &T, bytes: &[u8]) -> bool {
        (self.is_encoding)(value, bytes)
    }

    /// Sets `field` from old values.
    #[inline(always)]
    pub fn migrate(
        &self,
        field: &mut T,
        spec: &Spec<T>,
        rule: usize,
        sources: &Sources<'_>,
    ) -> Result<(), Rejection> {
        let value = (spec.migrate)(rule, sources)?;
        (spec.check)(&value)?;
        *field = value;
        Ok(())
    }
}

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

/// How old values of a type are read: as with a [`Codec`], the type is asked for its traits in one
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
pub const fn old_codec<T: OldType>() -> OldCodec<T> {
    shape::check(T::SCHEMA);
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

//! How a setting's type gets to bytes and back.

use core::marker::PhantomData;

use postcard_schema::Schema;
use postcard_schema::schema::NamedType;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{accept, no_rules};
use crate::change::EncodeError;
use crate::settings::key::{Sources, Spec};
use crate::settings::name::TextHash;
use crate::settings::report::Rejection;
use crate::settings::schema::{FieldSchema, LeafSchema, Rule, SchemaNode};
use crate::settings::{max_encoded_len, refused, shape, value};

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

/// How a leaf's type gets to bytes and back.
pub struct Codec<T> {
    schema: &'static NamedType,
    /// The hash of `:shape`.
    shape: TextHash,
    max_len: usize,
    encode: fn(&T, &mut [u8]) -> Result<usize, EncodeError>,
    decode: fn(&[u8]) -> Result<T, Rejection>,
    is_encoding: fn(&T, &[u8]) -> bool,
    #[cfg(feature = "lock")]
    wire: crate::lock::Wire<T>,
}

/// What is evaluated once for each type, however many settings have it.
struct OfType<T>(PhantomData<T>);

impl<T: Storable> OfType<T> {
    const REFUSED: Option<&'static str> = refused::as_setting(T::SCHEMA);

    const CODEC: &'static Codec<T> = &Codec {
        schema: T::SCHEMA,
        shape: shape::hash(T::SCHEMA),
        max_len: max_encoded_len(T::SCHEMA, size_of::<T>()),
        encode: value::encode,
        decode: value::decode,
        is_encoding: value::encodes_to,
        #[cfg(feature = "lock")]
        wire: crate::lock::Wire::of(),
    };
}

/// The codec of a type.
///
/// # Panics
///
/// While compiling: for a type with a `usize` or `isize` in it, or another that can't be stored.
#[must_use]
#[allow(clippy::panic, reason = "runs while compiling: this is the error")]
pub const fn codec<T: Storable>() -> &'static Codec<T> {
    // Here, where the error points at the field.
    if let Some(advice) = OfType::<T>::REFUSED {
        panic!("{}", advice)
    }
    OfType::<T>::CODEC
}

impl<T> Codec<T> {
    /// The rules of a setting of the type: a default only.
    #[must_use]
    pub const fn plain(&self, default: fn() -> T) -> Spec<T> {
        self.migrated(default, accept, no_rules)
    }

    /// A default, and a `range` or `validate`.
    #[must_use]
    pub const fn checked(
        &self,
        default: fn() -> T,
        check: fn(&T) -> Result<(), Rejection>,
    ) -> Spec<T> {
        self.migrated(default, check, no_rules)
    }

    /// All there is.
    #[must_use]
    pub const fn migrated(
        &self,
        default: fn() -> T,
        check: fn(&T) -> Result<(), Rejection>,
        migrate: fn(usize, &Sources<'_>) -> Result<T, Rejection>,
    ) -> Spec<T> {
        Spec {
            default,
            check,
            migrate,
            #[cfg(feature = "lock")]
            wire: Some(self.wire),
        }
    }

    /// A setting's part of the schema: of its name and the hash of that; of its docs and aliases;
    /// whether a factory reset leaves it alone, and whether it is not to be shown; of its `rev` and
    /// rules; of the unit, the default, the range, the function of `validate` and the type as
    /// written.
    #[must_use]
    #[allow(
        clippy::too_many_arguments,
        reason = "structs of them take longer to compile"
    )]
    pub const fn field(
        &self,
        name: &'static str,
        hash: [u64; 2],
        docs: &'static str,
        aliases: &'static [&'static str],
        [keep, secret]: [bool; 2],
        rev: u16,
        rules: &'static [Rule],
        [unit, default, range, validate, rust]: [&'static str; 5],
        spec: &'static Spec<T>,
    ) -> FieldSchema {
        #[cfg(not(feature = "lock"))]
        let _ = spec;
        let shape = if rev <= 1 {
            self.shape
        } else {
            shape::revised(&self.shape, rev)
        };
        FieldSchema {
            name,
            hash: TextHash::known(name, hash).then(&shape),
            docs,
            aliases,
            keep,
            secret,
            node: SchemaNode::Leaf(LeafSchema {
                ty: self.schema,
                max_len: self.max_len,
                rev,
                unit,
                default,
                range,
                validate,
                rust,
                rules,
                #[cfg(feature = "lock")]
                spec,
            }),
        }
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

//! Values: from a setting's bytes to something to show, and from what a person writes to bytes, both by the type in the lock
//! file.

mod decode;
mod encode;
mod show;
#[cfg(test)]
mod tests;
mod text;

pub(crate) use decode::decode;
pub(crate) use encode::{Wrong, encode};
pub(crate) use show::{from_hex, hex};
pub(crate) use text::parse;

use std::fmt;

/// A value of any type.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Bool(bool),
    Int(i128),
    /// What an `Int` may be too small for.
    Uint(u128),
    F32(f32),
    F64(f64),
    Text(String),
    Bytes(Vec<u8>),
    /// `Some` and a value, or `None`; whether the value has to say that it is there.
    Option(Option<Box<Value>>, bool),
    /// Sequences, arrays, tuples, units.
    List(Vec<Value>),
    /// Structs, and maps of text.
    Record(Vec<(String, Value)>),
    /// An enum's variant with what is in it.
    Variant(String, Box<Value>),
}

impl Value {
    /// How long a text or a list is, and of what.
    pub(crate) fn len(&self) -> Option<(usize, &'static str)> {
        match self {
            Self::Text(text) => Some((text.len(), "bytes")),
            Self::Bytes(bytes) => Some((bytes.len(), "bytes")),
            Self::List(items) => Some((items.len(), "items")),
            Self::Record(fields) => Some((fields.len(), "items")),
            Self::Option(Some(value), _) => value.len(),
            _ => None,
        }
    }
}

/// As it is written in TOML, but for settings without a file around them.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.to_toml())
    }
}

/// Types whose values may look like `{}` or `{ some = .. }`: in an option they are wrapped.
pub(crate) fn is_ambiguous(ty: &postcard_schema::schema::owned::OwnedDataModelType) -> bool {
    use postcard_schema::schema::owned::OwnedDataModelType as Ty;
    match ty {
        Ty::NewtypeStruct(inner) => is_ambiguous(&inner.ty),
        Ty::Option(_) | Ty::Map { .. } | Ty::Struct(_) | Ty::Enum(_) => true,
        _ => false,
    }
}

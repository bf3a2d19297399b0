//! Types as a person would write them in the source, for advice.

use std::format;
use std::string::{String, ToString};
use std::vec::Vec;

use postcard_schema::schema::owned::{OwnedDataModelType, OwnedNamedType};

use super::capacity::capacity;
use super::ty::{Type, array, keyword};

/// How a type is written in Rust, as far as its schema tells.
pub(super) fn in_rust(ty: &Type) -> String {
    write(ty.schema(), "")
}

/// A name for a type that has been replaced by `new`: its own, or another where that one has it.
pub(super) fn kept(old: &Type, new: &Type) -> String {
    let text = in_rust(old);
    if text == in_rust(new) {
        return write(old.schema(), "Old");
    }
    text
}

/// With `before` in front of the names of structs and enums.
fn write(schema: &OwnedNamedType, before: &str) -> String {
    let inner = |inner: &OwnedNamedType| write(inner, before);
    let most = capacity(schema).map_or_else(|| "..".into(), |most| most.to_string());
    match &schema.ty {
        OwnedDataModelType::String => format!("String<{most}>"),
        OwnedDataModelType::ByteArray => format!("Bytes<{most}>"),
        OwnedDataModelType::Unit => "()".into(),
        OwnedDataModelType::Option(item) => format!("Option<{}>", inner(item)),
        OwnedDataModelType::Seq(item) => format!("Vec<{}, {most}>", inner(item)),
        OwnedDataModelType::Map { key, val } => {
            format!("Map<{}, {}, {most}>", inner(key), inner(val))
        }
        OwnedDataModelType::Tuple(items) => match (items.as_slice(), array(items)) {
            ([one], _) => format!("({},)", inner(one)),
            ([first, ..], Some(_)) => format!("[{}; {}]", inner(first), items.len()),
            (items, _) => {
                let items: Vec<_> = items.iter().map(inner).collect();
                format!("({})", items.join(", "))
            }
        },
        simple => match keyword(simple) {
            "" => format!("{before}{}", schema.name),
            word => word.into(),
        },
    }
}

//! The shape of a value on the wire: kinds and nesting of its postcard encoding, in a short text.
//!
//! The text is part of each setting's key, so that a value of another shape has another key and is
//! never decoded as if it were right. Type names, field names, capacities and enum variants are
//! left out: renaming a type or growing a `String<N>` keeps the key.
//!
//! ```text
//! bool u8 i8 u16 .. i128 f32 f64 char    as they are
//! str  bytes                             String<N>, byte arrays of serde_bytes
//! ()                                     unit and unit structs
//! ?T                                     Option<T>
//! [T]                                    Vec<T, N>
//! {K:V}                                  maps
//! (A,B,C)                                tuples, tuple structs, structs
//! (T*4)                                  [T; 4], and any run of the same shape in a tuple
//! enum                                   an enum, whatever its variants
//! ```
//!
//! A newtype struct has the shape of what it holds: it is not seen on the wire.

use postcard_schema::schema::{DataModelType, NamedType, NamedValue};

use super::name::{NameWriter, TextHash};

/// Appends `:shape`, or `:shape@rev`.
pub(crate) const fn write_suffix(out: &mut NameWriter<'_>, schema: &NamedType, rev: u16) {
    out.push(":");
    write(out, schema);
    if rev > 1 {
        out.push("@");
        out.number(rev as usize);
    }
}

/// The hash of `:shape@rev`, of that of `:shape`.
pub(crate) const fn revised(shape: &TextHash, rev: u16) -> TextHash {
    let mut writer = NameWriter::new(&mut [], 0);
    writer.push("@");
    writer.number(rev as usize);
    shape.then(&writer.hash)
}

/// Appends the shape of `schema` to `out`.
const fn write(out: &mut NameWriter<'_>, schema: &NamedType) {
    let text = match schema.ty {
        DataModelType::Bool => "bool",
        DataModelType::I8 => "i8",
        DataModelType::U8 => "u8",
        DataModelType::I16 => "i16",
        DataModelType::U16 => "u16",
        DataModelType::I32 => "i32",
        DataModelType::U32 => "u32",
        DataModelType::I64 => "i64",
        DataModelType::U64 => "u64",
        DataModelType::I128 => "i128",
        DataModelType::U128 => "u128",
        DataModelType::F32 => "f32",
        DataModelType::F64 => "f64",
        DataModelType::Char => "char",
        DataModelType::String => "str",
        DataModelType::ByteArray => "bytes",
        DataModelType::Unit | DataModelType::UnitStruct => "()",
        DataModelType::Enum(_) => "enum",
        DataModelType::Schema => "schema",
        // No setting has one.
        DataModelType::Usize => "usize",
        DataModelType::Isize => "isize",
        DataModelType::NewtypeStruct(inner) => return write(out, inner),
        DataModelType::Option(inner) => {
            out.push("?");
            return write(out, inner);
        }
        DataModelType::Seq(inner) => {
            out.push("[");
            write(out, inner);
            "]"
        }
        DataModelType::Map { key, val } => {
            out.push("{");
            write(out, key);
            out.push(":");
            write(out, val);
            "}"
        }
        DataModelType::Tuple(items) | DataModelType::TupleStruct(items) => {
            return write_tuple(out, Items::Types(items));
        }
        DataModelType::Struct(fields) => return write_tuple(out, Items::Fields(fields)),
    };
    out.push(text);
}

/// The hash of `:shape`.
pub(crate) const fn hash(schema: &NamedType) -> TextHash {
    let mut writer = NameWriter::new(&mut [], 0);
    write_suffix(&mut writer, schema, 1);
    writer.hash
}

/// The items of a tuple or the fields of a struct: the same on the wire.
#[derive(Clone, Copy)]
enum Items {
    Types(&'static [&'static NamedType]),
    Fields(&'static [&'static NamedValue]),
}

impl Items {
    const fn split_first(self) -> Option<(&'static NamedType, Self)> {
        match self {
            Self::Types([first, rest @ ..]) => Some((first, Self::Types(rest))),
            Self::Fields([first, rest @ ..]) => Some((first.ty, Self::Fields(rest))),
            Self::Types([]) | Self::Fields([]) => None,
        }
    }
}

/// `(A,B*3,C)`: runs of one shape are counted, so that `[u8; 32]` stays short.
///
/// Each item is hashed once: written anew to be compared, a type of some hundred structs in each
/// other would take minutes to compile.
const fn write_tuple(out: &mut NameWriter<'_>, items: Items) {
    out.push("(");
    let mut left = items.split_first();
    while let Some((item, rest)) = left {
        let hash = hash_of(item);
        let mut run = 1usize;
        left = rest.split_first();
        while let Some((next, behind)) = left {
            if !hash_of(next).is(&hash) {
                break;
            }
            run = run.saturating_add(1);
            left = behind.split_first();
        }
        if out.has_window {
            write(out, item);
        } else {
            out.push_hash(&hash);
        }
        if run > 1 {
            out.push("*");
            out.number(run);
        }
        if left.is_some() {
            out.push(",");
        }
    }
    out.push(")");
}

/// The hash of a shape.
const fn hash_of(schema: &NamedType) -> TextHash {
    // An array has thousands of numbers.
    const U8: TextHash = TextHash::of("u8");
    const U16: TextHash = TextHash::of("u16");
    const U32: TextHash = TextHash::of("u32");
    match schema.ty {
        DataModelType::U8 => U8,
        DataModelType::U16 => U16,
        DataModelType::U32 => U32,
        _ => {
            let mut writer = NameWriter::new(&mut [], 0);
            write(&mut writer, schema);
            writer.hash
        }
    }
}

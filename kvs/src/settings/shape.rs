//! The shape of a value on the wire: kinds and nesting of its postcard encoding, in a short text.
//!
//! The text is part of each setting's key, so that a value of another shape has another key and is never decoded as
//! if it were right. Type names, field names, capacities and enum variants are left out: renaming a type or growing
//! a `String<N>` keeps the key.
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

use crate::hash::KeyHasher;

/// Goes on from `path` with the shape of `schema`.
///
/// # Panics
///
/// While compiling: for `usize` and `isize`, which differ between targets.
pub(crate) const fn hash(path: KeyHasher, schema: &NamedType) -> KeyHasher {
    match schema.ty {
        DataModelType::Bool => path.text("bool"),
        DataModelType::I8 => path.text("i8"),
        DataModelType::U8 => path.text("u8"),
        DataModelType::I16 => path.text("i16"),
        DataModelType::U16 => path.text("u16"),
        DataModelType::I32 => path.text("i32"),
        DataModelType::U32 => path.text("u32"),
        DataModelType::I64 => path.text("i64"),
        DataModelType::U64 => path.text("u64"),
        DataModelType::I128 => path.text("i128"),
        DataModelType::U128 => path.text("u128"),
        DataModelType::F32 => path.text("f32"),
        DataModelType::F64 => path.text("f64"),
        DataModelType::Char => path.text("char"),
        DataModelType::String => path.text("str"),
        DataModelType::ByteArray => path.text("bytes"),
        DataModelType::Unit | DataModelType::UnitStruct => path.text("()"),
        DataModelType::Option(inner) => hash(path.byte(b'?'), inner),
        DataModelType::NewtypeStruct(inner) => hash(path, inner),
        DataModelType::Seq(inner) => hash(path.byte(b'['), inner).byte(b']'),
        DataModelType::Map { key, val } => {
            let key = hash(path.byte(b'{'), key);
            hash(key.byte(b':'), val).byte(b'}')
        }
        DataModelType::Tuple(items) | DataModelType::TupleStruct(items) => {
            hash_tuple(path, Items::Types(items))
        }
        DataModelType::Struct(fields) => hash_tuple(path, Items::Fields(fields)),
        DataModelType::Enum(_) => path.text("enum"),
        DataModelType::Usize | DataModelType::Isize => target_dependent(),
        DataModelType::Schema => path.text("schema"),
    }
}

#[allow(clippy::panic, reason = "runs while compiling: this is the error")]
const fn target_dependent() -> ! {
    panic!("settings: `usize` and `isize` differ between targets; use a type of fixed size")
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
const fn hash_tuple(path: KeyHasher, items: Items) -> KeyHasher {
    let mut path = path.byte(b'(');
    let mut items = items;
    let mut separate = false;
    while let Some((item, mut rest)) = items.split_first() {
        let mut run = 1usize;
        while let Some((next, behind)) = rest.split_first() {
            if !same(item, next) {
                break;
            }
            run = run.saturating_add(1);
            rest = behind;
        }
        if separate {
            path = path.byte(b',');
        }
        path = hash(path, item);
        if run > 1 {
            path = path.byte(b'*').number(run);
        }
        separate = true;
        items = rest;
    }
    path.byte(b')')
}

/// Whether two types have the same shape, judged by the hash of its text.
const fn same(a: &NamedType, b: &NamedType) -> bool {
    hash(KeyHasher::new(), a).finish() == hash(KeyHasher::new(), b).finish()
}

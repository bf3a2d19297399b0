//! How long a value's encoding can get, from its schema and its size in RAM.

use postcard_schema::schema::{DataModelType, DataModelVariant, NamedType, NamedValue};

/// The most bytes that a value of a type without heap or pointers encodes to.
///
/// `size` is the type's size in RAM: it bounds strings and vectors, whose capacity the schema does not tell. A bound,
/// exact where the type has no strings or vectors; a type that keeps its contents elsewhere (`std::string::String`)
/// can exceed it, and gets [`Error::BufferTooSmall`](crate::Error::BufferTooSmall) then.
#[must_use]
pub const fn max_encoded_len(schema: &NamedType, size: usize) -> usize {
    let bound = bound(schema, size);
    bound.fixed.saturating_add(bound.contents)
}

/// What a type's encoding comes to.
#[derive(Clone, Copy)]
struct Bound {
    /// The bytes of its fixed parts, lengths of strings and vectors included.
    fixed: usize,
    /// The most bytes that strings and vectors hold, all `size` bytes of RAM being the contents of one of them.
    contents: usize,
    /// The least RAM a value takes: what bounds the number of items in a vector.
    ram: usize,
}

impl Bound {
    const NOTHING: Self = Self::fixed(0, 0);

    const fn fixed(fixed: usize, ram: usize) -> Self {
        Self {
            fixed,
            contents: 0,
            ram,
        }
    }

    /// One after the other.
    const fn and(self, other: Self) -> Self {
        Self {
            fixed: self.fixed.saturating_add(other.fixed),
            contents: max(self.contents, other.contents),
            ram: self.ram.saturating_add(other.ram),
        }
    }

    /// One or the other.
    const fn or(self, other: Self) -> Self {
        Self {
            fixed: max(self.fixed, other.fixed),
            contents: max(self.contents, other.contents),
            ram: 0,
        }
    }

    /// Any number of them, within `size` bytes of RAM.
    const fn repeated(self, size: usize) -> Self {
        let items = match size.checked_div(self.ram) {
            Some(items) => items,
            None => size,
        };
        Self {
            fixed: varint_len(items),
            contents: self
                .fixed
                .saturating_mul(items)
                .saturating_add(self.contents),
            ram: 0,
        }
    }
}

const fn bound(schema: &NamedType, size: usize) -> Bound {
    match schema.ty {
        DataModelType::Unit | DataModelType::UnitStruct => Bound::NOTHING,
        DataModelType::Bool | DataModelType::I8 | DataModelType::U8 => Bound::fixed(1, 1),
        DataModelType::I16 | DataModelType::U16 => Bound::fixed(3, 2),
        DataModelType::I32 | DataModelType::U32 => Bound::fixed(5, 4),
        DataModelType::F32 => Bound::fixed(4, 4),
        DataModelType::F64 => Bound::fixed(8, 8),
        DataModelType::I64 | DataModelType::U64 => Bound::fixed(10, 8),
        DataModelType::Usize | DataModelType::Isize => Bound::fixed(10, 4),
        DataModelType::I128 | DataModelType::U128 => Bound::fixed(19, 16),
        // A length byte and up to four bytes of UTF-8.
        DataModelType::Char => Bound::fixed(5, 4),
        DataModelType::String | DataModelType::ByteArray | DataModelType::Schema => {
            Bound::fixed(1, 1).repeated(size)
        }
        // A niche may hold the `None`.
        DataModelType::Option(inner) => bound(inner, size).and(Bound::fixed(1, 0)),
        DataModelType::NewtypeStruct(inner) => bound(inner, size),
        DataModelType::Seq(item) => bound(item, size).repeated(size),
        DataModelType::Map { key, val } => bound(key, size).and(bound(val, size)).repeated(size),
        DataModelType::Tuple(items) | DataModelType::TupleStruct(items) => of_types(items, size),
        DataModelType::Struct(fields) => of_fields(fields, size),
        DataModelType::Enum(variants) => {
            let mut most = Bound::NOTHING;
            let mut rest = *variants;
            while let [variant, tail @ ..] = rest {
                most = most.or(match variant.ty {
                    DataModelVariant::UnitVariant => Bound::NOTHING,
                    DataModelVariant::NewtypeVariant(inner) => bound(inner, size),
                    DataModelVariant::TupleVariant(items) => of_types(items, size),
                    DataModelVariant::StructVariant(fields) => of_fields(fields, size),
                });
                rest = tail;
            }
            most.and(Bound::fixed(varint_len(variants.len()), 0))
        }
    }
}

const fn of_types(items: &[&NamedType], size: usize) -> Bound {
    let mut total = Bound::NOTHING;
    let mut items = items;
    while let [item, rest @ ..] = items {
        total = total.and(bound(item, size));
        items = rest;
    }
    total
}

const fn of_fields(fields: &[&NamedValue], size: usize) -> Bound {
    let mut total = Bound::NOTHING;
    let mut fields = fields;
    while let [field, rest @ ..] = fields {
        total = total.and(bound(field.ty, size));
        fields = rest;
    }
    total
}

const fn max(a: usize, b: usize) -> usize {
    if a > b { a } else { b }
}

/// The length of a number as a postcard varint.
const fn varint_len(number: usize) -> usize {
    ((number | 1).ilog2() as usize / 7).saturating_add(1)
}

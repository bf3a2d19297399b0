//! How long a value's encoding can get, from its schema and its size in RAM.

use postcard_schema::schema::{DataModelType, DataModelVariant, NamedType, NamedValue};

/// The most bytes that a value of a type without heap or pointers encodes to.
///
/// `size` is the type's size in RAM: it bounds strings and vectors, whose capacity the schema does not tell. A bound,
/// exact where the type has no strings or vectors; a type that keeps its contents elsewhere (`std::string::String`)
/// can exceed it, and gets [`Error::BufferTooSmall`](crate::Error::BufferTooSmall) then.
#[must_use]
pub const fn max_encoded_len(schema: &NamedType, size: usize) -> usize {
    match schema.ty {
        DataModelType::Unit | DataModelType::UnitStruct => 0,
        DataModelType::Bool | DataModelType::I8 | DataModelType::U8 => 1,
        DataModelType::I16 | DataModelType::U16 => 3,
        DataModelType::I32 | DataModelType::U32 => 5,
        DataModelType::F32 => 4,
        DataModelType::F64 => 8,
        DataModelType::I64 | DataModelType::U64 | DataModelType::Usize | DataModelType::Isize => 10,
        DataModelType::I128 | DataModelType::U128 => 19,
        // A length byte and up to four bytes of UTF-8.
        DataModelType::Char => 5,
        DataModelType::String | DataModelType::ByteArray | DataModelType::Schema => {
            varint_len(size).saturating_add(size)
        }
        DataModelType::Option(inner) => max_encoded_len(inner, size).saturating_add(1),
        DataModelType::NewtypeStruct(inner) => max_encoded_len(inner, size),
        DataModelType::Seq(item) => {
            let items = items_in(size, min_size(item));
            max_encoded_len(item, size)
                .saturating_mul(items)
                .saturating_add(varint_len(items))
        }
        DataModelType::Map { key, val } => {
            let items = items_in(size, min_size(key).saturating_add(min_size(val)));
            max_encoded_len(key, size)
                .saturating_add(max_encoded_len(val, size))
                .saturating_mul(items)
                .saturating_add(varint_len(items))
        }
        DataModelType::Tuple(items) | DataModelType::TupleStruct(items) => max_of_types(items, size),
        DataModelType::Struct(fields) => max_of_fields(fields, size),
        DataModelType::Enum(variants) => {
            let mut most = 0;
            let mut rest = *variants;
            while let [variant, tail @ ..] = rest {
                let len = match variant.ty {
                    DataModelVariant::UnitVariant => 0,
                    DataModelVariant::NewtypeVariant(inner) => max_encoded_len(inner, size),
                    DataModelVariant::TupleVariant(items) => max_of_types(items, size),
                    DataModelVariant::StructVariant(fields) => max_of_fields(fields, size),
                };
                if len > most {
                    most = len;
                }
                rest = tail;
            }
            varint_len(variants.len()).saturating_add(most)
        }
    }
}

/// Items that are all alike share `size` between them: `[String<8>; 4]` is not four times the whole.
const fn max_of_types(items: &[&NamedType], size: usize) -> usize {
    let share = match size.checked_div(items.len()) {
        Some(share) if alike(items) => share,
        _ => size,
    };
    let mut total = 0usize;
    let mut items = items;
    while let [item, rest @ ..] = items {
        total = total.saturating_add(max_encoded_len(item, share));
        items = rest;
    }
    total
}

const fn max_of_fields(fields: &[&NamedValue], size: usize) -> usize {
    let mut total = 0usize;
    let mut fields = fields;
    while let [field, rest @ ..] = fields {
        total = total.saturating_add(max_encoded_len(field.ty, size));
        fields = rest;
    }
    total
}

/// Whether a tuple is an array: its items share one schema.
const fn alike(items: &[&NamedType]) -> bool {
    let [first, rest @ ..] = items else {
        return true;
    };
    let mut rest = rest;
    while let [item, tail @ ..] = rest {
        if !super::shape::same(first, item) {
            return false;
        }
        rest = tail;
    }
    true
}

const fn items_in(size: usize, each: usize) -> usize {
    match size.checked_div(each) {
        Some(items) => items,
        None => size,
    }
}

/// The least RAM a value takes: what bounds the number of items in a vector.
const fn min_size(schema: &NamedType) -> usize {
    match schema.ty {
        DataModelType::I16 | DataModelType::U16 => 2,
        DataModelType::I32 | DataModelType::U32 | DataModelType::F32 | DataModelType::Char => 4,
        DataModelType::I64 | DataModelType::U64 | DataModelType::F64 => 8,
        DataModelType::I128 | DataModelType::U128 => 16,
        DataModelType::NewtypeStruct(inner) | DataModelType::Option(inner) => min_size(inner),
        DataModelType::Tuple(items) | DataModelType::TupleStruct(items) => {
            let mut total = 0usize;
            let mut items = *items;
            while let [item, rest @ ..] = items {
                total = total.saturating_add(min_size(item));
                items = rest;
            }
            at_least_one(total)
        }
        DataModelType::Struct(fields) => {
            let mut total = 0usize;
            let mut fields = *fields;
            while let [field, rest @ ..] = fields {
                total = total.saturating_add(min_size(field.ty));
                fields = rest;
            }
            at_least_one(total)
        }
        _ => 1,
    }
}

const fn at_least_one(size: usize) -> usize {
    if size == 0 { 1 } else { size }
}

/// The length of a number as a postcard varint.
const fn varint_len(number: usize) -> usize {
    (number | 1).ilog2() as usize / 7 + 1
}

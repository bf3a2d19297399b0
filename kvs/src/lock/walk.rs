//! Takes bytes apart by a schema.

use postcard_schema::schema::{DataModelType as Ty, DataModelVariant as Variant, NamedType};

/// Whether bytes are one value of the schema.
pub(super) fn is_one(schema: &NamedType, bytes: &[u8]) -> bool {
    matches!(walk(schema, bytes), Some([]))
}

/// What is left of `bytes` behind a value of the schema.
fn walk<'a>(schema: &NamedType, bytes: &'a [u8]) -> Option<&'a [u8]> {
    fn skip<'a, T: serde::Deserialize<'a>>(bytes: &'a [u8]) -> Option<&'a [u8]> {
        postcard::take_from_bytes::<T>(bytes)
            .ok()
            .map(|(_, rest)| rest)
    }
    fn number(bytes: &[u8]) -> Option<(u32, &[u8])> {
        postcard::take_from_bytes(bytes).ok()
    }
    match schema.ty {
        Ty::Unit | Ty::UnitStruct => Some(bytes),
        Ty::Bool => skip::<bool>(bytes),
        Ty::U8 | Ty::I8 => skip::<u8>(bytes),
        Ty::U16 | Ty::I16 => skip::<u16>(bytes),
        Ty::U32 | Ty::I32 => skip::<u32>(bytes),
        Ty::U64 | Ty::I64 | Ty::Usize | Ty::Isize => skip::<u64>(bytes),
        Ty::U128 | Ty::I128 => skip::<u128>(bytes),
        Ty::F32 => skip::<f32>(bytes),
        Ty::F64 => skip::<f64>(bytes),
        Ty::Char => skip::<char>(bytes),
        Ty::String => skip::<&str>(bytes),
        Ty::ByteArray => skip::<&[u8]>(bytes),
        // Nobody stores a schema.
        Ty::Schema => Some(&[]),
        Ty::NewtypeStruct(inner) => walk(inner, bytes),
        Ty::Option(inner) => match bytes {
            [0, rest @ ..] => Some(rest),
            [1, rest @ ..] => walk(inner, rest),
            _ => None,
        },
        Ty::Seq(item) => {
            let (len, bytes) = number(bytes)?;
            (0..len).try_fold(bytes, |bytes, _| walk(item, bytes))
        }
        Ty::Map { key, val } => {
            let (len, bytes) = number(bytes)?;
            (0..len).try_fold(bytes, |bytes, _| walk(val, walk(key, bytes)?))
        }
        Ty::Tuple(items) | Ty::TupleStruct(items) => items
            .iter()
            .try_fold(bytes, |bytes, item| walk(item, bytes)),
        Ty::Struct(fields) => fields
            .iter()
            .try_fold(bytes, |bytes, field| walk(field.ty, bytes)),
        Ty::Enum(variants) => {
            let (number, bytes) = number(bytes)?;
            match variants.get(usize::try_from(number).ok()?)?.ty {
                Variant::UnitVariant => Some(bytes),
                Variant::NewtypeVariant(inner) => walk(inner, bytes),
                Variant::TupleVariant(items) => items
                    .iter()
                    .try_fold(bytes, |bytes, item| walk(item, bytes)),
                Variant::StructVariant(fields) => fields
                    .iter()
                    .try_fold(bytes, |bytes, field| walk(field.ty, bytes)),
            }
        }
    }
}

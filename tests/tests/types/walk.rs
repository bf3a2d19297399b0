//! Whether bytes are what a schema says, by a reading of the schema that knows no type and no serde.

use postcard_schema::schema::{DataModelType, DataModelVariant, NamedType};

/// `Ok` if `bytes` are a value of the schema, whole.
pub(crate) fn check(schema: &NamedType, bytes: &[u8]) -> Result<(), String> {
    let mut rest = bytes;
    value(schema, &mut rest)?;
    if rest.is_empty() {
        return Ok(());
    }
    Err(format!("{} bytes are left over", rest.len()))
}

fn value(schema: &NamedType, rest: &mut &[u8]) -> Result<(), String> {
    match schema.ty {
        DataModelType::Unit | DataModelType::UnitStruct => Ok(()),
        DataModelType::Bool => take(rest, 1)?
            .first()
            .filter(|byte| **byte < 2)
            .map(|_| ())
            .ok_or_else(|| "no bool".into()),
        DataModelType::U8 | DataModelType::I8 => take(rest, 1).map(|_| ()),
        DataModelType::F32 => take(rest, 4).map(|_| ()),
        DataModelType::F64 => take(rest, 8).map(|_| ()),
        DataModelType::U16 | DataModelType::I16 => varint(rest, 16).map(|_| ()),
        DataModelType::U32 | DataModelType::I32 => varint(rest, 32).map(|_| ()),
        DataModelType::U64 | DataModelType::I64 => varint(rest, 64).map(|_| ()),
        DataModelType::U128 | DataModelType::I128 => varint(rest, 128).map(|_| ()),
        DataModelType::Char => {
            let text = text(rest)?;
            (text.chars().count() == 1)
                .then_some(())
                .ok_or_else(|| format!("{text:?} is no char"))
        }
        DataModelType::String => text(rest).map(|_| ()),
        DataModelType::ByteArray => {
            let len = len(rest)?;
            take(rest, len).map(|_| ())
        }
        DataModelType::Option(inner) => match take(rest, 1)? {
            [0] => Ok(()),
            [1] => value(inner, rest),
            other => Err(format!("{other:?} is no option")),
        },
        DataModelType::NewtypeStruct(inner) => value(inner, rest),
        DataModelType::Seq(item) => (0..len(rest)?).try_for_each(|_| value(item, rest)),
        DataModelType::Map { key, val } => (0..len(rest)?).try_for_each(|_| {
            value(key, rest)?;
            value(val, rest)
        }),
        DataModelType::Tuple(items) | DataModelType::TupleStruct(items) => {
            items.iter().try_for_each(|item| value(item, rest))
        }
        DataModelType::Struct(fields) => fields.iter().try_for_each(|field| value(field.ty, rest)),
        DataModelType::Enum(variants) => {
            let number = len(rest)?;
            let variant = variants
                .get(number)
                .ok_or_else(|| format!("no variant {number}"))?;
            match variant.ty {
                DataModelVariant::UnitVariant => Ok(()),
                DataModelVariant::NewtypeVariant(inner) => value(inner, rest),
                DataModelVariant::TupleVariant(items) => {
                    items.iter().try_for_each(|item| value(item, rest))
                }
                DataModelVariant::StructVariant(fields) => {
                    fields.iter().try_for_each(|field| value(field.ty, rest))
                }
            }
        }
        DataModelType::Usize | DataModelType::Isize | DataModelType::Schema => {
            Err(format!("{} is no setting's type", schema.name))
        }
    }
}

fn take<'a>(rest: &mut &'a [u8], count: usize) -> Result<&'a [u8], String> {
    let (taken, behind) = rest
        .split_at_checked(count)
        .ok_or_else(|| format!("{count} bytes are missing, {} are there", rest.len()))?;
    *rest = behind;
    Ok(taken)
}

fn varint(rest: &mut &[u8], bits: u32) -> Result<u128, String> {
    let mut number = 0;
    for group in 0..bits.div_ceil(7) {
        let [byte] = *take(rest, 1)? else {
            unreachable!("one byte")
        };
        number |= u128::from(byte & 0x7F) << (7 * group);
        if byte & 0x80 == 0 {
            return Ok(number);
        }
    }
    Err(format!("a number of more than {bits} bits"))
}

fn len(rest: &mut &[u8]) -> Result<usize, String> {
    Ok(usize::try_from(varint(rest, 32)?).expect("32 bits"))
}

fn text<'a>(rest: &mut &'a [u8]) -> Result<&'a str, String> {
    let len = len(rest)?;
    core::str::from_utf8(take(rest, len)?).map_err(|error| error.to_string())
}

//! From postcard bytes to a value, by a type. As strict as a device: no byte may be left over.

use postcard_schema::schema::owned::{
    OwnedDataModelType as Ty, OwnedDataModelVariant as Payload, OwnedNamedType, OwnedNamedValue,
};

use super::{Value, is_ambiguous};

/// The value that exactly `bytes` are; `None` if they are none of this type.
pub(crate) fn decode(ty: &OwnedNamedType, bytes: &[u8]) -> Option<Value> {
    let mut reader = Reader {
        rest: bytes,
        budget: BUDGET,
    };
    let value = reader.value(&ty.ty)?;
    reader.rest.is_empty().then_some(value)
}

/// The most values in one: a list of a million units takes three bytes.
const BUDGET: usize = 1 << 18;

struct Reader<'a> {
    rest: &'a [u8],
    budget: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(len)?;
        self.rest = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    /// A number of at most `bits` bits.
    fn varint(&mut self, bits: u32) -> Option<u128> {
        let mut out = 0u128;
        for index in 0..bits.div_ceil(7) {
            let byte = self.byte()?;
            let shift = index * 7;
            let part = u128::from(byte & 0x7F);
            if shift + 7 > bits && part >> (bits - shift) != 0 {
                return None;
            }
            out |= part << shift;
            if byte & 0x80 == 0 {
                return Some(out);
            }
        }
        None
    }

    fn signed(&mut self, bits: u32) -> Option<Value> {
        let raw = self.varint(bits)?;
        let half = (raw >> 1) as i128;
        Some(Value::Int(if raw & 1 == 0 { half } else { !half }))
    }

    fn len(&mut self) -> Option<usize> {
        // A device has addresses of 32 bits.
        usize::try_from(self.varint(32)?).ok()
    }

    fn value(&mut self, ty: &Ty) -> Option<Value> {
        self.budget = self.budget.checked_sub(1)?;
        Some(match ty {
            Ty::Bool => match self.byte()? {
                0 => Value::Bool(false),
                1 => Value::Bool(true),
                _ => return None,
            },
            Ty::U8 => Value::Int(self.byte()?.into()),
            Ty::I8 => Value::Int((self.byte()? as i8).into()),
            Ty::U16 => Value::Int(self.varint(16)? as i128),
            Ty::U32 => Value::Int(self.varint(32)? as i128),
            Ty::U64 | Ty::Usize => Value::Int(self.varint(64)? as i128),
            Ty::U128 => Value::Uint(self.varint(128)?),
            Ty::I16 => self.signed(16)?,
            Ty::I32 => self.signed(32)?,
            Ty::I64 | Ty::Isize => self.signed(64)?,
            Ty::I128 => self.signed(128)?,
            Ty::F32 => Value::F32(f32::from_le_bytes(*self.take(4)?.first_chunk()?)),
            Ty::F64 => Value::F64(f64::from_le_bytes(*self.take(8)?.first_chunk()?)),
            Ty::Char => {
                let text = self.text()?;
                (text.chars().count() == 1).then_some(Value::Text(text))?
            }
            Ty::String => Value::Text(self.text()?),
            Ty::ByteArray => {
                let len = self.len()?;
                Value::Bytes(self.take(len)?.to_vec())
            }
            Ty::Option(inner) => {
                let wrapped = is_ambiguous(&inner.ty);
                match self.byte()? {
                    0 => Value::Option(None, wrapped),
                    1 => Value::Option(Some(Box::new(self.value(&inner.ty)?)), wrapped),
                    _ => return None,
                }
            }
            Ty::Unit | Ty::UnitStruct => Value::List(Vec::new()),
            Ty::NewtypeStruct(inner) => self.value(&inner.ty)?,
            Ty::Seq(item) => {
                let len = self.len()?;
                let items = (0..len).map(|_| self.value(&item.ty));
                Value::List(items.collect::<Option<_>>()?)
            }
            Ty::Tuple(items) | Ty::TupleStruct(items) => self.tuple(items)?,
            Ty::Map { key, val } => self.map(key, val)?,
            Ty::Struct(fields) => self.record(fields)?,
            Ty::Enum(variants) => {
                let number = self.varint(32)?;
                let variant = variants.get(usize::try_from(number).ok()?)?;
                let payload = match &variant.ty {
                    Payload::UnitVariant => return Some(Value::Text(variant.name.clone())),
                    Payload::NewtypeVariant(inner) => self.value(&inner.ty)?,
                    Payload::TupleVariant(items) => self.tuple(items)?,
                    Payload::StructVariant(fields) => self.record(fields)?,
                };
                Value::Variant(variant.name.clone(), Box::new(payload))
            }
            // A type as a value: no setting has it.
            Ty::Schema => return None,
        })
    }

    fn text(&mut self) -> Option<String> {
        let len = self.len()?;
        String::from_utf8(self.take(len)?.to_vec()).ok()
    }

    fn tuple(&mut self, items: &[OwnedNamedType]) -> Option<Value> {
        let items = items.iter().map(|item| self.value(&item.ty));
        Some(Value::List(items.collect::<Option<_>>()?))
    }

    fn record(&mut self, fields: &[OwnedNamedValue]) -> Option<Value> {
        let fields = fields
            .iter()
            .map(|field| Some((field.name.clone(), self.value(&field.ty.ty)?)));
        Some(Value::Record(fields.collect::<Option<_>>()?))
    }

    /// As a record if its keys are text; else, or where a key is there twice, as pairs.
    fn map(&mut self, key: &OwnedNamedType, val: &OwnedNamedType) -> Option<Value> {
        let len = self.len()?;
        let pairs = (0..len).map(|_| Some((self.value(&key.ty)?, self.value(&val.ty)?)));
        let pairs: Vec<_> = pairs.collect::<Option<_>>()?;
        let mut fields: Vec<(String, Value)> = Vec::new();
        for (key, value) in &pairs {
            match key {
                Value::Text(text) if !fields.iter().any(|(name, _)| name == text) => {
                    fields.push((text.clone(), value.clone()));
                }
                _ => {
                    let pairs = pairs
                        .into_iter()
                        .map(|(key, value)| Value::List(vec![key, value]));
                    return Some(Value::List(pairs.collect()));
                }
            }
        }
        Some(Value::Record(fields))
    }
}

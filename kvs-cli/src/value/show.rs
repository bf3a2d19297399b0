//! Values as TOML and as JSON.

use toml_edit::{Array, InlineTable, Value as Toml};

use super::Value;

impl Value {
    /// Values that TOML has no type for are text: numbers beyond 64 bits, bytes as hex.
    pub(crate) fn to_toml(&self) -> Toml {
        match self {
            Self::Bool(value) => (*value).into(),
            Self::Int(value) => match i64::try_from(*value) {
                Ok(value) => value.into(),
                Err(_) => value.to_string().into(),
            },
            Self::Uint(value) => match i64::try_from(*value) {
                Ok(value) => value.into(),
                Err(_) => value.to_string().into(),
            },
            Self::F32(value) => widen(*value).into(),
            Self::F64(value) => (*value).into(),
            Self::Text(text) => text.as_str().into(),
            Self::Bytes(bytes) => hex(bytes).into(),
            Self::Option(None, _) => InlineTable::new().into(),
            Self::Option(Some(value), false) => value.to_toml(),
            Self::Option(Some(value), true) => table([("some", value.as_ref())]),
            Self::List(items) => {
                let items = items.iter().map(Self::to_toml);
                Toml::Array(items.collect::<Array>())
            }
            Self::Record(fields) => {
                table(fields.iter().map(|(name, value)| (name.as_str(), value)))
            }
            Self::Variant(name, payload) => table([(name.as_str(), payload.as_ref())]),
        }
    }

    pub(crate) fn to_json(&self) -> serde_json::Value {
        use serde_json::Value as Json;
        match self {
            Self::Bool(value) => (*value).into(),
            Self::Int(value) => match (i64::try_from(*value), u64::try_from(*value)) {
                (Ok(value), _) => value.into(),
                (_, Ok(value)) => value.into(),
                _ => value.to_string().into(),
            },
            Self::Uint(value) => match u64::try_from(*value) {
                Ok(value) => value.into(),
                Err(_) => value.to_string().into(),
            },
            // JSON has no NaN and no infinity.
            Self::F32(value) if !value.is_finite() => value.to_string().into(),
            Self::F64(value) if !value.is_finite() => value.to_string().into(),
            Self::F32(value) => widen(*value).into(),
            Self::F64(value) => (*value).into(),
            Self::Text(text) => text.as_str().into(),
            Self::Bytes(bytes) => hex(bytes).into(),
            Self::Option(None, _) => Json::Null,
            Self::Option(Some(value), false) => value.to_json(),
            Self::Option(Some(value), true) => serde_json::json!({ "some": value.to_json() }),
            Self::List(items) => items.iter().map(Self::to_json).collect(),
            Self::Record(fields) => fields
                .iter()
                .map(|(name, value)| (name.clone(), value.to_json()))
                .collect(),
            Self::Variant(name, payload) => {
                serde_json::json!({ name.as_str(): payload.to_json() })
            }
        }
    }
}

fn table<'a>(fields: impl IntoIterator<Item = (&'a str, &'a Value)>) -> Toml {
    let fields = fields.into_iter();
    let table: InlineTable = fields
        .map(|(name, value)| (name, value.to_toml()))
        .collect();
    Toml::InlineTable(table)
}

/// The number with the same shortest digits: 0.1, not 0.10000000149011612.
fn widen(value: f32) -> f64 {
    value.to_string().parse().unwrap_or(f64::from(value))
}

/// `00 ff a0`
pub(crate) fn hex(bytes: &[u8]) -> String {
    let bytes: Vec<_> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    bytes.join(" ")
}

/// The bytes of hex digits, spaces left out.
pub(crate) fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text
        .bytes()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect();
    if !digits.len().is_multiple_of(2) || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    let pairs = digits.chunks(2).map(|pair| {
        let text = std::str::from_utf8(pair).ok()?;
        u8::from_str_radix(text, 16).ok()
    });
    pairs.collect()
}

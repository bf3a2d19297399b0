//! From what a person writes, as TOML, to postcard bytes, by a type.

use std::ops::Range;

use postcard_schema::schema::owned::{
    OwnedDataModelType as Ty, OwnedDataModelVariant as Payload, OwnedNamedType, OwnedNamedValue,
    OwnedNamedVariant,
};
use toml_edit::Value as Toml;

use super::is_ambiguous;
use super::show::from_hex;

/// Why something is no value of a type.
#[derive(Debug, PartialEq)]
pub(crate) struct Wrong {
    /// Where in the text.
    pub(crate) span: Option<Range<usize>>,
    /// The text, or the front of it: not for everybody's eyes.
    value: Option<String>,
    /// What is wrong with it: `is too large`.
    what: String,
    /// What it may be.
    pub(crate) allowed: String,
}

impl Wrong {
    /// What is wrong with a value of which nothing is shown.
    pub(crate) fn unshown(span: Option<Range<usize>>, what: String, allowed: String) -> Self {
        Self {
            span,
            value: None,
            what,
            allowed,
        }
    }

    /// What is wrong with `value`.
    pub(crate) fn new(value: &Toml, what: &str, allowed: impl Into<String>) -> Self {
        let text = value.to_string();
        let mut text = text.trim().to_owned();
        if text.chars().count() > 40 {
            text = text.chars().take(37).chain("...".chars()).collect();
        }
        Self {
            span: value.span(),
            value: Some(text),
            what: what.into(),
            allowed: allowed.into(),
        }
    }

    /// The same of a secret.
    pub(crate) fn masked(mut self) -> Self {
        self.value = self.value.map(|_| "(masked)".into());
        self
    }

    /// `` `300` is too large ``
    pub(crate) fn text(&self) -> String {
        match &self.value {
            Some(value) => format!("`{value}` {}", self.what),
            None => self.what.clone(),
        }
    }
}

/// Appends the bytes of a value of type `ty`.
pub(crate) fn encode(ty: &OwnedNamedType, value: &Toml, out: &mut Vec<u8>) -> Result<(), Wrong> {
    one(&ty.ty, value, out)
}

type Done = Result<(), Wrong>;

fn wrong<T>(value: &Toml, what: &str, allowed: impl Into<String>) -> Result<T, Wrong> {
    Err(Wrong::new(value, what, allowed))
}

fn one(ty: &Ty, value: &Toml, out: &mut Vec<u8>) -> Done {
    match ty {
        Ty::Bool => match value.as_bool() {
            Some(value) => out.push(value.into()),
            None => return wrong(value, "is not a yes or no", "true or false"),
        },
        Ty::U8 => out.push(uint(value, 8)? as u8),
        Ty::I8 => out.push(int(value, 8)? as u8),
        Ty::U16 => varint(uint(value, 16)?, out),
        Ty::U32 => varint(uint(value, 32)?, out),
        Ty::U64 | Ty::Usize => varint(uint(value, 64)?, out),
        Ty::U128 => varint(uint(value, 128)?, out),
        Ty::I16 => varint(zigzag(int(value, 16)?), out),
        Ty::I32 => varint(zigzag(int(value, 32)?), out),
        Ty::I64 | Ty::Isize => varint(zigzag(int(value, 64)?), out),
        Ty::I128 => varint(zigzag(int(value, 128)?), out),
        Ty::F32 => out.extend((float(value)? as f32).to_le_bytes()),
        Ty::F64 => out.extend(float(value)?.to_le_bytes()),
        Ty::Char => match value.as_str() {
            Some(text) if text.chars().count() == 1 => bytes(text.as_bytes(), out),
            _ => return wrong(value, "is not a character", "text of one character"),
        },
        Ty::String => match value.as_str() {
            Some(text) => bytes(text.as_bytes(), out),
            None => return wrong(value, "is not text", "text in quotes"),
        },
        Ty::ByteArray => byte_array(value, out)?,
        Ty::Option(inner) => option(inner, value, out)?,
        Ty::Unit | Ty::UnitStruct => tuple(&[], value, out)?,
        Ty::NewtypeStruct(inner) => one(&inner.ty, value, out)?,
        Ty::Seq(item) => {
            let Some(items) = value.as_array() else {
                return wrong(value, "is not a list", "a list: [.., ..]");
            };
            varint(items.len() as u128, out);
            for value in items {
                one(&item.ty, value, out)?;
            }
        }
        Ty::Tuple(items) | Ty::TupleStruct(items) => tuple(items, value, out)?,
        Ty::Map { key, val } => map(key, val, value, out)?,
        Ty::Struct(fields) => record(fields, value, out)?,
        Ty::Enum(variants) => variant(variants, value, out)?,
        Ty::Schema => return wrong(value, "can't be written", "nothing: types are no values"),
    }
    Ok(())
}

fn varint(mut number: u128, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn zigzag(number: i128) -> u128 {
    ((number << 1) ^ (number >> 127)) as u128
}

fn bytes(bytes: &[u8], out: &mut Vec<u8>) {
    varint(bytes.len() as u128, out);
    out.extend(bytes);
}

/// A number, also as text: for those beyond 64 bits.
fn number<T: std::str::FromStr>(value: &Toml) -> Option<T> {
    match value {
        Toml::Integer(number) => number.value().to_string().parse().ok(),
        Toml::String(text) => text.value().replace('_', "").parse().ok(),
        _ => None,
    }
}

fn is_whole(value: &Toml) -> bool {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    match value {
        Toml::Integer(_) => true,
        Toml::String(text) => {
            let text = text.value().strip_prefix('-').unwrap_or(text.value());
            !text.is_empty() && digits(text)
        }
        _ => false,
    }
}

fn uint(value: &Toml, bits: u32) -> Result<u128, Wrong> {
    let most = u128::MAX >> (128 - bits);
    let allowed = format!("0..={most}");
    match number::<u128>(value) {
        Some(number) if number <= most => Ok(number),
        _ if is_whole(value) => wrong(value, &format!("is no u{bits}"), allowed),
        _ => wrong(value, "is not a whole number", allowed),
    }
}

fn int(value: &Toml, bits: u32) -> Result<i128, Wrong> {
    let most = i128::MAX >> (128 - bits);
    let allowed = format!("{}..={most}", !most);
    match number::<i128>(value) {
        Some(number) if (!most..=most).contains(&number) => Ok(number),
        _ if is_whole(value) => wrong(value, &format!("is no i{bits}"), allowed),
        _ => wrong(value, "is not a whole number", allowed),
    }
}

fn float(value: &Toml) -> Result<f64, Wrong> {
    match value {
        Toml::Float(number) => Ok(*number.value()),
        Toml::Integer(number) => Ok(*number.value() as f64),
        _ => wrong(value, "is not a number", "a number: 0.5, inf, nan"),
    }
}

fn byte_array(value: &Toml, out: &mut Vec<u8>) -> Done {
    let found = match value {
        Toml::String(text) => from_hex(text.value()),
        Toml::Array(items) => items
            .iter()
            .map(|item| u8::try_from(item.as_integer()?).ok())
            .collect(),
        _ => None,
    };
    match found {
        Some(found) => bytes(&found, out),
        None => {
            return wrong(
                value,
                "are no bytes",
                "hex digits (\"00 ff\") or a list ([0, 255])",
            );
        }
    }
    Ok(())
}

fn option(inner: &OwnedNamedType, value: &Toml, out: &mut Vec<u8>) -> Done {
    let table = value.as_inline_table();
    if table.is_some_and(|table| table.is_empty()) {
        out.push(0);
        return Ok(());
    }
    out.push(1);
    let some = table.filter(|table| table.len() == 1);
    match some.and_then(|table| table.get("some")) {
        Some(value) => one(&inner.ty, value, out),
        None if is_ambiguous(&inner.ty) => {
            wrong(value, "is no option", "{} for none, or { some = .. }")
        }
        None => one(&inner.ty, value, out),
    }
}

fn tuple(items: &[OwnedNamedType], value: &Toml, out: &mut Vec<u8>) -> Done {
    let allowed = || format!("a list of {}", items.len());
    let Some(values) = value.as_array() else {
        return wrong(value, "is not a list", allowed());
    };
    if values.len() != items.len() {
        let what = format!("has {} items", values.len());
        return wrong(value, &what, allowed());
    }
    for (item, value) in items.iter().zip(values) {
        one(&item.ty, value, out)?;
    }
    Ok(())
}

fn record(fields: &[OwnedNamedValue], value: &Toml, out: &mut Vec<u8>) -> Done {
    let allowed = || {
        let names: Vec<_> = fields.iter().map(|field| field.name.as_str()).collect();
        format!("a table with {}", names.join(", "))
    };
    let Some(table) = value.as_inline_table() else {
        return wrong(value, "is not a table", allowed());
    };
    for (name, value) in table.iter() {
        if !fields.iter().any(|field| field.name == name) {
            return wrong(
                value,
                &format!("is for `{name}`, which there is not"),
                allowed(),
            );
        }
    }
    for field in fields {
        match table.get(&field.name) {
            Some(value) => one(&field.ty.ty, value, out)?,
            None => return wrong(value, &format!("has no `{}`", field.name), allowed()),
        }
    }
    Ok(())
}

fn map(key: &OwnedNamedType, val: &OwnedNamedType, value: &Toml, out: &mut Vec<u8>) -> Done {
    let allowed = "a table, or a list of pairs: [[.., ..], ..]";
    match value {
        Toml::InlineTable(table) => {
            varint(table.len() as u128, out);
            for (name, value) in table.iter() {
                one(&key.ty, &Toml::from(name), out)?;
                one(&val.ty, value, out)?;
            }
            Ok(())
        }
        Toml::Array(pairs) => {
            varint(pairs.len() as u128, out);
            for pair in pairs {
                let items = pair.as_array().filter(|pair| pair.len() == 2);
                let (Some(first), Some(second)) = (
                    items.and_then(|pair| pair.get(0)),
                    items.and_then(|pair| pair.get(1)),
                ) else {
                    return wrong(pair, "is not a pair", allowed);
                };
                one(&key.ty, first, out)?;
                one(&val.ty, second, out)?;
            }
            Ok(())
        }
        _ => wrong(value, "is not a map", allowed),
    }
}

fn variant(variants: &[OwnedNamedVariant], value: &Toml, out: &mut Vec<u8>) -> Done {
    let (name, payload) = match value {
        Toml::String(name) => (name.value().as_str(), None),
        Toml::InlineTable(table) if table.len() == 1 => {
            let first = table.iter().next();
            first.map_or(("", None), |(name, payload)| (name, Some(payload)))
        }
        _ => ("", None),
    };
    let found = variants.iter().position(|variant| variant.name == name);
    let Some((index, variant)) = found.and_then(|at| Some((at, variants.get(at)?))) else {
        return wrong(value, "is none of the choices", choices(variants));
    };
    varint(index as u128, out);
    match (&variant.ty, payload) {
        (Payload::UnitVariant, None) => Ok(()),
        (Payload::NewtypeVariant(inner), Some(payload)) => one(&inner.ty, payload, out),
        (Payload::TupleVariant(items), Some(payload)) => tuple(items, payload, out),
        (Payload::StructVariant(fields), Some(payload)) => record(fields, payload, out),
        _ => wrong(
            value,
            "is not how this choice is written",
            choices(variants),
        ),
    }
}

fn choices(variants: &[OwnedNamedVariant]) -> String {
    let names = variants.iter().map(|variant| match variant.ty {
        Payload::UnitVariant => format!("\"{}\"", variant.name),
        Payload::NewtypeVariant(_) => format!("{{ {} = .. }}", variant.name),
        Payload::TupleVariant(_) => format!("{{ {} = [..] }}", variant.name),
        Payload::StructVariant(_) => format!("{{ {} = {{ .. }} }}", variant.name),
    });
    names.collect::<Vec<_>>().join(", ")
}

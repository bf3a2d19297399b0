//! The keys of an image with their names and values, by the schema as far as there is one.

use kvs::host::EntryKey;
use kvs::lock::{Bounds, Setting};

use crate::contents::{Contents, Entry};
use crate::schema::{Schema, SchemaArgs, Typed, contains};
use crate::terminal::{count, note};
use crate::value::{Value, decode, hex};

/// Where in a listing a key belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Group {
    Setting,
    /// Of an older firmware.
    Old,
    Named,
    /// Only its hash is known.
    Hashed,
}

/// A value, as far as it is understood.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Shown {
    Typed(Value),
    /// A raw key's bytes, or what is no value of its type.
    Raw(Vec<u8>),
    /// So many bytes of a typed key that no schema knows: they may be a secret.
    Untyped(usize),
    Masked,
}

/// A stored key.
pub(crate) struct Row<'a> {
    pub(crate) group: Group,
    pub(crate) name: String,
    pub(crate) shown: Shown,
    /// Why the firmware would not take it.
    pub(crate) rejected: Option<String>,
    pub(crate) typed: Option<Typed<'a>>,
}

/// What one entry is called, and its value.
pub(crate) fn row<'a>(entry: &Entry, schema: Option<&'a Schema>, secrets: &SchemaArgs) -> Row<'a> {
    let bytes = &entry.value;
    if let EntryKey::Name(name) = &entry.key {
        let shown = match secrets.masks_name(name) {
            true => Shown::Masked,
            false => Shown::Raw(bytes.clone()),
        };
        return Row {
            group: Group::Named,
            name: name.clone(),
            shown,
            rejected: None,
            typed: None,
        };
    }
    let Some(typed) = schema.and_then(|schema| schema.typed(entry.hash)) else {
        return Row {
            group: Group::Hashed,
            name: format!("{:#010x}", entry.hash),
            shown: match secrets.show_secrets {
                true => Shown::Raw(bytes.clone()),
                false => Shown::Untyped(bytes.len()),
            },
            rejected: None,
            typed: None,
        };
    };
    let value = match entry.is_tombstone {
        true => None,
        false => decode(typed.ty().schema(), bytes),
    };
    let rejected = match (&value, typed) {
        (None, _) if !entry.is_tombstone => Some(format!("no value of type {}", typed.ty())),
        (Some(value), Typed::Setting(setting)) => {
            out_of_range(setting, value).or_else(|| too_long(setting, value))
        }
        _ => None,
    };
    let shown = match value {
        _ if secrets.masks(typed, schema) => Shown::Masked,
        Some(value) => Shown::Typed(value),
        None => Shown::Raw(bytes.clone()),
    };
    Row {
        group: match typed {
            Typed::Setting(_) => Group::Setting,
            Typed::Old(..) => Group::Old,
        },
        name: typed.name().to_owned(),
        shown,
        rejected,
        typed: Some(typed),
    }
}

/// What is said of a value that the setting's range does not allow.
pub(crate) fn out_of_range(setting: &Setting, value: &Value) -> Option<String> {
    let bounds = Bounds::parse(&setting.range)?;
    (!contains(&bounds, value)).then(|| format!("out of range (allowed: {})", setting.range))
}

/// What is said of a value that the setting's type does not hold.
fn too_long(setting: &Setting, value: &Value) -> Option<String> {
    let capacity = setting.ty.capacity()?;
    let (len, what) = value.len()?;
    (len > capacity).then(|| format!("too long (allowed: up to {capacity} {what})"))
}

/// The stored keys: settings in the order of the schema, then what is older, then the others.
pub(crate) fn stored<'a, 'c>(
    contents: &'c Contents,
    schema: Option<&'a Schema>,
    secrets: &SchemaArgs,
) -> Vec<(Row<'a>, &'c Entry)> {
    let mut rows: Vec<_> = contents
        .live()
        .map(|entry| (row(entry, schema, secrets), entry))
        .collect();
    let place = |hash: u32| {
        let settings = schema.map_or(&[][..], |schema| &schema.lock.settings);
        settings.iter().position(|setting| setting.hash == hash)
    };
    rows.sort_by_cached_key(|(row, entry)| (row.group, place(entry.hash), row.name.clone()));
    rows
}

/// Says how to see the values that no schema knows.
pub(crate) fn hint<'r, 'a: 'r>(rows: impl IntoIterator<Item = &'r Row<'a>>) {
    let mut rows = rows.into_iter();
    if rows.any(|row| matches!(row.shown, Shown::Untyped(_))) {
        note(
            "values of typed keys show with the firmware's --schema, and their bytes with --show-secrets",
        );
    }
}

impl Row<'_> {
    /// The value for a person, at most so many characters of it, and what is wrong with it.
    pub(crate) fn text(&self, most: usize) -> String {
        let mut text = self.shown.text(most);
        if let Some(why) = &self.rejected {
            text.push_str(&format!("  !! {why}"));
        }
        text
    }
}

impl Shown {
    pub(crate) fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Typed(value) => value.to_json(),
            Self::Raw(bytes) => match as_text(bytes) {
                Some(text) => text.into(),
                None => hex(bytes).into(),
            },
            Self::Untyped(_) | Self::Masked => self.text(usize::MAX).into(),
        }
    }

    /// Whether the value is not shown.
    pub(crate) fn is_hidden(&self) -> bool {
        matches!(self, Self::Untyped(_) | Self::Masked)
    }

    /// For a person; at most so many characters.
    pub(crate) fn text(&self, most: usize) -> String {
        let text = match self {
            Self::Typed(value) => value.to_string(),
            Self::Raw(bytes) => raw_text(bytes),
            Self::Untyped(len) => format!("({} of unknown type)", count(*len, "byte", "bytes")),
            Self::Masked => "(masked)".into(),
        };
        if text.chars().count() <= most {
            return text;
        }
        let front = text.chars().take(most.saturating_sub(3));
        front.chain("...".chars()).collect()
    }
}

/// Bytes as text, if they are, else in hex.
fn raw_text(bytes: &[u8]) -> String {
    match as_text(bytes) {
        Some(text) => Value::Text(text.to_owned()).to_string(),
        None if bytes.is_empty() => "(empty)".into(),
        None => hex(bytes),
    }
}

/// The text that bytes seem to be; a single one is rather a number.
pub(crate) fn as_text(bytes: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(bytes).ok()?;
    let is_text = text.len() > 1 && !text.chars().any(char::is_control);
    is_text.then_some(text)
}

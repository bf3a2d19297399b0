//! The lock file as TOML.

use core::fmt;
use std::borrow::ToOwned;
use std::collections::BTreeSet;
use std::format;
use std::string::{String, ToString};
use std::vec::Vec;

use serde::{Deserialize, Serialize};

use super::model::{Fate, Lock, OldKey, Setting};
use super::ty::Type;
use crate::hash::key_hash;

/// Of the file, not of the crate.
const VERSION: u32 = 1;

/// Why a text is no lock file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError(String);

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl core::error::Error for ParseError {}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    #[serde(rename = "struct")]
    name: String,
    #[serde(default, rename = "setting")]
    settings: Vec<Setting>,
    #[serde(default, rename = "old", skip_serializing_if = "Vec::is_empty")]
    old: Vec<Old>,
}

#[derive(Deserialize)]
struct Version {
    version: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Old {
    path: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        with = "optional_hash"
    )]
    hash: Option<u32>,
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    ty: Option<Type>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    became: Vec<String>,
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    taken: bool,
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    retired: bool,
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    secret: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unit: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    range: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    validate: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    accepted: Vec<String>,
}

pub(super) fn print(lock: &Lock) -> Result<String, toml::ser::Error> {
    let file = File {
        version: VERSION,
        name: lock.name.clone(),
        settings: lock.settings.clone(),
        old: lock.old.iter().map(Old::from).collect(),
    };
    let text = toml::to_string_pretty(&file)?;
    Ok(format!(
        "\
# What devices in the field may have stored by the settings of `{}`, and of its earlier versions.
# A test compares it with the struct. Commit it; after a change: UPDATE_LOCK=1 cargo test
{text}",
        lock.name
    ))
}

pub(super) fn parse(text: &str) -> Result<Lock, ParseError> {
    // A checkout may have changed the ends of lines, also of those in docs.
    let text = text.replace("\r\n", "\n");
    let wrong = |error: toml::de::Error| ParseError(error.to_string().trim_end().to_owned());
    let Version { version } = toml::from_str(&text).map_err(wrong)?;
    if version != VERSION {
        return Err(ParseError(format!(
            "it is of version {version}, and this kvs knows version {VERSION}: update kvs"
        )));
    }
    let file: File = toml::from_str(&text).map_err(wrong)?;
    let old = file.old.into_iter().map(|old| {
        let name = old.key.clone().unwrap_or_else(|| old.path.clone());
        let wrong = |what| ParseError(format!("{}{what}", line_of(&text, &name)));
        OldKey::try_from(old).map_err(wrong)
    });
    let lock = Lock {
        name: file.name,
        settings: file.settings,
        old: old.collect::<Result<_, _>>()?,
    };
    check(&lock, &text)?;
    Ok(lock)
}

/// Whether it can have been written by [`print`]: an edit by hand or a bad merge would make the
/// test blind.
fn check(lock: &Lock, text: &str) -> Result<(), ParseError> {
    let settings = lock.settings.iter();
    let settings = settings.map(|one| (&one.path, one.key.as_str(), Some(&one.ty), Some(one.rev)));
    let old = lock.old.iter();
    let old = old.filter_map(|old| Some((&old.path, old.key.as_deref()?, old.ty.as_ref(), None)));
    for (path, key, ty, rev) in settings.chain(old) {
        let at = || line_of(text, key);
        let rest = key.strip_prefix(path.as_str());
        let Some(shape) = rest.and_then(|rest| rest.strip_prefix(':')) else {
            let text = format!("{}the key `{key}` is not one of the path `{path}`", at());
            return Err(ParseError(text));
        };
        let (shape, key_rev) = match shape.rsplit_once('@') {
            Some((shape, rev)) => (shape, rev.parse::<u16>().ok().filter(|rev| *rev > 1)),
            None => (shape, Some(1)),
        };
        if key_rev.is_none() || rev.is_some() && rev != key_rev {
            let text = format!(
                "{}the key `{key}` is not one of revision {}",
                at(),
                rev.unwrap_or(1)
            );
            return Err(ParseError(text));
        }
        if let Some(ty) = ty
            && ty.shape() != shape
        {
            let text = format!(
                "{}the key `{key}` is not one of the type {ty}, which is `{path}:{}`",
                at(),
                ty.shape()
            );
            return Err(ParseError(text));
        }
    }
    let mut paths: BTreeSet<&str> = BTreeSet::new();
    for Setting { path, .. } in &lock.settings {
        if !paths.insert(path) {
            let at = line_of(text, path);
            return Err(ParseError(format!(
                "{at}the setting `{path}` is there twice"
            )));
        }
    }
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    for (key, hash) in lock.names() {
        if !seen.insert(key) {
            let at = line_of(text, key);
            return Err(ParseError(format!("{at}the key `{key}` is there twice")));
        }
        let right = key_hash(key);
        if hash != right {
            let at = line_of(text, key);
            return Err(ParseError(format!(
                "{at}the hash of `{key}` is {right:#010x}, not {hash:#010x}"
            )));
        }
    }
    Ok(())
}

/// `line 7: ` for the last line with `name` in quotes: a merge puts what is wrong behind what was
/// right.
fn line_of(text: &str, name: &str) -> String {
    let quoted = [format!("\"{name}\""), format!("'{name}'")];
    let has = |line: &str| {
        !line.starts_with(' ') && quoted.iter().any(|quoted| line.ends_with(quoted.as_str()))
    };
    let lines: Vec<_> = text.lines().collect();
    match lines.iter().rposition(|line| has(line)) {
        Some(line) => format!("line {}: ", line.saturating_add(1)),
        None => String::new(),
    }
}

impl From<&OldKey> for Old {
    fn from(old: &OldKey) -> Self {
        let became = match &old.fate {
            Fate::Became(paths) => paths.clone(),
            Fate::Taken | Fate::Retired => Vec::new(),
        };
        Self {
            path: old.path.clone(),
            key: old.key.clone(),
            hash: old.hash,
            ty: old.ty.clone(),
            became,
            taken: old.fate == Fate::Taken,
            retired: old.fate == Fate::Retired,
            secret: old.secret,
            unit: old.unit.clone(),
            range: old.range.clone(),
            validate: old.validate.clone(),
            accepted: old.accepted.clone(),
        }
    }
}

impl TryFrom<Old> for OldKey {
    type Error = String;

    fn try_from(old: Old) -> Result<Self, String> {
        let fate = match (old.became.is_empty(), old.taken, old.retired) {
            (false, false, false) => Fate::Became(old.became),
            (true, true, false) => Fate::Taken,
            (true, false, true) => Fate::Retired,
            _ => {
                let path = old.path;
                return Err(format!(
                    "of the old `{path}` it needs to say one of `became`, `taken` and `retired`"
                ));
            }
        };
        if old.key.is_some() != old.hash.is_some() {
            let path = old.path;
            return Err(format!(
                "the old `{path}` needs both `key` and `hash`, or neither"
            ));
        }
        Ok(Self {
            path: old.path,
            key: old.key,
            hash: old.hash,
            ty: old.ty,
            fate,
            secret: old.secret,
            unit: old.unit,
            range: old.range,
            validate: old.validate,
            accepted: old.accepted,
        })
    }
}

/// Hashes as `"0x1090763b"`.
pub(super) mod hash {
    use std::format;
    use std::string::String;

    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    #[allow(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde calls it with a reference"
    )]
    pub(in super::super) fn serialize<S: Serializer>(hash: &u32, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&format_args!("{hash:#010x}"))
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<u32, D::Error> {
        let text = String::deserialize(from)?;
        let digits = text.strip_prefix("0x");
        digits
            .and_then(|digits| u32::from_str_radix(digits, 16).ok())
            .ok_or_else(|| D::Error::custom(format!("`{text}` is no hash such as 0x1090763b")))
    }
}

mod optional_hash {
    use serde::{Deserializer, Serializer};

    #[allow(
        clippy::ref_option,
        clippy::trivially_copy_pass_by_ref,
        reason = "serde calls it with a reference"
    )]
    pub(super) fn serialize<S: Serializer>(hash: &Option<u32>, to: S) -> Result<S::Ok, S::Error> {
        match hash {
            Some(hash) => super::hash::serialize(hash, to),
            None => to.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u32>, D::Error> {
        super::hash::deserialize(from).map(Some)
    }
}

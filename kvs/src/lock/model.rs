//! What a lock file says, and the file's text.

use core::fmt;
use core::str::FromStr;
use std::format;
use std::string::{String, ToString};
use std::vec::Vec;

use serde::{Deserialize, Serialize};

use super::file::{self, ParseError};
use super::ty::Type;

/// All that is known of a settings struct's keys: those it has, and those it once had.
///
/// [`Lock::of`] makes one from a struct; [`Display`](fmt::Display) and [`FromStr`] are the file's
/// text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lock {
    /// The name of the Rust struct.
    pub name: String,
    /// The settings in declaration order, those of nested structs in their place.
    pub settings: Vec<Setting>,
    /// The keys that are no setting's any more, by path.
    pub old: Vec<OldKey>,
}

/// A setting, and the key that its value is under.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// `wifi.channel`, `slots.0.hour`.
    pub path: String,
    /// The versioned name: `wifi.channel:u8`.
    pub key: String,
    /// The hash of that, which stands for it in flash.
    #[serde(with = "file::hash")]
    pub hash: u32,
    /// The type, with its names.
    #[serde(rename = "type")]
    pub ty: Type,
    /// `rev`, 1 if there is none.
    #[serde(default = "first", skip_serializing_if = "is_first")]
    pub rev: u16,
    /// `unit`, or empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub unit: String,
    /// `default` as written, or empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub default: String,
    /// `range` as written, or in numbers where constants are named; or empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub range: String,
    /// The function of `validate` as written, or empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub validate: String,
    /// What is written above the field.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub docs: String,
    /// Survives a factory reset.
    #[serde(default, skip_serializing_if = "is_false")]
    pub keep: bool,
    /// Not to be shown.
    #[serde(default, skip_serializing_if = "is_false")]
    pub secret: bool,
    /// The versioned names that it is migrated from, in the order in which they are tried.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub old: Vec<String>,
    /// Its bytes are not what its schema says, as [`faults`](super::faults) has it: so the type
    /// tells nothing of what devices have stored. A lock file never has it, since the test that
    /// writes it fails.
    #[serde(default, skip_serializing_if = "is_false")]
    pub misdescribed: bool,
    /// What a person has said to be no loss: new names in old places, narrower ranges, shorter
    /// texts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accepted: Vec<String>,
}

/// A key that is no setting's any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OldKey {
    /// The setting's path when it had the key.
    pub path: String,
    /// The versioned name. `None` if only the path is known, from a `retired("name")` without a
    /// type.
    pub key: Option<String>,
    /// The hash of the versioned name.
    pub hash: Option<u32>,
    /// The type of the values under it.
    pub ty: Option<Type>,
    /// What has become of it.
    pub fate: Fate,
    /// Not to be shown: it was a secret setting's key, or what one was made of.
    pub secret: bool,
    /// The `unit` that its values had, as far as that is known.
    pub unit: Option<String>,
    /// The `range` that its values were in, as far as that is known.
    pub range: Option<String>,
    /// The function of `validate` that they had passed, as far as that is known.
    pub validate: Option<String>,
    /// What a person has said to be no loss, where its values are read.
    pub accepted: Vec<String>,
}

/// What has become of an old key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Its values are migrated to these settings.
    Became(Vec<String>),
    /// Its values are taken by the struct's own `migrate` function.
    Taken,
    /// Its values are not needed any more.
    Retired,
}

impl Lock {
    /// The setting of this path.
    #[must_use]
    pub fn setting(&self, path: &str) -> Option<&Setting> {
        self.settings.iter().find(|setting| setting.path == path)
    }

    /// The old key of this versioned name.
    #[must_use]
    pub fn old_key(&self, key: &str) -> Option<&OldKey> {
        let is_it = |old: &&OldKey| old.key.as_deref() == Some(key);
        self.old.iter().find(is_it)
    }

    /// What has been accepted of the values of a key.
    pub(super) fn accepted_of(&self, key: &str) -> &[String] {
        let setting = self.settings.iter().find(|setting| setting.key == key);
        match (setting, self.old_key(key)) {
            (Some(setting), _) => &setting.accepted,
            (None, Some(old)) => &old.accepted,
            (None, None) => &[],
        }
    }

    /// Each versioned name with its hash, the settings' first.
    pub(super) fn names(&self) -> impl Iterator<Item = (&str, u32)> {
        let own = self.settings.iter();
        let own = own.map(|setting| (setting.key.as_str(), setting.hash));
        let old = self.old.iter();
        let old = old.filter_map(|old| Some((old.key.as_deref()?, old.hash?)));
        own.chain(old)
    }

    /// What `new` has accepted beyond this, a line for each.
    pub(super) fn accepted_in(&self, new: &Self) -> Vec<String> {
        let settings = new
            .settings
            .iter()
            .map(|one| (&one.path, &one.key, &one.accepted));
        let old = new.old.iter();
        let old = old.filter_map(|one| Some((&one.path, one.key.as_ref()?, &one.accepted)));
        let mut out = Vec::new();
        for (path, key, notes) in settings.chain(old) {
            let before = self.accepted_of(key);
            let notes = notes.iter().filter(|note| !before.contains(note));
            out.extend(notes.map(|note| format!("`{path}`: accepted that {note}")));
        }
        out
    }

    /// What is different in `new`, a line for each setting.
    pub(super) fn changes(&self, new: &Self) -> Vec<String> {
        let mut out = Vec::new();
        for setting in &new.settings {
            match self.setting(&setting.path) {
                None => out.push(format!("`{}` is new", setting.path)),
                Some(was) if was != setting => {
                    let what = was.changes(setting).join(", ");
                    out.push(format!("`{}`: {what}", setting.path));
                }
                Some(_) => {}
            }
        }
        for setting in &self.settings {
            if new.setting(&setting.path).is_none() {
                out.push(format!("`{}` is gone", setting.path));
            }
        }
        if out.is_empty() && self != new {
            out.push(match (&self.name, &new.name) {
                (was, is) if was != is => format!("the struct `{was}` is `{is}`"),
                _ if self.old != new.old => "the old keys".into(),
                _ => "the order".into(),
            });
        }
        out
    }
}

impl Setting {
    /// What is different in `new`, in words.
    fn changes(&self, new: &Self) -> Vec<String> {
        let mut out = Vec::new();
        let mut text = |what: &str, was: &str, is: &str| {
            if was != is {
                let is = if is.is_empty() { "none" } else { is };
                out.push(format!("{what} {is}"));
            }
        };
        text("key", &self.key, &new.key);
        text("type", self.ty.as_str(), new.ty.as_str());
        text("unit", &self.unit, &new.unit);
        text("default", &self.default, &new.default);
        text("range", &self.range, &new.range);
        text("validate", &self.validate, &new.validate);
        text("old keys", &self.old.join(" "), &new.old.join(" "));
        for note in &new.accepted {
            if !self.accepted.contains(note) {
                out.push(format!("accepted: {note}"));
            }
        }
        if self.docs != new.docs {
            out.push("docs".into());
        }
        if self.secret != new.secret {
            out.push(format!("secret {}", new.secret));
        }
        if self.keep != new.keep {
            out.push(format!("keep {}", new.keep));
        }
        out
    }
}

impl FromStr for Lock {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        file::parse(text)
    }
}

impl fmt::Display for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&file::print(self).map_err(|_| fmt::Error)?)
    }
}

/// The part of a versioned name before its shape.
pub(super) fn path_of(key: &str) -> String {
    key.split(':').next().unwrap_or(key).to_string()
}

const fn first() -> u16 {
    1
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde calls it with a reference"
)]
const fn is_first(rev: &u16) -> bool {
    *rev == 1
}

#[allow(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde calls it with a reference"
)]
const fn is_false(flag: &bool) -> bool {
    !*flag
}

//! The lock file of a firmware: what is under which key, and what a value may be.

mod elf;
mod range;

pub(crate) use range::contains;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use clap::Args;
use kvs::lock::{Fate, Lock, OldKey, Setting, Type};

use crate::file;
use crate::problem::{Problem, Result};

/// Which firmware's settings these are
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct SchemaArgs {
    /// The firmware's lock file, or an ELF that has it in a section `.kvs.schema`: names and types of its settings
    #[arg(help_heading = "Schema", long, value_name = "LOCK")]
    pub(crate) schema: Option<PathBuf>,
    /// One more setting or raw key to mask, or all below it, beside those marked `secret` in the source
    #[arg(help_heading = "Schema", long, value_name = "PATH")]
    pub(crate) secret: Vec<String>,
    /// Mask nothing, nor what is of unknown type
    #[arg(help_heading = "Schema", long)]
    pub(crate) show_secrets: bool,
}

/// A lock file, to look keys up in.
pub(crate) struct Schema {
    pub(crate) lock: Lock,
    by_hash: HashMap<u32, Known>,
}

/// Where in the lock a key is.
#[derive(Clone, Copy)]
enum Known {
    Setting(usize),
    Old(usize),
}

/// A typed key.
#[derive(Clone, Copy)]
pub(crate) enum Typed<'a> {
    /// Of the firmware whose lock file it is.
    Setting(&'a Setting),
    /// Of an older one.
    Old(&'a OldKey, &'a str, &'a Type),
}

impl<'a> Typed<'a> {
    pub(crate) fn ty(self) -> &'a Type {
        match self {
            Self::Setting(setting) => &setting.ty,
            Self::Old(.., ty) => ty,
        }
    }

    /// `wifi.ssid`; of an old key the versioned name, as its path may be another setting's now.
    pub(crate) fn name(self) -> &'a str {
        match self {
            Self::Setting(setting) => &setting.path,
            Self::Old(_, key, _) => key,
        }
    }

    pub(crate) fn path(self) -> &'a str {
        match self {
            Self::Setting(setting) => &setting.path,
            Self::Old(old, ..) => &old.path,
        }
    }
}

impl Schema {
    pub(crate) fn load(path: &Path) -> Result<Self> {
        let bytes = file::read(path).map_err(|problem| {
            problem.help("a lock file is written by `kvs::assert_schema_unchanged!` in a test of the firmware: UPDATE_LOCK=1 cargo test")
        })?;
        let text = if bytes.starts_with(b"\x7fELF") {
            elf::section(path, &bytes)?
        } else {
            String::from_utf8(bytes).map_err(|_| {
                Problem::new(format!("{} is no lock file: it is no text", path.display()))
            })?
        };
        let lock: Lock = text.parse().map_err(|error| {
            Problem::new(format!(
                "{} is no lock file of settings: {error}",
                path.display()
            ))
        })?;
        Ok(Self::new(lock))
    }

    pub(crate) fn new(lock: Lock) -> Self {
        let mut by_hash = HashMap::new();
        for (index, old) in lock.old.iter().enumerate() {
            if let (Some(hash), Some(_), Some(_)) = (old.hash, &old.key, &old.ty) {
                by_hash.insert(hash, Known::Old(index));
            }
        }
        for (index, setting) in lock.settings.iter().enumerate() {
            by_hash.insert(setting.hash, Known::Setting(index));
        }
        Self { lock, by_hash }
    }

    /// What is under a hash.
    pub(crate) fn typed(&self, hash: u32) -> Option<Typed<'_>> {
        match *self.by_hash.get(&hash)? {
            Known::Setting(index) => self.lock.settings.get(index).map(Typed::Setting),
            Known::Old(index) => self.old(self.lock.old.get(index)?),
        }
    }

    /// An old key by its versioned name.
    pub(crate) fn old_key(&self, name: &str) -> Option<Typed<'_>> {
        self.old(self.lock.old_key(name)?)
    }

    fn old<'a>(&self, old: &'a OldKey) -> Option<Typed<'a>> {
        let (key, ty) = (old.key.as_ref()?, old.ty.as_ref()?);
        Some(Typed::Old(old, key, ty))
    }

    /// The name that is most like `name`, if one is.
    pub(crate) fn most_like(&self, name: &str) -> Option<&str> {
        let paths = self
            .lock
            .settings
            .iter()
            .map(|setting| setting.path.as_str());
        let ranked = paths.map(|path| (distance(path, name), path));
        let (distance, path) = ranked.min()?;
        (distance <= 2.max(name.len() / 3)).then_some(path)
    }
}

impl SchemaArgs {
    pub(crate) fn load(&self) -> Result<Option<Schema>> {
        self.schema.as_deref().map(Schema::load).transpose()
    }

    /// Whether a typed key's value is not to be shown. What older firmware had is as secret as what became of it.
    pub(crate) fn masks(&self, typed: Typed<'_>, schema: Option<&Schema>) -> bool {
        let is_secret = |path: &str| {
            let setting = schema.and_then(|schema| schema.lock.setting(path));
            setting.is_some_and(|setting| setting.secret)
        };
        let marked = match typed {
            Typed::Setting(setting) => setting.secret,
            Typed::Old(old, ..) => {
                let became = match &old.fate {
                    Fate::Became(paths) => paths.as_slice(),
                    Fate::Taken | Fate::Retired => &[],
                };
                // A lock file of before it was written for old keys says it of settings only.
                old.secret || is_secret(&old.path) || became.iter().any(|path| is_secret(path))
            }
        };
        marked && !self.show_secrets || self.masks_name(typed.path())
    }

    /// Whether a name was asked to be masked.
    pub(crate) fn masks_name(&self, path: &str) -> bool {
        let is_in = |secret: &String| {
            let rest = path.strip_prefix(secret.as_str());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        !self.show_secrets && self.secret.iter().any(is_in)
    }
}

/// How many letters have to be changed, added or left out.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (index, a) in one.chars().enumerate() {
        let mut before = index;
        let mut left = index + 1;
        for (b, above) in other.iter().zip(row.iter_mut().skip(1)) {
            let here = (before + usize::from(a != *b))
                .min(left + 1)
                .min(*above + 1);
            before = std::mem::replace(above, here);
            left = here;
        }
        if let Some(first) = row.first_mut() {
            *first = index + 1;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::distance;

    #[test]
    fn distances_are_levenshtein() {
        assert_eq!(distance("wifi.ssid", "wifi.ssid"), 0);
        assert_eq!(distance("wifi.ssid", "wifi.sid"), 1);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
    }
}

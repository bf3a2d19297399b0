//! From a settings struct to its lock: the names that are in its schema, current and old.

use std::borrow::ToOwned;
use std::format;
use std::string::{String, ToString};
use std::vec;
use std::vec::Vec;

use postcard_schema::schema::NamedType;

use super::model::{Fate, Lock, OldKey, Setting, path_of};
use super::probe::{Goal, Script, lists};
use super::problem::{self, Problem};
use super::ty::Type;
use super::wire::{self, Leaf, Readable};
use super::{bounds, faults};
use crate::settings::{FieldSchema, KeyEntry, Schema, SchemaNode};

/// All names of a struct.
pub(super) struct Known {
    /// Its lock, if there was none before.
    pub(super) lock: Lock,
    /// What is asked of each setting's type.
    pub(super) leaves: Vec<&'static dyn Leaf>,
    /// What is wrong with it whatever devices have stored.
    pub(super) faults: Vec<Problem>,
    /// Each use of an old name.
    pub(super) uses: Vec<Use>,
    /// The paths retired without a type, and whether their values are not to be shown.
    bare: Vec<(String, bool)>,
    /// `prefix` and a dot, or nothing.
    pub(super) prefix: String,
}

/// An old name, and what is done with its values.
pub(super) struct Use {
    pub(super) key: String,
    hash: u32,
    pub(super) ty: Type,
    pub(super) to: To,
    /// Whether the value is taken as it is, by an alias or by a rule without a function.
    pub(super) is_plain: bool,
    secret: bool,
}

/// What is done with an old value.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum To {
    /// It is taken for this setting as it is.
    AsIs(usize),
    /// A rule of this setting converts it.
    Rule(usize),
    /// The struct's own function takes it.
    Struct,
    Retired,
}

impl Known {
    pub(super) fn of(schema: &'static Schema) -> Self {
        let (keys, names) = keys(schema);
        let prefix = match schema.prefix {
            "" => String::new(),
            prefix => format!("{prefix}."),
        };
        let mut walk = Walk::default();
        walk.schema(schema, core::slice::from_ref(&prefix), false);
        // Types are asked for their capacities, which takes its time: once for each.
        let leaves: Vec<_> = (0..schema.count())
            .filter_map(|leaf| schema.leaf(leaf))
            .collect();
        let types = leaves.iter().map(|(leaf, _)| type_of(leaf.ty, &leaf.spec));
        let types: Vec<_> = types.collect();
        let uses = keys.iter().zip(&names);
        let uses = uses.filter_map(|(entry, name)| Use::new(&types, entry, name));
        let uses: Vec<_> = uses.collect();
        let current = keys.iter().zip(names).filter(|(key, _)| key.is_current());
        let mut faults = Vec::new();
        let settings = current.zip(walk.docs).zip(types.iter().zip(&leaves));
        let settings = settings
            .enumerate()
            .map(|(leaf, (((key, key_text), docs), (ty, of)))| {
                let secret = schema.is_secret(leaf);
                let &(schema, keep) = of;
                let path = path_of(&key_text);
                faults.extend(faults::of_default(&path, schema));
                let of_bytes = faults::of_bytes(&path, schema);
                let misdescribed = of_bytes.is_some();
                faults.extend(of_bytes);
                let mut old: Vec<String> = Vec::new();
                for one in uses.iter().filter(|one| one.to.setting() == Some(leaf)) {
                    if !old.contains(&one.key) {
                        old.push(one.key.clone());
                    }
                }
                Setting {
                    path,
                    key: key_text,
                    hash: key.hash(),
                    range: bounds::text(schema.spec, ty, schema.range),
                    ty: ty.clone(),
                    rev: schema.rev,
                    unit: schema.unit.to_owned(),
                    default: schema.default.to_owned(),
                    validate: schema.validate.to_owned(),
                    docs: docs.trim().to_owned(),
                    keep,
                    secret,
                    old,
                    misdescribed,
                    accepted: Vec::new(),
                }
            });
        let lock = Lock {
            name: schema.name.to_owned(),
            settings: settings.collect(),
            old: Vec::new(),
        };
        let mut known = Self {
            lock,
            leaves: leaves.iter().map(|(leaf, _)| leaf.spec).collect(),
            faults: problem::merge(faults),
            uses,
            bare: walk.bare,
            prefix,
        };
        known.lock.old = known.old_keys(&[]);
        known
    }

    /// All old keys: `before`, and those of the schema.
    pub(super) fn old_keys(&self, before: &[OldKey]) -> Vec<OldKey> {
        let mut out: Vec<OldKey> = Vec::new();
        for old in before {
            let fate = match &old.key {
                Some(key) => self.fate(key, &old.path, &old.fate),
                None => old.fate.clone(),
            };
            let listed = self
                .bare
                .iter()
                .any(|(path, secret)| *secret && *path == old.path);
            let mut uses = self.uses_of(old.key.as_deref().unwrap_or_default());
            out.push(OldKey {
                fate,
                secret: old.secret || listed || uses.any(|one| one.secret),
                ..old.clone()
            });
        }
        for one in &self.uses {
            let is_it = |old: &OldKey| old.key.as_ref() == Some(&one.key);
            if out.iter().any(is_it) {
                continue;
            }
            let path = path_of(&one.key);
            out.push(OldKey {
                fate: self.fate(&one.key, &path, &Fate::Retired),
                path,
                key: Some(one.key.clone()),
                hash: Some(one.hash),
                ty: Some(one.ty.clone()),
                secret: self.uses_of(&one.key).any(|one| one.secret),
                unit: None,
                range: None,
                validate: None,
                accepted: Vec::new(),
            });
        }
        let bare = self.bare.iter().map(|(path, secret)| OldKey {
            path: path.clone(),
            key: None,
            hash: None,
            ty: None,
            fate: Fate::Retired,
            secret: *secret,
            unit: None,
            range: None,
            validate: None,
            accepted: Vec::new(),
        });
        out.extend(bare);
        // A setting may be migrated from what is another's key.
        out.retain(|old| old.key.as_deref().is_none_or(|key| !self.is_current(key)));
        out.sort_by(|a, b| {
            (&a.path, a.key.is_none(), &a.key).cmp(&(&b.path, b.key.is_none(), &b.key))
        });
        // Behind a retired key its path alone says nothing more.
        out.dedup_by(|next, old| {
            next.path == old.path && next.key.is_none() && old.fate == Fate::Retired
        });
        out
    }

    /// What the schema does with an old key; `before` if it says nothing.
    fn fate(&self, key: &str, path: &str, before: &Fate) -> Fate {
        let mut paths: Vec<String> = Vec::new();
        for leaf in self.uses_of(key).filter_map(|one| one.to.setting()) {
            let setting = self.lock.settings.get(leaf);
            paths.extend(setting.map(|setting| setting.path.clone()));
        }
        paths.dedup();
        if !paths.is_empty() {
            return Fate::Became(paths);
        }
        if self.uses_of(key).any(|one| one.to == To::Struct) {
            return Fate::Taken;
        }
        if self.is_retired(key, path) {
            return Fate::Retired;
        }
        before.clone()
    }

    pub(super) fn uses_of<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a Use> {
        self.uses.iter().filter(move |one| one.key == key)
    }

    pub(super) fn is_current(&self, key: &str) -> bool {
        self.lock.settings.iter().any(|setting| setting.key == key)
    }

    /// Whether `retired` lists the key, or its path without a type.
    pub(super) fn is_retired(&self, key: &str, path: &str) -> bool {
        self.uses_of(key).any(|one| one.to == To::Retired)
            || self.bare.iter().any(|(bare, _)| bare == path)
    }

    /// Each name with its hash, current and old.
    pub(super) fn names(&self) -> impl Iterator<Item = (&str, u32)> {
        let own = self.lock.settings.iter();
        let own = own.map(|setting| (setting.key.as_str(), setting.hash));
        own.chain(self.uses.iter().map(|one| (one.key.as_str(), one.hash)))
    }
}

impl Use {
    /// `types` are those of the settings.
    fn new(types: &[Type], entry: &KeyEntry, name: &str) -> Option<Self> {
        if entry.is_current() {
            return None;
        }
        let ty = match (entry.read, entry.leaf().and_then(|leaf| types.get(leaf))) {
            (Some(read), _) => type_of(entry.ty, &read),
            // An alias is of the setting's own type.
            (None, Some(ty)) => ty.clone(),
            (None, None) => entry.ty.into(),
        };
        let to = match entry.leaf() {
            Some(leaf) if entry.is_alias() => To::AsIs(leaf),
            Some(leaf) => To::Rule(leaf),
            None if entry.is_retired() => To::Retired,
            None => To::Struct,
        };
        Some(Self {
            key: name.to_owned(),
            hash: entry.hash(),
            ty,
            is_plain: entry.is_alias() || entry.is_plain(),
            to,
            secret: entry.is_secret(),
        })
    }
}

impl To {
    fn setting(self) -> Option<usize> {
        match self {
            Self::AsIs(leaf) | Self::Rule(leaf) => Some(leaf),
            Self::Struct | Self::Retired => None,
        }
    }
}

/// A type as the lock file has it: with the capacities that the type itself tells.
fn type_of(schema: &'static NamedType, of: &dyn Readable) -> Type {
    let paths = lists(schema);
    let capacities = paths.iter().map(|path| {
        let script = Script {
            schema,
            path,
            goal: Goal::Any,
            fill: 0,
            step: 1,
        };
        wire::capacity(of, script)
    });
    Type::with_capacities(schema, capacities)
}

/// All keys of a struct, and their names.
fn keys(schema: &Schema) -> (Vec<KeyEntry>, Vec<String>) {
    let mut keys = vec![KeyEntry::NONE; schema.key_count()];
    schema.fill_names(&mut keys, &mut []);
    let mut text = vec![0; keys.iter().map(|key| key.name_len).sum()];
    schema.fill_names(&mut keys, &mut text);
    let mut rest = text.as_slice();
    let names = keys.iter().map(|key| {
        let (name, behind) = rest.split_at_checked(key.name_len).unwrap_or_default();
        rest = behind;
        String::from_utf8_lossy(name).into_owned()
    });
    let names = names.collect();
    (keys, names)
}

/// Gathers what the keys do not say.
#[derive(Default)]
struct Walk {
    /// By setting.
    docs: Vec<&'static str>,
    bare: Vec<(String, bool)>,
}

impl Walk {
    /// Goes through a struct that is, or was, at these `places`: beginnings of paths, up to a dot.
    fn schema(&mut self, schema: &'static Schema, places: &[String], secret: bool) {
        for field in schema.fields {
            let secret = secret || field.secret;
            match field.node {
                SchemaNode::Leaf(_) => self.docs.push(field.docs),
                SchemaNode::Group(inner) => self.schema(inner, &within(field, places, ""), secret),
                SchemaNode::Array(inner, len) => {
                    for index in 0..len {
                        let index = format!("{index}.");
                        self.schema(inner, &within(field, places, &index), secret);
                    }
                }
            }
        }
        for retired in schema.retired.iter().filter(|one| one.ty.is_none()) {
            for place in places {
                let whole = retired.name.strip_prefix('/').map(ToString::to_string);
                let path = whole.unwrap_or_else(|| format!("{place}{}", retired.name));
                if !self.bare.iter().any(|(bare, _)| *bare == path) {
                    self.bare.push((path, secret || retired.secret));
                }
            }
        }
    }
}

fn within(field: &FieldSchema, places: &[String], index: &str) -> Vec<String> {
    let names = core::iter::once(&field.name).chain(field.aliases);
    let each = |place: &String| {
        let names = names.clone();
        let paths = names.map(|name| format!("{place}{name}.{index}"));
        paths.collect::<Vec<_>>()
    };
    places.iter().flat_map(each).collect()
}

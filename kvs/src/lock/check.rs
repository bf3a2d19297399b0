//! The rules: what may not change between two versions of a settings struct.

use std::format;
use std::string::String;
use std::vec::Vec;

use super::compare::compare;
use super::gone;
use super::known::{Known, To};
use super::model::{Fate, Lock, OldKey, Setting, path_of};
use super::problem::{self, Problem};
use super::rust::{in_rust, kept};
use super::ty::Type;
use crate::settings::Schema;

impl Lock {
    /// The lock of a settings struct with no history but what its source says.
    #[must_use]
    pub fn of(schema: &'static Schema) -> Self {
        Known::of(schema).lock
    }

    /// What is wrong with the struct as it is now, given what devices may have stored by this lock: all of it.
    #[must_use]
    pub fn check(&self, schema: &'static Schema) -> Vec<Problem> {
        let known = Known::of(schema);
        Check {
            lock: self,
            known: &known,
            problems: Vec::new(),
            back: Vec::new(),
        }
        .run()
    }

    /// The lock of the struct as it is now, with the history of this one.
    ///
    /// # Errors
    ///
    /// What [`check`](Self::check) finds.
    pub fn update(&self, schema: &'static Schema) -> Result<Self, Vec<Problem>> {
        let problems = self.check(schema);
        if !problems.is_empty() {
            return Err(problems);
        }
        let known = Known::of(schema);
        let mut before = self.old.clone();
        before.extend(self.settings.iter().map(|setting| OldKey {
            path: setting.path.clone(),
            key: Some(setting.key.clone()),
            hash: Some(setting.hash),
            ty: Some(setting.ty.clone()),
            // Those that are neither current nor migrated are retired, or there were a problem.
            fate: Fate::Retired,
            // It stays so, whatever the struct says of it now.
            secret: setting.secret,
        }));
        let old = known.old_keys(&before);
        Ok(Self { old, ..known.lock })
    }
}

pub(super) struct Check<'a> {
    pub(super) lock: &'a Lock,
    pub(super) known: &'a Known,
    problems: Vec<Problem>,
    /// The paths of which it is said that they are back.
    pub(super) back: Vec<&'a str>,
}

impl Check<'_> {
    fn run(mut self) -> Vec<Problem> {
        let known = self.known;
        let mut gone = Vec::new();
        for was in &self.lock.settings {
            let now = &known.lock.settings;
            match now.iter().find(|is| is.key == was.key) {
                Some(is) => self.same_key(was, is),
                None if self.is_accounted_for(&was.key, &was.path) => {}
                None => match known.lock.setting(&was.path) {
                    Some(is) => self.other_key(was, is),
                    None => gone.push(was),
                },
            }
            self.uses(&was.key, &was.ty, Some(was));
        }
        let gone = gone::problems(&gone, self.lock, known);
        self.problems.extend(gone);
        for old in &self.lock.old {
            self.old(old);
        }
        self.collisions();
        problem::merge(self.problems)
    }

    pub(super) fn add(&mut self, path: &str, what: String, advice: impl Into<String>) {
        self.problems.push(Problem::new(path, what, advice));
    }

    /// Whether something is done with the values of a key that is no setting's.
    pub(super) fn is_accounted_for(&self, key: &str, path: &str) -> bool {
        self.known.uses_of(key).next().is_some() || self.known.is_retired(key, path)
    }

    /// A setting that has kept its key: its values are read as they are.
    fn same_key(&mut self, was: &Setting, is: &Setting) {
        let path = &was.path;
        let (old, new) = (is.rev, is.rev.saturating_add(1));
        if let Some(unit) = changed_unit(was, is) {
            let what =
                format!("The unit of `{path}` {unit}: values in the field would be misread.");
            let advice = format!(
                "If the values are other ones now, write `rev = {new}` and `migrate(rev = {old}, with = ..)`; else keep `unit`."
            );
            self.add(path, what, advice);
        }
        let differences = compare(&was.ty, &is.ty);
        if !differences.is_empty() {
            let (before, now) = (&was.ty, &is.ty);
            let what = format!(
                "The type of `{path}` has changed: {}. Values in the field would be misread or turned down.\n\
                 was: {before}\n\
                 is:  {now}",
                differences.join(", ")
            );
            let kept = kept(before, now);
            let advice = format!(
                "Let variants be added at the end only, and fields keep their order. Or keep the old type as `{kept}`, say,\n\
                 and write `rev = {new}` and `migrate(rev = {old}, ty = {kept}, with = ..)`."
            );
            self.add(path, what, advice);
        }
    }

    /// A setting that has another key now, and nothing reads the old one.
    fn other_key(&mut self, was: &Setting, is: &Setting) {
        let path = &was.path;
        let (before, now) = (&was.ty, &is.ty);
        let rev = match was.rev {
            1 => String::new(),
            rev => format!("rev = {rev}, "),
        };
        let (what, advice) = if shape(was) == shape(is) {
            let (before, now) = (was.rev, is.rev);
            (
                format!("`{path}` was revision {before} and is {now}"),
                format!("Add `migrate(rev = {before}, with = ..)` to the field."),
            )
        } else {
            let ty = in_rust(before);
            (
                format!("`{path}` was {before} and is {now}"),
                format!(
                    "Add `migrate({rev}ty = {ty})` to the field if the type has a `From<{ty}>`, else `migrate({rev}ty = {ty}, with = ..)`."
                ),
            )
        };
        let what = format!("{what}, and nothing takes over the old value: it would be lost.");
        self.add(path, what, advice);
    }

    /// Whether what reads an old key reads it as what it is.
    pub(super) fn uses(&mut self, key: &str, old: &Type, was: Option<&Setting>) {
        let known = self.known;
        for one in known.uses_of(key).filter(|one| one.to != To::Retired) {
            let path = path_of(key);
            let taker = match one.to {
                To::AsIs(leaf) | To::Rule(leaf) => known.lock.settings.get(leaf),
                To::Struct | To::Retired => None,
            };
            if let (To::AsIs(_), Some(is), Some(was)) = (one.to, taker, was)
                && let Some(unit) = changed_unit(was, is)
            {
                let new = &is.path;
                let what = format!(
                    "`{new}` takes the values of `{path}` as they are, and the unit {unit}: they would be misread."
                );
                let ty = in_rust(old);
                let name = old_name(&path, new);
                let advice = format!(
                    "In place of the alias, write `migrate(from = \"{name}\", ty = {ty}, with = ..)`."
                );
                self.add(&path, what, advice);
            }
            let differences = compare(old, &one.ty);
            if differences.is_empty() {
                continue;
            }
            let taker = taker.map_or(&known.lock.name, |taker| &taker.path);
            let values = match *taker == path {
                true => "its own old values".into(),
                false => format!("the values of `{path}`"),
            };
            let now = &one.ty;
            let what = format!(
                "`{taker}` takes {values}, but as another type: {}. They would be misread.\n\
                 was: {old}\n\
                 is:  {now}",
                differences.join(", ")
            );
            let advice = match one.to {
                To::AsIs(_) => format!(
                    "In place of the alias, write `migrate(from = \"{}\", ty = .., with = ..)`, with the type as it was.",
                    old_name(&path, taker)
                ),
                _ => "Let the migration have the type as it was.".into(),
            };
            self.add(&path, what, advice);
        }
    }
}

/// How the unit has changed. To say which it is for the first time is none.
fn changed_unit(was: &Setting, is: &Setting) -> Option<String> {
    match (was.unit.as_str(), is.unit.as_str()) {
        ("", _) => None,
        (was, is) if was == is => None,
        (was, "") => Some(format!("was `{was}` and is not given any more")),
        (was, is) => Some(format!("was `{was}` and is `{is}`")),
    }
}

/// The shape in a setting's key, without the revision.
pub(super) fn shape(setting: &Setting) -> &str {
    let shape = setting.key.strip_prefix(setting.path.as_str());
    let shape = shape.unwrap_or(&setting.key);
    shape.split('@').next().unwrap_or(shape)
}

/// What `from` calls a path, for a field that is at another.
pub(super) fn old_name<'a>(path: &'a str, new: &str) -> std::borrow::Cow<'a, str> {
    fn parent(path: &str) -> Option<&str> {
        Some(path.rsplit_once('.')?.0)
    }
    if parent(path) == parent(new) {
        return path.rsplit('.').next().unwrap_or(path).into();
    }
    format!("/{path}").into()
}

/// As it is listed in `retired(..)`.
pub(super) fn retired_entry(name: &str, ty: &str, rev: u16) -> String {
    match rev {
        1 => format!("\"{name}\": {ty}"),
        rev => format!("\"{name}\": {ty} @ {rev}"),
    }
}

//! What reads an old key: whether it reads it as what it is.

use std::format;
use std::string::String;

use super::check::{ACCEPT, Check};
use super::compare::compare;
use super::known::To;
use super::model::{Setting, path_of};
use super::past::rev_of;
use super::problem::is_index;
use super::rules::{Was, changed_unit};
use super::rust::in_rust;

impl Check<'_> {
    /// Whether what reads an old key reads it as what it is.
    pub(super) fn uses(&mut self, was: &Was<'_>) {
        let known = self.known;
        let (key, old) = (was.key, was.ty);
        let before = self.lock.accepted_of(key);
        for one in known.uses_of(key).filter(|one| one.to != To::Retired) {
            let path = path_of(key);
            let taker = match one.to {
                To::AsIs(leaf) | To::Rule(leaf) => known.lock.settings.get(leaf),
                To::Struct | To::Retired => None,
            };
            if let Some(is) = taker.filter(|_| one.is_plain) {
                if let Some(unit) = changed_unit(was.unit.unwrap_or(""), &is.unit) {
                    let new = &is.path;
                    let what = format!(
                        "`{new}` takes the values of `{path}` as they are, and the unit {unit}: they would be misread."
                    );
                    let ty = in_rust(old);
                    let advice = match one.to {
                        To::AsIs(_) => {
                            format!("{}with = ..)`.", for_alias(&path, is, rev_of(key), &ty))
                        }
                        _ => "Give the rule a function: `migrate(.., with = ..)`.".into(),
                    };
                    self.add(&path, what, advice);
                }
                self.rules(was, is, before);
            }
            let differences = compare(old, &one.ty);
            let advised = |ty: &str| {
                taker
                    .map(|is| for_alias(&path, is, rev_of(key), ty))
                    .unwrap_or_default()
            };
            let taker = taker.map_or(&known.lock.name, |taker| &taker.path);
            let values = match *taker == path {
                true => "its own old values".into(),
                false => format!("the values of `{path}`"),
            };
            let now = &one.ty;
            let mut renamed = differences.renamed;
            if let To::AsIs(_) = one.to {
                // A rule reads a copy of the old type, which has a name of its own.
                renamed.splice(..0, differences.retyped);
            }
            self.doubt(key, &path, before, renamed, |notes| {
                let what = format!(
                    "`{taker}` takes {values}, with a new name in an old place: {notes}. What is stored under the old name is read as the new one.\n\
                     was: {old}\n\
                     is:  {now}"
                );
                let advice = match one.to {
                    To::AsIs(_) => format!(
                        "If it is the same by another name, {ACCEPT}.\n\
                         If it means something else, write, in place of the alias, `migrate(from = \"{}\", ty = .., with = ..)`, with the type as it was.",
                        old_name(&path, taker)
                    ),
                    _ => format!(
                        "Let the migration have the type as it was; or, if it is the same by another name, {ACCEPT}."
                    ),
                };
                (what, advice)
            });
            self.doubt(key, &path, before, differences.shorter, |notes| {
                let what = format!(
                    "`{taker}` takes {values}, and holds less: {notes}. A longer value in the field is turned down on each boot.\n\
                     was: {old}\n\
                     is:  {now}"
                );
                let ty = in_rust(old);
                let advice = match one.to {
                    To::AsIs(_) => format!(
                        "{}try_with = ..)`, with a function that shortens the value or declines it.\n\
                         Or, if no device has a longer one, {ACCEPT}.",
                        advised(&ty)
                    ),
                    _ => format!(
                        "Let the migration have the type as it was, `{ty}`; or, if no device has a longer one, {ACCEPT}."
                    ),
                };
                (what, advice)
            });
            if differences.misread.is_empty() {
                continue;
            }
            let what = format!(
                "`{taker}` takes {values}, but as another type: {}. They would be misread.\n\
                 was: {old}\n\
                 is:  {now}",
                differences.misread.join(", ")
            );
            let advice = match one.to {
                To::AsIs(_) => {
                    format!("{}with = ..)`, with the type as it was.", advised(".."))
                }
                _ => "Let the migration have the type as it was.".into(),
            };
            self.add(&path, what, advice);
        }
    }
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

/// What to write in place of an alias by which `is` takes the values of `path`, up to its function.
pub(super) fn for_alias(path: &str, is: &Setting, rev: u16, ty: &str) -> String {
    // A rule names one item of an array, for all of them.
    if path.split('.').any(is_index) {
        let new = is.rev.max(rev).saturating_add(1);
        return format!(
            "Let the array keep its alias, and write on the field `rev = {new}` and `migrate(rev = {rev}, ty = {ty}, "
        );
    }
    format!(
        "In place of the alias, write `migrate(from = \"{}\", ty = {ty}, ",
        old_name(path, &is.path)
    )
}

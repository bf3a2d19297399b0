//! A setting's own rules: by its `unit`, `range` or `validate`, what an older version stored may mean
//! something else, or be turned down.

use std::format;
use std::string::String;
use std::vec::Vec;

use super::bounds::{Narrower, narrower};
use super::check::{ACCEPT, Check};
use super::model::{OldKey, Setting};
use super::past::rev_of;
use super::rust::in_rust;
use super::ty::Type;
use super::uses::for_alias;

impl Check<'_> {
    /// A setting whose values are read as they are, and by whose rules they may be turned down now.
    pub(super) fn rules(&mut self, was: &Was<'_>, is: &Setting, before: &[String]) {
        let path = &is.path;
        let known = self.known;
        let place = known.lock.settings.iter().position(|one| one.path == *path);
        let Some(leaf) = place.and_then(|place| known.leaves.get(place)) else {
            return;
        };
        let new = is.rev.saturating_add(1);
        let old = rev_of(was.key);
        let ty = in_rust(was.ty);
        let from = match (was.path == *path, was.key == is.key) {
            (true, true) => format!("Write `rev = {new}` and `migrate(rev = {old}, "),
            (true, false) => "Give the rule a function: `migrate(.., ".into(),
            (false, _) => for_alias(was.path, is, rev_of(was.key), &ty),
        };
        let range = |range: &str| match range {
            "" => String::from("any value"),
            range => range.into(),
        };
        let old_range = was.range.unwrap_or(&is.range);
        let (was_range, now) = (range(old_range), range(&is.range));
        let how = match narrower(*leaf, (was.ty, &is.ty), old_range, &is.range) {
            Narrower::No => None,
            Narrower::Yes => {
                Some("A value in the field that is outside now is turned down on each boot.")
            }
            Narrower::Perhaps => Some(
                "It can't be told whether values in the field are outside now, and turned down on each boot.",
            ),
        };
        if let Some(how) = how {
            let what = format!("The range of `{path}` was {was_range} and is {now}. {how}");
            let advice = format!(
                "{from}with = ..)`, with a function that brings the value into the range (`|old| old.clamp(..)`).\n\
                 Or, if no device has a value outside, {ACCEPT}."
            );
            let note = format!("the range {was_range} is {now}");
            self.doubt(was.key, path, before, Vec::from([note]), |_| (what, advice));
        }
        let checked_by = was.validate.unwrap_or(&is.validate);
        if checked_by != is.validate && !is.validate.is_empty() {
            let by = match checked_by {
                "" => "nothing".into(),
                function => format!("`{function}`"),
            };
            let now = &is.validate;
            let what = format!(
                "`{path}` was checked by {by} and is by `{now}`. A value in the field that it turns down is the default on each boot."
            );
            let advice = format!(
                "{from}try_with = ..)`, with a function that mends the value.\n\
                 Or, if it turns down no value that a device has, {ACCEPT}."
            );
            let note = format!("checked by `{now}`");
            self.doubt(was.key, path, before, Vec::from([note]), |_| (what, advice));
        }
    }
}

/// A key whose values are read, and what is known of them.
pub(super) struct Was<'a> {
    path: &'a str,
    pub(super) key: &'a str,
    pub(super) ty: &'a Type,
    pub(super) unit: Option<&'a str>,
    range: Option<&'a str>,
    validate: Option<&'a str>,
}

impl<'a> From<&'a Setting> for Was<'a> {
    fn from(setting: &'a Setting) -> Self {
        Self {
            path: &setting.path,
            key: &setting.key,
            ty: &setting.ty,
            unit: Some(&setting.unit),
            range: Some(&setting.range),
            validate: Some(&setting.validate),
        }
    }
}

impl<'a> Was<'a> {
    /// `None` where the key or its type is not known.
    pub(super) fn of_old(old: &'a OldKey) -> Option<Self> {
        Some(Self {
            path: &old.path,
            key: old.key.as_deref()?,
            ty: old.ty.as_ref()?,
            unit: old.unit.as_deref(),
            range: old.range.as_deref(),
            validate: old.validate.as_deref(),
        })
    }
}

/// How the unit has changed. To say which it is for the first time is none.
pub(super) fn changed_unit(was: &str, is: &str) -> Option<String> {
    match (was, is) {
        ("", _) => None,
        (was, is) if was == is => None,
        (was, "") => Some(format!("was `{was}` and is not given any more")),
        (was, is) => Some(format!("was `{was}` and is `{is}`")),
    }
}

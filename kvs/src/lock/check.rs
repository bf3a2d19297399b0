//! The rules: what may not change between two versions of a settings struct.

use std::format;
use std::string::String;
use std::vec::Vec;

use super::bounds::{Narrower, narrower};
use super::compare::compare;
use super::gone;
use super::known::{Known, To};
use super::model::{Fate, Lock, OldKey, Setting, path_of};
use super::past::rev_of;
use super::problem::{self, Problem, is_index};
use super::rust::{in_rust, kept};
use super::ty::Type;
use crate::settings::Schema;

impl Lock {
    /// The lock of a settings struct with no history but what its source says.
    #[must_use]
    pub fn of(schema: &'static Schema) -> Self {
        Known::of(schema).lock
    }

    /// What is wrong with the struct as it is now, given what devices may have stored by this lock:
    /// all of it. And what is wrong with it whatever they have, as [`faults`](super::faults) says.
    #[must_use]
    pub fn check(&self, schema: &'static Schema) -> Vec<Problem> {
        let known = Known::of(schema);
        let (mut problems, _) = Check::new(self, &known, false).run();
        problems.extend(known.faults);
        problems
    }

    /// The lock of the struct as it is now, with the history of this one.
    ///
    /// # Errors
    ///
    /// What [`check`](Self::check) finds.
    pub fn update(&self, schema: &'static Schema) -> Result<Self, Vec<Problem>> {
        self.next(Known::of(schema), false)
    }

    /// The same, and takes for no loss what only a person can know: new names in old places,
    /// narrower ranges, shorter texts and lists. The lock says what they were.
    ///
    /// # Errors
    ///
    /// What else [`check`](Self::check) finds.
    pub fn accept(&self, schema: &'static Schema) -> Result<Self, Vec<Problem>> {
        self.next(Known::of(schema), true)
    }

    /// The lock of what is known now.
    pub(super) fn next(&self, mut known: Known, accepting: bool) -> Result<Self, Vec<Problem>> {
        let (mut problems, accepted) = Check::new(self, &known, accepting).run();
        problems.append(&mut known.faults);
        if !problems.is_empty() {
            return Err(problems);
        }
        let accepted_of = |key: &str, before: &[String]| {
            let mut all = before.to_vec();
            for (of, note) in &accepted {
                if of == key && !all.contains(note) {
                    all.push(note.clone());
                }
            }
            all
        };
        for setting in &mut known.lock.settings {
            let was = self.settings.iter().find(|was| was.key == setting.key);
            let before = was.map_or(&[][..], |was| &was.accepted);
            setting.accepted = accepted_of(&setting.key, before);
        }
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
            unit: Some(setting.unit.clone()).filter(|unit| !unit.is_empty()),
            range: Some(setting.range.clone()),
            validate: Some(setting.validate.clone()),
            accepted: setting.accepted.clone(),
        }));
        for old in &mut before {
            let key = old.key.clone().unwrap_or_default();
            old.accepted = accepted_of(&key, &old.accepted);
        }
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
    /// Whether what only a person can know is no loss.
    accepting: bool,
    /// What has been taken for no loss, and of which key.
    accepted: Vec<Accepted>,
}

/// A key, and what is noted of it.
type Accepted = (String, String);

impl<'a> Check<'a> {
    fn new(lock: &'a Lock, known: &'a Known, accepting: bool) -> Self {
        Self {
            lock,
            known,
            problems: Vec::new(),
            back: Vec::new(),
            accepting,
            accepted: Vec::new(),
        }
    }

    fn run(mut self) -> (Vec<Problem>, Vec<Accepted>) {
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
            self.uses(&Was::from(was));
        }
        let gone = gone::problems(&gone, self.lock, known);
        self.problems.extend(gone);
        for old in &self.lock.old {
            self.old(old);
        }
        self.collisions();
        (problem::merge(self.problems), self.accepted)
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
        if let Some(unit) = changed_unit(&was.unit, &is.unit) {
            let what =
                format!("The unit of `{path}` {unit}: values in the field would be misread.");
            let advice = format!(
                "If the values are other ones now, write `rev = {new}` and `migrate(rev = {old}, with = ..)`; else keep `unit`."
            );
            self.add(path, what, advice);
        }
        if was.misdescribed {
            let what = format!(
                "The bytes of `{path}` were not what its schema said: what devices have stored of it can't be told, and may be misread."
            );
            let advice = format!(
                "Write `rev = {new}`, and read the old value with `migrate(rev = {old}, ty = .., with = ..)`, whose type has a `Schema` of the bytes that were written."
            );
            self.add(path, what, advice);
        }
        let differences = compare(&was.ty, &is.ty);
        let (before, now) = (&was.ty, &is.ty);
        let kept = kept(before, now);
        let again = format!(
            "keep the old type as `{kept}`, say,\nand write `rev = {new}` and `migrate(rev = {old}, ty = {kept}, with = ..)`"
        );
        if !differences.misread.is_empty() {
            let what = format!(
                "The type of `{path}` has changed: {}. Values in the field would be misread or turned down.\n\
                 was: {before}\n\
                 is:  {now}",
                differences.misread.join(", ")
            );
            let advice = format!(
                "Let variants be added at the end only, and fields keep their order. Or {again}."
            );
            self.add(path, what, advice);
        }
        let renamed = [differences.retyped, differences.renamed].concat();
        let what = format!(
            "`{path}` has a new name in an old place: {}. What is stored under the old name is read as the new one.\n\
             was: {before}\n\
             is:  {now}",
            renamed.join(", ")
        );
        let advice = format!(
            "If it is the same by another name, {ACCEPT}.\nIf it means something else, {again}."
        );
        self.doubt(&was.key, path, &[], renamed, what, advice);
        let what = format!(
            "`{path}` holds less than it did: {}. A longer value in the field is turned down on each boot.\n\
             was: {before}\n\
             is:  {now}",
            differences.shorter.join(", ")
        );
        let advice = format!(
            "Write `rev = {new}` and `migrate(rev = {old}, ty = {kept}, try_with = ..)`, with a function that shortens the value \
             or declines it.\nOr, if no device has a longer one, {ACCEPT}."
        );
        self.doubt(&was.key, path, &[], differences.shorter, what, advice);
        self.rules(&Was::from(was), is, &[]);
    }

    /// A setting whose values are read as they are, and by whose rules they may be turned down now.
    fn rules(&mut self, was: &Was<'_>, is: &Setting, before: &[String]) {
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
            self.doubt(was.key, path, before, Vec::from([note]), what, advice);
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
            self.doubt(was.key, path, before, Vec::from([note]), what, advice);
        }
    }

    /// What only a person can know: a problem, unless it has been accepted. `before` has been.
    fn doubt(
        &mut self,
        key: &str,
        path: &str,
        before: &[String],
        notes: Vec<String>,
        what: String,
        advice: String,
    ) {
        if notes.iter().all(|note| before.contains(note)) {
            return;
        }
        if self.accepting {
            let notes = notes.into_iter().map(|note| (key.into(), note));
            self.accepted.extend(notes);
            return;
        }
        let mut problem = Problem::new(path, what, advice);
        problem.accept = notes;
        self.problems.push(problem);
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
            let what = format!(
                "`{taker}` takes {values}, with a new name in an old place: {}. What is stored under the old name is read as the new one.\n\
                 was: {old}\n\
                 is:  {now}",
                renamed.join(", ")
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
            self.doubt(key, &path, before, renamed, what, advice);
            let what = format!(
                "`{taker}` takes {values}, and holds less: {}. A longer value in the field is turned down on each boot.\n\
                 was: {old}\n\
                 is:  {now}",
                differences.shorter.join(", ")
            );
            let advice = match one.to {
                To::AsIs(_) => format!(
                    "{}try_with = ..)`, with a function that shortens the value or declines it.\n\
                     Or, if no device has a longer one, {ACCEPT}.",
                    advised(&in_rust(old))
                ),
                _ => format!(
                    "Let the migration have the type as it was, `{}`; or, if no device has a longer one, {ACCEPT}.",
                    in_rust(old)
                ),
            };
            self.doubt(key, &path, before, differences.shorter, what, advice);
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

/// How a person says that it is no loss.
const ACCEPT: &str = "`UPDATE_LOCK=accept cargo test` notes that in the file";

/// A key whose values are read, and what is known of them.
pub(super) struct Was<'a> {
    path: &'a str,
    key: &'a str,
    ty: &'a Type,
    unit: Option<&'a str>,
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
fn changed_unit(was: &str, is: &str) -> Option<String> {
    match (was, is) {
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

/// What to write in place of an alias by which `is` takes the values of `path`, up to its function.
fn for_alias(path: &str, is: &Setting, rev: u16, ty: &str) -> String {
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

/// As it is listed in `retired(..)`.
pub(super) fn retired_entry(name: &str, ty: &str, rev: u16) -> String {
    match rev {
        1 => format!("\"{name}\": {ty}"),
        rev => format!("\"{name}\": {ty} @ {rev}"),
    }
}

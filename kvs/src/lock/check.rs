//! The rules: what may not change between two versions of a settings struct.

use std::format;
use std::string::String;
use std::vec::Vec;

use super::compare::compare;
use super::gone;
use super::known::Known;
use super::model::{Lock, Setting};
use super::problem::{self, Problem};
use super::rules::{Was, changed_unit};
use super::rust::{in_rust, kept};

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
pub(super) type Accepted = (String, String);

impl<'a> Check<'a> {
    pub(super) fn new(lock: &'a Lock, known: &'a Known, accepting: bool) -> Self {
        Self {
            lock,
            known,
            problems: Vec::new(),
            back: Vec::new(),
            accepting,
            accepted: Vec::new(),
        }
    }

    pub(super) fn run(mut self) -> (Vec<Problem>, Vec<Accepted>) {
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
        self.doubt(&was.key, path, &[], renamed, |notes| {
            let what = format!(
                "`{path}` has a new name in an old place: {notes}. What is stored under the old name is read as the new one.\n\
                 was: {before}\n\
                 is:  {now}"
            );
            let advice = format!(
                "If it is the same by another name, {ACCEPT}.\nIf it means something else, {again}."
            );
            (what, advice)
        });
        self.doubt(&was.key, path, &[], differences.shorter, |notes| {
            let what = format!(
                "`{path}` holds less than it did: {notes}. A longer value in the field is turned down on each boot.\n\
                 was: {before}\n\
                 is:  {now}"
            );
            let advice = format!(
                "Write `rev = {new}` and `migrate(rev = {old}, ty = {kept}, try_with = ..)`, with a function that shortens the value \
                 or declines it.\nOr, if no device has a longer one, {ACCEPT}."
            );
            (what, advice)
        });
        self.rules(&Was::from(was), is, &[]);
    }

    /// What only a person can know: a problem, unless it has been accepted. `before` has been.
    /// `say` makes the problem and the advice of what is noted.
    pub(super) fn doubt(
        &mut self,
        key: &str,
        path: &str,
        before: &[String],
        notes: Vec<String>,
        say: impl FnOnce(&str) -> (String, String),
    ) {
        if notes.iter().all(|note| before.contains(note)) {
            return;
        }
        if self.accepting {
            let notes = notes.into_iter().map(|note| (key.into(), note));
            self.accepted.extend(notes);
            return;
        }
        let (what, advice) = say(&notes.join(", "));
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
}

/// The shape in a setting's key, without the revision.
pub(super) fn shape(setting: &Setting) -> &str {
    let shape = setting.key.strip_prefix(setting.path.as_str());
    let shape = shape.unwrap_or(&setting.key);
    shape.split('@').next().unwrap_or(shape)
}

/// How a person says that it is no loss.
pub(super) const ACCEPT: &str = "`UPDATE_LOCK=accept cargo test` notes that in the file";

/// As it is listed in `retired(..)`.
pub(super) fn retired_entry(name: &str, ty: &str, rev: u16) -> String {
    match rev {
        1 => format!("\"{name}\": {ty}"),
        rev => format!("\"{name}\": {ty} @ {rev}"),
    }
}

//! From one version's lock to the next.

use std::string::String;
use std::vec::Vec;

use super::check::Check;
use super::known::Known;
use super::model::{Fate, Lock, OldKey};
use super::problem::Problem;
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

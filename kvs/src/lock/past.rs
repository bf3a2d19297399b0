//! The rules for what was no setting's key any more in the version before: what devices of long ago
//! may have.

use std::format;
use std::string::String;
use std::vec::Vec;

use super::check::{Check, retired_entry};
use super::model::{Fate, OldKey, path_of};
use super::rules::Was;
use super::rust::in_rust;
use super::uses::old_name;

impl<'a> Check<'a> {
    /// What was no setting's key before.
    pub(super) fn old(&mut self, old: &'a OldKey) {
        let known = self.known;
        let path = &old.path;
        let is_back = match &old.key {
            Some(key) if known.is_current(key) => true,
            Some(key) => {
                if let Some(was) = Was::of_old(old) {
                    self.uses(&was);
                }
                if old.fate != Fate::Retired && !self.is_accounted_for(key, path) {
                    self.dropped(old, key);
                }
                self.is_path_back(old)
            }
            None => self.is_path_back(old),
        };
        if !is_back || self.back.contains(&path.as_str()) {
            return;
        }
        self.back.push(path);
        let fate = match &old.fate {
            Fate::Became(paths) => format!("became `{}`", paths.join("`, `")),
            Fate::Taken => "was migrated by the struct".into(),
            Fate::Retired => "was retired".into(),
        };
        let what = match &old.key {
            Some(key) if known.is_current(key) => {
                format!("`{key}` is a setting's key again, after it {fate}")
            }
            Some(key) => format!("`{path}` is a setting again, after `{key}` {fate}"),
            None => format!("`{path}` is a setting again, after it {fate}"),
        };
        let what = format!("{what}: devices may still have old values.");
        let advice = match self.last_rev(path) {
            Some(last) => format!(
                "Use another name, or write `rev = {}`.",
                last.saturating_add(1)
            ),
            None => "Use another name.".into(),
        };
        self.add(path, what, advice);
    }

    /// Whether a retired path is one again, without a new revision.
    fn is_path_back(&self, old: &OldKey) -> bool {
        let path = &old.path;
        let Some(is) = self.known.lock.setting(path) else {
            return false;
        };
        old.fate == Fate::Retired
            && self.lock.setting(path).is_none()
            && self.last_rev(path).is_none_or(|last| is.rev <= last)
    }

    /// The largest revision among the old keys of a path, if they are known.
    fn last_rev(&self, path: &str) -> Option<u16> {
        let old = self.lock.old.iter().filter(|old| old.path == path);
        let keys = old.map(|old| old.key.as_deref().map(rev_of));
        keys.collect::<Option<Vec<_>>>()?.into_iter().max()
    }

    /// An old key that something was done with until now.
    fn dropped(&mut self, old: &OldKey, key: &str) {
        let path = &old.path;
        let what = format!(
            "`{key}` is no longer migrated: a device that skips the versions between would lose its value."
        );
        let ty = old.ty.as_ref().map(in_rust);
        let name = path.strip_prefix(&self.known.prefix).unwrap_or(path);
        let entry = retired_entry(name, &ty.unwrap_or_else(|| "..".into()), rev_of(key));
        let whole = match self.known.lock.setting(path) {
            // A name that is a field's can't be retired, its whole path can.
            Some(_) => entry.replacen('"', &format!("\"/{}", self.known.prefix), 1),
            None => entry,
        };
        let advice = format!(
            "Keep what reads it{}.\n\
             Or, when no device has it any more, write `#[settings(retired({whole}))]` on `{}`.",
            self.rule_for(old, key),
            self.known.lock.name
        );
        self.add(path, what, advice);
    }

    /// The rule that reads an old key, where it is for one setting.
    fn rule_for(&self, old: &OldKey, key: &str) -> String {
        let Fate::Became(paths) = &old.fate else {
            return String::new();
        };
        let [path] = paths.as_slice() else {
            return String::new();
        };
        let mut words = Vec::new();
        if *path != old.path {
            words.push(format!("from = \"{}\"", old_name(&old.path, path)));
        }
        if rev_of(key) > 1 {
            words.push(format!("rev = {}", rev_of(key)));
        }
        words.extend(old.ty.as_ref().map(|ty| format!("ty = {}", in_rust(ty))));
        let words = words.join(", ");
        format!(
            ": `migrate({words}, ..)` on `{path}` (an `alias` is of the field's own type and `rev` only)"
        )
    }

    /// Names with the hash of others, of long ago.
    pub(super) fn collisions(&mut self) {
        let known = self.known;
        let mut seen: Vec<&str> = Vec::new();
        for (key, hash) in known.names() {
            if seen.contains(&key) {
                continue;
            }
            seen.push(key);
            for (other, _) in self.lock.names().filter(|(_, other)| *other == hash) {
                // Those in the source together don't compile.
                if other == key || known.names().any(|(name, _)| name == other) {
                    continue;
                }
                let path = path_of(key);
                let what = format!(
                    "`{key}` has the same hash as the old key `{other}`, {hash:#010x}: a value of that would be read as one of this."
                );
                self.add(
                    &path,
                    what,
                    "Use another name; `rename` on the field will do.",
                );
            }
        }
    }
}

/// The revision in a versioned name.
pub(super) fn rev_of(key: &str) -> u16 {
    let rev = key.rsplit_once('@').map(|(_, rev)| rev.parse());
    rev.and_then(Result::ok).unwrap_or(1)
}

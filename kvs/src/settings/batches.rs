//! The commits that saves, resets and confirmations are: which settings, in which order, and what
//! of them stays.

use core::ops::Range;

use super::Leaves;
use super::history::Old;
use super::key::Group;
use super::report::{Outcome, Rejection};
use super::tree::{Path, Tree};
#[cfg(feature = "live")]
use super::{Settings, flags};
use crate::change::{Batch, RawKey, Refusal, Value};

/// The commit of a save.
pub(crate) struct Save<'a> {
    pub(crate) settings: &'a dyn Leaves,
    /// What a load makes of settings that are not stored.
    pub(crate) unsaved: &'a mut dyn Leaves,
    pub(crate) tree: &'static Tree,
    /// Of that load.
    pub(crate) outcomes: &'a [Outcome],
}

impl Batch for Save<'_> {
    fn len(&self) -> usize {
        self.tree.hashes.len()
    }

    fn key(&self, index: usize) -> RawKey<'_> {
        RawKey::Hash(self.tree.hash(index))
    }

    fn value(&self, index: usize, scratch: &mut [u8]) -> Result<Value<'_>, Refusal> {
        encoded(self.settings, self.tree, index, scratch)
    }

    fn is_implied(&self, index: usize, value: &[u8]) -> bool {
        // What a load would make of an old value that can't be read just now is not known.
        let is_known = self.outcomes.get(index) != Some(&Outcome::Rejected(Rejection::Unreadable));
        is_known && self.unsaved.holds(index, value)
    }

    fn setting(&self, index: usize) -> Option<Path> {
        self.tree.path(index)
    }

    fn keeps(&mut self, index: usize, stored: &[u8]) -> bool {
        // Once it is told that a stored value is good, what its setting would be without does not
        // matter any more.
        self.unsaved.decode(index, stored).is_err()
    }

    fn is_unique(&self) -> bool {
        true
    }
}

/// Encodes one setting for a batch.
fn encoded(
    settings: &dyn Leaves,
    tree: &'static Tree,
    leaf: usize,
    scratch: &mut [u8],
) -> Result<Value<'static>, Refusal> {
    let encoded = settings.encode(leaf, scratch);
    encoded
        .map(Value::Encoded)
        .map_err(|error| Refusal::of(Path::new(tree, leaf), error))
}

/// The commit of a factory reset: a key for each setting of the tree, then the old ones.
///
/// Settings that it takes are at their default afterwards, and all others are what they were. So an
/// old key that feeds a setting of each kind is removed, and the setting that is not taken is
/// stored under its own key in the same commit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Removal {
    pub(crate) group: Group,
    /// It is a reset: settings marked `keep` stay, and the group's retired keys go.
    pub(crate) keep: bool,
}

impl Removal {
    /// Whether setting number `leaf` is to be at its default.
    pub(crate) fn takes(&self, leaf: usize) -> bool {
        let kept = || self.group.tree.leaf(leaf).is_some_and(|(_, keep)| keep);
        self.group.settings().contains(&leaf) && !(self.keep && kept())
    }

    /// A flag for each setting that is to be at its default.
    #[cfg(feature = "live")]
    pub(crate) fn flags<S: Settings>(&self) -> S::Flags {
        let mut flags = S::NO_FLAGS;
        for leaf in self.group.settings() {
            flags::set(flags.as_mut(), leaf, self.takes(leaf));
        }
        flags
    }

    /// Whether an old key holds something of what is to be removed.
    fn concerns(&self, old: &Old) -> bool {
        let group = self.group.settings();
        if old.is_retired() {
            let behind = usize::from(old.leaf).saturating_add(1);
            let first = behind.saturating_sub(old.rule.into());
            return self.keep && group.start <= first && behind <= group.end;
        }
        match old.leaf {
            Old::STRUCT => group.clone().any(|leaf| self.takes(leaf)),
            leaf => self.takes(leaf.into()),
        }
    }

    /// All uses of an old key.
    fn uses(&self, hash: u32) -> impl Iterator<Item = &'static Old> + use<> {
        let old = self.group.tree.old.iter();
        old.filter(move |old| old.hash == hash)
    }

    /// The settings beside the removed ones that may be made of an old key.
    pub(crate) fn sharers(&self, hash: u32) -> impl Iterator<Item = usize> + use<> {
        let this = *self;
        let others = (0..this.group.tree.hashes.len()).filter(move |leaf| !this.takes(*leaf));
        others.filter(move |leaf| this.uses(hash).any(|old| old.feeds(*leaf)))
    }

    /// Whether an old key is to be removed, if that costs no other setting its value.
    pub(crate) fn wants(&self, hash: u32) -> bool {
        !self.group.tree.hashes.contains(&hash) && self.uses(hash).any(|old| self.concerns(old))
    }

    /// Whether nothing but this key itself has to be looked at to tell what becomes of it.
    fn is_simple(&self, hash: u32) -> bool {
        !self.group.tree.hashes.contains(&hash) && self.sharers(hash).next().is_none()
    }
}

impl Batch for Removal {
    fn len(&self) -> usize {
        let tree = self.group.tree;
        tree.hashes.len().saturating_add(tree.old.len())
    }

    fn key(&self, index: usize) -> RawKey<'_> {
        self.group.tree.any_key(index)
    }

    fn value(&self, index: usize, _: &mut [u8]) -> Result<Value<'_>, Refusal> {
        let tree = self.group.tree;
        let mut sources = tree.old.iter().filter(|old| old.feeds(index));
        let (delete, is_simple) = match tree.old_at(index) {
            Some(old) if !self.wants(old.hash) || !tree.is_last(old) => return Ok(Value::Keep),
            Some(old) => (true, self.is_simple(old.hash)),
            None if self.takes(index) => (true, sources.all(|old| self.is_simple(old.hash))),
            None => {
                let has_lost = |old: &Old| tree.hashes.contains(&old.hash) || self.wants(old.hash);
                (false, !sources.any(has_lost))
            }
        };
        Ok(match (is_simple, delete) {
            (false, _) => Value::Removed(*self, index),
            (true, true) => Value::Delete,
            (true, false) => Value::Keep,
        })
    }

    fn setting(&self, index: usize) -> Option<Path> {
        self.group.tree.path(index)
    }

    fn is_unique(&self) -> bool {
        true
    }
}

/// The commit of a confirmation: what was migrated, then the old keys.
///
/// Where all of it does not fit, some at a time: those in `new` are stored, and the old keys go of
/// which nothing else is left to be made.
pub(crate) struct Confirmation<'a> {
    pub(crate) settings: &'a dyn Leaves,
    pub(crate) tree: &'static Tree,
    /// `Migrated` becomes `Loaded` with the commit that stores the setting.
    pub(crate) outcomes: &'a mut [Outcome],
    /// The settings that are stored, where they were migrated.
    pub(crate) new: Range<usize>,
    /// Whether old keys are removed.
    pub(crate) removes: bool,
}

impl Confirmation<'_> {
    /// To be called when a commit has stored the `new` ones.
    pub(crate) fn is_made(&mut self) {
        let made = self.outcomes.get_mut(self.new.clone()).unwrap_or(&mut []);
        for outcome in made {
            if let Outcome::Migrated(_) = outcome {
                *outcome = Outcome::Loaded;
            }
        }
    }

    /// Whether an old key has been made use of, or will not be.
    fn is_done(&self, old: &Old) -> bool {
        if old.is_retired() {
            return true;
        }
        if old.is_structs() {
            let mut outcomes = self.outcomes.iter().enumerate();
            return outcomes.all(|(leaf, outcome)| match outcome {
                Outcome::Rejected(_) => false,
                Outcome::Migrated(0) => self.new.contains(&leaf),
                _ => true,
            });
        }
        let leaf = usize::from(old.leaf);
        match self.outcomes.get(leaf) {
            Some(Outcome::Loaded) => true,
            Some(Outcome::Migrated(_)) => self.new.contains(&leaf),
            _ => false,
        }
    }
}

impl Batch for Confirmation<'_> {
    fn len(&self) -> usize {
        self.tree.hashes.len().saturating_add(self.tree.old.len())
    }

    fn key(&self, index: usize) -> RawKey<'_> {
        self.tree.any_key(index)
    }

    fn value(&self, index: usize, scratch: &mut [u8]) -> Result<Value<'_>, Refusal> {
        if let Some(old) = self.tree.old_at(index) {
            let delete = self.removes && self.tree.may_go(old, |old| self.is_done(old));
            return Ok(if delete { Value::Delete } else { Value::Keep });
        }
        match self.outcomes.get(index) {
            Some(Outcome::Migrated(_)) if self.new.contains(&index) => {
                encoded(self.settings, self.tree, index, scratch)
            }
            _ => Ok(Value::Keep),
        }
    }

    fn setting(&self, index: usize) -> Option<Path> {
        self.tree.path(index)
    }

    fn is_unique(&self) -> bool {
        true
    }
}

/// The commit of settings of which it is known that they were changed: those that have their flag
/// set. Or of a reset of them, where they have no old keys.
///
/// It is a batch of its own, so that a firmware which saves in this way alone has one kind of batch,
/// and the compiler knows which.
#[cfg(feature = "live")]
pub(crate) struct Edited<'a> {
    /// `None` where they are reset.
    pub(crate) settings: Option<&'a dyn Leaves>,
    /// What the settings are where nothing is stored of them.
    pub(crate) base: &'a mut dyn Leaves,
    pub(crate) tree: &'static Tree,
    pub(crate) flags: &'a [u8],
    /// Whether old keys are stored, of which it is not known what a load would make.
    pub(crate) has_old: bool,
}

#[cfg(feature = "live")]
impl Edited<'_> {
    fn leaf(&self, index: usize) -> usize {
        let leaf = flags::leaves(self.flags).nth(index);
        leaf.unwrap_or(usize::MAX)
    }
}

#[cfg(feature = "live")]
impl Batch for Edited<'_> {
    fn len(&self) -> usize {
        flags::count(self.flags)
    }

    fn key(&self, index: usize) -> RawKey<'_> {
        RawKey::Hash(self.tree.hash(self.leaf(index)))
    }

    fn value(&self, index: usize, scratch: &mut [u8]) -> Result<Value<'_>, Refusal> {
        match self.settings {
            Some(settings) => encoded(settings, self.tree, self.leaf(index), scratch),
            None => Ok(Value::Delete),
        }
    }

    fn is_implied(&self, index: usize, value: &[u8]) -> bool {
        let leaf = self.leaf(index);
        let is_made = || self.tree.old.iter().any(|old| old.feeds(leaf));
        !(self.has_old && is_made()) && self.base.holds(leaf, value)
    }

    fn keeps(&mut self, index: usize, stored: &[u8]) -> bool {
        let leaf = self.leaf(index);
        self.base.decode(leaf, stored).is_err()
    }

    fn setting(&self, index: usize) -> Option<Path> {
        self.tree.path(self.leaf(index))
    }

    fn is_unique(&self) -> bool {
        true
    }
}

/// Some of a batch's changes.
pub(crate) struct Part<'a> {
    pub(crate) batch: &'a mut dyn Batch,
    pub(crate) from: usize,
    pub(crate) len: usize,
}

impl Batch for Part<'_> {
    fn len(&self) -> usize {
        self.len.min(self.batch.len().saturating_sub(self.from))
    }

    fn key(&self, index: usize) -> RawKey<'_> {
        self.batch.key(self.from.saturating_add(index))
    }

    fn value(&self, index: usize, scratch: &mut [u8]) -> Result<Value<'_>, Refusal> {
        self.batch.value(self.from.saturating_add(index), scratch)
    }

    fn is_implied(&self, index: usize, value: &[u8]) -> bool {
        self.batch
            .is_implied(self.from.saturating_add(index), value)
    }

    fn keeps(&mut self, index: usize, stored: &[u8]) -> bool {
        self.batch.keeps(self.from.saturating_add(index), stored)
    }

    fn setting(&self, index: usize) -> Option<Path> {
        self.batch.setting(self.from.saturating_add(index))
    }

    fn is_unique(&self) -> bool {
        self.batch.is_unique()
    }
}

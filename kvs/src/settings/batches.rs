//! The commits that saves, resets and confirmations are: which settings, in which order, and what of them stays.

use super::Leaves;
use super::history::Old;
use super::key::Group;
use super::report::{Outcome, Rejection};
use super::tree::{Path, Tree};
use crate::change::{Batch, EncodeError, RawKey, Refusal, Value};

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

    fn keeps(&mut self, index: usize, stored: &[u8]) -> bool {
        // Once it is told that a stored value is good, what its setting would be without does not matter any more.
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
    match settings.encode(leaf, scratch) {
        Ok(len) => Ok(Value::Encoded(len)),
        Err(EncodeError::TooLong(needed)) => Err(Refusal::TooLong(needed)),
        Err(EncodeError::Rejected(why)) => Err(Refusal::Rejected(Path::new(tree, leaf), why)),
        Err(EncodeError::Unencodable) => Err(Refusal::Unencodable),
    }
}

/// The commit of a factory reset: a key for each setting of the tree, then the old ones.
pub(crate) struct Removal {
    pub(crate) group: Group,
    /// Settings marked so stay.
    pub(crate) keep: bool,
}

impl Removal {
    fn takes(&self, leaf: usize) -> bool {
        let first = usize::from(self.group.first);
        let behind = first.saturating_add(usize::from(self.group.count));
        let tree = self.group.tree;
        if leaf == usize::from(Old::STRUCT) {
            return first == 0 && behind == tree.hashes.len();
        }
        let kept = tree.leaf(leaf).is_some_and(|(_, keep)| keep);
        (first..behind).contains(&leaf) && !(kept && self.keep)
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
        let delete = match tree.old_at(index) {
            None => self.takes(index),
            Some(old) => tree.may_go(old, |other| self.takes(usize::from(other.leaf))),
        };
        Ok(if delete { Value::Delete } else { Value::Keep })
    }

    fn is_unique(&self) -> bool {
        true
    }
}

/// The commit of a confirmation: what was migrated, then the old keys.
pub(crate) struct Confirmation<'a> {
    pub(crate) settings: &'a dyn Leaves,
    pub(crate) tree: &'static Tree,
    pub(crate) outcomes: &'a [Outcome],
}

impl Confirmation<'_> {
    /// Whether an old key has been made use of, or will not be.
    fn is_done(&self, old: &Old) -> bool {
        match old.leaf {
            Old::RETIRED => true,
            Old::STRUCT => {
                let rejected = |outcome: &Outcome| matches!(outcome, Outcome::Rejected(_));
                !self.outcomes.iter().any(rejected)
            }
            leaf => matches!(
                self.outcomes.get(usize::from(leaf)),
                Some(Outcome::Loaded | Outcome::Migrated(_))
            ),
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
            let delete = self.tree.may_go(old, |old| self.is_done(old));
            return Ok(if delete { Value::Delete } else { Value::Keep });
        }
        match self.outcomes.get(index) {
            Some(Outcome::Migrated(_)) => encoded(self.settings, self.tree, index, scratch),
            _ => Ok(Value::Keep),
        }
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

    fn is_unique(&self) -> bool {
        self.batch.is_unique()
    }
}

//! What a firmware has of a settings struct: names, keys, old keys.
//!
//! Leaves are numbered in declaration order through the whole tree; that number is how the store, the generated code
//! and the reports speak of a setting. Constant tables and pure functions only: no flash, no values.

use core::fmt;

use super::Leaves;
use super::history::Old;
use crate::change::RawKey;

/// The fields of a settings struct, as a root: what `#[derive(Settings)]` leaves of it in a firmware. All else is in
/// [`Schema`](super::Schema).
#[derive(Clone, Copy, Debug)]
pub struct Tree {
    /// The Rust name of the struct.
    pub name: &'static str,
    /// `#[settings(prefix = "..")]`, or empty. Counts only where the struct is the root of its tree.
    pub prefix: &'static str,
    /// The fields in declaration order, `skip`ped ones left out.
    pub fields: &'static [Field],
    /// The key hash of each setting.
    pub hashes: &'static [u32],
    /// The keys that values are migrated from, and those that are retired.
    pub old: &'static [Old],
    /// Lends out the struct with every setting at its default, to have values made of old ones. `None` where there are no
    /// old keys: a firmware without a history does not link the code.
    pub with_defaults: Option<WithDefaults>,
}

/// [`Tree::with_defaults`].
pub type WithDefaults = fn(&mut dyn FnMut(&mut dyn Leaves));

/// One field of a settings struct.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// The name in the key: the Rust name, or what `rename` says.
    pub name: &'static str,
    /// Survives a factory reset, with all that is in it.
    pub keep: bool,
    /// What the field holds.
    pub node: Node,
}

/// What a field holds.
#[derive(Clone, Copy, Debug)]
pub enum Node {
    /// A value, stored under one key; what `range` allows, as written (`"1..=13"`), or empty.
    Leaf(&'static str),
    /// A `nested` settings struct.
    Group(&'static [Field]),
    /// A `nested` array of settings structs: the fields of one, and how many there are.
    Array(&'static [Field], usize),
}

impl Tree {
    /// Counts the settings of the tree.
    #[must_use]
    pub const fn count(&self) -> usize {
        count(self.fields)
    }

    /// The path of each setting, in declaration order.
    pub fn paths(&'static self) -> impl Iterator<Item = Path> {
        (0..self.count()).map(move |leaf| Path::new(self, leaf))
    }

    /// The path of key number `index`, if it is a setting's own.
    pub(crate) fn path(&'static self, index: usize) -> Option<Path> {
        (index < self.hashes.len()).then(|| Path::new(self, index))
    }

    /// Whether this and `other` are two versions of one struct, as far as can be told: they have one name, or one of them
    /// migrates or retires what the other stores.
    pub(crate) fn is_version_of(&self, other: &Self) -> bool {
        self.name == other.name || self.succeeds(other) || other.succeeds(self)
    }

    #[inline(never)]
    fn succeeds(&self, other: &Self) -> bool {
        let mut old = self.old.iter();
        old.any(|old| other.hashes.contains(&old.hash))
    }

    /// The key hash of setting number `leaf`.
    #[must_use]
    #[allow(clippy::indexing_slicing, reason = "below the length")]
    pub const fn hash(&self, leaf: usize) -> u32 {
        if leaf < self.hashes.len() {
            self.hashes[leaf]
        } else {
            0
        }
    }

    /// The old keys of setting number `leaf`, in the order in which they are tried.
    pub(crate) fn old_of(&self, leaf: usize) -> &'static [Old] {
        let is_of = |old: &Old| usize::from(old.leaf) == leaf && !old.is_retired();
        let from = self.old.iter().position(is_of).unwrap_or(self.old.len());
        let (_, rest) = self.old.split_at_checked(from).unwrap_or_default();
        let len = rest.iter().take_while(|old| is_of(old)).count();
        rest.split_at_checked(len).unwrap_or_default().0
    }

    /// The old keys that the struct's own function takes.
    pub(crate) fn old_of_struct(&self) -> &'static [Old] {
        let from = self.old.iter().position(Old::is_structs);
        let from = from.unwrap_or(self.old.len());
        // The walk comes to them last.
        self.old.split_at_checked(from).unwrap_or_default().1
    }

    /// Key number `index` of the settings' own, then the old ones.
    pub(crate) fn any_key(&self, index: usize) -> RawKey<'static> {
        let old = self.old_at(index).map(|old| old.hash);
        RawKey::Hash(old.unwrap_or_else(|| self.hash(index)))
    }

    /// The old key that is number `index` of all keys.
    pub(crate) fn old_at(&self, index: usize) -> Option<&'static Old> {
        self.old.get(index.checked_sub(self.hashes.len())?)
    }

    /// Whether an old key can be removed: no setting's own, and `done` with wherever it is an old one. True for the last of
    /// those only.
    pub(crate) fn may_go(&self, old: &'static Old, done: impl Fn(&Old) -> bool) -> bool {
        let mut same = self.old.iter().filter(|other| other.hash == old.hash);
        self.is_last(old) && !self.hashes.contains(&old.hash) && same.all(done)
    }

    /// Whether no other use of the same old key follows: in a commit, a key occurs once.
    pub(crate) fn is_last(&self, old: &Old) -> bool {
        let mut same = self.old.iter().filter(|other| other.hash == old.hash);
        same.next_back()
            .is_some_and(|last| core::ptr::eq(last, old))
    }

    /// The `range` of setting number `leaf`, and whether a factory reset leaves it alone.
    pub(crate) fn leaf(&self, leaf: usize) -> Option<(&'static str, bool)> {
        let mut fields = self.fields;
        let mut rest = leaf;
        let mut keep = false;
        loop {
            let (number, below) = locate(fields, rest)?;
            let field = fields.get(number)?;
            keep |= field.keep;
            match &field.node {
                Node::Leaf(range) => return Some((range, keep)),
                Node::Group(inner) => (fields, rest) = (inner, below),
                Node::Array(inner, _) => (fields, rest) = (inner, split(inner, below).1),
            }
        }
    }
}

/// The settings below `fields`.
#[must_use]
pub(crate) const fn count(fields: &[Field]) -> usize {
    let mut total = 0usize;
    let mut fields = fields;
    while let [field, rest @ ..] = fields {
        total = total.saturating_add(field.count());
        fields = rest;
    }
    total
}

impl Field {
    /// The settings in this field.
    const fn count(&self) -> usize {
        match self.node {
            Node::Leaf(_) => 1,
            Node::Group(inner) => count(inner),
            Node::Array(inner, len) => count(inner).saturating_mul(len),
        }
    }
}

/// The field that setting number `leaf` is in, and its number within that field.
#[must_use]
pub(crate) const fn locate(fields: &[Field], leaf: usize) -> Option<(usize, usize)> {
    let mut field = 0usize;
    let mut below = leaf;
    let mut rest = fields;
    while let [first, tail @ ..] = rest {
        let inside = first.count();
        if below < inside {
            return Some((field, below));
        }
        below = below.saturating_sub(inside);
        field = field.saturating_add(1);
        rest = tail;
    }
    None
}

/// In a nested array of structs with `fields`: the index of the struct that setting number `leaf` is in, and its
/// number there.
pub(crate) const fn split(fields: &[Field], leaf: usize) -> (usize, usize) {
    let each = count(fields);
    match (leaf.checked_div(each), leaf.checked_rem(each)) {
        (Some(index), Some(below)) => (index, below),
        _ => (0, 0),
    }
}

/// The name of a setting: `wifi.ssid`, `slots.3.hour`. Printed on demand, so that no joined strings lie in flash.
#[derive(Clone, Copy)]
pub struct Path {
    tree: &'static Tree,
    leaf: u16,
}

impl Path {
    /// The path of setting number `leaf` of `tree`.
    #[must_use]
    pub const fn new(tree: &'static Tree, leaf: usize) -> Self {
        Self {
            tree,
            leaf: if leaf > u16::MAX as usize {
                u16::MAX
            } else {
                leaf as u16
            },
        }
    }

    /// The setting's number in its tree.
    #[must_use]
    pub const fn leaf(&self) -> usize {
        self.leaf as usize
    }

    /// What the setting's `range` allows, as written, or nothing.
    #[must_use]
    pub fn range(&self) -> &'static str {
        self.tree.leaf(self.leaf()).map_or("", |(range, _)| range)
    }

    /// The setting's key hash.
    pub(crate) const fn hash(&self) -> u32 {
        self.tree.hash(self.leaf())
    }

    /// The tree that the setting is of.
    pub(crate) const fn tree(&self) -> &'static Tree {
        self.tree
    }

    /// Whether a factory reset leaves the setting alone.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        self.tree.leaf(self.leaf()).is_some_and(|(_, keep)| keep)
    }
}

#[cfg(feature = "defmt")]
impl defmt::Format for Path {
    fn format(&self, f: defmt::Formatter<'_>) {
        defmt::write!(f, "{}", defmt::Display2Format(self));
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.tree.prefix.is_empty() {
            write!(f, "{}.", self.tree.prefix)?;
        }
        let mut fields = self.tree.fields;
        let mut rest = self.leaf();
        while let Some((number, below)) = locate(fields, rest) {
            let Some(field) = fields.get(number) else {
                break;
            };
            f.write_str(field.name)?;
            match field.node {
                Node::Leaf(_) => break,
                Node::Group(inner) => {
                    f.write_str(".")?;
                    (fields, rest) = (inner, below);
                }
                Node::Array(inner, _) => {
                    let (index, below) = split(inner, below);
                    write!(f, ".{index}.")?;
                    (fields, rest) = (inner, below);
                }
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl PartialEq for Path {
    fn eq(&self, other: &Self) -> bool {
        core::ptr::eq(self.tree, other.tree) && self.leaf == other.leaf
    }
}

impl Eq for Path {}

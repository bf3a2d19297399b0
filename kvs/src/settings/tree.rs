//! What the derive says of a struct: its fields, in a tree of constants.
//!
//! Leaves are numbered in declaration order through the whole tree; that number is how the store, the generated code
//! and the reports speak of a setting. Constant tables and pure functions only: no flash, no values.

use core::fmt;

use postcard_schema::schema::NamedType;

use super::shape;
use crate::hash::KeyHasher;

/// The fields of a settings struct, as a root: what `#[derive(Settings)]` knows of it.
#[derive(Clone, Copy, Debug)]
pub struct Tree {
    /// `#[settings(prefix = "..")]`, or empty. Counts only where the struct is the root of its tree.
    pub prefix: &'static str,
    /// The fields in declaration order, `skip`ped ones left out.
    pub fields: &'static [Field],
}

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
    /// A value, stored under one key.
    Leaf(Leaf),
    /// A `nested` settings struct.
    Group(&'static [Field]),
    /// A `nested` array of settings structs: the fields of one, and how many there are.
    Array(&'static [Field], usize),
}

/// A setting: one value, one key.
#[derive(Clone, Copy, Debug)]
pub struct Leaf {
    /// The type's postcard schema; its shape is part of the key.
    pub schema: &'static NamedType,
    /// The largest encoding of a value, in bytes (see [`max_encoded_len`](super::max_encoded_len)).
    pub max_len: usize,
    /// What `range` allows, as written (`"1..=13"`), or empty.
    pub range: &'static str,
}

impl Tree {
    /// Counts the settings of the tree.
    #[must_use]
    pub const fn count(&self) -> usize {
        count(self.fields)
    }

    /// The largest encoded value of the tree, in bytes.
    #[must_use]
    pub const fn max_value_len(&self) -> usize {
        max_len(self.fields)
    }

    /// The key hash of each setting, `N` of them.
    ///
    /// # Panics
    ///
    /// While compiling: where two keys have the same hash, or `N` is not [`count`](Self::count).
    #[must_use]
    pub const fn hashes<const N: usize>(&self) -> [u32; N] {
        let mut out = [0; N];
        let start = KeyHasher::new().text(self.prefix);
        let start = if self.prefix.is_empty() {
            start
        } else {
            start.byte(b'.')
        };
        let used = fill(self.fields, start, &mut out, 0);
        assert!(used == N, "as many hashes as settings");
        super::collision::check(self, &out);
        out
    }

    /// The path of each setting, in declaration order.
    pub fn paths(&'static self) -> impl Iterator<Item = Path> {
        (0..self.count()).map(move |leaf| Path::new(self, leaf))
    }

    /// The setting with this number, and whether a factory reset leaves it alone.
    pub(crate) fn leaf(&self, leaf: usize) -> Option<(&'static Leaf, bool)> {
        let mut fields = self.fields;
        let mut rest = leaf;
        let mut keep = false;
        loop {
            let (number, below) = locate(fields, rest)?;
            let field = fields.get(number)?;
            keep |= field.keep;
            match &field.node {
                Node::Leaf(leaf) => return Some((leaf, keep)),
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

/// The settings before field number `field`: what the generated code adds to get from a field's number to a leaf's.
#[must_use]
pub const fn offset(fields: &[Field], field: usize) -> usize {
    count(fields.split_at(field).0)
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

const fn max_len(fields: &[Field]) -> usize {
    let mut most = 0;
    let mut fields = fields;
    while let [field, rest @ ..] = fields {
        let len = match field.node {
            Node::Leaf(leaf) => leaf.max_len,
            Node::Group(inner) | Node::Array(inner, _) => max_len(inner),
        };
        if len > most {
            most = len;
        }
        fields = rest;
    }
    most
}

/// Writes the hashes below `fields` from `out[at]` on; returns where it stopped. `path` ends with its dot.
const fn fill(fields: &[Field], path: KeyHasher, out: &mut [u32], at: usize) -> usize {
    let mut at = at;
    let mut fields = fields;
    while let [field, rest @ ..] = fields {
        let path = path.text(field.name);
        match field.node {
            Node::Leaf(leaf) => {
                let (_, tail) = out.split_at_mut(at);
                if let [slot, ..] = tail {
                    *slot = shape::hash(path.byte(b':'), leaf.schema).finish();
                }
                at = at.saturating_add(1);
            }
            Node::Group(inner) => at = fill(inner, path.byte(b'.'), out, at),
            Node::Array(inner, len) => {
                let mut index = 0usize;
                while index < len {
                    at = fill(inner, path.byte(b'.').number(index).byte(b'.'), out, at);
                    index = index.saturating_add(1);
                }
            }
        }
        fields = rest;
    }
    at
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

    /// What is known of the setting: its schema, its range as written.
    #[must_use]
    pub fn info(&self) -> Option<&'static Leaf> {
        self.tree.leaf(self.leaf()).map(|(leaf, _)| leaf)
    }

    /// Whether a factory reset leaves the setting alone.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        self.tree.leaf(self.leaf()).is_some_and(|(_, keep)| keep)
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

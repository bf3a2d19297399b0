//! All that the derive says of a settings struct, its history included: constants for the compiler
//! and for the host.
//!
//! A firmware links none of it unless it asks: what it needs at run time is in the
//! [`Tree`](super::Tree).

use postcard_schema::schema::NamedType;

use super::name::TextHash;

/// A settings struct as its source has it, in full. `Thermostat::SCHEMA`.
#[derive(Clone, Copy, Debug)]
pub struct Schema {
    /// The name of the Rust struct.
    pub name: &'static str,
    /// What is written above the struct.
    pub docs: &'static str,
    /// `#[settings(prefix = "..")]`, or empty. Counts only where the struct is the root of its
    /// tree.
    pub prefix: &'static str,
    /// The fields in declaration order, `skip`ped ones left out.
    pub fields: &'static [FieldSchema],
    /// What `#[settings(retired(..))]` lists.
    pub retired: &'static [Retired],
    /// What `#[settings(migrate(from(..)))]` lists: the old values that the struct's own function
    /// takes.
    pub sources: &'static [Source],
}

/// One field of a settings struct.
#[derive(Clone, Copy, Debug)]
pub struct FieldSchema {
    /// The name in the key: the Rust name, or what `rename` says.
    pub name: &'static str,
    /// The hash of the name; of a setting, of `name:shape` or `name:shape@rev`.
    pub(crate) hash: TextHash,
    /// What is written above the field.
    pub docs: &'static str,
    /// Earlier names.
    pub aliases: &'static [&'static str],
    /// Survives a factory reset, with all that is in it.
    pub keep: bool,
    /// Not to be shown, with all that is in it.
    pub secret: bool,
    /// What the field holds.
    pub node: SchemaNode,
}

/// What a field holds.
#[derive(Clone, Copy, Debug)]
pub enum SchemaNode {
    /// A value, stored under one key.
    Leaf(LeafSchema),
    /// A `nested` settings struct.
    Group(&'static Schema),
    /// A `nested` array of settings structs, and how many there are.
    Array(&'static Schema, usize),
}

/// A setting: one value, one key.
#[derive(Clone, Copy, Debug)]
pub struct LeafSchema {
    /// The type's postcard schema; its shape is part of the key.
    pub ty: &'static NamedType,
    /// The largest encoding of a value, in bytes (see [`max_encoded_len`](super::max_encoded_len)).
    pub max_len: usize,
    /// `rev`, 1 if there is none: part of the key from 2 on.
    pub rev: u16,
    /// `unit`, or empty.
    pub unit: &'static str,
    /// `default` as written, or empty for `Default::default()`.
    pub default: &'static str,
    /// What `range` allows, as written (`"1..=13"`), or empty.
    pub range: &'static str,
    /// The function of `validate`, as written, or empty.
    pub validate: &'static str,
    /// The type as written: `"String<32>"`.
    pub rust: &'static str,
    /// The `migrate(..)` rules, in order.
    pub rules: &'static [Rule],
    /// What a test on the host asks of the setting.
    #[cfg(feature = "lock")]
    pub(crate) spec: &'static dyn crate::lock::Leaf,
}

/// One `migrate(..)`: from one old value, or from several, to a setting's.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// What it reads.
    pub sources: &'static [Source],
    /// Whether it has a `default` for those of several sources that are not stored.
    pub has_default: bool,
    /// Whether it takes the old value as it is, by `From`, without a function.
    pub is_plain: bool,
}

impl Rule {
    /// For generated code.
    #[doc(hidden)]
    #[must_use]
    pub const fn new(sources: &'static [Source], has_default: bool, is_plain: bool) -> Self {
        Self {
            sources,
            has_default,
            is_plain,
        }
    }
}

/// An old key that values are migrated from.
#[derive(Clone, Copy, Debug)]
pub struct Source {
    /// The old name, beside the field; from a `/` on, a whole path. Empty: the field's own.
    pub name: &'static str,
    /// The old type.
    pub ty: &'static NamedType,
    /// The largest encoding of an old value, in bytes.
    pub max_len: usize,
    /// The old `rev`.
    pub rev: u16,
    /// Marked as not to be shown. One that a setting's own `migrate` reads is as secret as the
    /// setting, whatever this says.
    pub secret: bool,
    /// What a test on the host asks of the type.
    #[cfg(feature = "lock")]
    pub(crate) read: crate::lock::Read,
}

/// A name that no setting may have again.
#[derive(Clone, Copy, Debug)]
pub struct Retired {
    /// The old name, among the struct's fields; from a `/` on, a whole path.
    pub name: &'static str,
    /// The type it had, if that is told: its key is removed by [`confirm`](crate::Store::confirm)
    /// then.
    pub ty: Option<&'static NamedType>,
    /// The `rev` it had.
    pub rev: u16,
    /// Not to be shown, as long as devices may have it.
    pub secret: bool,
}

impl FieldSchema {
    /// For generated code: a nested field, of its name and the hash of that; of its docs and
    /// aliases; whether a factory reset leaves it alone, and whether it is not to be shown; and what
    /// is nested.
    #[doc(hidden)]
    #[must_use]
    pub const fn nested(
        name: &'static str,
        hash: [u64; 2],
        docs: &'static str,
        aliases: &'static [&'static str],
        [keep, secret]: [bool; 2],
        node: SchemaNode,
    ) -> Self {
        Self {
            name,
            hash: TextHash::known(name, hash),
            docs,
            aliases,
            keep,
            secret,
            node,
        }
    }
}

impl Schema {
    /// Counts the settings.
    #[must_use]
    pub const fn count(&self) -> usize {
        let mut total = 0usize;
        let mut fields = self.fields;
        while let [field, rest @ ..] = fields {
            let here = match field.node {
                SchemaNode::Leaf(_) => 1,
                SchemaNode::Group(inner) => inner.count(),
                SchemaNode::Array(inner, len) => inner.count().saturating_mul(len),
            };
            total = total.saturating_add(here);
            fields = rest;
        }
        total
    }

    /// The most bytes of values that the buffer has to hold at a time: a setting's, or all that one
    /// rule reads.
    #[must_use]
    pub const fn max_value_len(&self) -> usize {
        let mut most = sum(self.sources);
        let mut fields = self.fields;
        while let [field, rest @ ..] = fields {
            let here = match field.node {
                SchemaNode::Leaf(leaf) => leaf.max_value_len(),
                SchemaNode::Group(inner) | SchemaNode::Array(inner, _) => inner.max_value_len(),
            };
            most = max(most, here);
            fields = rest;
        }
        most
    }

    /// Setting number `leaf`, and whether a factory reset leaves it alone.
    #[must_use]
    pub fn leaf(&self, leaf: usize) -> Option<(&'static LeafSchema, bool)> {
        self.leaf_and(leaf, |field| field.keep)
    }

    /// Whether setting number `leaf` is not to be shown.
    #[must_use]
    pub fn is_secret(&self, leaf: usize) -> bool {
        let found = self.leaf_and(leaf, |field| field.secret);
        found.is_some_and(|(_, secret)| secret)
    }

    /// Whether any setting is not to be shown.
    pub(crate) const fn has_secrets(&self) -> bool {
        let mut fields = self.fields;
        while let [field, rest @ ..] = fields {
            let inside = match field.node {
                SchemaNode::Leaf(_) => false,
                SchemaNode::Group(inner) | SchemaNode::Array(inner, _) => inner.has_secrets(),
            };
            if field.secret || inside {
                return true;
            }
            fields = rest;
        }
        false
    }

    /// Setting number `leaf`, and whether it, or a field that it is in, has a flag.
    fn leaf_and(
        &self,
        leaf: usize,
        flag: fn(&FieldSchema) -> bool,
    ) -> Option<(&'static LeafSchema, bool)> {
        let mut fields = self.fields;
        let mut left = leaf;
        let mut flagged = false;
        'down: loop {
            for field in fields {
                let (inner, count) = match &field.node {
                    SchemaNode::Leaf(leaf) if left == 0 => {
                        return Some((leaf, flagged || flag(field)));
                    }
                    SchemaNode::Leaf(_) => (None, 1),
                    SchemaNode::Group(inner) => (Some(inner), inner.count()),
                    SchemaNode::Array(inner, len) => {
                        (Some(inner), inner.count().saturating_mul(*len))
                    }
                };
                if let Some(inner) = inner
                    && left < count
                {
                    left = left.checked_rem(inner.count()).unwrap_or(0);
                    flagged |= flag(field);
                    fields = inner.fields;
                    continue 'down;
                }
                left = left.checked_sub(count)?;
            }
            return None;
        }
    }
}

impl LeafSchema {
    const fn max_value_len(&self) -> usize {
        let mut most = self.max_len;
        let mut rules = self.rules;
        while let [rule, rest @ ..] = rules {
            most = max(most, sum(rule.sources));
            rules = rest;
        }
        most
    }
}

/// All that a rule reads, in the buffer at a time; each but one begins a word.
const fn sum(sources: &[Source]) -> usize {
    let mut total = 0usize;
    let mut sources = sources;
    while let [source, rest @ ..] = sources {
        let padding = if rest.is_empty() { 0 } else { 31 };
        total = total.saturating_add(source.max_len).saturating_add(padding);
        sources = rest;
    }
    total
}

const fn max(a: usize, b: usize) -> usize {
    if a > b { a } else { b }
}

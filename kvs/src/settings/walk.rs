//! The walk through a schema that writes down each key, current and old, with the places that nested structs have been at.

use postcard_schema::schema::NamedType;

use super::history::{KeyEntry, Old};
use super::name::KeyName;
use super::schema::{FieldSchema, LeafSchema, Retired, Schema, SchemaNode, Source};
use super::shape;

/// The most places that a nested struct's values may have been at, its present one included.
const PLACES: usize = 8;

/// The beginnings of paths, each up to its last dot: first the present one, then older ones.
#[derive(Clone, Copy)]
struct Places {
    names: [KeyName; PLACES],
    count: usize,
}

impl Places {
    /// The places of `field`, in a struct that has been at these.
    const fn of(&self, field: &FieldSchema) -> Self {
        let mut out = Self {
            names: [KeyName::EMPTY; PLACES],
            count: 0,
        };
        let mut place = self.all();
        while let [base, others @ ..] = place {
            out.add(base, field.name);
            let mut aliases = field.aliases;
            while let [alias, rest @ ..] = aliases {
                out.add(base, alias);
                aliases = rest;
            }
            place = others;
        }
        out
    }

    const fn add(&mut self, base: &KeyName, name: &str) {
        let mut path = *base;
        path.push(name);
        path.byte(b'.');
        let (_, free) = self.names.split_at_mut(self.count);
        let [slot, ..] = free else {
            let mut message = KeyName::EMPTY;
            message.push("settings: `");
            message.push(path.as_str());
            message.push("..` has more than 8 old places");
            message.fail();
        };
        *slot = path;
        self.count = self.count.saturating_add(1);
    }

    /// These places with `index.` behind each.
    const fn item(&self, index: usize) -> Self {
        let mut out = *self;
        let mut names: &mut [KeyName] = &mut out.names;
        while let [name, rest @ ..] = names {
            name.number(index);
            name.byte(b'.');
            names = rest;
        }
        out
    }

    const fn all(&self) -> &[KeyName] {
        self.names.split_at(self.count).0
    }
}

/// Goes through a tree and writes down its keys, or only counts them where there is no room.
pub(crate) struct Walk<'a> {
    pub(crate) out: &'a mut [KeyEntry],
    /// So many keys are passed over.
    pub(crate) from: usize,
    pub(crate) at: usize,
    /// The number of the next setting.
    pub(crate) leaf: u16,
    /// Whether what is being added is not to be shown.
    pub(crate) is_secret: bool,
}

impl Walk<'_> {
    pub(crate) const fn root(&mut self, schema: &Schema) {
        let mut prefix = KeyName::EMPTY;
        prefix.push(schema.prefix);
        if !schema.prefix.is_empty() {
            prefix.byte(b'.');
        }
        let places = Places {
            names: [prefix; PLACES],
            count: 1,
        };
        self.schema(schema, &places);
        let old = Old::new(Old::STRUCT, 0, Old::OPTIONAL);
        self.is_secret = schema.has_secrets();
        self.rule(&prefix, schema.sources, old, "");
    }

    const fn schema(&mut self, schema: &Schema, places: &Places) {
        let first = self.leaf;
        let is_secret = self.is_secret;
        let mut fields = schema.fields;
        while let [field, rest @ ..] = fields {
            self.is_secret = is_secret || field.secret;
            match field.node {
                SchemaNode::Leaf(leaf) => {
                    self.setting(field, &leaf, places);
                    self.leaf = self.leaf.saturating_add(1);
                }
                SchemaNode::Group(inner) => self.nested(inner, &places.of(field)),
                SchemaNode::Array(inner, len) => {
                    let places = places.of(field);
                    let mut index = 0usize;
                    while index < len {
                        self.nested(inner, &places.item(index));
                        index = index.saturating_add(1);
                    }
                }
            }
            fields = rest;
        }
        let mut retired = schema.retired;
        while let [one, rest @ ..] = retired {
            self.is_secret = is_secret || one.secret;
            self.retired(one, places, Old::retired(first, self.leaf));
            retired = rest;
        }
        self.is_secret = is_secret;
    }

    const fn nested(&mut self, schema: &Schema, places: &Places) {
        if !schema.sources.is_empty() {
            let mut message = KeyName::EMPTY;
            message.push("settings: `");
            message.push(schema.name);
            message.push("` has a `migrate` of its own, and so can't be nested; put it on the outermost struct");
            message.fail();
        }
        self.schema(schema, places);
    }

    const fn setting(&mut self, field: &FieldSchema, leaf: &LeafSchema, places: &Places) {
        let mut is_current = true;
        let mut place = places.all();
        while let [base, others @ ..] = place {
            let old = Old::new(self.leaf, 0, 0);
            let of = (leaf.ty, leaf.rev);
            self.add(base, field.name, of, is_current, old);
            is_current = false;
            let mut aliases = field.aliases;
            while let [alias, rest @ ..] = aliases {
                self.add(base, alias, of, false, old);
                aliases = rest;
            }
            let mut rules = leaf.rules;
            let mut number = 1u8;
            while let [rule, rest @ ..] = rules {
                let flags = if rule.has_default { Old::OPTIONAL } else { 0 };
                let old = Old::new(self.leaf, number, flags);
                self.rule(base, rule.sources, old, field.name);
                number = number.saturating_add(1);
                rules = rest;
            }
            place = others;
        }
    }

    /// The keys that one rule reads, of a field or struct at `base`.
    const fn rule(&mut self, base: &KeyName, sources: &[Source], old: Old, own: &str) {
        let is_secret = self.is_secret;
        let mut sources = sources;
        while let [source, rest @ ..] = sources {
            self.is_secret = is_secret || source.secret;
            let name = if source.name.is_empty() {
                own
            } else {
                source.name
            };
            let mut old = old;
            if !rest.is_empty() {
                old.flags |= Old::MORE;
            }
            self.add(base, name, (source.ty, source.rev), false, old);
            sources = rest;
        }
        self.is_secret = is_secret;
    }

    const fn retired(&mut self, retired: &Retired, places: &Places, old: Old) {
        let Some(ty) = retired.ty else {
            return;
        };
        let mut place = places.all();
        while let [base, others @ ..] = place {
            self.add(base, retired.name, (ty, retired.rev), false, old);
            place = others;
        }
    }

    /// Adds the key of `name`, at `base`.
    const fn add(
        &mut self,
        base: &KeyName,
        name: &str,
        of: (&'static NamedType, u16),
        is_current: bool,
        old: Old,
    ) {
        if let Some(slot) = self.at.checked_sub(self.from)
            && slot < self.out.len()
            && let [slot, ..] = self.out.split_at_mut(slot).1
        {
            *slot = KeyEntry {
                name: versioned(base, name, of),
                ty: of.0,
                is_current,
                is_whole: is_whole(name),
                is_secret: self.is_secret,
                old,
            };
        }
        self.at = self.at.saturating_add(1);
    }
}

/// `path:shape`, or `path:shape@rev`. A name from a `/` on is the whole path.
const fn versioned(base: &KeyName, name: &str, (ty, rev): (&NamedType, u16)) -> KeyName {
    let mut out = *base;
    if is_whole(name) {
        out = KeyName::EMPTY;
        out.push(name.split_at(1).1);
    } else {
        out.push(name);
    }
    out.byte(b':');
    shape::write(&mut out, ty);
    if rev > 1 {
        out.byte(b'@');
        out.number(rev as usize);
    }
    out
}

const fn is_whole(name: &str) -> bool {
    matches!(name.as_bytes(), [b'/', ..])
}

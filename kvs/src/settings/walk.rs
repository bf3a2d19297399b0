//! The walk through a schema that names each key, current and old, with the places that nested
//! structs have been at.

// While compiling, a function call takes as long as hundreds of steps: so there are few here, not
// even of checked arithmetic.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "counts of what is in memory, and numbers below a length"
)]

use postcard_schema::schema::NamedType;

use super::history::{KeyEntry, Old};
use super::name::{Message, NameWriter, Part, TextHash};
use super::place::{Place, Places};
use super::schema::{FieldSchema, LeafSchema, Retired, Schema, SchemaNode, Source};
use super::shape;

/// The most old keys of a setting: each, and each of its rules, has a number of 8 bits.
const MAX_OLD: usize = 255;

/// Goes through a schema as a root, names its keys, and notes those for which there is room.
pub(crate) struct Walk<'a, 'w> {
    out: &'a mut [KeyEntry],
    /// The number of the first key that is noted.
    from: usize,
    /// The number of the first key that there is no room for.
    end: usize,
    /// The number of the next key.
    at: usize,
    /// The number of the next setting.
    leaf: u16,
    /// Whether what is being added is not to be shown.
    is_secret: bool,
    /// How what is being added is read by a rule.
    #[cfg(feature = "lock")]
    read: Option<crate::lock::Read>,
    name: &'a mut NameWriter<'w>,
}

impl<'a, 'w> Walk<'a, 'w> {
    /// Notes the keys from number `from` on, as many as `out` has room for, and writes their names;
    /// returns how many keys there are in all.
    pub(crate) const fn all(
        schema: &Schema,
        from: usize,
        out: &'a mut [KeyEntry],
        name: &'a mut NameWriter<'w>,
    ) -> usize {
        let mut walk = Self {
            end: from + out.len(),
            out,
            from,
            at: 0,
            leaf: 0,
            is_secret: false,
            #[cfg(feature = "lock")]
            read: None,
            name,
        };
        walk.root(schema);
        walk.at
    }

    /// Writes the name of key number `index`.
    pub(crate) const fn one(schema: &Schema, index: usize, name: &'a mut NameWriter<'w>) {
        // Does not change what is said of a schema: only the name is asked for.
        Walk::all(schema, index, &mut [KeyEntry::NONE], name);
    }

    const fn root(&mut self, schema: &Schema) {
        let root = Place::ROOT;
        let mut place = root;
        if !schema.prefix.is_empty() {
            place = Place::new(&root, schema.prefix, &TextHash::of(schema.prefix));
        }
        self.schema(schema, &Places::one(place));
        let old = Old::new(Old::STRUCT, 0, Old::OPTIONAL);
        if let [_, ..] = schema.sources {
            self.is_secret = schema.has_secrets();
            self.rule(&place, schema.sources, old, "");
        }
    }

    const fn schema(&mut self, schema: &Schema, places: &Places<'_>) {
        let first = self.leaf;
        let is_secret = self.is_secret;
        let mut fields = schema.fields;
        while let [field, rest @ ..] = fields {
            self.is_secret = is_secret || field.secret;
            match &field.node {
                SchemaNode::Leaf(leaf) => {
                    let first = self.at;
                    let mut number = 0;
                    while number < places.count {
                        let base = &places.all[number];
                        if self.at >= self.from && self.at < self.end {
                            if self.name.has_window {
                                self.write(base, field.name, leaf.ty, leaf.rev);
                            }
                            // The derive has hashed its parts.
                            let (start, end) = (&base.hash, &field.hash);
                            let hash = start.power as u128 * end.hash as u128 + start.hash as u128;
                            let name = (hash as u64, start.len + end.len);
                            self.note(name, leaf.ty, number == 0, Old::new(self.leaf, 0, 0));
                        }
                        self.at += 1;
                        if !matches!(field.aliases, []) || !matches!(leaf.rules, []) {
                            self.old(base, field, leaf);
                        }
                        number += 1;
                    }
                    // Its own key is one of them.
                    if self.at - first > 1 + MAX_OLD {
                        too_many_old(field.name);
                    }
                    self.leaf += 1;
                }
                SchemaNode::Group(inner) => self.nested(inner, &Places::of(places, field)),
                SchemaNode::Array(inner, len) => {
                    let places = Places::of(places, field);
                    let mut index = 0usize;
                    while index < *len {
                        self.nested(inner, &places.item(index));
                        index += 1;
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

    const fn nested(&mut self, schema: &Schema, places: &Places<'_>) {
        if !schema.sources.is_empty() {
            Message::fail(&[
                Part::Text("`"),
                Part::Text(schema.name),
                Part::Text(
                    "` has a `migrate` of its own, and so can't be nested; put it on the outermost struct",
                ),
            ])
        }
        self.schema(schema, places);
    }

    /// The old keys of a setting, in a struct that has been at `base`.
    const fn old(&mut self, base: &Place<'_>, field: &FieldSchema, leaf: &LeafSchema) {
        let mut old = Old::new(self.leaf, 0, 0);
        let mut aliases = field.aliases;
        while let [alias, rest @ ..] = aliases {
            self.add(base, alias, (leaf.ty, leaf.rev), old);
            aliases = rest;
        }
        let mut rules = leaf.rules;
        while let [rule, rest @ ..] = rules {
            old.rule = old.rule.wrapping_add(1);
            let mut old = old;
            if rule.has_default {
                old.flags = Old::OPTIONAL;
            }
            if rule.is_plain {
                old.flags |= Old::PLAIN;
            }
            self.rule(base, rule.sources, old, field.name);
            rules = rest;
        }
    }

    /// The keys that one rule reads, of a field or struct at `base`.
    const fn rule(&mut self, base: &Place<'_>, sources: &[Source], old: Old, own: &str) {
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
            #[cfg(feature = "lock")]
            {
                self.read = Some(source.read);
            }
            self.add_old(base, name, (source.ty, source.rev), old);
            sources = rest;
        }
        #[cfg(feature = "lock")]
        {
            self.read = None;
        }
        self.is_secret = is_secret;
    }

    const fn retired(&mut self, retired: &Retired, places: &Places<'_>, old: Old) {
        let Some(ty) = retired.ty else {
            return;
        };
        let mut number = 0;
        while number < places.count {
            self.add_old(&places.all[number], retired.name, (ty, retired.rev), old);
            number += 1;
        }
    }

    /// Adds an old key. A name from a `/` on is the whole path.
    const fn add_old(
        &mut self,
        base: &Place<'_>,
        name: &str,
        of: (&'static NamedType, u16),
        mut old: Old,
    ) {
        if let [b'/', ..] = name.as_bytes() {
            let (_, name) = name.split_at(1);
            old.flags |= Old::WHOLE;
            self.add(&Place::ROOT, name, of, old);
        } else {
            self.add(base, name, of, old);
        }
    }

    /// Adds the old key of `name`, at `base`: `path:shape`, or `path:shape@rev`.
    const fn add(
        &mut self,
        base: &Place<'_>,
        name: &str,
        (ty, rev): (&'static NamedType, u16),
        old: Old,
    ) {
        if self.at >= self.from && self.at < self.end {
            self.write(base, name, ty, rev);
            let TextHash { hash, len, .. } = self.name.hash;
            self.note((hash, len), ty, false, old);
        }
        self.at += 1;
    }

    const fn write(&mut self, base: &Place<'_>, name: &str, ty: &NamedType, rev: u16) {
        let out = &mut *self.name;
        base.begin(out);
        out.push(name);
        shape::write_suffix(out, ty, rev);
    }

    /// Notes the next key, of a name with this hash and length.
    const fn note(
        &mut self,
        (hash, len): (u64, usize),
        ty: &'static NamedType,
        is_current: bool,
        old: Old,
    ) {
        // Field by field: that takes fewer steps.
        let entry = &mut self.out[self.at - self.from];
        entry.name = hash;
        entry.ty = ty;
        entry.is_current = is_current;
        entry.is_secret = self.is_secret;
        entry.old = old;
        #[cfg(not(feature = "lock"))]
        let _ = len;
        #[cfg(feature = "lock")]
        {
            entry.name_len = len;
            entry.read = self.read;
        }
    }
}

const fn too_many_old(name: &str) -> ! {
    Message::fail(&[
        Part::Text("`"),
        Part::Text(name),
        Part::Text(
            "` has more than 255 old keys (`alias` and `migrate`, for each place that its struct has been at)",
        ),
    ])
}

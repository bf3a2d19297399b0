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
use super::schema::{FieldSchema, LeafSchema, Retired, Schema, SchemaNode, Source};
use super::shape;

/// The most places that a nested struct's values may have been at, its present one included.
const PLACES: usize = 8;
/// The most old keys of a setting: each, and each of its rules, has a number of 8 bits.
const MAX_OLD: usize = 255;

/// The beginning of paths, up to a dot: `wifi.`, `slots.3.`.
#[derive(Clone, Copy)]
struct Place<'a> {
    hash: TextHash,
    /// The place that it is in.
    outer: Option<&'a Place<'a>>,
    name: &'a str,
    index: Option<usize>,
    /// The length of it all.
    len: usize,
}

impl<'a> Place<'a> {
    const ROOT: Self = Self {
        hash: TextHash::EMPTY,
        outer: None,
        name: "",
        index: None,
        len: 0,
    };

    const fn new(outer: &'a Self, name: &'a str, hash: TextHash) -> Self {
        let mut writer = NameWriter::new(&mut [], 0);
        outer.begin(&mut writer);
        writer.push_hashed(name, hash);
        writer.push(".");
        Self {
            hash: writer.hash,
            outer: Some(outer),
            name,
            index: None,
            len: writer.len,
        }
    }

    /// This place with `index.` behind it.
    const fn item(&self, index: usize) -> Self {
        let mut writer = NameWriter::new(&mut [], 0);
        self.begin(&mut writer);
        writer.number(index);
        writer.push(".");
        Self {
            hash: writer.hash,
            index: Some(index),
            len: writer.len,
            ..*self
        }
    }

    /// Makes `name` go on with what stands behind this place.
    const fn begin(&self, name: &mut NameWriter<'_>) {
        if name.has_window {
            self.write(name);
        } else {
            name.len += self.len;
        }
        name.hash = self.hash;
    }

    const fn write(&self, name: &mut NameWriter<'_>) {
        let Some(outer) = self.outer else {
            return;
        };
        outer.write(name);
        name.copy(self.name);
        name.copy(".");
        if let Some(index) = self.index {
            name.copy_number(index);
            name.copy(".");
        }
    }
}

/// Where a struct's values may be: first the present place, then older ones.
#[derive(Clone, Copy)]
struct Places<'a> {
    all: [Place<'a>; PLACES],
    count: usize,
}

impl<'a> Places<'a> {
    /// The places of `field`, in a struct that has been at `outer`.
    const fn of(outer: &'a Places<'a>, field: &'a FieldSchema) -> Self {
        let mut out = Self {
            all: [Place::ROOT; PLACES],
            count: 0,
        };
        let mut number = 0;
        while number < outer.count {
            let base = &outer.all[number];
            out.add(base, field.name, field.hash);
            let mut aliases = field.aliases;
            while let [alias, rest @ ..] = aliases {
                out.add(base, alias, TextHash::of(alias));
                aliases = rest;
            }
            number += 1;
        }
        out
    }

    const fn add(&mut self, base: &'a Place<'a>, name: &'a str, hash: TextHash) {
        if self.count == PLACES {
            Message::fail(&[
                Part::Text("`"),
                Part::Text(name),
                Part::Text("..` has more than 8 old places"),
            ])
        }
        self.all[self.count] = Place::new(base, name, hash);
        self.count += 1;
    }

    /// These places with `index.` behind each.
    const fn item(&self, index: usize) -> Self {
        let mut out = *self;
        let mut number = 0;
        while number < self.count {
            out.all[number] = self.all[number].item(index);
            number += 1;
        }
        out
    }
}

/// Goes through a schema as a root, names its keys, and notes those for which there is room.
pub(crate) struct Walk<'a, 'w> {
    out: &'a mut [KeyEntry],
    /// How many keys there is room for.
    room: usize,
    /// So many keys are passed over.
    from: usize,
    at: usize,
    /// The number of the next setting.
    leaf: u16,
    /// Whether what is being added is a setting's own key.
    is_current: bool,
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
            room: out.len(),
            out,
            from,
            at: 0,
            leaf: 0,
            is_current: false,
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
            place = Place::new(&root, schema.prefix, TextHash::of(schema.prefix));
        }
        let mut places = Places {
            all: [root; PLACES],
            count: 1,
        };
        places.all[0] = place;
        self.schema(schema, &places);
        let old = Old::new(Old::STRUCT, 0, Old::OPTIONAL);
        self.is_secret = schema.has_secrets();
        self.rule(&place, schema.sources, old, "");
    }

    const fn schema(&mut self, schema: &Schema, places: &Places<'_>) {
        let first = self.leaf;
        let is_secret = self.is_secret;
        let mut fields = schema.fields;
        while let [field, rest @ ..] = fields {
            self.is_secret = is_secret || field.secret;
            match &field.node {
                SchemaNode::Leaf(leaf) => {
                    self.setting(field, leaf, places);
                    self.leaf = self.leaf.saturating_add(1);
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

    const fn setting(&mut self, field: &FieldSchema, leaf: &LeafSchema, places: &Places<'_>) {
        let first = self.at;
        let mut old = Old::new(self.leaf, 0, 0);
        let of = (leaf.ty, leaf.rev);
        let mut number = 0;
        while number < places.count {
            let base = &places.all[number];
            old.rule = 0;
            self.is_current = number == 0;
            self.add(base, (field.name, Some(field.hash)), of, old);
            self.is_current = false;
            let mut aliases = field.aliases;
            while let [alias, rest @ ..] = aliases {
                self.add(base, (alias, None), of, old);
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
            number += 1;
        }
        // Its own key is one of them.
        if self.at - first > 1 + MAX_OLD {
            Message::fail(&[
                Part::Text("`"),
                Part::Text(field.name),
                Part::Text(
                    "` has more than 255 old keys (`alias` and `migrate`, for each place that its struct has been at)",
                ),
            ])
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
            self.add(&Place::ROOT, (name, None), of, old);
        } else {
            self.add(base, (name, None), of, old);
        }
    }

    /// Adds the key of `name`, at `base`: `path:shape`, or `path:shape@rev`. `hash` is that of all
    /// behind `base`.
    const fn add(
        &mut self,
        base: &Place<'_>,
        (name, hash): (&str, Option<TextHash>),
        (ty, rev): (&'static NamedType, u16),
        old: Old,
    ) {
        let at = self.at;
        self.at += 1;
        if at < self.from || at - self.from >= self.room {
            return;
        }
        let out = &mut *self.name;
        #[cfg(feature = "lock")]
        let before = out.len;
        match hash {
            // Most are a setting's own: with its parts hashed by the derive, it takes one step.
            Some(hash) if !out.has_window => {
                out.hash = base.hash.then(hash);
                out.len += base.len + hash.len;
            }
            _ => {
                base.begin(out);
                out.push(name);
                shape::write_suffix(out, ty, rev);
            }
        }
        self.out[at - self.from] = KeyEntry {
            hash: out.hash.key,
            identity: out.hash.identity,
            #[cfg(feature = "lock")]
            name_len: out.len - before,
            ty,
            is_current: self.is_current,
            is_secret: self.is_secret,
            old,
            #[cfg(feature = "lock")]
            read: self.read,
        };
    }
}

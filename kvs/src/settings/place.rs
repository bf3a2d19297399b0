//! Where a struct's values may be: the places that nested structs have been at.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "runs while compiling: what is out of range would be an error there"
)]

use super::name::{Message, NameWriter, Part, TextHash};
use super::schema::FieldSchema;

/// The most places that a nested struct's values may have been at, its present one included.
const PLACES: usize = 8;
/// The beginning of paths, up to a dot: `wifi.`, `slots.3.`.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) hash: TextHash,
    /// The place that it is in.
    outer: Option<&'a Place<'a>>,
    name: &'a str,
    index: Option<usize>,
}

impl<'a> Place<'a> {
    pub(super) const ROOT: Self = Self {
        hash: TextHash::EMPTY,
        outer: None,
        name: "",
        index: None,
    };

    pub(super) const fn new(outer: &'a Self, name: &'a str, hash: &TextHash) -> Self {
        const DOT: TextHash = TextHash::of(".");
        Self {
            hash: outer.hash.then(hash).then(&DOT),
            outer: Some(outer),
            name,
            index: None,
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
            ..*self
        }
    }

    /// Makes `name` go on with what stands behind this place.
    pub(super) const fn begin(&self, name: &mut NameWriter<'_>) {
        if name.has_window {
            self.write(name);
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
pub(super) struct Places<'a> {
    pub(super) all: [Place<'a>; PLACES],
    pub(super) count: usize,
}

impl<'a> Places<'a> {
    pub(super) const fn one(place: Place<'a>) -> Self {
        let mut all = [Place::ROOT; PLACES];
        all[0] = place;
        Self { all, count: 1 }
    }

    /// The places of `field`, in a struct that has been at `outer`.
    pub(super) const fn of(outer: &'a Places<'a>, field: &'a FieldSchema) -> Self {
        let mut out = Self {
            all: [Place::ROOT; PLACES],
            count: 0,
        };
        let mut number = 0;
        while number < outer.count {
            let base = &outer.all[number];
            out.add(base, field.name, &field.hash);
            let mut aliases = field.aliases;
            while let [alias, rest @ ..] = aliases {
                out.add(base, alias, &TextHash::of(alias));
                aliases = rest;
            }
            number += 1;
        }
        out
    }

    const fn add(&mut self, base: &'a Place<'a>, name: &'a str, hash: &TextHash) {
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
    pub(super) const fn item(&self, index: usize) -> Self {
        let mut out = *self;
        let mut number = 0;
        while number < self.count {
            out.all[number] = self.all[number].item(index);
            number += 1;
        }
        out
    }
}

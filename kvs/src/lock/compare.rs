//! What differs between two types of one key, so that a value of the one would be misread as the other.
//!
//! The shape in a key sees kinds and nesting. It does not see the order of fields of the same type, nor what an enum is
//! made of: this does. Names alone may change.

use std::format;
use std::string::String;
use std::vec::Vec;

use postcard_schema::schema::owned::{
    OwnedDataModelType, OwnedDataModelVariant, OwnedNamedType, OwnedNamedValue, OwnedNamedVariant,
};

use super::ty::Type;

/// A line for each difference, none if values of `old` can be read as `new`.
pub(super) fn compare(old: &Type, new: &Type) -> Vec<String> {
    let mut out = Differences::default();
    out.types(old.schema(), new.schema());
    out.lines
}

#[derive(Default)]
struct Differences {
    /// The fields and variants that are being looked at, outermost first.
    place: Vec<String>,
    lines: Vec<String>,
}

/// The items of a tuple or a struct, and their names if they have any.
type Items<'a> = Vec<(Option<&'a str>, &'a OwnedNamedType)>;

impl Differences {
    fn add(&mut self, line: String) {
        let place = self.place.iter().map(String::as_str);
        let place: Vec<_> = place.filter(|place| !place.is_empty()).collect();
        self.lines.push(match place.as_slice() {
            [] => line,
            place => format!("{line} (in `{}`)", place.join(".")),
        });
    }

    fn inside(&mut self, name: &str, look: impl FnOnce(&mut Self)) {
        self.place.push(name.into());
        look(self);
        self.place.pop();
    }

    fn types(&mut self, old: &OwnedNamedType, new: &OwnedNamedType) {
        use OwnedDataModelType as Ty;
        match (&old.ty, &new.ty) {
            // Not seen on the wire.
            (Ty::NewtypeStruct(inner), _) => self.types(inner, new),
            (_, Ty::NewtypeStruct(inner)) => self.types(old, inner),
            (Ty::Option(old), Ty::Option(new)) | (Ty::Seq(old), Ty::Seq(new)) => {
                self.types(old, new);
            }
            (Ty::Map { key, val }, Ty::Map { key: k, val: v }) => {
                self.types(key, k);
                self.types(val, v);
            }
            (Ty::Enum(old), Ty::Enum(new)) => self.variants(old, new),
            (a, b) => match (items(a), items(b)) {
                (Some(one), Some(other)) if one.len() == other.len() => self.items(&one, &other),
                (None, None) if a == b => {}
                _ => self.add(became(old, new)),
            },
        }
    }

    fn items(&mut self, old: &Items, new: &Items) {
        let array = matches!(old.as_slice(), [(None, first), rest @ ..]
            if rest.iter().all(|(name, item)| name.is_none() && item == first));
        for (at, ((name, old_type), (_, new_type))) in old.iter().zip(new).enumerate() {
            // One of an array says it for all.
            if array && at > 0 && new.first().map(|(_, first)| first) == Some(new_type) {
                continue;
            }
            if let Some(name) = name
                && let Some(now) = new.iter().position(|(other, _)| *other == Some(*name))
                && now != at
            {
                let (at, now) = (at.saturating_add(1), now.saturating_add(1));
                self.add(format!("field `{name}` moved from place {at} to {now}"));
            } else {
                let place = match name {
                    Some(name) => (*name).into(),
                    None if old.len() == 1 => String::new(),
                    None if array => "[]".into(),
                    None => format!("{at}"),
                };
                self.inside(&place, |this| this.types(old_type, new_type));
            }
        }
    }

    fn variants(&mut self, old: &[OwnedNamedVariant], new: &[OwnedNamedVariant]) {
        for (at, variant) in old.iter().enumerate() {
            let name = &variant.name;
            let moved_to = new.iter().position(|other| other.name == *name);
            match (moved_to, new.get(at)) {
                (Some(now), _) if now != at => {
                    self.add(format!("variant `{name}` moved from {at} to {now}"));
                }
                (None, None) => self.add(format!("variant `{name}` is gone")),
                // Another old one has taken its place.
                (None, Some(other)) if old.iter().any(|one| one.name == other.name) => {
                    self.add(format!("variant `{name}` is gone"));
                }
                (_, Some(other)) => {
                    self.inside(name, |this| this.payloads(&variant.ty, &other.ty));
                }
                (Some(_), None) => {}
            }
        }
    }

    fn payloads(&mut self, old: &OwnedDataModelVariant, new: &OwnedDataModelVariant) {
        let (one, other) = (payload(old), payload(new));
        if one.len() == other.len() {
            self.items(&one, &other);
        } else {
            let count = |items: &Items| match items.len() {
                0 => "nothing".into(),
                1 => "1 value".into(),
                more => format!("{more} values"),
            };
            let text = format!("{} became {}", count(&one), count(&other));
            self.add(text);
        }
    }
}

fn became(old: &OwnedNamedType, new: &OwnedNamedType) -> String {
    let text = |ty: &OwnedNamedType| Type::from(ty.clone());
    format!("{} became {}", text(old), text(new))
}

/// What lies one after the other on the wire; `None` for what is one value.
fn items(ty: &OwnedDataModelType) -> Option<Items<'_>> {
    match ty {
        OwnedDataModelType::Unit | OwnedDataModelType::UnitStruct => Some(Vec::new()),
        OwnedDataModelType::Tuple(items) | OwnedDataModelType::TupleStruct(items) => {
            Some(unnamed(items))
        }
        OwnedDataModelType::Struct(fields) => Some(named(fields)),
        _ => None,
    }
}

fn payload(variant: &OwnedDataModelVariant) -> Items<'_> {
    match variant {
        OwnedDataModelVariant::UnitVariant => Vec::new(),
        OwnedDataModelVariant::NewtypeVariant(inner) => unnamed(core::slice::from_ref(inner)),
        OwnedDataModelVariant::TupleVariant(items) => unnamed(items),
        OwnedDataModelVariant::StructVariant(fields) => named(fields),
    }
}

fn unnamed(items: &[OwnedNamedType]) -> Items<'_> {
    items.iter().map(|item| (None, item)).collect()
}

fn named(fields: &[OwnedNamedValue]) -> Items<'_> {
    fields
        .iter()
        .map(|field| (Some(field.name.as_str()), &field.ty))
        .collect()
}

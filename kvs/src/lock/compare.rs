//! What differs between two types of one key.
//!
//! The shape in a key sees kinds and nesting. It does not see the order of fields of the same type,
//! nor what an enum is made of: values would be misread. Nor does it see names and capacities: what
//! a new name in an old place means, only a person knows, and whether a device has a text that is
//! too long now.

use std::format;
use std::string::String;
use std::vec::Vec;

use postcard_schema::schema::owned::{
    OwnedDataModelType, OwnedDataModelVariant, OwnedNamedType, OwnedNamedValue, OwnedNamedVariant,
};

use super::capacity::{UNKNOWN, capacity};
use super::ty::Type;

/// What may happen to values of `old` that are read as `new`.
pub(super) fn compare(old: &Type, new: &Type) -> Differences {
    let mut out = Comparison::default();
    out.types(old.schema(), new.schema());
    out.found
}

/// A line for each difference.
#[derive(Default)]
pub(super) struct Differences {
    /// Values are misread or turned down.
    pub(super) misread: Vec<String>,
    /// There is a new name in an old place: another word for the same, or another meaning.
    pub(super) renamed: Vec<String>,
    /// The same, of a type's own name.
    pub(super) retyped: Vec<String>,
    /// A text or a list holds less.
    pub(super) shorter: Vec<String>,
}

#[derive(Default)]
struct Comparison {
    /// The fields and variants that are being looked at, outermost first.
    place: Vec<String>,
    found: Differences,
}

/// The items of a tuple or a struct, and their names if they have any.
type Items<'a> = Vec<(Option<&'a str>, &'a OwnedNamedType)>;

impl Comparison {
    /// The line, with the place that it is about.
    fn at_place(&self, line: String) -> String {
        let place = self.place.iter().map(String::as_str);
        let place: Vec<_> = place.filter(|place| !place.is_empty()).collect();
        match place.as_slice() {
            [] => line,
            place => format!("{line} (in `{}`)", place.join(".")),
        }
    }

    fn add(&mut self, line: String) {
        let line = self.at_place(line);
        self.found.misread.push(line);
    }

    /// `was` is called `is` now.
    fn renamed(&mut self, what: &str, was: &str, is: &str) {
        let line = self.at_place(format!("{what} `{was}` is `{is}`"));
        self.found.renamed.push(line);
    }

    fn retyped(&mut self, was: &str, is: &str) {
        // A type that is used in several places is said once.
        let line = format!("type `{was}` is `{is}`");
        if !self.found.retyped.contains(&line) {
            self.found.retyped.push(line);
        }
    }

    /// Compares the names of two types, of which the old one has a name of its own.
    fn type_names(&mut self, old: &OwnedNamedType, new: &OwnedNamedType) {
        let (was, is) = (own_name(&old.name), own_name(&new.name));
        if has_name(&old.ty) && was != is {
            let text = Type::from(new.clone());
            let is = if has_name(&new.ty) { is } else { text.as_str() };
            self.retyped(was, is);
        }
    }

    /// Where only one of two types has names for its parts, nobody knows which is which.
    fn field_names(&mut self, old: &Items, new: &Items) {
        let names = |items: &Items| {
            let names = items
                .iter()
                .filter_map(|(name, _)| Some(own_name((*name)?)));
            names.collect::<Vec<_>>().join("`, `")
        };
        let (was, is) = (names(old), names(new));
        if old.len() < 2 || was.is_empty() == is.is_empty() {
            return;
        }
        let line = match was.is_empty() {
            true => format!("values without a name are `{is}`"),
            false => format!("`{was}` are values without a name"),
        };
        let line = self.at_place(line);
        self.found.renamed.push(line);
    }

    fn capacities(&mut self, old: &OwnedNamedType, new: &OwnedNamedType) {
        let what = match old.ty {
            OwnedDataModelType::String => "text",
            OwnedDataModelType::ByteArray => "bytes",
            OwnedDataModelType::Seq(_) => "list",
            OwnedDataModelType::Map { .. } => "map",
            _ => return,
        };
        let line = match (capacity(old), capacity(new)) {
            (Some(was), Some(is)) if is < was => format!("{what} of up to {was} is of up to {is}"),
            (Some(was), None) if new.name == UNKNOWN => {
                format!("{what} of up to {was} does not tell any more what it holds")
            }
            _ => return,
        };
        let line = self.at_place(line);
        self.found.shorter.push(line);
    }

    fn inside(&mut self, name: &str, look: impl FnOnce(&mut Self)) {
        self.place.push(name.into());
        look(self);
        self.place.pop();
    }

    fn types(&mut self, old: &OwnedNamedType, new: &OwnedNamedType) {
        use OwnedDataModelType as Ty;
        match (&old.ty, &new.ty) {
            // Newtypes are not seen on the wire. One around what was there says more of it.
            (Ty::NewtypeStruct(was), Ty::NewtypeStruct(is)) => {
                if wraps(is, &old.name) {
                    self.types(old, is);
                } else if wraps(was, &new.name) {
                    self.retyped(own_name(&old.name), own_name(&new.name));
                    self.types(was, new);
                } else {
                    self.type_names(old, new);
                    self.types(was, is);
                }
                return;
            }
            (Ty::NewtypeStruct(was), _) => {
                self.type_names(old, new);
                return self.types(was, new);
            }
            (_, Ty::NewtypeStruct(is)) => return self.types(old, is),
            (Ty::Option(was), Ty::Option(is)) | (Ty::Seq(was), Ty::Seq(is)) => {
                self.types(was, is);
            }
            (Ty::Map { key, val }, Ty::Map { key: k, val: v }) => {
                self.types(key, k);
                self.types(val, v);
            }
            (Ty::Enum(was), Ty::Enum(is)) => {
                self.type_names(old, new);
                self.variants(was, is);
            }
            (a, b) => match (items(a), items(b)) {
                (Some(one), Some(other)) if one.len() == other.len() => {
                    if !one.is_empty() {
                        self.type_names(old, new);
                    }
                    self.field_names(&one, &other);
                    self.items(&one, &other);
                }
                (None, None) if a == b => {}
                _ => return self.add(became(old, new)),
            },
        }
        self.capacities(old, new);
    }

    fn items(&mut self, old: &Items, new: &Items) {
        let array = matches!(old.as_slice(), [(None, first), rest @ ..]
            if rest.iter().all(|(name, item)| name.is_none() && item == first));
        for (at, ((name, old_type), (new_name, new_type))) in old.iter().zip(new).enumerate() {
            // One of an array says it for all.
            if array && at > 0 && new.first().map(|(_, first)| first) == Some(new_type) {
                continue;
            }
            let moved_to =
                name.and_then(|name| new.iter().position(|(other, _)| *other == Some(name)));
            if let (Some(name), Some(now)) = (name, moved_to)
                && now != at
            {
                let (at, now) = (at.saturating_add(1), now.saturating_add(1));
                self.add(format!("field `{name}` moved from place {at} to {now}"));
                continue;
            }
            match (name, new_name) {
                // Another old one has taken its place.
                (Some(name), Some(is))
                    if name != is && old.iter().any(|(one, _)| one == new_name) =>
                {
                    self.add(format!("field `{name}` is gone"));
                    continue;
                }
                (Some(name), Some(is)) if own_name(name) != own_name(is) => {
                    self.renamed("field", own_name(name), own_name(is));
                }
                _ => {}
            }
            let place = match name {
                Some(name) => (*name).into(),
                None if old.len() == 1 => String::new(),
                None if array => "[]".into(),
                None => format!("{at}"),
            };
            self.inside(&place, |this| this.types(old_type, new_type));
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
                (found, Some(other)) => {
                    if found.is_none() {
                        self.renamed("variant", own_name(name), own_name(&other.name));
                    }
                    self.inside(name, |this| this.payloads(&variant.ty, &other.ty));
                }
                (Some(_), None) => {}
            }
        }
    }

    fn payloads(&mut self, old: &OwnedDataModelVariant, new: &OwnedDataModelVariant) {
        let (one, other) = (payload(old), payload(new));
        if one.len() == other.len() {
            self.field_names(&one, &other);
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

/// Whether a type has a name that somebody gave it.
fn has_name(ty: &OwnedDataModelType) -> bool {
    matches!(
        ty,
        OwnedDataModelType::NewtypeStruct(_)
            | OwnedDataModelType::TupleStruct(_)
            | OwnedDataModelType::Struct(_)
            | OwnedDataModelType::Enum(_)
    )
}

/// A name as the lock file has it: without parameters, which `postcard-schema` gives some, and
/// without `r#`.
fn own_name(name: &str) -> &str {
    let name = name.split('<').next().unwrap_or(name);
    name.strip_prefix("r#").unwrap_or(name)
}

/// Whether a type is the one of this name, or newtypes around it.
fn wraps(ty: &OwnedNamedType, name: &str) -> bool {
    match &ty.ty {
        OwnedDataModelType::NewtypeStruct(inner) => {
            own_name(&ty.name) == own_name(name) || wraps(inner, name)
        }
        _ => false,
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

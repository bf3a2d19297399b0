//! What a type is made of, by its schema, and the ways to its parts.

use std::vec::Vec;

use postcard_schema::schema::{
    DataModelType as Ty, DataModelVariant as Variant, NamedType, NamedValue,
};

/// The parts of what lies one after the other on the wire, with their names; `None` for other
/// types.
pub(super) type Children = Vec<(&'static str, &'static NamedType)>;

pub(super) fn children(schema: &'static NamedType) -> Option<Children> {
    match schema.ty {
        Ty::Unit | Ty::UnitStruct => Some(Vec::new()),
        Ty::Tuple(items) | Ty::TupleStruct(items) => Some(unnamed(items)),
        Ty::Struct(fields) => Some(named(fields)),
        _ => None,
    }
}

/// Whether the one part is, or holds in turn, what has `len` parts.
pub(super) fn holds(parts: &Children, len: usize) -> bool {
    let [(_, only)] = parts.as_slice() else {
        return false;
    };
    let mut inner = *only;
    while let Ty::NewtypeStruct(of) = inner.ty {
        inner = of;
    }
    children(inner).is_some_and(|parts| parts.len() == len || holds(&parts, len))
}

pub(super) fn payload(variant: &'static Variant) -> Children {
    match variant {
        Variant::UnitVariant => Vec::new(),
        Variant::NewtypeVariant(inner) => unnamed(core::slice::from_ref(inner)),
        Variant::TupleVariant(items) => unnamed(items),
        Variant::StructVariant(fields) => named(fields),
    }
}

fn unnamed(items: &'static [&'static NamedType]) -> Children {
    items.iter().map(|item| ("", *item)).collect()
}

fn named(fields: &'static [&'static NamedValue]) -> Children {
    fields.iter().map(|field| (field.name, field.ty)).collect()
}

/// Each place of a type that a value may or may not have, and the type itself: what has to be read
/// for all of the type to have been read.
pub(in super::super) fn places(schema: &'static NamedType) -> Vec<Vec<usize>> {
    let mut out = std::vec![Vec::new()];
    visit(
        schema,
        &mut Vec::new(),
        &mut |schema, path| match schema.ty {
            Ty::Option(_) | Ty::Seq(_) | Ty::Map { .. } => out.push([path, &[0]].concat()),
            Ty::Enum(variants) => {
                out.extend((0..variants.len()).map(|variant| [path, &[variant]].concat()));
            }
            _ => {}
        },
    );
    out
}

/// Whether a type of this name is an array, not a tuple whose items may differ in what they hold.
pub(in super::super) fn is_array(name: &str) -> bool {
    name == "[T; N]"
}

/// Each text and list of a type, in the order in which the type is written.
pub(in super::super) fn lists(schema: &'static NamedType) -> Vec<Vec<usize>> {
    let mut out = Vec::new();
    visit(schema, &mut Vec::new(), &mut |schema, path| {
        if matches!(
            schema.ty,
            Ty::String | Ty::ByteArray | Ty::Seq(_) | Ty::Map { .. }
        ) {
            out.push(path.to_vec());
        }
    });
    out
}

fn visit(
    schema: &'static NamedType,
    path: &mut Vec<usize>,
    look: &mut impl FnMut(&'static NamedType, &[usize]),
) {
    look(schema, path);
    let mut part = |number: usize, part: &'static NamedType, path: &mut Vec<usize>| {
        path.push(number);
        visit(part, path, look);
        path.pop();
    };
    match schema.ty {
        Ty::NewtypeStruct(inner) => visit(inner, path, look),
        Ty::Option(inner) | Ty::Seq(inner) => part(0, inner, path),
        Ty::Map { key, val } => {
            part(0, key, path);
            part(1, val, path);
        }
        Ty::Enum(variants) => {
            for (number, variant) in variants.iter().enumerate() {
                path.push(number);
                for (number, (_, item)) in payload(variant.ty).into_iter().enumerate() {
                    part(number, item, path);
                }
                path.pop();
            }
        }
        _ => {
            let all = children(schema).unwrap_or_default();
            // One of an array says it for all.
            let is_array = is_array(schema.name);
            let some = all.iter().take(if is_array { 1 } else { all.len() });
            for (number, (_, item)) in some.enumerate() {
                part(number, item, path);
            }
        }
    }
}

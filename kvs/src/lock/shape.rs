//! The shape in a key, of a type that is known by its text only.

use std::format;
use std::string::String;
use std::vec::Vec;

use postcard_schema::schema::owned::{OwnedDataModelType, OwnedNamedType};

use super::ty::keyword;

/// As `settings/shape.rs` does while compiling.
pub(super) fn write_shape(out: &mut String, schema: &OwnedNamedType) {
    use OwnedDataModelType as Ty;
    match &schema.ty {
        Ty::Unit | Ty::UnitStruct => out.push_str("()"),
        Ty::NewtypeStruct(inner) => write_shape(out, inner),
        Ty::Enum(_) => out.push_str("enum"),
        Ty::Option(inner) => {
            out.push('?');
            write_shape(out, inner);
        }
        Ty::Seq(inner) => {
            out.push('[');
            write_shape(out, inner);
            out.push(']');
        }
        Ty::Map { key, val } => {
            out.push('{');
            write_shape(out, key);
            out.push(':');
            write_shape(out, val);
            out.push('}');
        }
        Ty::Tuple(items) | Ty::TupleStruct(items) => shape_of(out, items.iter()),
        Ty::Struct(fields) => shape_of(out, fields.iter().map(|field| &field.ty)),
        simple => out.push_str(keyword(simple)),
    }
}

fn shape_of<'a>(out: &mut String, items: impl Iterator<Item = &'a OwnedNamedType>) {
    let mut runs: Vec<(String, usize)> = Vec::new();
    for item in items {
        let mut shape = String::new();
        write_shape(&mut shape, item);
        match runs.last_mut() {
            Some((last, count)) if *last == shape => *count = count.saturating_add(1),
            _ => runs.push((shape, 1)),
        }
    }
    let runs = runs.into_iter().map(|(shape, count)| match count {
        1 => shape,
        count => format!("{shape}*{count}"),
    });
    out.push('(');
    out.push_str(&runs.collect::<Vec<_>>().join(","));
    out.push(')');
}

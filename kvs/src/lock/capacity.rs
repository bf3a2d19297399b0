//! What a text or a list holds at most: it stands in place of its type's name, which says nothing.

use std::string::{String, ToString};
use std::vec::Vec;

use postcard_schema::schema::owned::{OwnedDataModelType, OwnedDataModelVariant, OwnedNamedType};

use super::probe::is_array;

/// Whether a type's name says nothing: that of a text or a list, which has its capacity in place of
/// it.
pub(super) fn is_list(ty: &OwnedDataModelType) -> bool {
    matches!(
        ty,
        OwnedDataModelType::String
            | OwnedDataModelType::ByteArray
            | OwnedDataModelType::Seq(_)
            | OwnedDataModelType::Map { .. }
    )
}

/// The name that a text or a list of this capacity has.
fn capacity_name(capacity: Option<usize>) -> String {
    capacity.map_or_else(|| UNKNOWN.into(), |capacity| capacity.to_string())
}

/// In place of a capacity that the type does not tell.
pub(super) const UNKNOWN: &str = "?";

/// The capacity of a text or a list, if it is known.
pub(super) fn capacity(ty: &OwnedNamedType) -> Option<usize> {
    is_list(&ty.ty).then(|| ty.name.parse().ok()).flatten()
}

/// The types that a type is made of.
fn parts(ty: &mut OwnedDataModelType) -> Vec<&mut OwnedNamedType> {
    use OwnedDataModelType as Ty;
    match ty {
        Ty::Option(one) | Ty::Seq(one) | Ty::NewtypeStruct(one) => std::vec![&mut **one],
        Ty::Map { key, val } => std::vec![&mut **key, &mut **val],
        Ty::Tuple(items) | Ty::TupleStruct(items) => items.iter_mut().collect(),
        Ty::Struct(fields) => fields.iter_mut().map(|field| &mut field.ty).collect(),
        Ty::Enum(variants) => variants
            .iter_mut()
            .flat_map(|variant| payload(&mut variant.ty))
            .collect(),
        _ => Vec::new(),
    }
}

fn payload(variant: &mut OwnedDataModelVariant) -> Vec<&mut OwnedNamedType> {
    match variant {
        OwnedDataModelVariant::UnitVariant => Vec::new(),
        OwnedDataModelVariant::NewtypeVariant(inner) => std::vec![&mut **inner],
        OwnedDataModelVariant::TupleVariant(items) => items.iter_mut().collect(),
        OwnedDataModelVariant::StructVariant(fields) => {
            fields.iter_mut().map(|field| &mut field.ty).collect()
        }
    }
}

pub(super) fn forget_names(ty: &mut OwnedNamedType) {
    if is_list(&ty.ty) {
        ty.name.clear();
    }
    for part in parts(&mut ty.ty) {
        forget_names(part);
    }
}

pub(super) fn set_capacities(
    ty: &mut OwnedNamedType,
    next: &mut impl Iterator<Item = Option<usize>>,
) {
    if is_list(&ty.ty) {
        ty.name = capacity_name(next.next().flatten());
    }
    if let OwnedDataModelType::Tuple(items) = &mut ty.ty
        && is_array(&ty.name)
        && let Some((first, rest)) = items.split_first_mut()
    {
        set_capacities(first, next);
        rest.fill(first.clone());
        return;
    }
    for part in parts(&mut ty.ty) {
        set_capacities(part, next);
    }
}

//! Looks at attributes and fields together.

use quote::ToTokens;
use syn::Type;

use crate::ast::{Field, Kind, Struct, plain, primitive};
use crate::errors::Errors;
use crate::names;

pub(crate) fn check(model: &Struct, errors: &mut Errors) {
    on_struct(model, errors);
    for field in &model.fields {
        conflicts(field, errors);
        rename(field, errors);
        leaf_type(field, errors);
    }
    if model.stored().next().is_none() {
        let text = "`Settings` needs a field that is a setting; all fields here are skipped";
        errors.at(&model.ident, text);
    }
    same_names(model, errors);
}

fn on_struct(model: &Struct, errors: &mut Errors) {
    if let Some(prefix) = &model.attrs.prefix {
        let text = prefix.value();
        if text.contains(':') || text.split('.').any(str::is_empty) {
            let text = "`prefix` needs names with `.` between them, and without `:`, which starts the shape in a key";
            errors.at(prefix, text);
        }
    }
    if let Some(case) = &model.attrs.rename_all {
        let wrong = case.value();
        if !names::CASES.contains(&wrong.as_str()) {
            let text = match names::closest(&wrong, &names::CASES) {
                Some(meant) => format!("unknown `rename_all` `{wrong}`; did you mean `{meant}`?"),
                None => format!(
                    "unknown `rename_all` `{wrong}`; there are `{}`",
                    names::CASES.join("`, `")
                ),
            };
            errors.at(case, text);
        }
    }
}

/// Words that say different things of one field. Points at the one written last.
fn conflicts(field: &Field, errors: &mut Errors) {
    let words = &field.attrs.words;
    for (first, others) in [
        (
            "skip",
            ["rename", "range", "validate", "keep", "nested"].as_slice(),
        ),
        ("nested", ["default", "range", "validate"].as_slice()),
    ] {
        let Some(at) = words.iter().position(|word| word == first) else {
            continue;
        };
        for (other_at, other) in words.iter().enumerate() {
            if others.iter().any(|word| other == word) {
                let last = words.get(at.max(other_at)).unwrap_or(other);
                errors.at(last, format!("`{first}` cannot be combined with `{other}`"));
            }
        }
    }
}

fn rename(field: &Field, errors: &mut Errors) {
    if let Some(given) = &field.attrs.rename {
        let name = given.value();
        if name.is_empty() {
            errors.at(given, "`rename` needs a name");
        } else if name.contains(['.', ':']) {
            let text = "a setting's name has no `.` and no `:`: they separate the parts of a key";
            errors.at(given, text);
        }
    }
}

/// Types that can't be stored, and that the compiler would say less of.
fn leaf_type(field: &Field, errors: &mut Errors) {
    if !matches!(field.kind(), Kind::Leaf) {
        return;
    }
    if let Type::Reference(_) = plain(&field.ty) {
        let text = "settings own their data; store a `heapless::String`, say, not a reference";
        errors.at(&field.ty, text);
    }
    let fixed = match primitive(&field.ty).as_deref() {
        Some("usize") => "u32",
        Some("isize") => "i32",
        _ => return,
    };
    let text = format!(
        "a type that differs between targets cannot be stored as a setting; use one of fixed size, such as `{fixed}`"
    );
    errors.at(&field.ty, text);
}

fn same_names(model: &Struct, errors: &mut Errors) {
    let stored: Vec<&Field> = model.stored().collect();
    for (number, field) in stored.iter().enumerate() {
        let before = stored.get(..number).unwrap_or_default();
        if let Some(first) = before.iter().find(|first| first.name == field.name) {
            let name = &field.name;
            errors.at(
                naming(field),
                format!("key `{name}` is already used by field `{}`", first.ident),
            );
            let text = format!("key `{name}` is first used here");
            errors.at(naming(first), text);
        }
    }
}

/// What gives the field its name in keys.
fn naming(field: &Field) -> proc_macro2::TokenStream {
    match &field.attrs.rename {
        Some(given) => given.to_token_stream(),
        None => field.ident.to_token_stream(),
    }
}

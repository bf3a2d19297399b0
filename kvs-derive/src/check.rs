//! Looks at attributes and fields together.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::Type;

use crate::ast::{Field, Kind, Struct, is_generic, plain, primitive};
use crate::errors::Errors;
use crate::names;
use crate::tokens::{self, Range};

pub(crate) fn check(model: &Struct, errors: &mut Errors) {
    on_struct(model, errors);
    for field in &model.fields {
        conflicts(field, errors);
        names(field, errors);
        migrations(field, errors);
        leaf_type(field, errors);
        nested_type(field, errors);
        options_and_texts(field, errors);
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
            let hint = names::hint(&wrong, &names::CASES);
            errors.at(case, format!("unknown `rename_all` `{wrong}`{hint}"));
        }
    }
}

/// Words that say different things of one field. Points at the one written last.
fn conflicts(field: &Field, errors: &mut Errors) {
    let words = &field.attrs.words;
    for (first, others) in [
        (
            "skip",
            [
                "rename", "range", "validate", "unit", "rev", "alias", "migrate", "keep", "secret",
                "nested",
            ]
            .as_slice(),
        ),
        (
            "nested",
            ["default", "range", "validate", "unit", "rev", "migrate"].as_slice(),
        ),
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

fn names(field: &Field, errors: &mut Errors) {
    let rename = field.attrs.rename.iter().map(|given| ("rename", given));
    let aliases = field.attrs.aliases.iter().map(|given| ("alias", given));
    for (word, given) in rename.chain(aliases) {
        let name = given.value();
        if name.is_empty() {
            errors.at(given, format!("`{word}` needs a name"));
        } else if name.contains(['.', ':', '/', '@']) {
            let text =
                "a setting's name has no `.`, `:`, `/` or `@`: they separate the parts of a key";
            errors.at(given, text);
        }
    }
}

/// Migrations that read what they write, as far as names and numbers tell.
fn migrations(field: &Field, errors: &mut Errors) {
    let rev = |given: &Option<syn::LitInt>| {
        let number = given.as_ref().map(syn::LitInt::base10_parse::<u16>);
        number.and_then(Result::ok).unwrap_or(1)
    };
    let own = rev(&field.attrs.rev);
    for rule in &field.attrs.migrations {
        let named = rule.from.iter().any(|from| from.value() != field.name);
        if rule.types.is_empty() && !named && rev(&rule.rev) == own {
            let text = "this migration reads the value it writes; change `from`, `ty` or `rev`";
            errors.at(&rule.at, text);
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

/// Types that look as if they could be nested.
fn nested_type(field: &Field, errors: &mut Errors) {
    let Some(ty) = field.not_nestable() else {
        return;
    };
    let text = match is_generic(ty, "Option") {
        true => {
            "an option cannot be nested; nest the struct itself, and say with a `bool` beside it whether it is in use"
        }
        false => {
            "only a settings struct or an array of them can be nested; without `nested`, the field is stored as one value"
        }
    };
    errors.at(ty, text);
}

/// Literals that a default or a range can't have, where the compiler would speak of the insides of a `String`.
fn options_and_texts(field: &Field, errors: &mut Errors) {
    let default = field.default().filter(|given| tokens::is_literal(given));
    let range = field.attrs.range.as_ref();
    if is_generic(&field.ty, "Option") {
        if let Some(given) = default {
            let written = tokens::compact(given);
            let text = format!(
                "the default of an option is `None` or `Some(..)`; write `Some({written})`"
            );
            errors.at(given, text);
        }
        if let Some(given) = range
            && let Some(Range {
                low, dots, high, ..
            }) = Range::parse(given)
            && (tokens::is_literal(&low) || tokens::is_literal(&high))
        {
            let some = |bound: &TokenStream| match bound.is_empty() {
                true => String::new(),
                false => format!("Some({})", tokens::compact(bound)),
            };
            let (low, dots, high) = (some(&low), tokens::compact(&dots), some(&high));
            let text = format!(
                "the `range` of an option has options as bounds; write `{low}{dots}{high}`, in which `None` is below all others, or `validate = function`"
            );
            errors.at(given, text);
        }
    } else if is_generic(&field.ty, "String") {
        if let Some(given) = default
            && syn::parse2::<syn::LitStr>(tokens::bare(given)).is_err()
        {
            let text = "the default of a text is a string literal: `default = \"..\"`";
            errors.at(given, text);
        }
        if let Some(given) = range {
            let text = "a text has no `range`; check what it may be with `validate = function`";
            errors.at(given, text);
        }
    }
}

/// Names of the struct that are given twice: fields', aliases, retired ones.
fn same_names(model: &Struct, errors: &mut Errors) {
    let mut taken: Vec<(String, &Field, TokenStream)> = Vec::new();
    let own = model
        .stored()
        .map(|field| (field.name.clone(), field, naming(field)));
    let aliases = model.stored().flat_map(|field| {
        let aliases = field.attrs.aliases.iter();
        aliases.map(move |alias| (alias.value(), field, alias.to_token_stream()))
    });
    for (name, field, at) in own.chain(aliases) {
        if let Some((_, first, there)) = taken.iter().find(|(other, ..)| *other == name) {
            let text = format!("key `{name}` is already used by field `{}`", first.ident);
            errors.at(&at, text);
            errors.at(there, format!("key `{name}` is first used here"));
        } else {
            taken.push((name, field, at));
        }
    }
    for retired in &model.attrs.retired {
        let name = retired.name.value();
        if let Some((_, field, at)) = taken.iter().find(|(other, ..)| *other == name) {
            let text = format!(
                "key `{name}` is retired, and used by field `{}`",
                field.ident
            );
            errors.at(&retired.name, text);
            errors.at(at, format!("key `{name}` is used here"));
        }
    }
}

/// What gives the field its name in keys.
fn naming(field: &Field) -> TokenStream {
    match &field.attrs.rename {
        Some(given) => given.to_token_stream(),
        None => field.ident.to_token_stream(),
    }
}

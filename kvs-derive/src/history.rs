//! Reads what attributes say of earlier firmwares: `migrate(..)`, `retired(..)`.
//!
//! Grammar only, as `attr`.

use proc_macro2::{TokenStream, TokenTree};
use syn::{LitInt, LitStr, Type};

use crate::ast::plain;
use crate::attr::{put, repeated, unknown};
use crate::errors::Errors;
use crate::items::{Item, Value, is, items_of, split, tokens};

/// `migrate(..)` on a field.
pub(crate) struct Migration {
    /// The word.
    pub(crate) at: syn::Ident,
    /// Old names; none for the field's own.
    pub(crate) from: Vec<LitStr>,
    /// The old types, as many as `from`; none for the field's own.
    pub(crate) types: Vec<Type>,
    pub(crate) rev: Option<LitInt>,
    pub(crate) with: Option<TokenStream>,
    pub(crate) try_with: Option<TokenStream>,
    pub(crate) default: Option<TokenStream>,
}

/// A name in a list, with its type and revision: `"baud": u16 @ 2`. Behind it, `secret`.
pub(crate) struct OldName {
    pub(crate) name: LitStr,
    pub(crate) ty: Option<Type>,
    pub(crate) rev: Option<LitInt>,
    pub(crate) secret: bool,
}

/// `migrate(..)` on the struct.
pub(crate) struct Takeover {
    pub(crate) from: Vec<OldName>,
    pub(crate) with: TokenStream,
}

/// The words of `migrate(..)` on a field.
pub(crate) const WORDS: [&str; 6] = ["from", "ty", "rev", "with", "try_with", "default"];

/// Reads `item`, or nothing where there is a mistake: what is left then would be taken for others.
pub(crate) fn whole<T>(
    item: &Item,
    errors: &mut Errors,
    read: fn(&Item, &mut Errors) -> Option<T>,
) -> Option<T> {
    let mut own = Errors::default();
    let out = read(item, &mut own);
    let Some(error) = own.finish() else {
        return out;
    };
    errors.add(error);
    None
}

/// `migrate(..)` on a field.
pub(crate) fn migration(item: &Item, errors: &mut Errors) -> Option<Migration> {
    let Value::List(list) = &item.value else {
        let text = "`migrate` needs a list: `migrate(from = \"..\", ty = .., with = ..)`";
        errors.at(item.to_point_at(), text);
        return None;
    };
    let mut from = None;
    let mut ty = None;
    let mut out = Migration {
        at: item.name.clone(),
        from: Vec::new(),
        types: Vec::new(),
        rev: None,
        with: None,
        try_with: None,
        default: None,
    };
    for item in items_of(list, tokens(&[TokenTree::Ident(item.name.clone())]), errors) {
        match item.name.to_string().as_str() {
            "from" => put(&mut from, item, names, errors),
            "ty" => put(&mut ty, item, a_type, errors),
            "rev" => put(&mut out.rev, item, Item::number, errors),
            "with" => put(&mut out.with, item, Item::expression, errors),
            "try_with" => put(&mut out.try_with, item, Item::expression, errors),
            "default" => put(&mut out.default, item, Item::expression, errors),
            _ => errors.at(&item.name, unknown(&item, &WORDS)),
        }
    }
    out.from = from.unwrap_or_default();
    out.types = match ty {
        None => Vec::new(),
        Some(ty) if out.from.len() < 2 => vec![ty],
        Some(ty) => match plain(&ty) {
            Type::Tuple(tuple) if tuple.elems.len() == out.from.len() => {
                tuple.elems.iter().cloned().collect()
            }
            _ => {
                let text = format!(
                    "`from` names {0} old values: `ty` needs a tuple of {0} types",
                    out.from.len()
                );
                errors.at(&ty, text);
                return None;
            }
        },
    };
    check(&out, errors);
    Some(out)
}

/// The words that do not go together.
fn check(migration: &Migration, errors: &mut Errors) {
    let Migration {
        at,
        from,
        types,
        with,
        try_with,
        default,
        ..
    } = migration;
    if let (Some(_), Some(second)) = (with, try_with) {
        errors.at(second, "`with` cannot be combined with `try_with`");
    }
    if let (Some(given), 0 | 1) = (default, from.len()) {
        let text = "`default` is for a `migrate` from several values, of which some are not stored";
        errors.at(given, text);
    }
    if from.len() > 1 && types.is_empty() {
        let text = "a `migrate` from several values needs their types: `ty = (.., ..)`";
        errors.at(at, text);
    }
    if let Some(name) = from.get(MAX_SOURCES) {
        errors.at(name, TOO_MANY);
    }
    for name in from {
        if !is_old_name(&name.value()) {
            errors.at(name, BAD_NAME);
        }
    }
}

/// As many as the store takes.
const MAX_SOURCES: usize = 8;
const TOO_MANY: &str = "a `migrate` takes 8 old values at most";
const BAD_NAME: &str =
    "expected a field path such as `wifi.ssid`, or an absolute path such as `/wifi.ssid`";

/// Whether it can have been a name.
pub(crate) fn is_old_name(name: &str) -> bool {
    let path = name.strip_prefix('/').unwrap_or(name);
    !path.split('.').any(str::is_empty) && !path.contains([':', '/', '@'])
}

/// `from = "a"` or `from("a", "b")`.
fn names(item: &Item) -> Result<Vec<LitStr>, String> {
    let Value::List(list) = &item.value else {
        return item.text().map(|name| vec![name]);
    };
    let names = split(list)
        .iter()
        .map(|one| syn::parse2(tokens(one)).ok())
        .collect();
    match names {
        Some(names) if !Vec::is_empty(&names) => Ok(names),
        _ => Err("expected string literals: `from(\"a\", \"b\")`".to_owned()),
    }
}

fn a_type(item: &Item) -> Result<Type, String> {
    syn::parse2(item.expression()?).map_err(|_| "expected a type: `ty = u16`".to_owned())
}

/// `retired("a", "b": u16, "c": u8 @ 2, "d": u32 secret)`.
pub(crate) fn old_names(item: &Item, errors: &mut Errors) -> Vec<OldName> {
    let Value::List(list) = &item.value else {
        let word = &item.name;
        let text = format!("`{word}` needs a list of names: `{word}(\"name\": type)`");
        errors.at(item.to_point_at(), text);
        return Vec::new();
    };
    let mut out = Vec::new();
    for one in split(list) {
        match old_name(&one) {
            Some(old) if is_old_name(&old.name.value()) => out.push(old),
            Some(old) => errors.at(&old.name, BAD_NAME),
            None => errors.at(
                tokens(&one),
                "expected a name in quotes, its type and its revision: `\"name\": u16 @ 2`, and `secret` behind it if it is not to be shown",
            ),
        }
    }
    out
}

fn old_name(one: &[TokenTree]) -> Option<OldName> {
    let (name, rest) = one.split_first()?;
    let name = syn::parse2(tokens(core::slice::from_ref(name))).ok()?;
    let (secret, rest) = match rest {
        // Behind a `:` it is the name of a type.
        [.., before, _] if is(before, ':') => (false, rest),
        [rest @ .., TokenTree::Ident(word)] if word == "secret" => (true, rest),
        rest => (false, rest),
    };
    let (ty, rest) = match rest {
        [colon, rest @ ..] if is(colon, ':') => {
            let len = rest.iter().position(|token| is(token, '@'));
            let (ty, rest) = rest.split_at(len.unwrap_or(rest.len()));
            (Some(syn::parse2(tokens(ty)).ok()?), rest)
        }
        rest => (None, rest),
    };
    let rev = match rest {
        [] => None,
        [at, rev @ ..] if is(at, '@') => {
            let rev: LitInt = syn::parse2(tokens(rev)).ok()?;
            rev.base10_parse::<u16>().ok().filter(|rev| *rev > 0)?;
            Some(rev)
        }
        _ => return None,
    };
    Some(OldName {
        name,
        ty,
        rev,
        secret,
    })
}

/// `migrate(from("a": u16, "b": String<8>), with = function)` on the struct.
pub(crate) fn takeover(item: &Item, errors: &mut Errors) -> Option<Takeover> {
    const HOW: &str =
        "a struct's `migrate` is written `migrate(from(\"name\": type, ..), with = function)`";
    let Value::List(list) = &item.value else {
        errors.at(item.to_point_at(), HOW);
        return None;
    };
    let mut from = Vec::new();
    let mut with = None;
    for item in items_of(list, tokens(&[TokenTree::Ident(item.name.clone())]), errors) {
        match item.name.to_string().as_str() {
            "from" if !from.is_empty() => errors.at(&item.name, repeated(&item)),
            "from" => from = old_names(&item, errors),
            "with" => put(&mut with, item, Item::expression, errors),
            _ => {
                errors.at(&item.name, unknown(&item, &["from", "with"]));
                return None;
            }
        }
    }
    if let Some(old) = from.iter().find(|old| old.ty.is_none()) {
        errors.at(&old.name, "this needs a type: `\"name\": u16`");
        return None;
    }
    if let Some(old) = from.get(MAX_SOURCES) {
        errors.at(&old.name, TOO_MANY);
    }
    match with {
        Some(with) if !from.is_empty() => Some(Takeover { from, with }),
        // What is there and wrong has been told of.
        _ if errors.any() => None,
        _ => {
            errors.at(&item.name, HOW);
            None
        }
    }
}

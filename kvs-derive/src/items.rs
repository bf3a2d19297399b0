//! The items of an attribute: `word`, `word = value`, `word(list)`, with commas between them.

use proc_macro2::{Delimiter, Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Attribute, LitInt, LitStr, Meta};

use crate::attr::example;
use crate::errors::Errors;

/// A word of an attribute's list, with what follows it.
pub(crate) struct Item {
    /// What the list is of: `settings`, `setting` or `migrate`.
    pub(crate) list: String,
    pub(crate) name: Ident,
    pub(crate) value: Value,
}

pub(crate) enum Value {
    None,
    Equals(TokenStream),
    List(TokenStream),
}

impl Item {
    pub(crate) fn optional(&self) -> Result<Option<TokenStream>, String> {
        match &self.value {
            Value::None => Ok(None),
            _ => self.expression().map(Some),
        }
    }

    pub(crate) fn expression(&self) -> Result<TokenStream, String> {
        match &self.value {
            Value::Equals(tokens) if !tokens.is_empty() => Ok(tokens.clone()),
            _ => {
                let word = self.name.to_string();
                Err(format!("`{word}` needs a value: `{}`", example(&word)))
            }
        }
    }

    pub(crate) fn text(&self) -> Result<LitStr, String> {
        let tokens = self.expression()?;
        let word = self.name.to_string();
        syn::parse2(tokens).map_err(|_| format!("expected a string literal: `{}`", example(&word)))
    }

    pub(crate) fn number(&self) -> Result<LitInt, String> {
        let tokens = self.expression()?;
        let word = self.name.to_string();
        let wrong = || format!("expected a number from 1 to 65535: `{}`", example(&word));
        let number = syn::parse2::<LitInt>(tokens).map_err(|_| wrong())?;
        match number.base10_parse::<u16>() {
            Ok(1..) => Ok(number),
            _ => Err(wrong()),
        }
    }

    pub(crate) fn path(&self) -> Result<TokenStream, String> {
        let tokens = self.expression()?;
        match syn::parse2::<syn::Path>(tokens.clone()) {
            Ok(_) => Ok(tokens),
            Err(_) => Err("expected a path without quotes: `crate = my::kvs`".to_owned()),
        }
    }

    /// The value, or the word where there is none.
    pub(crate) fn to_point_at(&self) -> TokenStream {
        match &self.value {
            Value::Equals(tokens) | Value::List(tokens) if !tokens.is_empty() => tokens.clone(),
            _ => self.name.to_token_stream(),
        }
    }
}

/// Splits `#[..(word, word = value, word(list))]` at its commas.
pub(crate) fn items(attribute: &Attribute, errors: &mut Errors) -> Vec<Item> {
    let Meta::List(list) = &attribute.meta else {
        let name = attribute.path().to_token_stream();
        errors.at(&attribute.meta, format!("write `#[{name}(..)]`"));
        return Vec::new();
    };
    items_of(&list.tokens, attribute.path().to_token_stream(), errors)
}

/// The same of what is between parentheses; `at` is the word in front of them.
pub(crate) fn items_of(list: &TokenStream, at: TokenStream, errors: &mut Errors) -> Vec<Item> {
    let mut out = Vec::new();
    for one in split(list) {
        match item(&one, &at) {
            Ok(item) => out.push(item),
            Err([]) => errors.at(&at, "there is nothing between two commas"),
            Err(wrong) => errors.at(tokens(wrong), not_a_word(wrong)),
        }
    }
    out
}

/// Splits a list at its commas; behind `ty =` and `:` there is a type, whose commas between `<` and `>` are its own.
pub(crate) fn split(list: &TokenStream) -> Vec<Vec<TokenTree>> {
    let mut out = Vec::new();
    let mut one: Vec<TokenTree> = Vec::new();
    let mut depth = 0usize;
    let mut any = false;
    for token in list.clone() {
        any = true;
        let in_type = match one.as_slice() {
            [TokenTree::Ident(word), equals, ..] => word == "ty" && is(equals, '='),
            [TokenTree::Literal(_), colon, ..] => is(colon, ':'),
            _ => false,
        };
        if in_type && is(&token, '<') {
            depth += 1;
        } else if in_type && is(&token, '>') {
            depth = depth.saturating_sub(1);
        } else if depth == 0 && is(&token, ',') {
            out.push(core::mem::take(&mut one));
            any = false;
            continue;
        }
        one.push(token);
    }
    if any {
        out.push(one);
    }
    out
}

/// One word and its value, or the tokens that are neither.
fn item<'a>(all: &'a [TokenTree], list: &TokenStream) -> Result<Item, &'a [TokenTree]> {
    let [TokenTree::Ident(name), rest @ ..] = all else {
        return Err(all);
    };
    let value = match rest {
        [] => Value::None,
        [equals, value @ ..] if is(equals, '=') => {
            Value::Equals(crate::tokens::with_parentheses(tokens(value)))
        }
        [TokenTree::Group(list)] if list.delimiter() == Delimiter::Parenthesis => {
            Value::List(list.stream())
        }
        _ => return Err(rest),
    };
    Ok(Item {
        list: list.to_string(),
        name: name.clone(),
        value,
    })
}

/// `default = Map::<u8, u8>::new()` is cut at its comma: a derive without syn's `full` feature can't tell those
/// brackets from a comparison.
fn not_a_word(wrong: &[TokenTree]) -> &'static str {
    if wrong.iter().any(|token| is(token, '>')) {
        "a value with a comma inside `<..>` needs parentheses around it"
    } else {
        "expected names with commas between them, each alone or as `name = value`"
    }
}

pub(crate) fn tokens(all: &[TokenTree]) -> TokenStream {
    all.iter().cloned().collect()
}

pub(crate) fn is(token: &TokenTree, wanted: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == wanted)
}

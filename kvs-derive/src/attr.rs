//! Reads `#[settings(..)]` and `#[setting(..)]`.
//!
//! Grammar only: each word's form, unknown and repeated words. Which words go together is `check`'s business.

use proc_macro2::{Delimiter, Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Attribute, LitStr, Meta};

use crate::errors::Errors;
use crate::names;

/// The words of `#[settings(..)]`.
const ON_STRUCT: [&str; 3] = ["prefix", "rename_all", "crate"];
/// The words of `#[setting(..)]`.
const ON_FIELD: [&str; 7] = [
    "default", "rename", "range", "validate", "keep", "nested", "skip",
];

/// What `#[settings(..)]` says.
#[derive(Default)]
pub(crate) struct OnStruct {
    pub(crate) prefix: Option<LitStr>,
    pub(crate) rename_all: Option<LitStr>,
    pub(crate) krate: Option<TokenStream>,
}

/// What `#[setting(..)]` says.
#[derive(Default)]
pub(crate) struct OnField {
    /// All words, in the order written.
    pub(crate) words: Vec<Ident>,
    /// The outer `None`: not given; the inner one: without a value.
    pub(crate) default: Option<Option<TokenStream>>,
    pub(crate) rename: Option<LitStr>,
    pub(crate) range: Option<TokenStream>,
    pub(crate) validate: Option<TokenStream>,
    pub(crate) keep: bool,
    pub(crate) nested: bool,
    pub(crate) skip: bool,
}

impl OnStruct {
    pub(crate) fn new(attributes: &[Attribute], errors: &mut Errors) -> Self {
        let mut out = Self::default();
        for attribute in attributes {
            if attribute.path().is_ident("setting") {
                let text = "on a struct the attribute is `#[settings(..)]`, with an `s`";
                errors.at(attribute.path(), text);
            } else if attribute.path().is_ident("settings") {
                for item in items(attribute, errors) {
                    out.take(item, errors);
                }
            }
        }
        out
    }

    fn take(&mut self, item: Item, errors: &mut Errors) {
        match item.name.to_string().as_str() {
            "prefix" => put(&mut self.prefix, item, Item::text, errors),
            "rename_all" => put(&mut self.rename_all, item, Item::text, errors),
            "crate" => put(&mut self.krate, item, Item::path, errors),
            word if ON_FIELD.contains(&word) => {
                let text = format!(
                    "`{word}` belongs on a field: `#[setting({})]`",
                    example(word)
                );
                errors.at(item.name, text);
            }
            word => errors.at(&item.name, unknown("settings", word, &ON_STRUCT)),
        }
    }
}

impl OnField {
    pub(crate) fn new(attributes: &[Attribute], errors: &mut Errors) -> Self {
        let mut out = Self::default();
        for attribute in attributes {
            if attribute.path().is_ident("settings") {
                let text = "on a field the attribute is `#[setting(..)]`, without an `s`";
                errors.at(attribute.path(), text);
            } else if attribute.path().is_ident("setting") {
                for item in items(attribute, errors) {
                    out.take(item, errors);
                }
            }
        }
        out
    }

    fn take(&mut self, item: Item, errors: &mut Errors) {
        let name = item.name.clone();
        match name.to_string().as_str() {
            "default" => put(&mut self.default, item, Item::optional, errors),
            "rename" => put(&mut self.rename, item, Item::text, errors),
            "range" => put(&mut self.range, item, Item::expression, errors),
            "validate" => put(&mut self.validate, item, Item::expression, errors),
            "keep" => set(&mut self.keep, &item, errors),
            "nested" => set(&mut self.nested, &item, errors),
            "skip" => set(&mut self.skip, &item, errors),
            word if ON_STRUCT.contains(&word) => {
                let text = format!(
                    "`{word}` belongs on the struct: `#[settings({})]`",
                    example(word)
                );
                errors.at(name, text);
                return;
            }
            word => {
                errors.at(&name, unknown("setting", word, &ON_FIELD));
                return;
            }
        }
        self.words.push(name);
    }
}

fn unknown(attribute: &str, word: &str, words: &[&str]) -> String {
    match names::closest(word, words) {
        Some(meant) => {
            format!("unknown {attribute} attribute `{word}`; did you mean `{meant}`?")
        }
        None => format!(
            "unknown {attribute} attribute `{word}`; there are `{}`",
            words.join("`, `")
        ),
    }
}

/// How a word is written.
fn example(word: &str) -> &str {
    match word {
        "prefix" => "prefix = \"..\"",
        "rename" => "rename = \"..\"",
        "rename_all" => "rename_all = \"..\"",
        "crate" => "crate = path",
        "default" => "default = ..",
        "range" => "range = 1..=10",
        "validate" => "validate = function",
        _ => word,
    }
}

fn put<T>(
    slot: &mut Option<T>,
    item: Item,
    read: fn(&Item) -> Result<T, String>,
    errors: &mut Errors,
) {
    if slot.is_some() {
        errors.at(&item.name, repeated(&item.name));
        return;
    }
    match read(&item) {
        Ok(value) => *slot = Some(value),
        Err(text) => errors.at(item.to_point_at(), text),
    }
}

fn set(flag: &mut bool, item: &Item, errors: &mut Errors) {
    if *flag {
        errors.at(&item.name, repeated(&item.name));
    } else if !matches!(item.value, Value::None) {
        errors.at(
            item.to_point_at(),
            format!("`{}` takes no value", item.name),
        );
    }
    *flag = true;
}

fn repeated(word: &Ident) -> String {
    format!("duplicate setting attribute `{word}`")
}

/// A word of an attribute's list, with what follows it.
struct Item {
    name: Ident,
    value: Value,
}

enum Value {
    None,
    Equals(TokenStream),
    List(TokenStream),
}

impl Item {
    fn optional(&self) -> Result<Option<TokenStream>, String> {
        match &self.value {
            Value::None => Ok(None),
            _ => self.expression().map(Some),
        }
    }

    fn expression(&self) -> Result<TokenStream, String> {
        match &self.value {
            Value::Equals(tokens) if !tokens.is_empty() => Ok(tokens.clone()),
            _ => {
                let word = self.name.to_string();
                Err(format!("`{word}` needs a value: `{}`", example(&word)))
            }
        }
    }

    fn text(&self) -> Result<LitStr, String> {
        let tokens = self.expression()?;
        let word = self.name.to_string();
        syn::parse2(tokens)
            .map_err(|_| format!("`{word}` takes a text in quotes: `{}`", example(&word)))
    }

    fn path(&self) -> Result<TokenStream, String> {
        let tokens = self.expression()?;
        match syn::parse2::<syn::Path>(tokens.clone()) {
            Ok(_) => Ok(tokens),
            Err(_) => Err("`crate` takes a path without quotes: `crate = my::kvs`".to_owned()),
        }
    }

    /// The value, or the word where there is none.
    fn to_point_at(&self) -> TokenStream {
        match &self.value {
            Value::Equals(tokens) | Value::List(tokens) if !tokens.is_empty() => tokens.clone(),
            _ => self.name.to_token_stream(),
        }
    }
}

/// Splits `#[..(word, word = value, word(list))]` at its commas.
fn items(attribute: &Attribute, errors: &mut Errors) -> Vec<Item> {
    let Meta::List(list) = &attribute.meta else {
        let name = attribute.path().to_token_stream();
        errors.at(&attribute.meta, format!("write `#[{name}(..)]`"));
        return Vec::new();
    };
    let mut out = Vec::new();
    let mut rest = list.tokens.clone().into_iter().peekable();
    while rest.peek().is_some() {
        let one: Vec<TokenTree> = rest.by_ref().take_while(|token| !is(token, ',')).collect();
        match item(&one) {
            Ok(item) => out.push(item),
            Err([]) => errors.at(attribute.path(), "there is nothing between two commas"),
            Err(wrong) => errors.at(tokens(wrong), not_a_word(wrong)),
        }
    }
    out
}

/// One word and its value, or the tokens that are neither.
fn item(all: &[TokenTree]) -> Result<Item, &[TokenTree]> {
    let [TokenTree::Ident(name), rest @ ..] = all else {
        return Err(all);
    };
    let value = match rest {
        [] => Value::None,
        [equals, value @ ..] if is(equals, '=') => Value::Equals(tokens(value)),
        [TokenTree::Group(list)] if list.delimiter() == Delimiter::Parenthesis => {
            Value::List(list.stream())
        }
        _ => return Err(rest),
    };
    Ok(Item {
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

fn tokens(all: &[TokenTree]) -> TokenStream {
    all.iter().cloned().collect()
}

fn is(token: &TokenTree, wanted: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == wanted)
}

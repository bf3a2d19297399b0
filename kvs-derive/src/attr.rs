//! Reads `#[settings(..)]` and `#[setting(..)]`.
//!
//! Grammar only: each word's form, unknown and repeated words. Which words go together is `check`'s business.

use proc_macro2::{Ident, TokenStream};
use syn::{Attribute, LitInt, LitStr};

use crate::errors::Errors;
use crate::history::{self, Migration, OldName, Takeover};
use crate::items::{Item, Value, items};
use crate::names;

/// The words of `#[settings(..)]`.
const ON_STRUCT: [&str; 5] = ["prefix", "rename_all", "retired", "migrate", "crate"];
/// The words of `#[setting(..)]`.
const ON_FIELD: [&str; 12] = [
    "default", "rename", "range", "validate", "unit", "rev", "alias", "migrate", "keep", "secret",
    "nested", "skip",
];

/// What `#[settings(..)]` says.
#[derive(Default)]
pub(crate) struct OnStruct {
    pub(crate) prefix: Option<LitStr>,
    pub(crate) rename_all: Option<LitStr>,
    pub(crate) krate: Option<TokenStream>,
    pub(crate) retired: Vec<OldName>,
    pub(crate) migrate: Option<Takeover>,
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
    pub(crate) unit: Option<LitStr>,
    pub(crate) rev: Option<LitInt>,
    pub(crate) aliases: Vec<LitStr>,
    pub(crate) migrations: Vec<Migration>,
    pub(crate) keep: bool,
    pub(crate) secret: bool,
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
            "retired" => self.retired.extend(history::old_names(&item, errors)),
            "migrate" => {
                let takeover = history::whole(&item, errors, history::takeover);
                if self.migrate.is_some() {
                    errors.at(&item.name, repeated(&item));
                }
                self.migrate = takeover;
            }
            word if ON_FIELD.contains(&word) => {
                let text = format!(
                    "`{word}` belongs on a field: `#[setting({})]`",
                    example(word)
                );
                errors.at(item.name, text);
            }
            _ => errors.at(&item.name, unknown(&item, &ON_STRUCT)),
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
            "unit" => put(&mut self.unit, item, Item::text, errors),
            "rev" => put(&mut self.rev, item, Item::number, errors),
            // More than one of these has a meaning.
            "alias" => match item.text() {
                Ok(alias) => self.aliases.push(alias),
                Err(text) => errors.at(item.to_point_at(), text),
            },
            "migrate" => {
                let migration = history::whole(&item, errors, history::migration);
                self.migrations.extend(migration);
            }
            "keep" => set(&mut self.keep, &item, errors),
            "secret" => set(&mut self.secret, &item, errors),
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
            word if history::WORDS.contains(&word) => {
                let text = format!(
                    "`{word}` belongs in `migrate`: `#[setting(migrate({}))]`",
                    example(word)
                );
                errors.at(name, text);
                return;
            }
            _ => {
                errors.at(&name, unknown(&item, &ON_FIELD));
                return;
            }
        }
        self.words.push(name);
    }
}

/// The message for a word that is none of `words`, which its list may have.
pub(crate) fn unknown(item: &Item, words: &[&str]) -> String {
    let Item { name, list, .. } = item;
    let hint = names::hint(&name.to_string(), words);
    format!("unknown {list} attribute `{name}`{hint}")
}

/// How a word is written.
pub(crate) fn example(word: &str) -> &str {
    match word {
        "prefix" => "prefix = \"..\"",
        "rename" => "rename = \"..\"",
        "rename_all" => "rename_all = \"..\"",
        "crate" => "crate = path",
        "default" => "default = ..",
        "range" => "range = 1..=10",
        "validate" => "validate = function",
        "unit" => "unit = \"ms\"",
        "rev" => "rev = 2",
        "alias" => "alias = \"..\"",
        "migrate" => "migrate(from = \"..\", ty = .., with = ..)",
        "retired" => "retired(\"name\": type)",
        "from" => "from = \"..\"",
        "ty" => "ty = u16",
        "with" => "with = function",
        "try_with" => "try_with = function",
        _ => word,
    }
}

pub(crate) fn put<T>(
    slot: &mut Option<T>,
    item: Item,
    read: fn(&Item) -> Result<T, String>,
    errors: &mut Errors,
) {
    if slot.is_some() {
        errors.at(&item.name, repeated(&item));
        return;
    }
    match read(&item) {
        Ok(value) => *slot = Some(value),
        Err(text) => errors.at(item.to_point_at(), text),
    }
}

fn set(flag: &mut bool, item: &Item, errors: &mut Errors) {
    if *flag {
        errors.at(&item.name, repeated(item));
    } else if !matches!(item.value, Value::None) {
        errors.at(
            item.to_point_at(),
            format!("`{}` takes no value", item.name),
        );
    }
    *flag = true;
}

/// The message for a word that its list has already had.
pub(crate) fn repeated(item: &Item) -> String {
    format!("duplicate {} attribute `{}`", item.list, item.name)
}

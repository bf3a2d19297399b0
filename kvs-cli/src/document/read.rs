//! From TOML to what is to be stored, with all that is wrong told at its line.

use std::ops::Range;

use kvs::key_hash;
use kvs::lock::Setting;
use toml_edit::{Document, Item, TableLike, Value as Toml};

use super::{HASHED, NAMED, OLD};
use crate::listing::out_of_range;
use crate::problem::{Problem, Problems, Result, Text};
use crate::schema::{Schema, SchemaArgs, Typed};
use crate::value::{Wrong, decode, encode, from_hex};

/// A value to be stored.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Put {
    pub(crate) key: PutKey,
    /// For messages.
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
    /// Where in the file it is from.
    pub(crate) span: Range<usize>,
}

/// The key of a [`Put`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PutKey {
    Hash(u32),
    Name(String),
}

impl PutKey {
    pub(crate) fn raw(&self) -> kvs::RawKey<'_> {
        match self {
            Self::Hash(hash) => kvs::RawKey::Hash(*hash),
            Self::Name(name) => kvs::RawKey::Name(name),
        }
    }
}

/// What a settings file has: settings in the order of the schema, as a device saves them, then the others; and the text to
/// point into when something is wrong with them, in which secrets are masked.
pub(crate) fn read(file: &Text, schema: Option<&Schema>) -> Result<(Text, Vec<Put>)> {
    // Where it can't be told what a secret is, no line is shown.
    let document = Document::parse(&*file.text).map_err(|error| {
        let start = error.span().map_or(0, |span| span.start);
        let before = file.text.get(..start).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let column = before
            .chars()
            .rev()
            .take_while(|char| *char != '\n')
            .count()
            + 1;
        Problem::new(format!(
            "{} is no TOML at line {line}, column {column}: {}",
            file.name,
            error.message()
        ))
    })?;
    let mut reader = Reader {
        schema,
        puts: Vec::new(),
        problems: Vec::new(),
        secrets: Vec::new(),
    };
    for (name, item) in document.as_table().iter() {
        let span = span_of(document.as_table(), name, item);
        match name {
            OLD => reader.others(item, span, Reader::old),
            NAMED => reader.others(item, span, Reader::named),
            HASHED => reader.others(item, span, Reader::hashed),
            _ => {
                let key = key_span(document.as_table(), name);
                reader.setting(name, item, span, key);
            }
        }
    }
    let Reader {
        mut puts,
        problems,
        secrets,
        ..
    } = reader;
    let file = masked(file, &secrets);
    if !problems.is_empty() {
        let at = |(problem, span, label): (Problem, Range<usize>, String)| {
            problem.at(&file, span, label)
        };
        return Err(Problems(problems.into_iter().map(at).collect()));
    }
    let order = |put: &Put| {
        let settings = schema.map_or(&[][..], |schema| &schema.lock.settings);
        let is_it = |setting: &Setting| put.key == PutKey::Hash(setting.hash);
        settings.iter().position(is_it).unwrap_or(usize::MAX)
    };
    puts.sort_by_key(order);
    Ok((file, puts))
}

/// The same text, with a star for each byte of these stretches.
fn masked(file: &Text, stretches: &[Range<usize>]) -> Text {
    let mut bytes = file.text.as_bytes().to_vec();
    for stretch in stretches {
        let stretch = bytes.get_mut(stretch.clone()).unwrap_or_default();
        for byte in stretch.iter_mut().filter(|byte| **byte != b'\n') {
            *byte = b'*';
        }
    }
    Text {
        name: file.name.clone(),
        text: String::from_utf8_lossy(&bytes).into(),
    }
}

struct Reader<'a> {
    schema: Option<&'a Schema>,
    puts: Vec<Put>,
    /// What is wrong, where, and what stands there.
    problems: Vec<(Problem, Range<usize>, String)>,
    /// Where values are that nobody else should see.
    secrets: Vec<Range<usize>>,
}

/// Where an item is: its value, or its name if that is a table.
fn span_of(table: &dyn TableLike, name: &str, item: &Item) -> Range<usize> {
    let key = || key_span(table, name);
    let value = if item.is_value() { item.span() } else { None };
    value.or_else(key).or_else(|| item.span()).unwrap_or(0..0)
}

fn key_span(table: &dyn TableLike, name: &str) -> Option<Range<usize>> {
    table.key(name).and_then(toml_edit::Key::span)
}

impl Reader<'_> {
    fn wrong(&mut self, message: String, span: Range<usize>, label: &str, help: &str) {
        let mut problem = Problem::new(message);
        if !help.is_empty() {
            problem = problem.help(help);
        }
        self.problems.push((problem, span, label.into()));
    }

    /// Masks a value in the text that is pointed into: a secret, or what may be one under a wrong name.
    fn mask(&mut self, item: &Item) {
        match item {
            Item::Value(value) => self.secrets.extend(value.span()),
            Item::Table(table) => table.iter().for_each(|(_, item)| self.mask(item)),
            Item::ArrayOfTables(tables) => {
                let items = tables.iter().flat_map(toml_edit::Table::iter);
                items.for_each(|(_, item)| self.mask(item));
            }
            Item::None => {}
        }
    }

    fn put(&mut self, key: PutKey, name: &str, bytes: Vec<u8>, span: Range<usize>) {
        self.puts.push(Put {
            key,
            name: name.to_owned(),
            bytes,
            span,
        });
    }

    /// A setting, or a table of settings.
    fn setting(&mut self, path: &str, item: &Item, span: Range<usize>, key: Option<Range<usize>>) {
        let Some(schema) = self.schema else {
            self.mask(item);
            return self.wrong(
                format!("`{path}`: which settings are there?"),
                span,
                "needs a schema",
                "--schema settings.lock, the lock file of the firmware; without one, only [\"@named\"] and [\"@hashed\"] are known",
            );
        };
        if let Some(setting) = schema.lock.setting(path) {
            if setting.secret {
                self.mask(item);
            }
            let Ok(value) = item.clone().into_value() else {
                return self.wrong(format!("`{path}` has no value"), span, "", "");
            };
            match check_setting(setting, &value) {
                Ok(bytes) => self.put(PutKey::Hash(setting.hash), path, bytes, span),
                Err(wrong) => {
                    let message = format!("`{path}`: {}", wrong.text());
                    let here = wrong.span.unwrap_or(span);
                    let help = format!("allowed: {}", wrong.allowed);
                    self.wrong(message, here, "here", &help);
                }
            }
            return;
        }
        let below = format!("{path}.");
        let is_group = |setting: &Setting| setting.path.starts_with(&below);
        if schema.lock.settings.iter().any(is_group) {
            if let Some(table) = item.as_table_like() {
                for (name, item) in table.iter() {
                    let span = span_of(table, name, item);
                    let key = key_span(table, name);
                    self.setting(&format!("{below}{name}"), item, span, key);
                }
                return;
            }
            if let Some(tables) = item.as_array_of_tables() {
                for (index, table) in tables.iter().enumerate() {
                    let item = Item::Table(table.clone());
                    let span = table.span().unwrap_or_else(|| span.clone());
                    self.setting(&format!("{below}{index}"), &item, span, None);
                }
                return;
            }
            self.mask(item);
            return self.wrong(
                format!("`{path}` is not a setting, but has some in it"),
                span,
                "should be a table",
                &format!("allowed: {}", names_in(schema, &below)),
            );
        }
        let span = key.unwrap_or(span);
        let problem = unknown(schema, path);
        self.mask(item);
        self.problems
            .push((problem, span, "there is no such setting".into()));
    }

    /// The items of one of the tables of what is no setting.
    fn others(
        &mut self,
        item: &Item,
        span: Range<usize>,
        each: fn(&mut Self, &str, &Item, Range<usize>),
    ) {
        let Some(table) = item.as_table_like() else {
            return self.wrong("this should be a table".into(), span, "here", "");
        };
        for (name, item) in table.iter() {
            each(self, name, item, span_of(table, name, item));
        }
    }

    fn old(&mut self, name: &str, item: &Item, span: Range<usize>) {
        let typed = self.schema.and_then(|schema| schema.old_key(name));
        let is_shown = typed.is_some_and(|typed| !SchemaArgs::default().masks(typed, self.schema));
        if !is_shown {
            self.mask(item);
        }
        let Some(Typed::Old(_, key, ty)) = typed else {
            return self.wrong(
                format!("`{name}` is no old key of the schema"),
                span,
                "here",
                "an old key is written with its type, as in the lock file: \"target:i16\"",
            );
        };
        let mut bytes = Vec::new();
        let value = item.clone().into_value().unwrap_or_else(|_| Toml::from(""));
        match encode(ty.schema(), &value, &mut bytes) {
            Ok(()) => self.put(PutKey::Hash(key_hash(key)), name, bytes, span),
            Err(wrong) => {
                let wrong = if is_shown { wrong } else { wrong.masked() };
                let text = wrong.text();
                let here = wrong.span.unwrap_or(span);
                let help = format!("allowed: {}", wrong.allowed);
                self.wrong(format!("`{name}`: {text}"), here, "here", &help);
            }
        }
    }

    fn named(&mut self, name: &str, item: &Item, span: Range<usize>) {
        if name.is_empty() || name.len() > kvs::MAX_NAME_LEN {
            let message = format!("the name `{name}` has {} bytes", name.len());
            let help = format!("allowed: 1 to {} bytes", kvs::MAX_NAME_LEN);
            return self.wrong(message, span, "here", &help);
        }
        match raw(item) {
            Some(bytes) => self.put(PutKey::Name(name.to_owned()), name, bytes, span),
            None => self.not_raw(name, span),
        }
    }

    fn hashed(&mut self, name: &str, item: &Item, span: Range<usize>) {
        // Of what type it is, and whether it is a secret, is not known.
        self.mask(item);
        let digits = name.strip_prefix("0x").filter(|digits| digits.len() == 8);
        let hash = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        match (hash, raw(item)) {
            (Some(hash), Some(bytes)) => self.put(PutKey::Hash(hash), name, bytes, span),
            (Some(_), None) => self.not_raw(name, span),
            (None, _) => self.wrong(
                format!("`{name}` is no hash"),
                span,
                "here",
                "allowed: 0x and eight hex digits",
            ),
        }
    }

    fn not_raw(&mut self, name: &str, span: Range<usize>) {
        self.wrong(
            format!("`{name}`: these are no bytes"),
            span,
            "here",
            "allowed: text, or { hex = \"00 ff\" }",
        );
    }
}

/// Text, or `{ hex = ".." }`.
fn raw(item: &Item) -> Option<Vec<u8>> {
    if let Some(text) = item.as_str() {
        return Some(text.as_bytes().to_vec());
    }
    let table = item.as_table_like().filter(|table| table.len() == 1)?;
    from_hex(table.get("hex")?.as_str()?)
}

/// The bytes of a setting's value, if the firmware would take it. What is wrong with a secret is said without it.
pub(crate) fn check_setting(setting: &Setting, value: &Toml) -> Result<Vec<u8>, Wrong> {
    let result = check(setting, value);
    match setting.secret {
        true => result.map_err(Wrong::masked),
        false => result,
    }
}

fn check(setting: &Setting, value: &Toml) -> Result<Vec<u8>, Wrong> {
    let with_range = |mut wrong: Wrong| {
        if !setting.range.is_empty() {
            wrong.allowed.clone_from(&setting.range);
        }
        wrong
    };
    let mut bytes = Vec::new();
    encode(setting.ty.schema(), value, &mut bytes).map_err(with_range)?;
    let Some(decoded) = decode(setting.ty.schema(), &bytes) else {
        return Ok(bytes);
    };
    if out_of_range(setting, &decoded).is_some() {
        return Err(Wrong::new(value, "is out of range", &setting.range));
    }
    if let (Some(capacity), Some((len, what))) = (setting.ty.capacity(), decoded.len())
        && len > capacity
    {
        return Err(Wrong::unshown(
            value.span(),
            format!("{len} {what} are too many"),
            format!("up to {capacity} {what}"),
        ));
    }
    Ok(bytes)
}

/// There is no such setting; what there is.
pub(crate) fn unknown(schema: &Schema, path: &str) -> Problem {
    let problem = Problem::new(format!("`{path}` is no setting of `{}`", schema.lock.name));
    match schema.most_like(path) {
        Some(like) => problem.help(format!("did you mean `{like}`?")),
        None => problem.help(format!("allowed: {}", names_in(schema, ""))),
    }
}

fn names_in(schema: &Schema, prefix: &str) -> String {
    let paths = schema
        .lock
        .settings
        .iter()
        .map(|setting| setting.path.as_str());
    let paths: Vec<_> = paths.filter(|path| path.starts_with(prefix)).collect();
    paths.join(", ")
}

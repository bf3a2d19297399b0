//! From what is stored to TOML.

use toml_edit::{DocumentMut, InlineTable, Item, Table, Value as Toml};

use super::{HASHED, NAMED, OLD};
use crate::contents::Entry;
use crate::listing::{Group, Row, Shown, as_text};
use crate::value::hex;

/// The file that `kvs build` makes the same store from. What is not shown is left out.
pub(crate) fn print(rows: &[(Row<'_>, &Entry)]) -> String {
    let mut document = DocumentMut::new();
    for (row, entry) in rows {
        let table = document.as_table_mut();
        match (&row.shown, row.group) {
            (Shown::Masked | Shown::Untyped(_), _) => {}
            (Shown::Typed(value), Group::Setting) => put(table, &row.name, value.to_toml()),
            (Shown::Typed(value), _) => insert(table, OLD, &row.name, value.to_toml()),
            (Shown::Raw(bytes), Group::Named) => insert(table, NAMED, &row.name, raw(bytes)),
            (Shown::Raw(bytes), _) => {
                let name = format!("{:#010x}", entry.hash);
                insert(table, HASHED, &name, in_hex(bytes));
            }
        }
    }
    document.to_string()
}

/// At a path of dots: a table in a table.
pub(crate) fn put(table: &mut Table, path: &str, value: Toml) {
    match path.split_once('.') {
        None => {
            table.insert(path, Item::Value(value));
        }
        Some((first, rest)) => {
            if let Some(inner) = inner(table, first) {
                put(inner, rest, value);
            }
        }
    }
}

fn insert(table: &mut Table, group: &str, name: &str, value: Toml) {
    if let Some(inner) = inner(table, group) {
        inner.set_implicit(false);
        inner.insert(name, Item::Value(value));
    }
}

/// A table that has a line of its own only where something is right in it.
fn inner<'a>(table: &'a mut Table, name: &str) -> Option<&'a mut Table> {
    let new = || {
        let mut new = Table::new();
        new.set_implicit(true);
        Item::Table(new)
    };
    table.entry(name).or_insert_with(new).as_table_mut()
}

/// Text, where it is, or bytes in hex.
pub(crate) fn raw(bytes: &[u8]) -> Toml {
    match as_text(bytes) {
        Some(text) => text.into(),
        None => in_hex(bytes),
    }
}

fn in_hex(bytes: &[u8]) -> Toml {
    let mut table = InlineTable::new();
    table.insert("hex", hex(bytes).into());
    Toml::InlineTable(table)
}

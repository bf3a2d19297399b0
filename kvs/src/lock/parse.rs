//! From a type's text to its schema, by recursive descent.

use core::fmt;
use std::borrow::ToOwned;
use std::boxed::Box;
use std::format;
use std::string::{String, ToString};
use std::vec;
use std::vec::Vec;

use postcard_schema::schema::owned::{
    OwnedDataModelType, OwnedDataModelVariant, OwnedNamedType, OwnedNamedValue, OwnedNamedVariant,
};

use super::capacity::UNKNOWN;
use super::ty::{SIMPLE, begins_name, continues_name};

/// What is wrong with a type's text, and at which column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypeError {
    /// From 1 on, in characters.
    pub column: usize,
    what: String,
}

impl fmt::Display for TypeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at column {} of the type: {}", self.column, self.what)
    }
}

impl core::error::Error for TypeError {}

/// How deep types may be in each other: what a person would write, and the stack holds.
const MAX_DEPTH: usize = 64;
/// How many types there may be in one, arrays written out: a value has 64 KiB at most.
const MAX_SIZE: usize = 1 << 17;

pub(super) fn parse(text: &str) -> Result<OwnedNamedType, TypeError> {
    let mut parser = Parser {
        text,
        rest: text,
        depth: 0,
    };
    let (ty, _) = parser.ty()?;
    parser.space();
    if !parser.rest.is_empty() {
        return parser.fail("the type ends before this");
    }
    Ok(ty)
}

struct Parser<'a> {
    text: &'a str,
    rest: &'a str,
    depth: usize,
}

/// A type, and how many types it is made of.
type Measured = (OwnedNamedType, usize);

impl Parser<'_> {
    fn fail<T>(&self, what: impl Into<String>) -> Result<T, TypeError> {
        let done = self.text.len().saturating_sub(self.rest.len());
        let before = self.text.get(..done).unwrap_or_default();
        Err(TypeError {
            column: before.chars().count().saturating_add(1),
            what: what.into(),
        })
    }

    fn expected<T>(&self, what: &str) -> Result<T, TypeError> {
        let found = match self.rest.chars().next() {
            Some(char) => format!("`{char}`"),
            None => "the end".to_owned(),
        };
        self.fail(format!("expected {what}, found {found}"))
    }

    fn space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    /// Takes `char` if it is next.
    fn take(&mut self, char: char) -> bool {
        self.space();
        let rest = self.rest.strip_prefix(char);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn need(&mut self, char: char) -> Result<(), TypeError> {
        if self.take(char) {
            return Ok(());
        }
        self.expected(&format!("`{char}`"))
    }

    /// The longest beginning of such characters.
    fn word(&mut self, is_in: fn(char) -> bool) -> &str {
        self.space();
        let end = self.rest.find(|char| !is_in(char));
        let (word, rest) = self
            .rest
            .split_at_checked(end.unwrap_or(self.rest.len()))
            .unwrap_or_default();
        self.rest = rest;
        word
    }

    fn ty(&mut self) -> Result<Measured, TypeError> {
        if self.depth == MAX_DEPTH {
            return self.fail(format!("more than {MAX_DEPTH} types in each other"));
        }
        self.depth = self.depth.saturating_add(1);
        let (ty, size) = self.one()?;
        self.depth = self.depth.saturating_sub(1);
        if size > MAX_SIZE {
            return self.fail("a type as large as this cannot have been a setting's");
        }
        Ok((ty, size))
    }

    fn one(&mut self) -> Result<Measured, TypeError> {
        if self.take('?') {
            let (inner, size) = self.ty()?;
            let ty = OwnedDataModelType::Option(Box::new(inner));
            return Ok((unnamed("Option<T>", ty), size.saturating_add(1)));
        }
        if self.take('[') {
            return self.list();
        }
        if self.take('{') {
            let (key, one) = self.ty()?;
            self.need(':')?;
            let (val, other) = self.ty()?;
            self.need('}')?;
            let ty = OwnedDataModelType::Map {
                key: Box::new(key),
                val: Box::new(val),
            };
            let size = one.saturating_add(other).saturating_add(1);
            return Ok((unnamed(&self.capacity()?, ty), size));
        }
        if self.take('(') {
            let (mut items, comma, size) = self.items()?;
            let ty = match items.pop() {
                None => return Ok((unnamed("()", OwnedDataModelType::Unit), 1)),
                Some(one) if items.is_empty() && !comma => return Ok((one, size)),
                Some(last) => {
                    items.push(last);
                    OwnedDataModelType::Tuple(items)
                }
            };
            return Ok((unnamed("(A, B)", ty), size));
        }
        let before = self.rest;
        match self.word(continues_name) {
            "struct" => self.structure(),
            "enum" => self.enumeration(),
            word => match SIMPLE.iter().find(|(known, _)| *known == word) {
                Some((_, ty @ (OwnedDataModelType::String | OwnedDataModelType::ByteArray))) => {
                    let capacity = self.capacity()?;
                    Ok((unnamed(&capacity, ty.clone()), 1))
                }
                Some((_, ty)) => Ok((unnamed(word, ty.clone()), 1)),
                None => {
                    let text = match word {
                        "" => return self.expected("a type"),
                        word => format!(
                            "there is no type `{word}`; those with a name of their own are written `struct {word} ..` or `enum {word} ..`"
                        ),
                    };
                    self.rest = before.trim_start();
                    self.fail(text)
                }
            },
        }
    }

    /// `T]` or `T; 4]`.
    fn list(&mut self) -> Result<Measured, TypeError> {
        let (item, size) = self.ty()?;
        if self.take(']') {
            let ty = OwnedDataModelType::Seq(Box::new(item));
            return Ok((unnamed(&self.capacity()?, ty), size.saturating_add(1)));
        }
        if !self.take(';') {
            return self.expected("`]` or `;`");
        }
        let Ok(count) = self.word(|char| char.is_ascii_digit()).parse::<usize>() else {
            return self.expected("how many items");
        };
        let size = size.saturating_mul(count).saturating_add(1);
        // Before so many are made.
        if size > MAX_SIZE {
            return self.fail("a type as large as this cannot have been a setting's");
        }
        self.need(']')?;
        let ty = OwnedDataModelType::Tuple(vec![item; count]);
        Ok((unnamed("[T; N]", ty), size))
    }

    /// `<32>` or `<?>` behind a text or a list: what is between, or nothing.
    fn capacity(&mut self) -> Result<String, TypeError> {
        if !self.take('<') {
            return Ok(String::new());
        }
        let capacity = if self.take('?') {
            UNKNOWN.to_owned()
        } else {
            match self.word(|char| char.is_ascii_digit()).parse::<usize>() {
                Ok(capacity) => capacity.to_string(),
                Err(_) => return self.expected("a capacity, a number or `?`"),
            }
        };
        self.need('>')?;
        Ok(capacity)
    }

    fn structure(&mut self) -> Result<Measured, TypeError> {
        let name = self.name()?;
        let (ty, size) = if self.take('{') {
            let (fields, size) = self.fields()?;
            (OwnedDataModelType::Struct(fields), size)
        } else if self.take('(') {
            let (items, comma, size) = self.items()?;
            let ty = match newtype(items, comma) {
                Ok(inner) => OwnedDataModelType::NewtypeStruct(Box::new(inner)),
                Err(items) => OwnedDataModelType::TupleStruct(items),
            };
            (ty, size)
        } else {
            (OwnedDataModelType::UnitStruct, 1)
        };
        Ok((OwnedNamedType { name, ty }, size))
    }

    fn enumeration(&mut self) -> Result<Measured, TypeError> {
        let name = self.name()?;
        self.need('{')?;
        let mut variants = Vec::new();
        let mut size = 1usize;
        while !self.take('}') {
            let name = self.name()?;
            let (ty, more) = if self.take('{') {
                let (fields, size) = self.fields()?;
                (OwnedDataModelVariant::StructVariant(fields), size)
            } else if self.take('(') {
                let (items, comma, size) = self.items()?;
                let ty = match newtype(items, comma) {
                    Ok(inner) => OwnedDataModelVariant::NewtypeVariant(Box::new(inner)),
                    Err(items) => OwnedDataModelVariant::TupleVariant(items),
                };
                (ty, size)
            } else {
                (OwnedDataModelVariant::UnitVariant, 1)
            };
            size = size.saturating_add(more);
            variants.push(OwnedNamedVariant { name, ty });
            self.comma_or('}')?;
        }
        let ty = OwnedDataModelType::Enum(variants);
        Ok((OwnedNamedType { name, ty }, size))
    }

    /// Types up to the `)`, whether there is a comma behind the last, and their size.
    fn items(&mut self) -> Result<(Vec<OwnedNamedType>, bool, usize), TypeError> {
        let mut items = Vec::new();
        let mut comma = false;
        let mut size = 1usize;
        while !self.take(')') {
            let (ty, more) = self.ty()?;
            items.push(ty);
            size = size.saturating_add(more);
            comma = self.comma_or(')')?;
        }
        Ok((items, comma, size))
    }

    /// Fields up to the `}`.
    fn fields(&mut self) -> Result<(Vec<OwnedNamedValue>, usize), TypeError> {
        let mut fields = Vec::new();
        let mut size = 1usize;
        while !self.take('}') {
            let name = self.name()?;
            self.need(':')?;
            let (ty, more) = self.ty()?;
            fields.push(OwnedNamedValue { name, ty });
            size = size.saturating_add(more);
            self.comma_or('}')?;
        }
        Ok((fields, size))
    }

    /// Takes a comma; without one, `end` has to be next.
    fn comma_or(&mut self, end: char) -> Result<bool, TypeError> {
        let comma = self.take(',');
        if comma || self.rest.starts_with(end) {
            return Ok(comma);
        }
        self.expected(&format!("`,` or `{end}`"))
    }

    /// An identifier, or anything in quotes.
    fn name(&mut self) -> Result<String, TypeError> {
        if !self.take('"') {
            if !self.rest.starts_with(begins_name) {
                return self.expected("a name");
            }
            return Ok(self.word(continues_name).to_string());
        }
        let mut name = String::new();
        let mut chars = self.rest.chars();
        loop {
            match chars.next() {
                Some('"') => break,
                Some('\\') => name.extend(chars.next()),
                Some(char) => name.push(char),
                None => return self.fail("this name has no closing quote"),
            }
        }
        self.rest = chars.as_str();
        Ok(name)
    }
}

/// The one item of a newtype, or the items of a tuple.
fn newtype(
    mut items: Vec<OwnedNamedType>,
    comma: bool,
) -> Result<OwnedNamedType, Vec<OwnedNamedType>> {
    match items.pop() {
        Some(one) if items.is_empty() && !comma => Ok(one),
        last => {
            items.extend(last);
            Err(items)
        }
    }
}

fn unnamed(name: &str, ty: OwnedDataModelType) -> OwnedNamedType {
    OwnedNamedType {
        name: name.to_owned(),
        ty,
    }
}

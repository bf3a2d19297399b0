//! Types as text, with the names that the shape in a key leaves out.

use core::fmt;
use core::str::FromStr;
use std::string::{String, ToString};
use std::vec::Vec;

use postcard_schema::schema::NamedType;
use postcard_schema::schema::owned::{
    OwnedDataModelType, OwnedDataModelVariant, OwnedNamedType, OwnedNamedValue,
};
use serde::{Deserialize, Serialize};

use super::capacity::{capacity, forget_names, is_list, set_capacities};
use super::compare::compare;
use super::parse::{self, TypeError};
use super::shape::write_shape;

/// A type as the lock file has it: as text, and as a schema that values can be read by.
///
/// ```text
/// bool u8 i8 u16 .. i128 f32 f64 char ()
/// str<32>         String<32>: a text of 32 bytes at most
/// bytes<32>       bytes of serde_bytes
/// ?T              Option<T>
/// [T]<8>          Vec<T, 8>: a list of 8 items at most
/// [T; 4]          an array, or a tuple of one type
/// {K: V}<8>       a map of 8 entries at most
/// (A, B)          a tuple; (A,) one of one
/// struct Slot { hour: u8, minute: u8 }
/// struct Ms(u32)
/// enum Mode { Off, Heat, Cool(u8), Timer { s: u16 } }
/// ```
///
/// A name that is no identifier is in quotes. `<?>` in place of a capacity: the type does not tell,
/// since it has none, or takes no values that can be made up. Without either, it was not asked.
///
/// ```
/// use kvs::lock::Type;
///
/// let ty: Type = "enum Mode { Off, Cool(u8) }".parse()?;
/// assert_eq!(ty.schema().name, "Mode");
/// assert_eq!(ty.to_string(), "enum Mode { Off, Cool(u8) }");
/// # Ok::<(), kvs::lock::TypeError>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Type {
    text: String,
    schema: OwnedNamedType,
}

impl Type {
    /// The schema, as `postcard-dyn` takes it.
    #[must_use]
    pub fn schema(&self) -> &OwnedNamedType {
        &self.schema
    }

    /// The text; also what [`Display`](fmt::Display) gives.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// A line for each difference because of which a value of this type would be misread or turned
    /// down as one of `new`; none if it is read as it is. Names and capacities may differ, and new
    /// variants at the end.
    ///
    /// ```
    /// use kvs::lock::Type;
    ///
    /// let old: Type = "enum Mode { Off, Heat }".parse()?;
    /// assert_eq!(old.differences(&"enum Mode { Off, Heat, Auto }".parse()?), [""; 0]);
    /// assert_eq!(old.differences(&"enum Mode { Heat, Off }".parse()?).len(), 2);
    /// # Ok::<(), kvs::lock::TypeError>(())
    /// ```
    #[must_use]
    pub fn differences(&self, new: &Self) -> Vec<String> {
        compare(self, new).misread
    }

    /// The most bytes of a text, or items of a list or a map; of an option, those of its value.
    /// `None` where that is not known, and for other types.
    ///
    /// ```
    /// use kvs::lock::Type;
    ///
    /// let ty: Type = "?str<32>".parse()?;
    /// assert_eq!(ty.capacity(), Some(32));
    /// # Ok::<(), kvs::lock::TypeError>(())
    /// ```
    #[must_use]
    pub fn capacity(&self) -> Option<usize> {
        let mut ty = &self.schema;
        loop {
            match &ty.ty {
                OwnedDataModelType::Option(inner) | OwnedDataModelType::NewtypeStruct(inner) => {
                    ty = inner
                }
                _ => return capacity(ty),
            }
        }
    }

    /// The shape in the key of such values: kinds and nesting, as
    /// [`Settings`](trait@crate::Settings) has it.
    pub(super) fn shape(&self) -> String {
        let mut out = String::new();
        write_shape(&mut out, &self.schema);
        out
    }

    /// The type of a schema, with the capacities of its texts and lists in the order in which they
    /// are written; but one for all items of an array.
    pub(super) fn with_capacities(
        schema: &NamedType,
        mut capacities: impl Iterator<Item = Option<usize>>,
    ) -> Self {
        let mut schema = OwnedNamedType::from(schema);
        forget_names(&mut schema);
        set_capacities(&mut schema, &mut capacities);
        Self::new(schema)
    }

    fn new(schema: OwnedNamedType) -> Self {
        let text = print(&schema);
        Self { text, schema }
    }
}

/// By text: a schema also has names for tuples and the like, which mean nothing.
impl PartialEq for Type {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Type {}

impl From<OwnedNamedType> for Type {
    fn from(mut schema: OwnedNamedType) -> Self {
        forget_names(&mut schema);
        Self::new(schema)
    }
}

impl From<&NamedType> for Type {
    fn from(schema: &NamedType) -> Self {
        OwnedNamedType::from(schema).into()
    }
}

impl FromStr for Type {
    type Err = TypeError;

    fn from_str(text: &str) -> Result<Self, TypeError> {
        parse::parse(text).map(Self::new)
    }
}

impl TryFrom<String> for Type {
    type Error = TypeError;

    fn try_from(text: String) -> Result<Self, TypeError> {
        text.parse()
    }
}

impl From<Type> for String {
    fn from(ty: Type) -> Self {
        ty.text
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn print(schema: &OwnedNamedType) -> String {
    let mut out = String::new();
    write(&mut out, schema);
    out
}

fn write(out: &mut String, schema: &OwnedNamedType) {
    match &schema.ty {
        OwnedDataModelType::Unit => out.push_str("()"),
        OwnedDataModelType::UnitStruct => named(out, "struct", &schema.name),
        OwnedDataModelType::NewtypeStruct(inner) => {
            named(out, "struct", &schema.name);
            out.push('(');
            write(out, inner);
            out.push(')');
        }
        OwnedDataModelType::TupleStruct(items) => {
            named(out, "struct", &schema.name);
            tuple(out, items);
        }
        OwnedDataModelType::Struct(fields) => {
            named(out, "struct", &schema.name);
            out.push(' ');
            record(out, fields);
        }
        OwnedDataModelType::Enum(variants) => {
            named(out, "enum", &schema.name);
            out.push(' ');
            braced(out, variants, |out, variant| {
                name(out, &variant.name);
                match &variant.ty {
                    OwnedDataModelVariant::UnitVariant => {}
                    OwnedDataModelVariant::NewtypeVariant(inner) => {
                        out.push('(');
                        write(out, inner);
                        out.push(')');
                    }
                    OwnedDataModelVariant::TupleVariant(items) => tuple(out, items),
                    OwnedDataModelVariant::StructVariant(fields) => {
                        out.push(' ');
                        record(out, fields);
                    }
                }
            });
        }
        OwnedDataModelType::Option(inner) => {
            out.push('?');
            write(out, inner);
        }
        OwnedDataModelType::Seq(inner) => {
            out.push('[');
            write(out, inner);
            out.push(']');
            write_capacity(out, schema);
        }
        OwnedDataModelType::Map { key, val } => {
            out.push('{');
            write(out, key);
            out.push_str(": ");
            write(out, val);
            out.push('}');
            write_capacity(out, schema);
        }
        OwnedDataModelType::Tuple(items) => match array(items) {
            Some(item) => {
                out.push('[');
                out.push_str(&item);
                out.push_str("; ");
                out.push_str(&items.len().to_string());
                out.push(']');
            }
            None => tuple(out, items),
        },
        simple => {
            out.push_str(keyword(simple));
            if is_list(simple) {
                write_capacity(out, schema);
            }
        }
    }
}

fn write_capacity(out: &mut String, list: &OwnedNamedType) {
    if !list.name.is_empty() {
        out.push('<');
        out.push_str(&list.name);
        out.push('>');
    }
}

/// The types that a word says all of; that word, or nothing for the others.
pub(super) const SIMPLE: [(&str, OwnedDataModelType); 19] = [
    ("bool", OwnedDataModelType::Bool),
    ("i8", OwnedDataModelType::I8),
    ("u8", OwnedDataModelType::U8),
    ("i16", OwnedDataModelType::I16),
    ("u16", OwnedDataModelType::U16),
    ("i32", OwnedDataModelType::I32),
    ("u32", OwnedDataModelType::U32),
    ("i64", OwnedDataModelType::I64),
    ("u64", OwnedDataModelType::U64),
    ("i128", OwnedDataModelType::I128),
    ("u128", OwnedDataModelType::U128),
    ("usize", OwnedDataModelType::Usize),
    ("isize", OwnedDataModelType::Isize),
    ("f32", OwnedDataModelType::F32),
    ("f64", OwnedDataModelType::F64),
    ("char", OwnedDataModelType::Char),
    ("str", OwnedDataModelType::String),
    ("bytes", OwnedDataModelType::ByteArray),
    ("schema", OwnedDataModelType::Schema),
];

pub(super) fn keyword(ty: &OwnedDataModelType) -> &'static str {
    let found = SIMPLE.iter().find(|(_, simple)| simple == ty);
    found.map_or("", |(word, _)| *word)
}

/// The item's text, if all items are the same; what is no item at all is an array of none.
pub(super) fn array(items: &[OwnedNamedType]) -> Option<String> {
    let Some((first, rest)) = items.split_first() else {
        return Some("()".into());
    };
    let first = print(first);
    rest.iter()
        .all(|item| print(item) == first)
        .then_some(first)
}

fn tuple(out: &mut String, items: &[OwnedNamedType]) {
    out.push('(');
    separated(out, items, write);
    if items.len() == 1 {
        out.push(',');
    }
    out.push(')');
}

fn record(out: &mut String, fields: &[OwnedNamedValue]) {
    braced(out, fields, |out, field| {
        name(out, &field.name);
        out.push_str(": ");
        write(out, &field.ty);
    });
}

fn braced<T>(out: &mut String, items: &[T], write: impl FnMut(&mut String, &T)) {
    if items.is_empty() {
        out.push_str("{}");
        return;
    }
    out.push_str("{ ");
    separated(out, items, write);
    out.push_str(" }");
}

fn separated<T>(out: &mut String, items: &[T], mut write: impl FnMut(&mut String, &T)) {
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push_str(", ");
        }
        write(out, item);
    }
}

/// `struct Name`, without the parameters that `postcard-schema` gives some names: `Range<T>`.
fn named(out: &mut String, word: &str, of: &str) {
    out.push_str(word);
    out.push(' ');
    name(out, of.split('<').next().unwrap_or(of));
}

fn name(out: &mut String, name: &str) {
    let name = name.strip_prefix("r#").unwrap_or(name);
    if is_identifier(name) {
        out.push_str(name);
        return;
    }
    out.push('"');
    for char in name.chars() {
        if matches!(char, '"' | '\\') {
            out.push('\\');
        }
        out.push(char);
    }
    out.push('"');
}

fn is_identifier(name: &str) -> bool {
    name.starts_with(begins_name) && name.chars().all(continues_name)
}

pub(super) fn begins_name(char: char) -> bool {
    char.is_alphabetic() || char == '_'
}

pub(super) fn continues_name(char: char) -> bool {
    char.is_alphanumeric() || char == '_'
}

//! Reads a type from made-up values, and compares what its serde asks for with what its schema
//! says.
//!
//! `postcard_schema` does not see serde's attributes, nor implementations by hand: so a schema can
//! describe bytes that nobody writes.

use core::fmt;
use std::borrow::ToOwned;
use std::format;
use std::string::{String, ToString};
use std::vec::Vec;

use super::walk::is_one;
use postcard_schema::schema::{
    DataModelType as Ty, DataModelVariant as Variant, NamedType, NamedValue,
};
use serde::Serialize;
use serde::de::value::U32Deserializer;
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, Error as _, IntoDeserializer as _,
    MapAccess, SeqAccess, VariantAccess, Visitor,
};

/// Why a made-up value is not one of the type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ProbeError {
    /// The type's serde asks for something else than its schema says.
    Differs(String),
    /// The type turned the value down.
    Refused(String),
}

impl ProbeError {
    pub(super) fn unencodable() -> Self {
        Self::Differs("serde reads values of it that it can't write".to_owned())
    }
}

impl fmt::Display for ProbeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Differs(text) | Self::Refused(text) => f.write_str(text),
        }
    }
}

impl core::error::Error for ProbeError {}

impl serde::de::Error for ProbeError {
    fn custom<T: fmt::Display>(text: T) -> Self {
        Self::Refused(text.to_string())
    }
}

/// What is made up: the smallest value there is, but for the way to one place in the type.
#[derive(Clone, Copy)]
pub(super) struct Script<'a> {
    pub(super) schema: &'static NamedType,
    /// The way to the place: which field, variant or item, from the outermost type on.
    pub(super) path: &'a [usize],
    pub(super) goal: Goal,
    /// The numbers, letters and variants elsewhere.
    pub(super) fill: usize,
    /// By how much the items of a list differ from each other: a set takes no item twice, and a
    /// heap has an order of its own.
    pub(super) step: usize,
}

/// What is at the place.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Goal {
    /// Any value.
    Any,
    /// A text or a list of this length.
    Length(usize),
}

/// What a value that was read is written as.
pub(crate) struct Written {
    pub(super) bytes: Vec<u8>,
    /// Whether it is read and written once more as the same.
    pub(super) comes_back: bool,
}

/// A reading under way.
pub(crate) struct Probe<'a> {
    script: Script<'a>,
    /// The encoding of what has been handed out.
    bytes: Vec<u8>,
    /// The fields and variants that are being read, outermost first.
    place: Vec<&'static str>,
    /// The first difference: a type may go on after an error.
    difference: Option<String>,
    /// More than so many values were asked for.
    wants_more: Option<usize>,
}

impl<'a> Probe<'a> {
    pub(super) fn new(script: &Script<'a>) -> Self {
        Self {
            script: *script,
            bytes: Vec::new(),
            place: Vec::new(),
            difference: None,
            wants_more: None,
        }
    }

    /// The result of a reading, after which `written` was written.
    pub(super) fn conclude(
        self,
        written: Result<Option<Written>, ProbeError>,
        goal: Goal,
    ) -> Result<(), ProbeError> {
        if let Some(difference) = self.difference {
            return Err(ProbeError::Differs(difference));
        }
        let written = match (written, self.wants_more) {
            (Ok(Some(written)), _) => written,
            (Ok(None), _) => return Ok(()),
            (Err(_), Some(len)) => {
                let text = format!("serde reads more than {}", count(len));
                return Err(ProbeError::Differs(text));
            }
            (Err(error), None) => return Err(error),
        };
        let Written { bytes, comes_back } = written;
        let is_same = match goal {
            // A type may take one value for another, as long as it keeps to that.
            Goal::Any => bytes == self.bytes || comes_back && is_one(self.script.schema, &bytes),
            // An order may be its own.
            Goal::Length(_) => bytes.len() == self.bytes.len(),
        };
        if is_same {
            return Ok(());
        }
        let (read, written) = (hex(&self.bytes), hex(&bytes));
        Err(ProbeError::Differs(format!(
            "what serde reads from the bytes {read}, it writes as {written}"
        )))
    }

    fn differs<T>(&mut self, what: &str) -> Result<T, ProbeError> {
        let text = match self.place.as_slice() {
            [] => what.to_owned(),
            place => format!("{what} (in `{}`)", place.join(".")),
        };
        self.difference.get_or_insert_with(|| text.clone());
        Err(ProbeError::Differs(text))
    }

    /// Notes the encoding of what is handed out.
    fn note<T: Serialize>(&mut self, value: T) -> T {
        let mut buffer = [0; 24];
        if let Ok(bytes) = postcard::to_slice(&value, &mut buffer) {
            self.bytes.extend_from_slice(bytes);
        }
        value
    }

    fn note_len(&mut self, len: usize) {
        self.note(u32::try_from(len).unwrap_or(u32::MAX));
    }

    fn inside<T>(&mut self, name: &'static str, look: impl FnOnce(&mut Self) -> T) -> T {
        self.place.push(name);
        let out = look(self);
        // After an error the place is where it was.
        if self.difference.is_none() {
            self.place.pop();
        }
        out
    }
}

/// Reads a `T` from what the script says.
pub(super) fn read<T: DeserializeOwned>(probe: &mut Probe<'_>) -> Result<T, ProbeError> {
    let node = Node {
        schema: probe.script.schema,
        path: Some(probe.script.path),
        fill: probe.script.fill,
    };
    T::deserialize(Reader { probe, node })
}

fn hex(bytes: &[u8]) -> String {
    let bytes = bytes.iter().map(|byte| format!("{byte:02x}"));
    format!("[{}]", bytes.collect::<Vec<_>>().join(" "))
}

/// A part of the type's schema, and what is made up for it.
#[derive(Clone, Copy)]
struct Node<'a> {
    schema: &'static NamedType,
    /// The rest of the way to the script's place, if that leads through here.
    path: Option<&'a [usize]>,
    fill: usize,
}

impl<'a> Node<'a> {
    fn is_goal(&self) -> bool {
        self.path.is_some_and(<[usize]>::is_empty)
    }

    /// Which part the way leads to.
    fn next(&self) -> Option<usize> {
        self.path?.first().copied()
    }

    fn child(&self, number: usize, schema: &'static NamedType) -> Self {
        let path = match self.path {
            Some([first, rest @ ..]) if *first == number => Some(rest),
            _ => None,
        };
        Self {
            schema,
            path,
            fill: self.fill,
        }
    }

    /// Newtypes are not seen on the wire.
    fn inner(mut self) -> Self {
        while let Ty::NewtypeStruct(inner) = self.schema.ty {
            self.schema = inner;
        }
        self
    }

    /// The same for what has one field, which is not seen either.
    fn scalar(self) -> Self {
        let node = self.inner();
        match children(node.schema).as_deref() {
            Some([(_, one)]) => node.child(0, one).scalar(),
            _ => node,
        }
    }
}

/// The parts of what lies one after the other on the wire, with their names; `None` for other
/// types.
type Children = Vec<(&'static str, &'static NamedType)>;

fn children(schema: &'static NamedType) -> Option<Children> {
    match schema.ty {
        Ty::Unit | Ty::UnitStruct => Some(Vec::new()),
        Ty::Tuple(items) | Ty::TupleStruct(items) => Some(unnamed(items)),
        Ty::Struct(fields) => Some(named(fields)),
        _ => None,
    }
}

/// Whether the one part is, or holds in turn, what has `len` parts.
fn holds(parts: &Children, len: usize) -> bool {
    let [(_, only)] = parts.as_slice() else {
        return false;
    };
    let mut inner = *only;
    while let Ty::NewtypeStruct(of) = inner.ty {
        inner = of;
    }
    children(inner).is_some_and(|parts| parts.len() == len || holds(&parts, len))
}

fn payload(variant: &'static Variant) -> Children {
    match variant {
        Variant::UnitVariant => Vec::new(),
        Variant::NewtypeVariant(inner) => unnamed(core::slice::from_ref(inner)),
        Variant::TupleVariant(items) => unnamed(items),
        Variant::StructVariant(fields) => named(fields),
    }
}

fn unnamed(items: &'static [&'static NamedType]) -> Children {
    items.iter().map(|item| ("", *item)).collect()
}

fn named(fields: &'static [&'static NamedValue]) -> Children {
    fields.iter().map(|field| (field.name, field.ty)).collect()
}

/// Each place of a type that a value may or may not have, and the type itself: what has to be read
/// for all of the type to have been read.
pub(super) fn places(schema: &'static NamedType) -> Vec<Vec<usize>> {
    let mut out = std::vec![Vec::new()];
    visit(
        schema,
        &mut Vec::new(),
        &mut |schema, path| match schema.ty {
            Ty::Option(_) | Ty::Seq(_) | Ty::Map { .. } => out.push([path, &[0]].concat()),
            Ty::Enum(variants) => {
                out.extend((0..variants.len()).map(|variant| [path, &[variant]].concat()));
            }
            _ => {}
        },
    );
    out
}

/// Whether a type of this name is an array, not a tuple whose items may differ in what they hold.
pub(super) fn is_array(name: &str) -> bool {
    name == "[T; N]"
}

/// Each text and list of a type, in the order in which the type is written.
pub(super) fn lists(schema: &'static NamedType) -> Vec<Vec<usize>> {
    let mut out = Vec::new();
    visit(schema, &mut Vec::new(), &mut |schema, path| {
        if matches!(
            schema.ty,
            Ty::String | Ty::ByteArray | Ty::Seq(_) | Ty::Map { .. }
        ) {
            out.push(path.to_vec());
        }
    });
    out
}

fn visit(
    schema: &'static NamedType,
    path: &mut Vec<usize>,
    look: &mut impl FnMut(&'static NamedType, &[usize]),
) {
    look(schema, path);
    let mut part = |number: usize, part: &'static NamedType, path: &mut Vec<usize>| {
        path.push(number);
        visit(part, path, look);
        path.pop();
    };
    match schema.ty {
        Ty::NewtypeStruct(inner) => visit(inner, path, look),
        Ty::Option(inner) | Ty::Seq(inner) => part(0, inner, path),
        Ty::Map { key, val } => {
            part(0, key, path);
            part(1, val, path);
        }
        Ty::Enum(variants) => {
            for (number, variant) in variants.iter().enumerate() {
                path.push(number);
                for (number, (_, item)) in payload(variant.ty).into_iter().enumerate() {
                    part(number, item, path);
                }
                path.pop();
            }
        }
        _ => {
            let all = children(schema).unwrap_or_default();
            // One of an array says it for all.
            let is_array = is_array(schema.name);
            let some = all.iter().take(if is_array { 1 } else { all.len() });
            for (number, (_, item)) in some.enumerate() {
                part(number, item, path);
            }
        }
    }
}

/// The deserializer: hands out what is made up.
struct Reader<'p, 'a> {
    probe: &'p mut Probe<'a>,
    node: Node<'a>,
}

/// What a type is called in a message.
fn called(schema: &NamedType) -> String {
    super::Type::from(schema).to_string()
}

impl<'p, 'a> Reader<'p, 'a> {
    fn not_expected<T>(self, asked: &str) -> Result<T, ProbeError> {
        let schema = called(self.node.schema);
        self.probe.differs(&format!(
            "serde reads {asked} where the schema says {schema}"
        ))
    }

    /// The parts of a tuple or struct of `len`, where there are as many.
    fn parts<V: Visitor<'static>>(
        self,
        (len, is_struct): (usize, bool),
        asked: &str,
        visitor: V,
    ) -> Result<V::Value, ProbeError> {
        let node = self.node.inner();
        let probe = self.probe;
        let parts = match children(node.schema) {
            Some(parts) if parts.len() == len => parts,
            // What is in a struct of one field, such as an address of its bytes; or serde counts
            // other names of the field.
            Some(parts) if parts.len() == 1 && holds(&parts, len) => {
                let inner = parts.first().map_or(node.schema, |(_, inner)| inner);
                let node = node.child(0, inner);
                return Reader { probe, node }.parts((len, is_struct), asked, visitor);
            }
            Some(parts) if parts.len() < len && is_struct => parts,
            // What has one part is that part.
            None if len == 1 => {
                let parts = std::vec![("", node.schema)];
                return items(probe, parts, |_, _| node, visitor);
            }
            Some(parts) if parts.len() > len => {
                let text = format!(
                    "serde reads {asked} where the schema has {}: is a field marked `#[serde(skip)]`, or the like?",
                    parts.len()
                );
                return probe.differs(&text);
            }
            _ => return Reader { probe, node }.not_expected(asked),
        };
        items(probe, parts, |number, ty| node.child(number, ty), visitor)
    }

    fn list<V: Visitor<'static>>(self, visitor: V) -> Result<V::Value, ProbeError> {
        const BYTE: &NamedType = <u8 as postcard_schema::Schema>::SCHEMA;
        let node = self.node.scalar();
        let item = match node.schema.ty {
            Ty::Seq(item) => item,
            Ty::ByteArray => BYTE,
            _ => return self.not_expected("a list"),
        };
        let len = self.len(&node);
        self.probe.note_len(len);
        let parts = std::vec![("[]", item); len];
        let step = self.probe.script.step;
        let each = |number: usize, ty| Node {
            fill: node.fill.wrapping_add(number.wrapping_mul(step)),
            ..node.child(0, ty)
        };
        let mut items = Items::new(self.probe, parts, each);
        let value = visitor.visit_seq(&mut items)?;
        items.finish()?;
        Ok(value)
    }

    /// How many items a list has.
    fn len(&self, node: &Node<'_>) -> usize {
        match (self.probe.script.goal, node.next()) {
            (Goal::Length(len), _) if node.is_goal() => len,
            (_, Some(_)) => 1,
            // Another list for each number.
            _ => usize::from(node.fill > 0),
        }
    }

    fn text(&self) -> Option<String> {
        let node = self.node.scalar();
        if !matches!(node.schema.ty, Ty::String) {
            return None;
        }
        if let Goal::Length(len) = self.probe.script.goal
            && node.is_goal()
        {
            return Some(letter(node.fill).to_string().repeat(len));
        }
        // Another text for each number.
        let mut text = String::new();
        let mut rest = node.fill;
        while rest > 0 {
            text.push(letter(rest));
            rest = rest.checked_div(LETTERS).unwrap_or_default();
        }
        Some(text)
    }
}

/// ASCII, so that a text has as many bytes; first what texts that check themselves take.
const ALPHABET: &[u8] =
    b"a0A-bcdefghijklmnopqrstuvwxyz123456789BCDEFGHIJKLMNOPQRSTUVWXYZ._/:;,+*#@!?%&$=()[]{}<>|~^'`\" \\";
const LETTERS: usize = ALPHABET.len();

fn letter(number: usize) -> char {
    let letter = number.checked_rem(LETTERS).unwrap_or_default();
    char::from(ALPHABET.get(letter).copied().unwrap_or(b'a'))
}

/// The numbers, letters and variants that are tried: a type that checks its values may take one of
/// them, if not the first.
pub(super) const FILLS: [usize; 6] = [0, 1, 2, 7, 50, 2_000];

/// Hands out the parts one by one, of which there have to be as many as are asked for.
fn items<'a, V: Visitor<'static>>(
    probe: &mut Probe<'a>,
    parts: Children,
    node: impl Fn(usize, &'static NamedType) -> Node<'a>,
    visitor: V,
) -> Result<V::Value, ProbeError> {
    let mut items = Items::new(probe, parts, node);
    items.is_fixed = true;
    let value = visitor.visit_seq(&mut items)?;
    // Some only make sure that there is no more.
    items.probe.wants_more = None;
    items.finish()?;
    Ok(value)
}

struct Items<'p, 'a, N> {
    probe: &'p mut Probe<'a>,
    parts: core::iter::Enumerate<std::vec::IntoIter<(&'static str, &'static NamedType)>>,
    node: N,
    count: usize,
    /// Whether it is a mistake to ask for more.
    is_fixed: bool,
}

impl<'p, 'a, N> Items<'p, 'a, N> {
    fn new(probe: &'p mut Probe<'a>, parts: Children, node: N) -> Self {
        Self {
            probe,
            count: parts.len(),
            parts: parts.into_iter().enumerate(),
            node,
            is_fixed: false,
        }
    }

    /// Must be called when the visitor has all that it wants.
    fn finish(self) -> Result<(), ProbeError> {
        let left = self.parts.len();
        if left == 0 {
            return Ok(());
        }
        let text = format!(
            "serde reads {} of {} values",
            self.count.saturating_sub(left),
            self.count
        );
        self.probe.differs(&text)
    }
}

impl<'a, N: Fn(usize, &'static NamedType) -> Node<'a>> SeqAccess<'static>
    for &mut Items<'_, 'a, N>
{
    type Error = ProbeError;

    fn next_element_seed<T: DeserializeSeed<'static>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, ProbeError> {
        let Some((number, (name, ty))) = self.parts.next() else {
            if self.is_fixed {
                self.probe.wants_more = Some(self.count);
            }
            return Ok(None);
        };
        let node = (self.node)(number, ty);
        let read = |probe: &mut Probe<'a>| seed.deserialize(Reader { probe, node });
        match name {
            "" => read(self.probe).map(Some),
            name => self.probe.inside(name, read).map(Some),
        }
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.parts.len())
    }
}

struct Entries<'p, 'a> {
    probe: &'p mut Probe<'a>,
    node: Node<'a>,
    types: [&'static NamedType; 2],
    left: usize,
}

impl<'a> Entries<'_, 'a> {
    fn read<T: DeserializeSeed<'static>>(
        &mut self,
        seed: T,
        part: usize,
        ty: &'static NamedType,
    ) -> Result<T::Value, ProbeError> {
        let node = Node {
            fill: self.node.fill.wrapping_add(self.left),
            ..self.node.child(part, ty)
        };
        let probe = &mut *self.probe;
        seed.deserialize(Reader { probe, node })
    }
}

impl MapAccess<'static> for &mut Entries<'_, '_> {
    type Error = ProbeError;

    fn next_key_seed<K: DeserializeSeed<'static>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, ProbeError> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left = self.left.saturating_sub(1);
        let [key, _] = self.types;
        self.read(seed, 0, key).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'static>>(
        &mut self,
        seed: V,
    ) -> Result<V::Value, ProbeError> {
        let [_, value] = self.types;
        self.read(seed, 1, value)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left)
    }
}

/// The variant that was chosen.
struct Chosen<'p, 'a> {
    probe: &'p mut Probe<'a>,
    node: Node<'a>,
    number: usize,
    name: &'static str,
    payload: Children,
}

impl<'p, 'a> EnumAccess<'static> for Chosen<'p, 'a> {
    type Error = ProbeError;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'static>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Self), ProbeError> {
        let number = u32::try_from(self.number).unwrap_or(u32::MAX);
        self.probe.note(number);
        let number: U32Deserializer<ProbeError> = number.into_deserializer();
        Ok((seed.deserialize(number)?, self))
    }
}

impl<'a> Chosen<'_, 'a> {
    fn read<V: Visitor<'static>>(
        self,
        len: usize,
        asked: &str,
        visitor: V,
    ) -> Result<V::Value, ProbeError> {
        let Self {
            probe,
            node,
            number,
            name,
            payload,
        } = self;
        let path = match node.path {
            Some([first, rest @ ..]) if *first == number => Some(rest),
            _ => None,
        };
        let node = Node { path, ..node };
        probe.inside(name, |probe| {
            if payload.len() != len {
                let text = format!(
                    "serde reads {asked} where the schema has {}",
                    count(payload.len())
                );
                return probe.differs(&text);
            }
            items(probe, payload, |number, ty| node.child(number, ty), visitor)
        })
    }
}

fn count(values: usize) -> String {
    match values {
        0 => "no value".to_owned(),
        1 => "1 value".to_owned(),
        more => format!("{more} values"),
    }
}

impl VariantAccess<'static> for Chosen<'_, '_> {
    type Error = ProbeError;

    fn unit_variant(self) -> Result<(), ProbeError> {
        self.read(0, "a variant without a value", Nothing)
    }

    fn newtype_variant_seed<T: DeserializeSeed<'static>>(
        self,
        seed: T,
    ) -> Result<T::Value, ProbeError> {
        self.read(1, "a variant of 1 value", One(seed))
    }

    fn tuple_variant<V: Visitor<'static>>(
        self,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, ProbeError> {
        let asked = format!("a variant of {}", count(len));
        self.read(len, &asked, visitor)
    }

    fn struct_variant<V: Visitor<'static>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ProbeError> {
        let asked = format!("a variant of {}", count(fields.len()));
        self.read(fields.len(), &asked, visitor)
    }
}

/// A visitor of no items.
struct Nothing;

impl Visitor<'static> for Nothing {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nothing")
    }

    fn visit_seq<A: SeqAccess<'static>>(self, _: A) -> Result<(), A::Error> {
        Ok(())
    }
}

/// A visitor of one item.
struct One<T>(T);

impl<T: DeserializeSeed<'static>> Visitor<'static> for One<T> {
    type Value = T::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("one value")
    }

    fn visit_seq<A: SeqAccess<'static>>(self, mut items: A) -> Result<T::Value, A::Error> {
        match items.next_element_seed(self.0)? {
            Some(value) => Ok(value),
            None => Err(A::Error::custom("there is no value")),
        }
    }
}

/// Numbers: the fill, as much of it as the type holds.
macro_rules! numbers {
    ($($deserialize:ident $visit:ident $ty:ident $model:ident)*) => { $(
        fn $deserialize<V: Visitor<'static>>(self, visitor: V) -> Result<V::Value, ProbeError> {
            let node = self.node.scalar();
            if !matches!(node.schema.ty, Ty::$model) {
                return self.not_expected(concat!("a `", stringify!($ty), "`"));
            }
            visitor.$visit(self.probe.note(node.fill as $ty))
        }
    )* };
}

impl<'p, 'a> Deserializer<'static> for Reader<'p, 'a> {
    type Error = ProbeError;

    fn is_human_readable(&self) -> bool {
        false
    }

    numbers! {
        deserialize_u8 visit_u8 u8 U8
        deserialize_i8 visit_i8 i8 I8
        deserialize_u16 visit_u16 u16 U16
        deserialize_i16 visit_i16 i16 I16
        deserialize_u32 visit_u32 u32 U32
        deserialize_i32 visit_i32 i32 I32
        deserialize_u64 visit_u64 u64 U64
        deserialize_i64 visit_i64 i64 I64
        deserialize_u128 visit_u128 u128 U128
        deserialize_i128 visit_i128 i128 I128
        deserialize_f32 visit_f32 f32 F32
        deserialize_f64 visit_f64 f64 F64
    }

    fn deserialize_bool<V: Visitor<'static>>(self, visitor: V) -> Result<V::Value, ProbeError> {
        let node = self.node.scalar();
        if !matches!(node.schema.ty, Ty::Bool) {
            return self.not_expected("a `bool`");
        }
        visitor.visit_bool(self.probe.note(node.fill & 1 != 0))
    }

    fn deserialize_char<V: Visitor<'static>>(self, visitor: V) -> Result<V::Value, ProbeError> {
        let node = self.node.scalar();
        if !matches!(node.schema.ty, Ty::Char) {
            return self.not_expected("a `char`");
        }
        visitor.visit_char(self.probe.note(letter(node.fill)))
    }

    fn deserialize_str<V: Visitor<'static>>(self, visitor: V) -> Result<V::Value, ProbeError> {
        let Some(text) = self.text() else {
            return self.not_expected("a text");
        };
        self.probe.note_len(text.len());
        self.probe.bytes.extend_from_slice(text.as_bytes());
        // Some types only take what is borrowed; a test does not run for long.
        visitor.visit_borrowed_str(String::leak(text))
    }

    fn deserialize_string<V: Visitor<'static>>(self, visitor: V) -> Result<V::Value, ProbeError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_bytes<V: Visitor<'static>>(self, visitor: V) -> Result<V::Value, ProbeError> {
        let node = self.node.scalar();
        match node.schema.ty {
            Ty::ByteArray => {}
            Ty::Seq(item) if matches!(item.ty, Ty::U8) => {}
            _ => return self.not_expected("bytes"),
        }
        let len = self.len(&node);
        let bytes = std::vec![u8::try_from(node.fill & 0x7F).unwrap_or_default(); len];
        self.probe.note_len(len);
        self.probe.bytes.extend_from_slice(&bytes);
        visitor.visit_borrowed_bytes(Vec::leak(bytes))
    }

    fn deserialize_byte_buf<V: Visitor<'static>>(self, visitor: V) -> Result<V::Value, ProbeError> {
        self.deserialize_bytes(visitor)
    }

    fn deserialize_option<V: Visitor<'static>>(self, visitor: V) -> Result<V::Value, ProbeError> {
        let node = self.node.scalar();
        let Ty::Option(inner) = node.schema.ty else {
            return self.not_expected("an option");
        };
        let probe = self.probe;
        if node.next().is_none() && (node.fill == 0 || node.is_goal()) {
            probe.note(0u8);
            return visitor.visit_none();
        }
        probe.note(1u8);
        let node = node.child(0, inner);
        visitor.visit_some(Reader { probe, node })
    }

    fn deserialize_unit<V: Visitor<'static>>(self, visitor: V) -> Result<V::Value, ProbeError> {
        let node = self.node.inner();
        match children(node.schema) {
            Some(parts) if parts.is_empty() => visitor.visit_unit(),
            _ => self.not_expected("nothing"),
        }
    }

    fn deserialize_unit_struct<V: Visitor<'static>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, ProbeError> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'static>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, ProbeError> {
        let Self { probe, mut node } = self;
        if let Ty::NewtypeStruct(inner) = node.schema.ty {
            node.schema = inner;
        }
        visitor.visit_newtype_struct(Reader { probe, node })
    }

    fn deserialize_seq<V: Visitor<'static>>(self, visitor: V) -> Result<V::Value, ProbeError> {
        self.list(visitor)
    }

    fn deserialize_tuple<V: Visitor<'static>>(
        self,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, ProbeError> {
        let asked = format!("a tuple of {}", count(len));
        self.parts((len, false), &asked, visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'static>>(
        self,
        _: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, ProbeError> {
        self.deserialize_tuple(len, visitor)
    }

    fn deserialize_map<V: Visitor<'static>>(self, visitor: V) -> Result<V::Value, ProbeError> {
        let node = self.node.scalar();
        let Ty::Map { key, val } = node.schema.ty else {
            return self.not_expected("a map (as for `#[serde(flatten)]`)");
        };
        let left = self.len(&node);
        let probe = self.probe;
        probe.note_len(left);
        let mut entries = Entries {
            probe,
            node,
            types: [key, val],
            left,
        };
        visitor.visit_map(&mut entries)
    }

    fn deserialize_struct<V: Visitor<'static>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ProbeError> {
        let asked = match fields.len() {
            1 => "1 field".to_owned(),
            more => format!("{more} fields"),
        };
        self.parts((fields.len(), true), &asked, visitor)
    }

    fn deserialize_enum<V: Visitor<'static>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ProbeError> {
        let node = self.node.scalar();
        let Ty::Enum(known) = node.schema.ty else {
            return self.not_expected("an enum");
        };
        // serde counts other names of a variant as well.
        if known.len() > variants.len() {
            let text = format!(
                "serde reads {} variants where the schema has {}: is one marked `#[serde(skip)]`, or the like?",
                variants.len(),
                known.len()
            );
            return self.probe.differs(&text);
        }
        let number = node.next().or_else(|| node.fill.checked_rem(known.len()));
        let chosen = number.and_then(|number| Some((number, known.get(number)?)));
        let Some((number, variant)) = chosen else {
            return Err(ProbeError::Refused("an enum without variants".to_owned()));
        };
        visitor.visit_enum(Chosen {
            probe: self.probe,
            node,
            number,
            name: variant.name,
            payload: payload(variant.ty),
        })
    }

    fn deserialize_any<V: Visitor<'static>>(self, _: V) -> Result<V::Value, ProbeError> {
        self.probe.differs(
            "serde asks which type is stored, and that is not stored: `#[serde(untagged)]`, `tag` and `flatten` can't be read back",
        )
    }

    fn deserialize_identifier<V: Visitor<'static>>(
        self,
        visitor: V,
    ) -> Result<V::Value, ProbeError> {
        self.deserialize_any(visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'static>>(
        self,
        visitor: V,
    ) -> Result<V::Value, ProbeError> {
        self.deserialize_any(visitor)
    }
}

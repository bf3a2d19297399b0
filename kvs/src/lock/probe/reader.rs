//! The deserializer: hands out what the script says, where the type asks for what its schema has.

use std::borrow::ToOwned;
use std::format;
use std::string::{String, ToString};
use std::vec::Vec;

use postcard_schema::schema::{DataModelType as Ty, NamedType};
use serde::de::{Deserializer, Visitor};

use super::access::{Chosen, Entries, Items, count, items};
use super::parts::{children, holds, payload};
use super::{Goal, Probe, ProbeError};

/// A part of the type's schema, and what is made up for it.
#[derive(Clone, Copy)]
pub(super) struct Node<'a> {
    pub(super) schema: &'static NamedType,
    /// The rest of the way to the script's place, if that leads through here.
    pub(super) path: Option<&'a [usize]>,
    pub(super) fill: usize,
}

impl<'a> Node<'a> {
    fn is_goal(&self) -> bool {
        self.path.is_some_and(<[usize]>::is_empty)
    }

    /// Which part the way leads to.
    fn next(&self) -> Option<usize> {
        self.path?.first().copied()
    }

    pub(super) fn child(&self, number: usize, schema: &'static NamedType) -> Self {
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

/// The deserializer: hands out what is made up.
pub(super) struct Reader<'p, 'a> {
    pub(super) probe: &'p mut Probe<'a>,
    pub(super) node: Node<'a>,
}

/// What a type is called in a message.
fn called(schema: &NamedType) -> String {
    crate::lock::Type::from(schema).to_string()
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

//! The parts of a value, handed out one by one.

use core::fmt;
use std::borrow::ToOwned;
use std::format;
use std::string::String;

use postcard_schema::schema::NamedType;
use serde::de::value::U32Deserializer;
use serde::de::{
    DeserializeSeed, EnumAccess, Error as _, IntoDeserializer as _, MapAccess, SeqAccess,
    VariantAccess, Visitor,
};

use super::parts::Children;
use super::reader::{Node, Reader};
use super::{Probe, ProbeError};

/// Hands out the parts one by one, of which there have to be as many as are asked for.
pub(super) fn items<'a, V: Visitor<'static>>(
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

pub(super) struct Items<'p, 'a, N> {
    probe: &'p mut Probe<'a>,
    parts: core::iter::Enumerate<std::vec::IntoIter<(&'static str, &'static NamedType)>>,
    node: N,
    count: usize,
    /// Whether it is a mistake to ask for more.
    is_fixed: bool,
}

impl<'p, 'a, N> Items<'p, 'a, N> {
    pub(super) fn new(probe: &'p mut Probe<'a>, parts: Children, node: N) -> Self {
        Self {
            probe,
            count: parts.len(),
            parts: parts.into_iter().enumerate(),
            node,
            is_fixed: false,
        }
    }

    /// Must be called when the visitor has all that it wants.
    pub(super) fn finish(self) -> Result<(), ProbeError> {
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

pub(super) struct Entries<'p, 'a> {
    pub(super) probe: &'p mut Probe<'a>,
    pub(super) node: Node<'a>,
    pub(super) types: [&'static NamedType; 2],
    pub(super) left: usize,
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
pub(super) struct Chosen<'p, 'a> {
    pub(super) probe: &'p mut Probe<'a>,
    pub(super) node: Node<'a>,
    pub(super) number: usize,
    pub(super) name: &'static str,
    pub(super) payload: Children,
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

pub(super) fn count(values: usize) -> String {
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

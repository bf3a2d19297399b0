//! Collections of `heapless`: written as it writes them, and read strictly.

use core::cmp::Ordering;
use core::fmt;
use core::hash::{BuildHasher, Hash};
use core::marker::PhantomData;

use heapless::binary_heap::{BinaryHeap, Kind, Max, Min};
use heapless::{Deque, HistoryBuf, IndexMap, IndexSet, LenType, LinearMap, Vec};
use postcard_schema::Schema;
use postcard_schema::schema::{DataModelType, NamedType};
use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Stored;

/// A collection that is read item by item.
pub(super) trait Fill: Default {
    /// An item of a list; a key and its value.
    type Item;

    /// Adds an item, if it will be written in this place again.
    fn add(&mut self, item: Self::Item) -> Result<(), Misfit>;
}

/// Why an item is turned down.
pub(super) enum Misfit {
    Full,
    Twice,
    Misplaced,
}

impl Misfit {
    fn error<E: Error>(self) -> E {
        E::custom(match self {
            Self::Full => "more items than fit",
            Self::Twice => "a key or an item that is there already",
            Self::Misplaced => "items that are not in a heap's order",
        })
    }
}

impl<K: Eq, V, const N: usize> Fill for LinearMap<K, V, N> {
    type Item = (K, V);

    fn add(&mut self, (key, value): (K, V)) -> Result<(), Misfit> {
        if self.contains_key(&key) {
            return Err(Misfit::Twice);
        }
        self.insert(key, value)
            .map_or(Err(Misfit::Full), |_| Ok(()))
    }
}

impl<K: Eq + Hash, V, S: BuildHasher + Default, const N: usize> Fill for IndexMap<K, V, S, N> {
    type Item = (K, V);

    fn add(&mut self, (key, value): (K, V)) -> Result<(), Misfit> {
        if self.contains_key(&key) {
            return Err(Misfit::Twice);
        }
        self.insert(key, value)
            .map_or(Err(Misfit::Full), |_| Ok(()))
    }
}

impl<T: Eq + Hash, S: BuildHasher + Default, const N: usize> Fill for IndexSet<T, S, N> {
    type Item = T;

    fn add(&mut self, item: T) -> Result<(), Misfit> {
        match self.insert(item) {
            Ok(true) => Ok(()),
            Ok(false) => Err(Misfit::Twice),
            Err(_) => Err(Misfit::Full),
        }
    }
}

impl<T, const N: usize> Fill for Deque<T, N> {
    type Item = T;

    fn add(&mut self, item: T) -> Result<(), Misfit> {
        self.push_back(item).map_err(|_| Misfit::Full)
    }
}

impl<T, const N: usize> Fill for HistoryBuf<T, N> {
    type Item = T;

    /// `write` would drop the oldest item for one too many.
    fn add(&mut self, item: T) -> Result<(), Misfit> {
        if self.len() >= N {
            return Err(Misfit::Full);
        }
        self.write(item);
        Ok(())
    }
}

impl<T: Ord, K: HeapKind, const N: usize> Fill for BinaryHeap<T, K, N> {
    type Item = T;

    /// A heap is written in the order of its array; read in that order, each item stays where it is put.
    fn add(&mut self, item: T) -> Result<(), Misfit> {
        let parent = self.len().saturating_sub(1) / 2;
        let rises = |parent| item.cmp(parent) == K::ABOVE;
        if self.iter().nth(parent).is_some_and(rises) {
            return Err(Misfit::Misplaced);
        }
        self.push(item).map_err(|_| Misfit::Full)
    }
}

/// What a heap has at its top.
trait HeapKind: Kind {
    /// How an item compares to one that it belongs above.
    const ABOVE: Ordering;
}

impl HeapKind for Min {
    const ABOVE: Ordering = Ordering::Less;
}

impl HeapKind for Max {
    const ABOVE: Ordering = Ordering::Greater;
}

impl<T, L: LenType, const N: usize> Fill for Vec<T, N, L> {
    type Item = T;

    fn add(&mut self, item: T) -> Result<(), Misfit> {
        self.push(item).map_err(|_| Misfit::Full)
    }
}

/// Reads a list.
pub(super) struct Items<C>(pub(super) PhantomData<C>);

impl<'de, C: Fill<Item: Deserialize<'de>>> Visitor<'de> for Items<C> {
    type Value = C;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<C, A::Error> {
        let mut all = C::default();
        while let Some(item) = from.next_element()? {
            all.add(item).map_err(Misfit::error)?;
        }
        Ok(all)
    }
}

/// Reads a map.
struct Entries<C>(PhantomData<C>);

impl<'de, K, V, C> Visitor<'de> for Entries<C>
where
    K: Deserialize<'de>,
    V: Deserialize<'de>,
    C: Fill<Item = (K, V)>,
{
    type Value = C;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<C, A::Error> {
        let mut all = C::default();
        while let Some(entry) = from.next_entry()? {
            all.add(entry).map_err(Misfit::error)?;
        }
        Ok(all)
    }
}

/// A collection: written as `heapless` writes it, and read strictly.
macro_rules! collection {
    ([$($generics:tt)*] $ty:ty, $name:literal, ($($item:ident),+) as $schema:expr, $read:ident($visitor:ident)) => {
        impl<$($generics)*> Default for Stored<$ty> {
            fn default() -> Self {
                Self(<$ty>::default())
            }
        }

        impl<$($generics)*> Serialize for Stored<$ty>
        where
            $($item: Serialize,)+
        {
            fn serialize<Ser: Serializer>(&self, to: Ser) -> Result<Ser::Ok, Ser::Error> {
                self.0.serialize(to)
            }
        }

        impl<'de, $($generics)*> Deserialize<'de> for Stored<$ty>
        where
            $($item: Deserialize<'de>,)+
        {
            fn deserialize<De: Deserializer<'de>>(from: De) -> Result<Self, De::Error> {
                from.$read($visitor(PhantomData)).map(Self)
            }
        }

        impl<$($generics)*> Schema for Stored<$ty>
        where
            $($item: Schema,)+
        {
            const SCHEMA: &'static NamedType = &NamedType { name: $name, ty: &$schema };
        }
    };
}

macro_rules! maps {
    ($([$($generics:tt)*] $ty:ty, $name:literal;)+) => {$(
        collection!(
            [$($generics)*] $ty,
            $name,
            (K, V) as DataModelType::Map { key: K::SCHEMA, val: V::SCHEMA },
            deserialize_map(Entries)
        );
    )+};
}

macro_rules! lists {
    ($([$($generics:tt)*] $ty:ty, $name:literal;)+) => {$(
        collection!(
            [$($generics)*] $ty,
            $name,
            (T) as DataModelType::Seq(T::SCHEMA),
            deserialize_seq(Items)
        );
    )+};
}

maps! {
    [K: Eq, V, const N: usize] LinearMap<K, V, N>, "heapless::LinearMap<K, V, N>";
    [K: Eq + Hash, V, S: BuildHasher + Default, const N: usize] IndexMap<K, V, S, N>,
        "heapless::IndexMap<K, V, S, N>";
}

lists! {
    [T: Eq + Hash, S: BuildHasher + Default, const N: usize] IndexSet<T, S, N>,
        "heapless::IndexSet<T, S, N>";
    [T, const N: usize] Deque<T, N>, "heapless::Deque<T, N>";
    [T, const N: usize] HistoryBuf<T, N>, "heapless::HistoryBuf<T, N>";
    [T: Ord, const N: usize] BinaryHeap<T, Min, N>, "heapless::BinaryHeap<T, Min, N>";
    [T: Ord, const N: usize] BinaryHeap<T, Max, N>, "heapless::BinaryHeap<T, Max, N>";
    [T, L: LenType, const N: usize] Vec<T, N, L>, "heapless::Vec<T, N, L>";
}

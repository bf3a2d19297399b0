//! [`Stored`]: types of other crates that lack a schema, or have a wrong one, as settings.

use core::array;
use core::cmp::Ordering;
use core::fmt;
use core::hash::{BuildHasher, Hash};
use core::marker::PhantomData;
use core::net::{Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use core::ops::{Deref, DerefMut};

use heapless::binary_heap::{BinaryHeap, Kind, Max, Min};
use heapless::{Deque, HistoryBuf, IndexMap, IndexSet, LenType, LinearMap, String, Vec};
use postcard_schema::Schema;
use postcard_schema::schema::{DataModelType, NamedType};
use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::ser::SerializeTuple;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A value of another crate's type, as a setting.
///
/// A setting's type needs [`postcard_schema::Schema`], which says what its bytes are. Some types of other crates have none, and
/// only those crates could add it. `Stored<T>` is a `T` that has it; it derefs to the `T`.
///
/// ```
/// use heapless::{LinearMap, String};
/// use kvs::{Settings, Stored};
///
/// #[derive(Settings)]
/// struct Station {
///     // Each tenant's share, by name.
///     shares: Stored<LinearMap<String<8>, u8, 4>>,
///     pairing: Stored<[u8; 64]>,
///     // In an option, or in a struct or an enum of your own, it is the same.
///     broker: Option<Stored<core::net::SocketAddr>>,
/// }
///
/// let mut station = Station::defaults();
/// let name = String::try_from("attic").unwrap();
/// station.shares.insert(name, 40).unwrap();
/// assert_eq!(station.shares.len(), 1);
/// station.pairing[0] = 7;
/// station.broker = Some("[fe80::1%2]:1883".parse::<core::net::SocketAddr>().unwrap().into());
/// ```
///
/// | | shape in the key | what is turned down |
/// |---|---|---|
/// | `Stored<LinearMap<K, V, N>>`, `Stored<IndexMap<K, V, S, N>>` | `{K:V}` | a key twice, more entries than fit |
/// | `Stored<IndexSet<T, S, N>>` | `[T]` | an item twice, more items than fit |
/// | `Stored<Deque<T, N>>`, `Stored<HistoryBuf<T, N>>` | `[T]` | more items than fit |
/// | `Stored<BinaryHeap<T, K, N>>` | `[T]` | more items than fit, items that are not in a heap's order |
/// | `Stored<Vec<T, N, L>>`, `Stored<String<N, L>>` | `[T]`, `str` | more than fits. For a length type `L` other than `usize` |
/// | `Stored<[T; N]>` | `(T*N)` | For an array of more than 32 items, which serde does not take |
/// | `Stored<SocketAddrV6>` | `(((u8*16)),u16,u32*2)` | |
/// | `Stored<SocketAddr>` | `enum` | |
///
/// The collections are those of `heapless` 0.9. Items, keys and values are of any types that could be settings themselves. A
/// value comes back from flash as it was stored, in the same order; what would not is turned down, like any bytes that are
/// not a value of the setting's type.
///
/// The bytes are those of the `T` itself, but for the socket addresses: serde leaves out the flow label and the scope of an IPv6
/// one, without which a link-local address leads nowhere, and `Stored` keeps them.
///
/// A type that is not in the table goes into a struct of your own, with `Schema` written by hand if it has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stored<T>(pub T);

impl<T> Deref for Stored<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for Stored<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T> From<T> for Stored<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

/// A collection that is read item by item.
trait Fill: Default {
    type Item;

    /// Adds an item, if it will be written in this place again.
    fn add(&mut self, item: Self::Item) -> Result<(), Misfit>;
}

/// Why an item is turned down.
enum Misfit {
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
struct Items<C>(PhantomData<C>);

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

impl<L: LenType, const N: usize> Default for Stored<String<N, L>> {
    fn default() -> Self {
        Self(String::default())
    }
}

impl<L: LenType, const N: usize> Serialize for Stored<String<N, L>> {
    fn serialize<Ser: Serializer>(&self, to: Ser) -> Result<Ser::Ok, Ser::Error> {
        self.0.serialize(to)
    }
}

impl<'de, L: LenType, const N: usize> Deserialize<'de> for Stored<String<N, L>> {
    fn deserialize<De: Deserializer<'de>>(from: De) -> Result<Self, De::Error> {
        String::deserialize(from).map(Self)
    }
}

impl<L: LenType, const N: usize> Schema for Stored<String<N, L>> {
    const SCHEMA: &'static NamedType = String::<N>::SCHEMA;
}

/// Of any length, unlike that of an array itself.
impl<T: Default, const N: usize> Default for Stored<[T; N]> {
    fn default() -> Self {
        Self(array::from_fn(|_| T::default()))
    }
}

impl<T: Serialize, const N: usize> Serialize for Stored<[T; N]> {
    fn serialize<Ser: Serializer>(&self, to: Ser) -> Result<Ser::Ok, Ser::Error> {
        let mut all = to.serialize_tuple(N)?;
        for item in &self.0 {
            all.serialize_element(item)?;
        }
        all.end()
    }
}

impl<'de, T: Deserialize<'de>, const N: usize> Deserialize<'de> for Stored<[T; N]> {
    fn deserialize<De: Deserializer<'de>>(from: De) -> Result<Self, De::Error> {
        let all: Vec<T, N> = from.deserialize_tuple(N, Items(PhantomData))?;
        let all = all.into_array();
        all.map(Self)
            .map_err(|all| De::Error::invalid_length(all.len(), &"as many items as the array has"))
    }
}

impl<T: Schema, const N: usize> Schema for Stored<[T; N]> {
    const SCHEMA: &'static NamedType = <[T; N]>::SCHEMA;
}

/// All of a [`SocketAddrV6`]. `postcard_schema` says that these are its bytes; but serde writes the first two only.
#[derive(Serialize, Deserialize, Schema)]
struct StoredSocketAddrV6 {
    ip: Ipv6Addr,
    port: u16,
    flowinfo: u32,
    scope_id: u32,
}

impl From<SocketAddrV6> for StoredSocketAddrV6 {
    fn from(addr: SocketAddrV6) -> Self {
        Self {
            ip: *addr.ip(),
            port: addr.port(),
            flowinfo: addr.flowinfo(),
            scope_id: addr.scope_id(),
        }
    }
}

impl From<StoredSocketAddrV6> for SocketAddrV6 {
    fn from(addr: StoredSocketAddrV6) -> Self {
        Self::new(addr.ip, addr.port, addr.flowinfo, addr.scope_id)
    }
}

/// All of a [`SocketAddr`].
#[derive(Serialize, Deserialize, Schema)]
enum StoredSocketAddr {
    V4(SocketAddrV4),
    V6(StoredSocketAddrV6),
}

impl From<SocketAddr> for StoredSocketAddr {
    fn from(addr: SocketAddr) -> Self {
        match addr {
            SocketAddr::V4(addr) => Self::V4(addr),
            SocketAddr::V6(addr) => Self::V6(addr.into()),
        }
    }
}

impl From<StoredSocketAddr> for SocketAddr {
    fn from(addr: StoredSocketAddr) -> Self {
        match addr {
            StoredSocketAddr::V4(addr) => Self::V4(addr),
            StoredSocketAddr::V6(addr) => Self::V6(addr.into()),
        }
    }
}

macro_rules! address {
    ($($ty:ty as $stored:ty;)+) => {$(
        impl Serialize for Stored<$ty> {
            fn serialize<Ser: Serializer>(&self, to: Ser) -> Result<Ser::Ok, Ser::Error> {
                <$stored>::from(self.0).serialize(to)
            }
        }

        impl<'de> Deserialize<'de> for Stored<$ty> {
            fn deserialize<De: Deserializer<'de>>(from: De) -> Result<Self, De::Error> {
                <$stored>::deserialize(from).map(|addr| Self(addr.into()))
            }
        }

        impl Schema for Stored<$ty> {
            const SCHEMA: &'static NamedType = <$stored>::SCHEMA;
        }
    )+};
}

address! {
    SocketAddrV6 as StoredSocketAddrV6;
    SocketAddr as StoredSocketAddr;
}

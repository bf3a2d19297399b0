//! [`Stored`]: types of other crates that lack a schema, or have a wrong one, as settings.

mod address;
mod collection;

use core::array;
use core::marker::PhantomData;
use core::ops::{Deref, DerefMut};

use heapless::{LenType, String, Vec};
use postcard_schema::Schema;
use postcard_schema::schema::NamedType;
use serde::de::Error;
use serde::ser::SerializeTuple;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use self::collection::Items;

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

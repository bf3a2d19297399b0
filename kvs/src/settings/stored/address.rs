//! Socket addresses, whole: serde leaves out a part of them.

use core::net::{Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

use postcard_schema::Schema;
use postcard_schema::schema::NamedType;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Stored;

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

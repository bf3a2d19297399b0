use core::net::{Ipv6Addr, SocketAddr, SocketAddrV6};

use kvs::{Settings, Stored};

#[derive(Settings)]
struct Net {
    #[setting(default = SocketAddrV6::new(Ipv6Addr::LOCALHOST, 80, 0, 0))]
    peer: SocketAddrV6,
    broker: Option<SocketAddr>,
    right: Option<Stored<SocketAddr>>,
    // What an older firmware stored can be read.
    #[setting(rev = 2, migrate(ty = Option<SocketAddr>, rev = 1, with = |old| old.map(Stored)))]
    updated: Option<Stored<SocketAddr>>,
}

fn main() {}

use kvs::{Settings, Stored};

mod old {
    pub use heapless_0_8::String;
}

#[derive(Settings)]
struct Net {
    #[setting(default = [0; 64])]
    key: [u8; 64],
    shares: heapless::LinearMap<u8, u8, 4>,
    tags: Option<heapless::index_set::FnvIndexSet<u8, 4>>,
    #[setting(default = core::ops::Bound::Unbounded)]
    bound: core::ops::Bound<u8>,
    many: (u8, u8, u8, u8, u8, u8, u8),
    name: old::String<8>,
    #[setting(default = Stored(std::time::SystemTime::UNIX_EPOCH))]
    time: Stored<std::time::SystemTime>,
    #[setting(migrate(ty = heapless::Deque<u8, 4>, with = |old| old.len() as u8))]
    count: u8,
}

fn main() {}

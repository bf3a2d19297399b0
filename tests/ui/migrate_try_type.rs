use kvs::Settings;

fn plain(old: u16) -> u32 {
    old.into()
}

fn another(old: u16) -> Option<u8> {
    u8::try_from(old).ok()
}

fn from_u8(old: u8) -> Option<u32> {
    Some(old.into())
}

#[derive(Settings)]
struct Net {
    #[setting(migrate(ty = u16, try_with = plain))]
    a: u32,
    #[setting(migrate(ty = u16, try_with = another))]
    b: u32,
    #[setting(migrate(ty = u16, try_with = from_u8))]
    c: u32,
}

fn main() {}

use kvs::Settings;

fn from_u8(old: u8) -> u32 {
    old.into()
}

fn to_u8(old: u16) -> u8 {
    old as u8
}

fn by_reference(old: &u16) -> u32 {
    u32::from(*old)
}

#[derive(Settings)]
struct Net {
    #[setting(migrate(ty = u16, with = from_u8))]
    a: u32,
    #[setting(migrate(ty = u16, with = to_u8))]
    b: u32,
    #[setting(migrate(ty = u16, with = by_reference))]
    c: u32,
    #[setting(migrate(ty = u16, with = missing))]
    d: u32,
    #[setting(migrate(ty = u16, with = |old: u16| u8::try_from(old)))]
    e: u32,
}

fn main() {}

use kvs::Settings;

fn wide(old: u8) -> u32 {
    old.into()
}

#[derive(Settings)]
struct Net {
    #[setting(migrate(form = "speed", ty = u8))]
    a: u32,
    #[setting(migrate(from = "speed", ty = u8, unit = "s"))]
    b: u32,
    #[setting(migrate(from = "speed", ty = u8, ty = u16))]
    c: u32,
    #[setting(migrate(ty = u8, with = wide, try_with = wide))]
    d: u32,
    #[setting(migrate(from = "speed", ty = u8, default = 9))]
    e: u32,
}

fn main() {}

use kvs::Settings;

#[derive(Settings)]
struct Net {
    #[setting(migrate)]
    a: u32,
    #[setting(migrate = "speed")]
    b: u32,
    #[setting(migrate(from = speed, ty = u8))]
    c: u32,
    #[setting(migrate(from(), ty = u8))]
    d: u32,
    #[setting(migrate(from("a1", b1), ty = (u8, u8)))]
    e: u32,
    #[setting(migrate(ty = 8))]
    f: u32,
    #[setting(migrate(from = "net..speed", ty = u8))]
    g: u32,
    #[setting(migrate(from = "speed:u8", ty = u8))]
    h: u32,
    #[setting(migrate(ty = u8, with))]
    i: u32,
    #[setting(migrate(ty u8))]
    j: u32,
}

fn main() {}

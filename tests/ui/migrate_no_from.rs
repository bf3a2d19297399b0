use kvs::Settings;

#[derive(Settings)]
struct Net {
    #[setting(migrate(ty = i64))]
    a: u32,
    #[setting(migrate(from("b1", "b2"), ty = (u8, u16)))]
    b: u32,
}

fn main() {}

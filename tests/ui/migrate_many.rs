use kvs::Settings;

fn sum((a, b): (u8, u8)) -> u32 {
    u32::from(a) + u32::from(b)
}

#[derive(Settings)]
struct Net {
    // How many types, and which, can't be told.
    #[setting(migrate(from("a1", "a2"), with = sum))]
    a: u32,
    #[setting(migrate(from("b1", "b2"), ty = u8, with = sum))]
    b: u32,
    #[setting(migrate(from("c1", "c2"), ty = (u8, u8, u8), with = sum))]
    c: u32,
}

fn main() {}

use kvs::Settings;

fn sum((a, b): (u8, u8)) -> u32 {
    u32::from(a) + u32::from(b)
}

#[derive(Settings)]
struct Net {
    #[setting(migrate(from("a1", "a2"), ty = (u8, u8), default = 7, with = sum))]
    a: u32,
}

fn main() {}

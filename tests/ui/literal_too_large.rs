use kvs::Settings;

fn sum((a, b): (u8, u8)) -> u16 {
    u16::from(a) + u16::from(b)
}

#[derive(Settings)]
struct Net {
    #[setting(default = 300)]
    level: u8,
    #[setting(default = 5, range = 0..=300)]
    other: u8,
    #[setting(migrate(from("a", "b"), ty = (u8, u8), default = (7, 300), with = sum))]
    sum: u16,
}

fn main() {}

use kvs::Settings;

fn all(old: [u8; 9]) -> u32 {
    old.len() as u32
}

#[derive(Settings)]
struct Net {
    #[setting(migrate(
        from("a", "b", "c", "d", "e", "f", "g", "h", "i"),
        ty = (u8, u8, u8, u8, u8, u8, u8, u8, u8),
        with = |(a, b, c, d, e, f, g, h, i)| all([a, b, c, d, e, f, g, h, i]),
    ))]
    sum: u32,
}

fn main() {}

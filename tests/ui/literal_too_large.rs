use kvs::Settings;

#[derive(Settings)]
struct Net {
    #[setting(default = 300)]
    level: u8,
    #[setting(default = 5, range = 0..=300)]
    other: u8,
}

fn main() {}

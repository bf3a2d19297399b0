use kvs::Settings;

#[derive(Settings)]
struct Net {
    #[setting(default = 5, range = 10..=1)]
    level: u8,
}

fn main() {}

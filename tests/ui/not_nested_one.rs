use kvs::Settings;

#[derive(Default)]
struct Plain {
    value: u8,
}

#[derive(Settings)]
struct Net {
    port: u16,
    #[setting(nested)]
    plain: Plain,
}

fn main() {}

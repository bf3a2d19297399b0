use kvs::Settings;

#[derive(Settings)]
struct Inner {
    value: u8,
}

#[derive(Settings)]
struct Net {
    #[setting(skip, rename = "p")]
    port: u16,
    #[setting(range = 1..5, skip)]
    level: u8,
    #[setting(skip, keep, validate = check)]
    tls: bool,
    #[setting(nested, skip)]
    inner: Inner,
    #[setting(nested, default = Inner { value: 1 })]
    other: Inner,
    #[setting(range = 1..5, nested)]
    kept: Inner,
}

fn main() {}

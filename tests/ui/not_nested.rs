use kvs::Settings;

#[derive(Default, serde::Serialize, serde::Deserialize, postcard_schema::Schema)]
struct Plain {
    value: u8,
}

#[derive(Settings)]
struct Inner {
    value: u8,
}

#[derive(Settings)]
struct Net {
    #[setting(nested)]
    plain: Plain,
    #[setting(nested)]
    plains: [Plain; 3],
    #[setting(nested)]
    number: u8,
    // Forgot `nested`.
    inner: Inner,
}

fn main() {}

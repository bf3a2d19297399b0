use kvs::Settings;

#[derive(Default, serde::Serialize, serde::Deserialize, postcard_schema::Schema)]
struct Plain {
    value: u8,
}

#[derive(Settings)]
struct Inner {
    value: u8,
}

type Maybe = Option<Inner>;

#[derive(Settings)]
struct Net {
    #[setting(nested)]
    plain: Plain,
    #[setting(nested)]
    plains: [Plain; 3],
    #[setting(nested)]
    number: u8,
    #[setting(nested)]
    maybe: Maybe,
    // Forgot `nested`.
    inner: Inner,
}

fn main() {}

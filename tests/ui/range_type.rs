use kvs::Settings;

#[derive(Default, serde::Serialize, serde::Deserialize, postcard_schema::Schema)]
struct Unordered(u8);

#[derive(Settings)]
struct Net {
    #[setting(range = true..=false)]
    port: u16,
    #[setting(range = 10)]
    level: u8,
    #[setting(range = 0..=300)]
    small: u8,
    #[setting(range = Unordered(1)..)]
    unordered: Unordered,
}

fn main() {}

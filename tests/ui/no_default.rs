use kvs::Settings;

use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, postcard_schema::Schema)]
struct NoDef(u8);

#[derive(Settings)]
struct Net {
    port: NoDef,
    #[setting(default)]
    other: Option<NoDef>,
    #[setting(skip)]
    scratch: std::time::Instant,
}

fn main() {}

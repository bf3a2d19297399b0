use kvs::Settings;

use postcard_schema::Schema;
use serde::{Deserialize, Serialize};

#[derive(Default, Serialize, Deserialize, Schema)]
struct Mine {
    id: u8,
    name: String,
}

#[derive(Settings)]
struct Net {
    #[setting(default = "x")]
    name: String,
    list: Vec<u8>,
    set: Option<std::collections::BTreeSet<u8>>,
    map: std::collections::HashMap<u8, u8>,
    mine: Mine,
    boxed: Box<String>,
    cow: std::borrow::Cow<'static, str>,
    since: chrono::DateTime<chrono::Utc>,
}

fn main() {}

use kvs::Settings;

use serde::{Deserialize, Serialize};

#[derive(Default)]
struct Foo(u8);

#[derive(Default, Serialize, Deserialize)]
struct NoSchema(u8);

#[derive(Settings)]
struct Net {
    #[setting(default = Foo(1), keep)]
    foo: Foo,
    half: Option<NoSchema>,
}

fn main() {}

use kvs::Settings;

#[derive(Settings)]
struct Net {
    #[setting(default = "x")]
    borrowed: &'static str,
}

fn main() {}

use kvs::Settings;

// The same hash, even in the 64 bits that names are compared by at first.
#[derive(Settings)]
struct Sought {
    baahaababdccbaaabc: u8,
    #[setting(alias = "abdagfafaaaaaaafaa")]
    level: u8,
}

fn main() {}

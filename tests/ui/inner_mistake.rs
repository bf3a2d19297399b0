use kvs::Settings;

#[derive(Settings)]
struct Inner {
    #[setting(rang = 1..=5)]
    value: u8,
}

// Nothing is wrong here, and nothing is said.
#[derive(Settings)]
struct Outer {
    #[setting(nested)]
    inner: Inner,
    #[setting(nested)]
    inners: [Inner; 2],
}

const KEY: kvs::Key<u8> = Outer::KEYS.inners[1].value;

fn main() {}

use kvs::Settings;

#[derive(Settings)]
struct Net {
    #[setting(rev = 0)]
    a: u16,
    #[setting(rev = 65_536)]
    b: u16,
    #[setting(rev = "2")]
    c: u16,
    #[setting(rev)]
    d: u16,
    #[setting(rev = 2, migrate(rev = 0))]
    e: u16,
    #[setting(unit = ms)]
    f: u16,
}

fn main() {}

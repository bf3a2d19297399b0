use kvs::Settings;

#[derive(Settings)]
struct Net {
    #[setting(migrate(with = tenfold))]
    a: u32,
    #[setting(rev = 2, migrate(rev = 2, with = tenfold))]
    b: u32,
    #[setting(rename = "c1", migrate(from = "c1", with = tenfold))]
    c: u32,
    #[setting(migrate())]
    d: u32,
}

fn tenfold(old: u32) -> u32 {
    old * 10
}

fn main() {}

use kvs::Settings;

#[derive(Settings)]
struct Inner {
    value: u8,
}

#[derive(Settings)]
#[settings(alias = "network", rev = 2)]
struct Net {
    #[setting(nested, migrate(from = "old", ty = u8))]
    inner: Inner,
    #[setting(nested, rev = 2, unit = "s")]
    other: Inner,
    #[setting(skip, migrate(ty = u8), alias = "baud")]
    speed: u32,
    #[setting(retired("baud"))]
    port: u16,
}

fn main() {}

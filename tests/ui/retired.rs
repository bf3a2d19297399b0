use kvs::Settings;

#[derive(Settings)]
#[settings(retired("port", "baud": u16))]
struct Net {
    port: u16,
    #[setting(rename = "baud")]
    speed: u32,
}

#[derive(Settings)]
#[settings(retired("baud", "b"))]
struct Aliased {
    #[setting(alias = "b")]
    speed: u32,
}

fn main() {}

use kvs::Settings;

#[derive(Settings)]
#[settings(prefix = "a")]
#[settings(prefix = "b")]
struct Net {
    #[setting(default = 1, default = 2)]
    port: u16,
    #[setting(keep)]
    #[setting(keep)]
    tls: bool,
    #[setting(migrate(from = "speed", from = "baud", ty = u8))]
    baud: u32,
}

#[derive(Settings)]
#[settings(migrate(from("a": u8), from("b": u8), with = f))]
struct Old {
    port: u16,
}

fn main() {}

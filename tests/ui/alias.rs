use kvs::Settings;

#[derive(Settings)]
struct Net {
    #[setting(alias = "port")]
    service: u16,
    port: u16,
    #[setting(alias = "t", alias = "t")]
    tls: bool,
    #[setting(alias = "level")]
    level: u8,
    #[setting(alias = "t")]
    third: u8,
    #[setting(alias = "net.x", alias = "")]
    x: u8,
    #[setting(alias = y1)]
    y: u8,
}

fn main() {}

use kvs::Settings;

#[derive(Settings)]
#[settings(rename_all = "lowercase")]
struct Net {
    port: u16,
    #[setting(rename = "port")]
    other: u8,
    tls: bool,
    #[setting(rename = "tls")]
    third: bool,
}

fn main() {}

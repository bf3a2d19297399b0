use kvs::Settings;

#[derive(Settings)]
#[settings(prefix = "a..b", rename_all = "kebap-case")]
struct Net {
    #[setting(rename = "")]
    a: u16,
    #[setting(rename = "wifi.ssid")]
    b: u8,
    #[setting(rename = "b:u8")]
    c: u8,
}

#[derive(Settings)]
#[settings(prefix = "", rename_all = "shouting")]
struct Other {
    a: u16,
}

fn main() {}

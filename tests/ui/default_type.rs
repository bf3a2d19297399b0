use kvs::Settings;

#[derive(Settings)]
struct Net {
    #[setting(default = true)]
    port: u16,
    #[setting(default = "on")]
    tls: bool,
    #[setting(default = 300)]
    level: u8,
    #[setting(default = "five", range = 1..=5)]
    retries: u8,
    #[setting(default = 5, skip)]
    scratch: bool,
    #[setting(default = Some("five"))]
    number: Option<u8>,
}

fn main() {}

use kvs::Settings;

use heapless::String;

#[derive(Settings)]
struct Net {
    #[setting(default = true)]
    port: u16,
    #[setting(default = "on")]
    tls: bool,
    #[setting(default = 300)]
    level: u8,
    #[setting(default = 5)]
    name: String<8>,
    #[setting(default = "five", range = 1..=5)]
    retries: u8,
    #[setting(default = "five")]
    pair: Option<u8>,
    #[setting(default = 5, skip)]
    scratch: bool,
}

fn main() {}

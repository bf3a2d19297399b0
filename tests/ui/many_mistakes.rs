use kvs::Settings;

use heapless::String;

// All of them show at once.
#[derive(Settings)]
#[settings(prefix = "net", prefix = "wifi")]
struct Net {
    #[setting(defualt = 80)]
    port: u16,
    #[setting(skip, rename = "t")]
    tls: bool,
    #[setting(rename = "")]
    name: String<8>,
    count: usize,
}

fn uses() {
    let _ = Net::defaults().port + Net::KEYS.port.default_value();
}

fn main() {}

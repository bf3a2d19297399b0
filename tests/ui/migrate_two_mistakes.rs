use heapless::String;
use kvs::Settings;

// All of them show at once.
#[derive(Settings)]
#[settings(retired("name"))]
struct Net {
    #[setting(alias = "name")]
    port: u16,
    #[setting(rev = 0, migrate(with = f, try_with = g))]
    level: u8,
    #[setting(alais = "n")]
    name: String<8>,
}

fn uses() {
    let _ = Net::defaults().port + Net::KEYS.port.default_value();
}

fn main() {}

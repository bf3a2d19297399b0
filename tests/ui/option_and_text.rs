use heapless::String;
use kvs::Settings;

#[derive(Settings)]
struct Wifi {
    channel: u8,
}

#[derive(Settings)]
struct Net {
    #[setting(nested)]
    wifi: Option<Wifi>,
    #[setting(nested)]
    wifis: [Option<Wifi>; 2],
    #[setting(nested)]
    list: heapless::Vec<Wifi, 4>,
    #[setting(default = "five")]
    pair: Option<String<8>>,
    #[setting(default = -5)]
    offset: Option<i8>,
    #[setting(range = 1..=5)]
    digit: Option<u8>,
    #[setting(range = ..5)]
    low: std::option::Option<i8>,
    #[setting(range = Some(1)..=Some(5), default = Some(1))]
    fine: Option<u8>,
    #[setting(default = 5)]
    name: String<8>,
    #[setting(range = 1..=8)]
    title: String<8>,
    #[setting(range = "a".."z")]
    letters: heapless::String<8>,
}

fn main() {}

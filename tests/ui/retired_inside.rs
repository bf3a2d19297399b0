use kvs::Settings;

#[derive(Settings)]
struct Wifi {
    channel: u8,
}

// A path that is a setting's still.
#[derive(Settings)]
#[settings(retired("wifi.channel": u8))]
struct Net {
    #[setting(nested)]
    wifi: Wifi,
}

fn main() {}

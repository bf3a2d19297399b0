use kvs::Settings;

#[derive(Settings)]
#[settings(migrate(from("old": u8), with = Self::unpack))]
struct Wifi {
    channel: u8,
}

impl Wifi {
    fn unpack(&mut self, (old,): (Option<u8>,)) {
        self.channel = old.unwrap_or(1);
    }
}

#[derive(Settings)]
struct Net {
    #[setting(nested)]
    wifi: Wifi,
}

fn main() {}

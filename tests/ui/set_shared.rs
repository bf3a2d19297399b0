use kvs::{Resources, Settings};

#[derive(Settings)]
struct Display {
    name: heapless::String<16>,
    level: u8,
}

#[derive(Settings)]
struct Net {
    port: u16,
    name: heapless::String<16>,
}

#[derive(Settings)]
#[settings(retired("level": u8))]
struct Retires {
    volume: u8,
}

#[derive(Settings)]
struct Migrates {
    #[setting(migrate(from = "level", ty = u8))]
    brightness: u16,
}

#[derive(Settings)]
struct Renames {
    #[setting(alias = "level")]
    brightness: u8,
}

const SHARED: Resources<32, 8, 64> = Resources::for_settings::<(Display, Net)>();
const RETIRED: Resources<32, 8, 64> = Resources::for_settings::<(Retires, Display)>();
const MIGRATED: Resources<32, 8, 64> = Resources::for_settings::<(Display, Migrates)>();
const BOTH_OLD: Resources<32, 8, 64> = Resources::for_settings::<(Migrates, Renames)>();
const TWICE: Resources<32, 8, 64> = Resources::for_settings::<(Net, Net)>();

fn main() {}

use kvs::{Resources, Settings};

#[derive(Settings)]
struct Display {
    name: heapless::String<100>,
}

#[derive(Settings)]
struct Net {
    port: u16,
}

// One key, and a margin of four, each.
const SLOTS: Resources<9, 8, 256> = Resources::for_settings::<(Display, Net)>();
const BUFFER: Resources<10, 8, 64> = Resources::for_settings::<(Net, Display)>();
const NO_STRUCT: Resources<10, 8, 64> = Resources::for_settings::<(Net, u8)>();
const NO_TUPLE: Resources<10, 8, 64> = Resources::for_settings::<u8>();

fn main() {}

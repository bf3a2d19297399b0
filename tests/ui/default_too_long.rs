use kvs::Settings;

const CAPACITY: usize = 8;

#[derive(Settings)]
struct Net {
    #[setting(default = "living room")]
    name: heapless::String<8>,
    #[setting(default = "living room")]
    other: heapless::String<CAPACITY>,
    #[setting(default = "livingro")]
    fits: heapless::String<8>,
}

fn main() {}

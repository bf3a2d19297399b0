use kvs::Settings;

// Found by search: these names have the same 65599 hash.
#[derive(Settings)]
struct Machine {
    mode_ramp_down: u8,
    speed: u16,
    zone_sleep_out: u8,
}

fn main() {}

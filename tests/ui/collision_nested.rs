use kvs::Settings;

#[derive(Settings)]
struct Mode {
    ramp_down: u8,
}

#[derive(Settings)]
struct Zone {
    sleep_out: u8,
}

// Nobody uses its keys; the check is made all the same.
#[derive(Settings)]
#[settings(prefix = "machine")]
struct Machine {
    #[setting(nested)]
    mode: Mode,
    #[setting(nested)]
    zone: Zone,
}

fn main() {}

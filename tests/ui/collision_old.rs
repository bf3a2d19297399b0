use kvs::Settings;

// `mode_ramp_down` and `zone_sleep_out` have the same hash, see `collision.rs`.
#[derive(Settings)]
struct Aliased {
    #[setting(alias = "mode_ramp_down")]
    ramp: u8,
    zone_sleep_out: u8,
}

#[derive(Settings)]
struct Migrated {
    mode_ramp_down: u8,
    #[setting(migrate(from = "zone_sleep_out", ty = u8))]
    sleep: u16,
}

#[derive(Settings)]
#[settings(retired("mode_ramp_down": u8))]
struct Retired {
    zone_sleep_out: u8,
}

fn main() {}

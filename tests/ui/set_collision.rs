use kvs::{Resources, Settings, SettingsSet};

#[derive(Settings)]
struct Servo {
    position_hysteresis_off: i16,
}

// Found by search: its key has the same hash, and -300 of the one would be read as 599.
#[derive(Settings)]
struct Climate {
    zone_fan_out: u16,
}

// What each needs is not the matter.
#[derive(Settings)]
struct Other {
    on: bool,
}

type Three = (Other, Servo, Climate);

static RESOURCES: Resources<{ Three::TOTAL_KEY_SLOTS }, 8, { Three::LARGEST_BUFFER }> =
    Resources::for_settings::<Three>();

fn main() {}

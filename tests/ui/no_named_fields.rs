use kvs::Settings;

#[derive(Settings)]
struct Tuple(u8, u16);

#[derive(Settings)]
struct Unit;

#[derive(Settings)]
struct Empty {}

#[derive(Settings)]
enum Mode {
    Off,
    On,
}

#[derive(Settings)]
union Either {
    a: u8,
    b: i8,
}

#[derive(Settings)]
struct Skipped {
    #[setting(skip)]
    scratch: u8,
}

fn is_settings<T: Settings>() {}

// No second error where they are used.
fn uses() {
    is_settings::<Tuple>();
    is_settings::<Mode>();
}

fn main() {}

use kvs::Settings;

fn wrong_argument(_: &u32) -> bool {
    true
}

fn wrong_result(value: &u16) -> u16 {
    *value
}

fn owned(_: u16) -> bool {
    true
}

#[derive(Settings)]
struct Net {
    #[setting(validate = wrong_argument)]
    a: u16,
    #[setting(validate = wrong_result)]
    b: u16,
    #[setting(validate = owned)]
    c: u16,
    #[setting(validate = missing)]
    d: u16,
}

fn main() {}

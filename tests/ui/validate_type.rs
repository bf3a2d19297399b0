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

fn two_arguments(_: &u16, _: u16) -> bool {
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
    #[setting(validate = wrong_argument)]
    e: heapless::String<8>,
    #[setting(validate = owned)]
    f: Option<u16>,
    #[setting(validate = two_arguments)]
    g: u16,
    #[setting(validate = true)]
    h: u16,
    #[setting(validate = |value: &u8| *value > 1)]
    i: u16,
    #[setting(validate = |value| value.is_short())]
    j: u16,
}

fn main() {}

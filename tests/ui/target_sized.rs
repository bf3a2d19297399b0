use kvs::Settings;

#[derive(Settings)]
struct Net {
    length: usize,
    #[setting(default = -1)]
    offset: isize,
}

#[derive(Settings)]
struct Within {
    fine: u8,
    within: Option<(u8, usize)>,
}

fn main() {}

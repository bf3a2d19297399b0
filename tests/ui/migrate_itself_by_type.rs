use kvs::Settings;

// Of one shape, and so of one key: the macro can't see that, the compiler can.
type Baud = u32;

#[derive(Settings)]
struct Net {
    #[setting(migrate(ty = Baud, with = tenfold))]
    speed: u32,
}

fn tenfold(old: Baud) -> u32 {
    old * 10
}

fn main() {}

use kvs::Settings;

struct Old(u8);

#[derive(Settings)]
#[settings(retired("gone": Old))]
struct Net {
    #[setting(migrate(ty = Old, with = |old: Old| old.0.into()))]
    a: u32,
    #[setting(migrate(ty = usize, with = |old: usize| old as u32))]
    b: u32,
}

fn main() {}

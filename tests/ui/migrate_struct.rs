use kvs::Settings;

#[derive(Settings)]
#[settings(migrate)]
struct A {
    a: u32,
}

#[derive(Settings)]
#[settings(migrate(from("old": u8)))]
struct B {
    b: u32,
}

#[derive(Settings)]
#[settings(migrate(from("old"), with = f))]
struct C {
    c: u32,
}

#[derive(Settings)]
#[settings(migrate(from("old": u8), try_with = f))]
struct D {
    d: u32,
}

#[derive(Settings)]
#[settings(migrate(from("old": u8), with = f))]
#[settings(migrate(from("older": u8), with = f))]
struct E {
    e: u32,
}

#[derive(Settings)]
#[settings(migrate(from("old": u8), with))]
struct F {
    f: u32,
}

#[derive(Settings)]
#[settings(migrate(from("1": u8, "2": u8, "3": u8, "4": u8, "5": u8, "6": u8, "7": u8, "8": u8, "9": u8), with = f))]
struct G {
    g: u32,
}

#[derive(Settings)]
#[settings(migrate(from("old" u8), with = f))]
struct H {
    h: u32,
}

fn main() {}

use kvs::Settings;

#[derive(Settings)]
#[settings(retired)]
#[settings(retired = "a")]
#[settings(retired(b))]
#[settings(retired("c" u16))]
#[settings(retired("d":))]
#[settings(retired("e": u16 @ 0))]
#[settings(retired("f": u16 @ x))]
#[settings(retired("g:u16", ""))]
struct Net {
    port: u16,
}

fn main() {}

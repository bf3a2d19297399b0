use kvs::Settings;

#[derive(Settings)]
#[settings(prefix = net, rename_all, crate = "kvs")]
struct Net {
    #[setting]
    a: u16,
    #[setting = "default"]
    b: u16,
    #[setting(default =)]
    c: u16,
    #[setting(default(1))]
    d: u16,
    #[setting(range)]
    e: u16,
    #[setting(rename = f2)]
    f: u16,
    #[setting(skip = true)]
    g: u16,
    #[setting(default = Pair::<u8, u8>::new())]
    h: u16,
    #[setting("default")]
    i: u16,
    #[setting(keep nested)]
    j: u16,
    #[setting(keep,, validate)]
    k: u16,
}

fn main() {}

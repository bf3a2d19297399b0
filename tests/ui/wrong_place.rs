use kvs::Settings;

#[derive(Settings)]
#[settings(default = 1, keep)]
#[setting(prefix = "net")]
struct Net {
    #[setting(prefix = "x", rename_all = "lowercase")]
    port: u16,
    #[settings(default = true)]
    tls: bool,
    #[setting(ty = u16, with = f)]
    baud: u32,
}

fn main() {}

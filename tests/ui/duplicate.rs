use kvs::Settings;

#[derive(Settings)]
#[settings(prefix = "a")]
#[settings(prefix = "b")]
struct Net {
    #[setting(default = 1, default = 2)]
    port: u16,
    #[setting(keep)]
    #[setting(keep)]
    tls: bool,
}

fn main() {}

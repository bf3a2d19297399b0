use kvs::Settings;

#[derive(Settings)]
#[settings(default = 1, keep)]
#[setting(prefix = "net")]
struct Net {
    #[setting(prefix = "x", rename_all = "lowercase")]
    port: u16,
    #[settings(default = true)]
    tls: bool,
}

fn main() {}

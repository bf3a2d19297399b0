use kvs::Settings;

#[derive(Settings)]
#[settings(prefx = "net")]
struct Net {
    #[setting(defualt = 1)]
    port: u16,
    #[setting(renam = "t", skipp)]
    tls: bool,
    #[setting(migrate(ty = u8), hidden)]
    baud: u32,
}

#[derive(Settings)]
#[settings(migrat(from("old": u8), with = f), hidden)]
struct Moved {
    port: u16,
}

// The keys are still there: only the words are wrong.
const PORT: kvs::Key<u16> = Net::KEYS.port;

fn main() {}

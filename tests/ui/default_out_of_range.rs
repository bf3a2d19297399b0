use kvs::Settings;

const LOWEST: i32 = -20;

#[derive(Settings)]
struct Net {
    #[setting(default = 0, range = 1..=65535)]
    port: u16,
    #[setting(default = 60 * 60, range = ..3600)]
    period: u32,
    #[setting(default = -(10 + 11), range = LOWEST..)]
    offset: i32,
    #[setting(range = 1..=10)]
    retries: u8,
    #[setting(default = 0.1, range = 0.5..=1.5)]
    gain: f32,
    #[setting(default = 'A', range = 'a'..='z')]
    letter: char,
    #[setting(default = 5, range = 1..=10)]
    fine: u8,
}

fn main() {}

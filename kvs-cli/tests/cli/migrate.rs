//! What is said of an update.

use insta::assert_snapshot;
use kvs::Settings;
use kvs::lock::Lock;

use crate::bench::{Bench, Boiler, used};

/// The next firmware, with mistakes in it.
#[derive(Settings)]
#[settings(retired("limit"))]
struct Next {
    #[setting(default = 200, range = 50..=220)]
    target: i16,
    #[setting(default = 0)]
    mode: u8,
    #[setting(default = 500, migrate(from = "gain", ty = f32, with = |gain: f32| (gain * 1000.0) as u16))]
    gain_permille: u16,
    #[setting(nested, alias = "wifi")]
    net: Net,
    #[setting(default = false)]
    eco: bool,
    #[setting(default, keep, unit = "boots")]
    boot_count: u64,
}

#[derive(Settings)]
#[settings(retired("password": heapless::String<64>))]
struct Net {
    #[setting(default = "")]
    ssid: heapless::String<32>,
}

#[test]
fn each_setting_is_accounted_for() {
    let bench = Bench::new();
    bench.write("next.lock", Lock::of(Next::SCHEMA).to_string());
    bench.write("dump.bin", used().image());
    assert_snapshot!(
        bench
            .kvs("migrate --from settings.lock --to next.lock dump.bin")
            .text()
    );
    assert_eq!(
        bench
            .kvs("migrate --from settings.lock --to settings.lock")
            .code,
        0
    );
    let _ = Boiler::COUNT;
}

//! A product that moves over from Pigweed's store.

use std::fs;
use std::path::Path;

use insta::assert_snapshot;

use crate::bench::{Bench, LAYOUT};

fn bench() -> Bench {
    let bench = Bench::new();
    let images = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pw_kvs");
    for name in ["simple", "torn_tail", "midgc_stuck"] {
        let image = fs::read(images.join(format!("kvs_4x4k_a16_{name}.bin"))).unwrap();
        bench.write(&format!("{name}.bin"), image);
    }
    bench
}

#[test]
fn its_keys_are_listed() {
    assert_snapshot!(bench().kvs("import --from pw_kvs torn_tail.bin").text());
}

#[test]
fn its_keys_become_settings_where_that_is_asked_for() {
    let bench = bench();
    let asked = "import --from pw-kvs torn_tail.bin --schema settings.lock --as wifi/ssid=wifi.ssid --as flag=zones.0.on";
    let toml = bench.ok(asked);
    assert!(toml.contains("[wifi]\nssid = \"PigNet\"\n"), "{toml}");
    assert!(toml.contains("[zones.0]\non = true\n"), "{toml}");
    let mut arguments: Vec<_> = asked.split(' ').chain(["-o", "new.bin"]).collect();
    arguments.extend(LAYOUT);
    assert_eq!(bench.run(&arguments).code, 0);
    let out = bench.ok("inspect new.bin --schema settings.lock");
    assert!(
        out.contains("\"PigNet\"") && out.contains("\"pool.ntp.org\""),
        "{out}"
    );
    let ran = bench.kvs(
        "import --from pw-kvs torn_tail.bin --schema settings.lock --as boot_count=wifi.channel",
    );
    assert_snapshot!(ran.text());
}

/// That of which Pigweed's own store says that nothing can be written to it any more.
#[test]
fn a_stuck_partition_is_read() {
    let bench = bench();
    let mut arguments = vec![
        "import",
        "--from",
        "pw-kvs",
        "midgc_stuck.bin",
        "-o",
        "new.bin",
    ];
    arguments.extend([
        "--sector-size",
        "4k",
        "--write-size",
        "4",
        "--length",
        "32k",
    ]);
    assert_eq!(bench.run(&arguments).code, 0);
    let json = bench.ok("inspect new.bin --json");
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["stats"]["keys"], 112);
}

//! Images that are made: the same as a device's, and the same again from what is read of them.

use insta::assert_snapshot;
use kvs::Settings;
use kvs::sim::Rng;

use crate::bench::{Bench, Boiler, Flash, LAYOUT, Mode, SECTORS, Step, used, with_store};

fn build(bench: &Bench, toml: &str, more: &[&str]) -> crate::bench::Ran {
    bench.write("settings.toml", toml);
    let mut arguments = vec!["build", "--schema", "settings.lock", "settings.toml"];
    arguments.extend(LAYOUT);
    arguments.extend(more);
    bench.run(&arguments)
}

const SETTINGS: &str = r#"
boot_count = 3
steps = [{ minute = 390, target = 215 }, { target = 180, minute = 1320 }]
mode = { Boost = { minutes = 45 } }
limit = 9

[wifi]
ssid = "attic"
channel = 6

[[zones]]
on = false
[[zones]]
letter = "z"
"#;

#[test]
fn an_image_is_byte_for_byte_what_a_device_writes() {
    let bench = Bench::new();
    let ran = build(&bench, SETTINGS, &["-o", "unit.bin"]);
    assert_eq!(
        ran.text(),
        "unit.bin: 8 keys, 4 sectors of 512 bytes, words of 4\nexit code 0\n"
    );
    let mut flash = Flash::new(SECTORS);
    with_store(&mut flash, |store| {
        let mut settings = Boiler::defaults();
        settings.boot_count = 3;
        settings.steps = heapless::Vec::from_slice(&[
            Step {
                minute: 390,
                target: 215,
            },
            Step {
                minute: 1320,
                target: 180,
            },
        ])
        .unwrap();
        settings.mode = Mode::Boost { minutes: 45 };
        settings.limit = Some(9);
        settings.wifi.ssid = "attic".try_into().unwrap();
        settings.wifi.channel = 6;
        settings.zones[0].on = false;
        settings.zones[1].letter = 'z';
        assert_eq!(store.save(&settings).unwrap(), 8);
    });
    assert!(bench.read("unit.bin") == flash.image());
}

#[test]
fn a_device_boots_with_what_was_built() {
    let bench = Bench::new();
    assert_eq!(build(&bench, SETTINGS, &["-o", "unit.bin"]).code, 0);
    let mut flash = Flash::from_image(&bench.read("unit.bin"));
    with_store(&mut flash, |store| {
        let (settings, report) = store.load::<Boiler>();
        assert_eq!(report.rejected().count(), 0);
        assert_eq!(
            (settings.wifi.ssid.as_str(), settings.wifi.channel),
            ("attic", 6)
        );
        assert_eq!(settings.zones[1].letter, 'z');
        assert_eq!(settings.steps.len(), 2);
    });
}

#[test]
fn toml_to_image_to_toml() {
    let bench = Bench::new();
    bench.write("dump.bin", used().image());
    let toml = bench.ok("inspect dump.bin --schema settings.lock --toml --show-secrets");
    assert_eq!(build(&bench, &toml, &["-o", "again.bin"]).code, 0);
    assert_eq!(
        bench.ok("inspect again.bin --schema settings.lock --toml --show-secrets"),
        toml
    );
    assert_eq!(
        bench
            .kvs("diff dump.bin again.bin --schema settings.lock")
            .text(),
        "exit code 0\n"
    );
}

/// Also for values that no one would write, keys of older firmware and keys without a name.
#[test]
fn random_images_come_back_through_toml() {
    let bench = Bench::new();
    let mut rng = Rng::new(11);
    for _ in 0..12 {
        let mut flash = Flash::new(SECTORS);
        with_store(&mut flash, |store| {
            let mut hashes: Vec<u32> = (0..3).map(|_| rng.next_u64() as u32).collect();
            let lock = kvs::lock::Lock::of(Boiler::SCHEMA);
            hashes.extend(lock.settings.iter().map(|setting| setting.hash));
            hashes.push(kvs::key_hash("wifi.name:str"));
            for _ in 0..20 {
                let bytes: Vec<u8> = (0..rng.below(9)).map(|_| rng.next_u8() & 0x8F).collect();
                let hash = hashes[rng.below(hashes.len())];
                let key = match rng.below(4) {
                    0 => kvs::RawKey::Name(["a", "b.c", "\"@", "ü"][rng.below(4)]),
                    _ => kvs::RawKey::Hash(hash),
                };
                store.put_bytes(key, &bytes).unwrap();
            }
        });
        bench.write("dump.bin", flash.image());
        let toml = bench.ok("inspect dump.bin --schema settings.lock --toml --show-secrets");
        let ran = build(&bench, &toml, &["-o", "again.bin"]);
        // What the range does not allow is not built.
        if ran.err.contains("is out of range") {
            continue;
        }
        assert_eq!(ran.code, 0, "{toml}\n{}", ran.err);
        let ran = bench.kvs("diff dump.bin again.bin --schema settings.lock");
        assert_eq!(ran.code, 0, "{toml}\n{}", ran.out);
    }
}

#[test]
fn what_is_wrong_is_told_at_its_line() {
    let bench = Bench::new();
    let ran = build(
        &bench,
        r#"target = 400
mode = "Automatic"
steps = [{ minute = 1 }]
gain = "much"

[wifi]
sid = "attic"
channel = 300
password = 5

["@named"]
serial = 7
"#,
        &["-o", "unit.bin"],
    );
    assert_snapshot!(ran.text());
    assert!(!bench.path("unit.bin").exists());
}

#[test]
fn what_is_no_toml_and_what_is_too_long() {
    let bench = Bench::new();
    assert_snapshot!(
        "no_toml",
        build(&bench, "target = = 1\n", &["-o", "unit.bin"]).text()
    );
    let name = "x".repeat(33);
    let steps = "{ minute = 1, target = 2 }, ".repeat(5);
    let long = format!("wifi.ssid = \"{name}\"\nsteps = [{steps}]\n");
    assert_snapshot!("too_long", build(&bench, &long, &["-o", "unit.bin"]).text());
    let long = format!("[\"@named\"]\nnote = \"{}\"\n", "x".repeat(600));
    let ran = build(&bench, &long, &["-o", "unit.bin"]);
    assert!(ran.err.contains("allowed: up to 440 bytes"), "{}", ran.err);
    assert_eq!(ran.code, 2);
}

#[test]
fn hex_and_uf2_are_read_back() {
    let bench = Bench::new();
    build(&bench, SETTINGS, &["-o", "unit.bin"]);
    let image = bench.read("unit.bin");
    assert_eq!(
        build(
            &bench,
            SETTINGS,
            &["-o", "unit.hex", "--address", "0xfff00"]
        )
        .code,
        0
    );
    let more = [
        "-o",
        "unit.uf2",
        "--address",
        "0x101ff000",
        "--uf2-family",
        "rp2040",
    ];
    assert_eq!(build(&bench, SETTINGS, &more).code, 0);
    let hex = String::from_utf8(bench.read("unit.hex")).unwrap();
    assert!(hex.starts_with(":02000004000FEB\n:10FF00004B56"), "{hex}");
    assert!(hex.ends_with(":00000001FF\n"));
    let uf2 = bench.read("unit.uf2");
    assert_eq!((uf2.len(), &uf2[..4]), (8 * 512, &b"UF2\n"[..]));
    assert_eq!(uf2[12..16], 0x101f_f000u32.to_le_bytes());
    assert_eq!(uf2[28..32], 0xe48b_ff56u32.to_le_bytes());
    assert_eq!(uf2[32..32 + 256], image[..256]);
    for file in ["unit.hex", "unit.uf2"] {
        assert_eq!(
            bench.kvs(&format!("diff unit.bin {file}")).text(),
            "exit code 0\n"
        );
        bench.ok(&format!("set {file} --schema settings.lock target=100"));
        let changed = bench.ok(&format!("inspect {file} --schema settings.lock"));
        assert!(changed.contains("100"), "{changed}");
    }
    assert!(
        String::from_utf8(bench.read("unit.hex"))
            .unwrap()
            .starts_with(":02000004000FEB\n:10FF00004B56")
    );
    assert_eq!(bench.read("unit.uf2")[28..32], 0xe48b_ff56u32.to_le_bytes());
    assert_snapshot!(build(&bench, SETTINGS, &["-o", "no.hex"]).text());
}

#[test]
fn a_batch_is_an_image_a_row() {
    let bench = Bench::new();
    bench.write(
        "devices.csv",
        "name,wifi.ssid,mode,boot_count\nunit-1,attic,Off,1\nunit-2,\"two, really\",,\n",
    );
    let ran = build(
        &bench,
        "target = 100\nwifi.ssid = \"common\"\n",
        &["--batch", "devices.csv", "-o", "images"],
    );
    assert_eq!(
        ran.text(),
        "images: 2 images, 4 sectors of 512 bytes, words of 4\nexit code 0\n"
    );
    let toml = |name: &str| {
        bench.ok(&format!(
            "inspect images/{name}.bin --schema settings.lock --toml"
        ))
    };
    assert_eq!(
        toml("unit-1"),
        "target = 100\nmode = \"Off\"\nboot_count = 1\n\n[wifi]\nssid = \"attic\"\n"
    );
    assert_eq!(
        toml("unit-2"),
        "target = 100\n\n[wifi]\nssid = \"two, really\"\n"
    );
}

#[test]
fn a_batch_with_mistakes_writes_nothing() {
    let bench = Bench::new();
    bench.write(
        "devices.csv",
        "name,wifi.sid,wifi.channel\nunit-1,x,14\n../unit,x,\nunit-1,x,1\n",
    );
    let ran = build(&bench, "", &["--batch", "devices.csv", "-o", "images"]);
    assert_snapshot!(ran.text());
    assert!(!bench.path("images").exists());
}

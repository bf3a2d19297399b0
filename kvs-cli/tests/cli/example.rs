//! `examples/thermostat_v2.rs` as a device: it writes what is built, and boots from it.

use std::path::PathBuf;

use assert_cmd::Command;

use crate::bench::Bench;

const SETTINGS: &str = r#"
target_mk = 295_650
period = 90
schedule = [
    { hour = 5, minute = 30, target = 200 }, { hour = 8, target = 180, minute = 0 },
    { hour = 11, minute = 0, target = 200 }, { hour = 13, minute = 0, target = 180 },
    { hour = 17, minute = 0, target = 210 }, { hour = 21, minute = 0, target = 190 },
    { hour = 22, minute = 45, target = -5 },
]
mode = "Away"
boot_count = 6
device.name = "cellar, back"

[wifi]
ssid = "attic"
password = "correct horse"
country = "Japan"
"#;

/// The same as the program prints them; it takes text without the quotes.
const PRINTED: [(&str, &str); 9] = [
    ("target_mk", "295650"),
    ("device.name", "\"cellar, back\""),
    ("period", "90"),
    (
        "schedule",
        r#"[{"hour":5,"minute":30,"target":200},{"hour":8,"minute":0,"target":180},{"hour":11,"minute":0,"target":200},{"hour":13,"minute":0,"target":180},{"hour":17,"minute":0,"target":210},{"hour":21,"minute":0,"target":190},{"hour":22,"minute":45,"target":-5}]"#,
    ),
    ("mode", "Away"),
    ("wifi.ssid", "\"attic\""),
    ("wifi.password", "\"correct horse\""),
    ("wifi.country", "Japan"),
    ("boot_count", "6"),
];

/// The example's program: `cargo test` builds it.
fn program() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let path = test
        .ancestors()
        .nth(2)
        .unwrap()
        .join("examples")
        .join(format!("device{}", std::env::consts::EXE_SUFFIX));
    assert!(path.exists(), "cargo build -p kvs-cli --examples");
    path
}

/// What it prints, with the flash in this file.
fn device(bench: &Bench, flash: &str, arguments: &[&str]) -> String {
    let output = Command::new(program())
        .args(arguments)
        .arg("--flash")
        .arg(bench.path(flash))
        .output()
        .unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(errors, "", "{arguments:?}");
    assert!(output.status.success(), "{arguments:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// `unit.bin` with these settings, for the example's flash.
fn build(toml: &str) -> Bench {
    let bench = Bench::new();
    bench.write(
        "settings.lock",
        include_str!("../../../examples/thermostat.lock"),
    );
    bench.write("settings.toml", toml);
    bench.ok("build --schema settings.lock settings.toml -o unit.bin --sector-size 4096 --write-size 4 --length 32k");
    bench
}

#[test]
fn the_example_writes_what_is_built() {
    let bench = build(SETTINGS);
    let changes = PRINTED.map(|(path, value)| format!("{path}={}", value.trim_matches('"')));
    let mut arguments = vec!["set-many"];
    arguments.extend(changes.iter().map(String::as_str));
    device(&bench, "device.flash", &arguments);
    assert!(bench.read("unit.bin") == bench.read("device.flash"));
}

/// Wherever cargo has built it, its flash is in that folder.
#[test]
fn the_example_keeps_its_flash_where_it_was_built() {
    let bench = Bench::new();
    let folder = bench.path("elsewhere/debug/examples");
    std::fs::create_dir_all(&folder).unwrap();
    let copy = folder.join("device");
    std::fs::copy(program(), &copy).unwrap();
    for boot in ["first boot", "boot number 2"] {
        let output = Command::new(&copy).output().unwrap();
        let out = String::from_utf8(output.stdout).unwrap();
        assert!(out.starts_with(boot), "{out}");
    }
    assert!(bench.path("elsewhere/thermostat.flash").exists());
    // What can't be opened is named.
    let output = Command::new(&copy)
        .args(["--flash", "no/such/folder.flash"])
        .output()
        .unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert!(
        err.contains("the flash image no/such/folder.flash cannot be opened"),
        "{err}"
    );
}

#[test]
fn the_example_boots_with_what_was_built() {
    let bench = build(SETTINGS);
    let boot = device(&bench, "unit.bin", &[]);
    let lines: Vec<_> = boot.lines().collect();
    assert_eq!(lines[0], "boot number 7");
    for (path, value) in PRINTED {
        let value = match path {
            "boot_count" => "7",
            _ => value,
        };
        let line = format!("{path} = {value}");
        assert!(lines.contains(&line.as_str()), "{line} in {boot}");
    }
    bench.ok("check unit.bin --schema settings.lock --strict");
}

#[test]
fn the_example_migrates_what_was_built_of_older_firmware() {
    let bench = build("\"@old\" = { \"target:i16\" = 225, \"name:str\" = \"cellar\" }");
    for (path, value) in [("target_mk", "295650"), ("device.name", "cellar")] {
        let got = device(&bench, "unit.bin", &["get", path]);
        assert_eq!(got.trim_end(), value, "{path}");
    }
}

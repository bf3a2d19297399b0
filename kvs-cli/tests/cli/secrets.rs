//! What may be a secret is not printed: not without a schema, and not in an error.

use crate::bench::{Bench, LAYOUT, used};

/// The values of the boiler's typed keys that are text, or as good as.
const TYPED: [&str; 3] = ["attic", "correct horse", "63 6f 72 72"];

#[test]
fn without_a_schema_no_typed_value_is_printed() {
    let bench = Bench::new();
    bench.write("dump.bin", used().image());
    bench.ok(
        "set dump.bin --schema settings.lock wifi.password=hunter2 wifi.ssid=other -o other.bin",
    );
    for command in [
        "inspect dump.bin",
        "inspect dump.bin --json",
        "inspect dump.bin --toml",
        "log dump.bin",
        "log dump.bin --json",
        "map dump.bin --svg /dev/stdout",
        "map dump.bin --html /dev/stdout",
        "diff dump.bin other.bin",
        "diff dump.bin other.bin --json",
    ] {
        let ran = bench.kvs(command);
        let all = format!("{}{}", ran.out, ran.err);
        for secret in TYPED.iter().chain(&["hunter2", "other\"", "68 75 6e 74"]) {
            assert!(!all.contains(secret), "{command}: {all}");
        }
        let shown = bench.kvs(&format!("{command} --show-secrets"));
        let found = shown.out.contains("correct horse") || shown.out.contains("63 6f 72 72");
        assert!(found, "{command} --show-secrets: {}", shown.out);
    }
    // What has a name is no typed key.
    assert!(bench.ok("inspect dump.bin").contains("\"A-1234\""));
    let said = bench.kvs("inspect dump.bin").err;
    assert!(
        said.contains("--schema") && said.contains("--show-secrets"),
        "{said}"
    );
}

#[test]
fn no_error_prints_a_secret_of_a_settings_file() {
    let bench = Bench::new();
    for (settings, said) in [
        (
            "[wifi]\npassword = \"hunter2\"\nchannel = 14\n",
            "out of range",
        ),
        (
            "wifi = { password = \"hunter2\", channel = 14 }\n",
            "out of range",
        ),
        (
            "[wifi]\npasword = \"hunter2\"\nchannel = 1\n",
            "did you mean `wifi.password`?",
        ),
        ("[wifi]\npassword = [\"hunter2\"]\n", "is not text"),
        (
            "[wifi]\nchannel = 14\npassword = \"\"\"\nhunter2\n\"\"\"\n",
            "out of range",
        ),
        ("[wify]\npassword = \"hunter2\"\n", "is no setting"),
        ("[wifi.password]\na = \"hunter2\"\n", "is not text"),
        (
            "wifi.password = \"hunter2\ntarget = 1\n",
            "is no TOML at line 1, column",
        ),
        (
            "wifi.password = \"hunter2\"\nwifi.password = \"hunter2\"\n",
            "is no TOML at line 2",
        ),
        (
            "target = 1\n[\"@hashed\"]\n0x12345678 = \"hunter2\"\n",
            "out of range",
        ),
        (
            "target = 1\n[\"@hashed\"]\n12345678 = \"hunter2\"\n",
            "is no hash",
        ),
        (
            "target = 1\n[\"@old\"]\n\"wifi.pass:str\" = \"hunter2\"\n",
            "no old key",
        ),
    ] {
        bench.write("settings.toml", settings);
        let layout = LAYOUT.join(" ");
        let ran = bench.kvs(&format!(
            "build --schema settings.lock settings.toml -o unit.bin {layout}"
        ));
        assert_eq!(ran.code, 2, "{settings}");
        assert!(!ran.err.contains("hunter2"), "{}", ran.err);
        assert!(ran.err.contains(said), "{said}: {}", ran.err);
    }
    let long = "hunter2".repeat(10);
    bench.write("settings.toml", format!("[wifi]\npassword = \"{long}\"\n"));
    let layout = LAYOUT.join(" ");
    let ran = bench.kvs(&format!(
        "build --schema settings.lock settings.toml -o unit.bin {layout}"
    ));
    assert!(ran.code == 2 && !ran.err.contains("hunter2"), "{}", ran.err);
    // It does not fit a sector of 64 bytes: told when it is stored.
    bench.write(
        "settings.toml",
        "wifi.password = \"hunter2 hunter2 hunter2\"\n",
    );
    let ran = bench.kvs(
        "build --schema settings.lock settings.toml -o unit.bin --sector-size 64 --write-size 4 --length 256",
    );
    assert!(ran.code == 2 && !ran.err.contains("hunter2"), "{}", ran.err);
}

#[test]
fn no_error_prints_a_secret_of_the_command_line_or_of_another_store() {
    let bench = Bench::new();
    bench.write("dump.bin", used().image());
    let long = "hunter2".repeat(10);
    for change in [
        &format!("wifi.password={long}"),
        "wifi.password=[\"hunter2\"]",
    ] {
        let ran = bench.run(&["set", "dump.bin", "--schema", "settings.lock", change]);
        assert!(ran.code == 2 && !ran.err.contains("hunter2"), "{}", ran.err);
    }
    bench.write(
        "old.bin",
        include_bytes!("../pw_kvs/kvs_4x4k_a16_simple.bin"),
    );
    let listing = bench.ok("import --from pw-kvs old.bin");
    // Bytes that are no text.
    let key = listing
        .lines()
        .find(|line| line.contains("hex = "))
        .unwrap();
    let (key, value) = key.split_once(" = ").unwrap();
    let rename = format!("{}=wifi.password", key.trim_matches('"'));
    let ran = bench.run(&[
        "import",
        "--from",
        "pw-kvs",
        "old.bin",
        "--schema",
        "settings.lock",
        "--as",
        &rename,
    ]);
    let bytes = value.split('"').nth(1).unwrap();
    assert!(
        ran.code == 2 && !ran.err.contains(bytes),
        "{listing}{}",
        ran.err
    );
}

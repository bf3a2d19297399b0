//! From one firmware to the next on one flash image, and back.

use std::fs;

use crate::device::{Device, V1, V2};

const SCHEDULE: &str = r#"[{"hour":5,"minute":0,"target":200},{"hour":8,"minute":0,"target":180},{"hour":17,"minute":0,"target":210},{"hour":22,"minute":30,"target":150}]"#;

/// A device in the field.
fn device(name: &str) -> Device {
    let device = Device::new(name);
    let schedule = format!("schedule={SCHEDULE}");
    device.ok(&[
        "set-many",
        "target=225",
        "name=cellar",
        "period_ms=1500",
        "mode=Heat",
        "wifi.ssid=attic",
        "wifi.channel=6",
        &schedule,
    ]);
    device.ok(&[]);
    device
}

/// The lines of a boot that say what was migrated.
fn migrated(device: &Device) -> Vec<String> {
    let boot = device.ok(&[]);
    let lines = boot.lines().filter(|line| line.contains("migrated from"));
    lines.map(str::to_owned).collect()
}

#[test]
fn the_update_finds_every_value_under_its_new_name() {
    let mut device = device("update");
    device.install(V2);
    let boot = device.ok(&[]);
    let lines: Vec<_> = boot.lines().collect();
    assert_eq!(
        lines[..6],
        [
            "boot number 2",
            "target_mk: migrated from target:i16",
            "device.name: migrated from name:str",
            "period: migrated from period_ms:u32",
            "schedule: migrated from schedule:((u8*2,i16)*4)",
            "`confirm` keeps this; until then the old firmware finds what it stored",
        ]
    );
    for line in [
        "target_mk = 295650",
        "device.name = \"cellar\"",
        "period = 2",
        "mode = Heat",
        "wifi.ssid = \"attic\"",
        "wifi.country = World",
        "boot_count = 2",
    ] {
        assert!(lines.contains(&line), "{line} in {boot}");
    }
    // The last slot goes on to the end of the day.
    let last = r#"{"hour":22,"minute":30,"target":150}"#;
    let four = SCHEDULE.trim_end_matches(']');
    assert_eq!(
        device.get("schedule"),
        format!("{four},{last},{last},{last}]")
    );
}

#[test]
fn a_rollback_finds_its_own_values_and_its_edits_are_migrated_anew() {
    let mut device = device("rollback");
    device.install(V2);
    device.ok(&[]);
    device.ok(&["set", "device.name", "loft"]);

    device.install(V1);
    for (path, value) in [
        ("target", "225"),
        ("name", "cellar"),
        ("period_ms", "1500"),
        ("schedule", SCHEDULE),
        ("wifi.channel", "6"),
        ("boot_count", "2"),
    ] {
        assert_eq!(device.get(path), value, "{path}");
    }
    device.ok(&["set-many", "target=230", "name=hall", "wifi.ssid=garden"]);

    device.install(V2);
    assert_eq!(device.get("target_mk"), "296150");
    assert_eq!(device.get("wifi.ssid"), "garden");
    assert_eq!(device.get("device.name"), "loft", "it was saved here");
}

#[test]
fn after_confirm_nothing_is_migrated_and_the_old_firmware_has_its_defaults() {
    let mut device = device("confirm");
    device.install(V2);
    assert_eq!(migrated(&device).len(), 4);
    // Four settings stored; they and the channel removed under their old keys.
    let confirmed = "confirmed: 9 keys stored or removed\n";
    assert_eq!(device.ok(&["confirm"]), confirmed);
    assert_eq!(device.ok(&["confirm"]), "nothing to confirm\n");
    assert_eq!(migrated(&device).len(), 0);
    assert_eq!(device.get("target_mk"), "295650");
    assert_eq!(device.get("device.name"), "cellar");

    device.install(V1);
    for (path, value) in [
        ("target", "210"),
        ("name", "living room"),
        ("period_ms", "60000"),
        ("wifi.channel", "1"),
        // The same in both.
        ("mode", "Heat"),
        ("wifi.ssid", "attic"),
        ("boot_count", "3"),
    ] {
        assert_eq!(device.get(path), value, "{path}");
    }
    // Too late: the new firmware has a value of its own.
    device.ok(&["set", "target", "100"]);
    device.install(V2);
    assert_eq!(device.get("target_mk"), "295650");
}

#[test]
fn a_factory_reset_takes_the_old_values_too() {
    let mut device = device("update-reset");
    device.install(V2);
    device.ok(&["reset"]);
    assert_eq!(migrated(&device).len(), 0);
    assert_eq!(device.get("target_mk"), "294150");
    assert_eq!(device.get("boot_count"), "2");
}

#[test]
fn bad_input_is_explained_in_the_new_terms() {
    let mut device = device("update-input");
    device.install(V2);
    for (arguments, message) in [
        (
            ["set", "target_mk", "225"],
            "target_mk: `225` is out of range (allowed: 278_150..=308_150)",
        ),
        (
            ["set", "name", "x"],
            "there is no setting `name` (allowed: target_mk, device.name,",
        ),
        (
            ["set", "schedule", SCHEDULE],
            "is not a list of 7 (allowed: for instance [{",
        ),
    ] {
        let error = device.refused(&arguments);
        assert!(error.contains(message), "{arguments:?}: {error}");
    }
}

/// `kill -9` at ever later moments of a `confirm`: all of it is done or nothing, and neither firmware sees a mixture.
#[test]
fn confirm_survives_being_killed_at_any_moment() {
    let mut device = device("killed-confirm");
    let unconfirmed = fs::read(&device.image).unwrap();
    device.install(V2);
    let usual = device.time(&["confirm"]);
    let mut counts = [0, 0];
    for round in 0..40 {
        fs::write(&device.image, &unconfirmed).unwrap();
        device.install(V2);
        let patience = usual * round / 30;
        let done = device.killed(&["confirm"], patience);

        let what = format!("round {round}, killed after {patience:?}");
        assert_eq!(device.get("target_mk"), "295650", "{what}");
        assert_eq!(device.get("device.name"), "cellar", "{what}");
        device.install(V1);
        let old = ["target", "name", "wifi.channel"].map(|path| device.get(path));
        let is_confirmed = old == ["210", "living room", "1"];
        assert!(is_confirmed || old == ["225", "cellar", "6"], "{what}");
        assert!(is_confirmed || !done, "{what}");
        counts[usize::from(is_confirmed)] += 1;

        device.install(V2);
        device.ok(&["confirm"]);
        assert_eq!(migrated(&device).len(), 0, "{what}");
    }
    assert!(counts.iter().all(|count| *count > 0), "{counts:?}");
}

//! The thermostats, driven as a person would, and killed as a power cut would.

mod device;
#[path = "../../thermostat_v2.rs"]
#[allow(dead_code, reason = "only its lock file's test is run here")]
mod thermostat_v2;
mod update;

use device::Device;

#[test]
fn a_first_boot_has_defaults_and_the_next_finds_what_was_set() {
    let device = Device::new("boots");
    let first = device.ok(&[]);
    let lines: Vec<_> = first.lines().collect();
    assert_eq!(lines[0], "first boot");
    for line in [
        "target = 210",
        "name = \"living room\"",
        "period_ms = 60000",
        "mode = Auto",
        "wifi.ssid = \"\"",
        "wifi.channel = 1",
        "boot_count = 1",
    ] {
        assert!(lines.contains(&line), "{line} in {first}");
    }
    device.ok(&["set", "wifi.ssid", "attic"]);
    device.ok(&["set", "target", "225"]);
    let second = device.ok(&[]);
    assert!(
        second.starts_with("boot number 2\ntarget = 225\n"),
        "{second}"
    );
    assert!(second.contains("wifi.ssid = \"attic\"\n"));
    assert_eq!(device.get("wifi.ssid"), "attic");
}

#[test]
fn bad_input_is_explained_and_changes_nothing() {
    let device = Device::new("bad-input");
    device.ok(&["set", "target", "225"]);
    let long = "x".repeat(33);
    for (arguments, message) in [
        (
            &["set", "target", "351"][..],
            "target: `351` is out of range (allowed: 50..=350)",
        ),
        (
            &["set", "target", "-1"],
            "target: `-1` is out of range (allowed: 50..=350)",
        ),
        (
            &["set", "target", "warm"],
            "target: `warm` is not a whole number of type i16 (allowed: 50..=350)",
        ),
        (
            &["set", "period_ms", "4294967296"],
            "period_ms: `4294967296` is not a whole number of type u32 (allowed: 0..=4294967295)",
        ),
        (
            &["set", "mode", "Warm"],
            "mode: `Warm` is not one of the choices (allowed: Off, Heat, Auto)",
        ),
        (
            &["set", "wifi.channel", "14"],
            "wifi.channel: `14` is out of range (allowed: 1..=13)",
        ),
        (
            &["set", "wifi.ssid", &long],
            "does not fit (allowed: text of up to 32 bytes)",
        ),
        (
            &["set", "wifi.sid", "x"],
            "there is no setting `wifi.sid` (allowed: target, name,",
        ),
        (
            &["get", "wifi"],
            "there is no setting `wifi` (allowed: target, name,",
        ),
        (
            &["set-many", "target=230", "wifi.channel=0"],
            "wifi.channel: `0` is out of range (allowed: 1..=13)",
        ),
        (
            &["set-many", "target"],
            "`target` is not of the form PATH=VALUE",
        ),
        (
            &["set", "schedule", "[]"],
            "schedule: `[]` is not a list of 4",
        ),
    ] {
        let error = device.refused(arguments);
        assert!(error.contains(message), "{arguments:?}: {error}");
    }
    assert_eq!(device.get("target"), "225");
}

#[test]
fn several_settings_change_together() {
    let device = Device::new("set-many");
    device.ok(&[
        "set-many",
        "target=225",
        "wifi.channel=6",
        "wifi.password=a=b",
    ]);
    assert_eq!(device.get("target"), "225");
    assert_eq!(device.get("wifi.channel"), "6");
    assert_eq!(device.get("wifi.password"), "a=b");
}

#[test]
fn a_factory_reset_forgets_all_but_the_boot_count() {
    let device = Device::new("reset");
    device.ok(&[]);
    device.ok(&["set", "name", "cellar"]);
    device.ok(&["reset"]);
    assert_eq!(device.get("name"), "living room");
    assert_eq!(device.get("boot_count"), "1");
}

#[test]
fn the_flash_image_must_have_the_right_size() {
    let device = Device::new("wrong-size");
    std::fs::write(&device.image, b"not a flash image").unwrap();
    let output = device.run(&["stats"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(std::fs::read(&device.image).unwrap(), b"not a flash image");
}

/// `kill -9` at ever later moments of a boot and of a commit of two settings: nothing acknowledged is lost, and the
/// two are changed together or not at all.
#[test]
fn it_survives_being_killed_at_any_moment() {
    let device = Device::new("killed");
    let usual = device.time(&["set-many", "target=100", "period_ms=100"]);
    let (mut last, mut boots) = (100, 0);
    for round in 0..120u32 {
        let next = 101 + round;
        let (target, period) = (format!("target={next}"), format!("period_ms={next}"));
        let boot = round % 3 == 0;
        let arguments: &[&str] = if boot {
            &[]
        } else {
            &["set-many", &target, &period]
        };
        let patience = usual * (round % 40) / 30;
        let done = device.killed(arguments, patience);

        let target: u32 = device.get("target").parse().unwrap();
        let period: u32 = device.get("period_ms").parse().unwrap();
        let count: u32 = device.get("boot_count").parse().unwrap();
        let what = format!("round {round}, killed after {patience:?}");
        assert_eq!(target, period, "{what}");
        if boot {
            assert_eq!(target, last, "{what}");
            assert!(count == boots + 1 || count == boots && !done, "{what}");
        } else {
            assert!(target == next || target == last && !done, "{what}");
            assert_eq!(count, boots, "{what}");
        }
        (last, boots) = (target, count);
    }
    assert!(boots > 0 && last > 101, "some rounds ended in time");
}

//! The thermostat, driven as a person would, and killed as a power cut would.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// The example's program: `cargo test` builds it beside this one.
fn program() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let target = test.parent().and_then(Path::parent).unwrap();
    target.join("examples").join("thermostat")
}

/// A flash image of its own for each test.
struct Device {
    image: PathBuf,
}

impl Device {
    fn new(name: &str) -> Self {
        let image = std::env::temp_dir().join(format!("kvs-{name}-{}.flash", std::process::id()));
        let _ = std::fs::remove_file(&image);
        Self { image }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(program());
        command.args(arguments).arg("--flash").arg(&self.image);
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// The output of a run that succeeds.
    fn ok(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let errors = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{arguments:?}: {errors}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn get(&self, path: &str) -> String {
        self.ok(&["get", path]).trim_end().into()
    }

    /// The message of a run that is turned down, which must leave the flash alone.
    fn refused(&self, arguments: &[&str]) -> String {
        let before = std::fs::read(&self.image).unwrap();
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert_eq!(std::fs::read(&self.image).unwrap(), before);
        String::from_utf8(output.stderr).unwrap()
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.image);
    }
}

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
    let started = Instant::now();
    device.ok(&["set-many", "target=100", "period_ms=100"]);
    let usual = started.elapsed();
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
        let mut child = device
            .command(arguments)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(usual * (round % 40) / 30);
        let acknowledged = child.try_wait().unwrap().is_some();
        let _ = child.kill();
        let done = child.wait().unwrap().success() || acknowledged;

        let target: u32 = device.get("target").parse().unwrap();
        let period: u32 = device.get("period_ms").parse().unwrap();
        let count: u32 = device.get("boot_count").parse().unwrap();
        let what = format!(
            "round {round}, killed after {:?}",
            usual * (round % 40) / 30
        );
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
    assert!(usual > Duration::ZERO);
}

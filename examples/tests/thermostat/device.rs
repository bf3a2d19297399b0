//! A simulated device: a flash image of its own for each test, and the firmwares that run on it.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// The name of an example.
type Firmware = &'static str;
pub(crate) const V1: Firmware = "thermostat";
pub(crate) const V2: Firmware = "thermostat_v2";

/// An example's program: `cargo test` builds it beside this one.
fn program(firmware: Firmware) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let target = test.ancestors().nth(2).unwrap();
    target.join("examples").join(firmware)
}

/// A device with a firmware on it.
pub(crate) struct Device {
    pub(crate) image: PathBuf,
    firmware: Firmware,
}

impl Device {
    pub(crate) fn new(name: &str) -> Self {
        let image = std::env::temp_dir().join(format!("kvs-{name}-{}.flash", std::process::id()));
        let _ = fs::remove_file(&image);
        Self {
            image,
            firmware: V1,
        }
    }

    /// Updates, or rolls back.
    pub(crate) fn install(&mut self, firmware: Firmware) {
        self.firmware = firmware;
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(program(self.firmware));
        command.args(arguments).arg("--flash").arg(&self.image);
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// The output of a run that succeeds.
    pub(crate) fn ok(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let errors = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{arguments:?}: {errors}");
        String::from_utf8(output.stdout).unwrap()
    }

    pub(crate) fn get(&self, path: &str) -> String {
        self.ok(&["get", path]).trim_end().into()
    }

    /// The message of a run that is turned down, which must leave the flash alone.
    pub(crate) fn refused(&self, arguments: &[&str]) -> String {
        let before = fs::read(&self.image).unwrap();
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert_eq!(fs::read(&self.image).unwrap(), before);
        String::from_utf8(output.stderr).unwrap()
    }

    /// How long a run takes that nobody kills.
    pub(crate) fn time(&self, arguments: &[&str]) -> Duration {
        let started = Instant::now();
        self.ok(arguments);
        started.elapsed()
    }

    /// Runs and is killed, `kill -9`, after `patience`; true if it was done before.
    pub(crate) fn killed(&self, arguments: &[&str], patience: Duration) -> bool {
        let mut command = self.command(arguments);
        let mut child = command.stdout(Stdio::null()).spawn().unwrap();
        sleep(patience);
        let ended = child.try_wait().unwrap().is_some();
        let _ = child.kill();
        child.wait().unwrap().success() || ended
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.image);
    }
}

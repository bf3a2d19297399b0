//! The file on disk: missing, behind, refused, brought up to date.

use std::fs;
use std::path::{Path, PathBuf};

use insta::assert_snapshot;
use kvs::lock::{Failure, Lock, Mode, Verdict, verify};
use kvs::{Schema, Settings};

use super::schema;

const MODES: [Mode; 3] = [Mode::Check, Mode::Exact, Mode::Update];

/// A directory that goes when the test does.
pub(super) struct Scratch(PathBuf);

impl Scratch {
    pub(super) fn new(name: &str) -> Self {
        let directory = format!("kvs-lock-{name}-{}", std::process::id());
        let directory = std::env::temp_dir().join(directory);
        fs::create_dir_all(&directory).expect("a directory for the test");
        Self(directory)
    }

    pub(super) fn file(&self) -> PathBuf {
        self.0.join("settings.lock")
    }

    /// The message, with the directory left out.
    fn said(&self, result: Result<Verdict, Failure>) -> String {
        let text = result.expect_err("a failure").to_string();
        text.replace(&format!("{}/", self.0.display()), "")
    }

    /// The only file, and what is in it.
    fn text(&self) -> String {
        let files = fs::read_dir(&self.0).expect("the directory");
        assert_eq!(files.count(), 1, "a file is left behind");
        fs::read_to_string(self.file()).expect("the file")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn v1() -> &'static Schema {
    schema! {
        #[derive(Settings)]
        struct T { #[setting(range = 0..=5)] count: u8, #[setting(unit = "ms")] wait: u16 }
    }
}

fn v2() -> &'static Schema {
    schema! {
        #[derive(Settings)]
        struct T {
            #[setting(default = 3, range = 0..=9)]
            count: u8,
            #[setting(unit = "ms", keep)]
            wait: u16,
            /// Added.
            fan: bool,
        }
    }
}

fn bad() -> &'static Schema {
    schema! {
        #[derive(Settings)]
        struct T { count: u16, #[setting(unit = "s")] wait: u16 }
    }
}

#[test]
fn a_missing_file() {
    let scratch = Scratch::new("missing");
    let file = scratch.file();
    let said = [Mode::Check, Mode::Exact].map(|mode| scratch.said(verify(v1(), &file, mode)));
    assert_eq!(said[0], said[1]);
    assert_snapshot!(said[0], @r"there is no settings.lock: `UPDATE_LOCK=1 cargo test` writes it for `T`; commit it");
    assert!(!file.exists());
    assert_eq!(
        verify(v1(), &file, Mode::Update).expect("written"),
        Verdict::Written
    );
    assert_eq!(scratch.text(), Lock::of(v1()).to_string());
    for mode in MODES {
        assert_eq!(verify(v1(), &file, mode).expect("fine"), Verdict::Same);
    }
}

#[test]
fn a_file_that_is_behind() {
    let scratch = Scratch::new("behind");
    let file = scratch.file();
    verify(v1(), &file, Mode::Update).expect("written");
    let before = scratch.text();
    let Ok(Verdict::Behind(changes)) = verify(v2(), &file, Mode::Check) else {
        panic!("not behind");
    };
    assert_eq!(
        changes,
        [
            "`count`: default 3, range 0..=9",
            "`wait`: keep true",
            "`fan` is new"
        ]
    );
    assert_snapshot!(scratch.said(verify(v2(), &file, Mode::Exact)), @r"settings.lock is behind `T` (`count`: default 3, range 0..=9; `wait`: keep true; `fan` is new); `UPDATE_LOCK=1 cargo test` brings it up to date");
    assert_eq!(scratch.text(), before);
    assert_eq!(
        verify(v2(), &file, Mode::Update).expect("written"),
        Verdict::Written
    );
    assert_eq!(scratch.text(), Lock::of(v2()).to_string());
    assert_eq!(
        verify(v2(), &file, Mode::Exact).expect("fine"),
        Verdict::Same
    );
}

#[test]
fn a_change_that_may_not_be() {
    let scratch = Scratch::new("bad");
    let file = scratch.file();
    verify(v1(), &file, Mode::Update).expect("written");
    let before = scratch.text();
    let said = MODES.map(|mode| scratch.said(verify(bad(), &file, mode)));
    assert_eq!(scratch.text(), before);
    assert!(said.iter().all(|text| *text == said[0]));
    assert_snapshot!(said[0], @"
    `T` has changed in a way that devices with settings.lock do not survive:

    `count` was u8 and is u16, and nothing takes over the old value: it would be lost.
      Add `migrate(ty = u8)` to the field if the type has a `From<u8>`, else `migrate(ty = u8, with = ..)`.

    The unit of `wait` was `ms` and is `s`: values in the field would be misread.
      If the values are other ones now, write `rev = 2` and `migrate(rev = 1, with = ..)`; else keep `unit`.

    Correct this; then `UPDATE_LOCK=1 cargo test` brings the file up to date. Only before the first release, when no device has
    such values, delete the file, and with it its history, and have it written anew.
    ");
}

#[test]
fn the_file_of_another_struct() {
    mod other {
        #[derive(kvs::Settings)]
        pub(super) struct Net {
            port: u16,
        }
    }
    let scratch = Scratch::new("other");
    let file = scratch.file();
    let net = <other::Net as Settings>::SCHEMA;
    verify(net, &file, Mode::Update).expect("written");
    let before = scratch.text();
    let said = MODES.map(|mode| scratch.said(verify(v1(), &file, mode)));
    assert_eq!(scratch.text(), before);
    assert!(said.iter().all(|text| *text == said[0]));
    assert_snapshot!(said[0], @r#"
    settings.lock is that of `Net`: each struct that is loaded by itself needs a file of its own.

    If `T` is another name for `Net`: `T` has changed in a way that devices with settings.lock do not survive:

    `port` (u16) is gone, and nothing takes over its value.
      If it has a new name, write `alias = "port"` on the new field (`wait`?).
      If it has moved to another struct, write `migrate(from = "/port", ty = u16)` there.
      If it is not needed any more, write `#[settings(retired("port": u16))]` on the struct that it was in.

    Correct this; then `UPDATE_LOCK=1 cargo test` brings the file up to date. Only before the first release, when no device has
    such values, delete the file, and with it its history, and have it written anew.
    "#);
}

#[test]
fn a_damaged_file() {
    let scratch = Scratch::new("damaged");
    let file = scratch.file();
    fs::write(&file, "version = 1\nstruct = \"T\"\n=======\n").expect("written");
    let said = MODES.map(|mode| scratch.said(verify(v1(), &file, mode)));
    assert!(said.iter().all(|text| *text == said[0]));
    assert_snapshot!(said[0], @"
    settings.lock is no lock file of settings: TOML parse error at line 3, column 2
      |
    3 | =======
      |  ^
    extra `=`, expected nothing
    Take it from version control again; it is written by `UPDATE_LOCK=1 cargo test` only. After a merge with conflicts, take
    one of its two versions, and run that.
    ");
}

#[test]
fn a_place_that_cannot_be_written() {
    let scratch = Scratch::new("nowhere");
    let file = scratch.0.join("no/such/settings.lock");
    let text = scratch.said(verify(v1(), &file, Mode::Update));
    assert!(
        text.starts_with("no/such/settings.lock cannot be read or written: "),
        "{text}"
    );
    // A directory in its place.
    let text = scratch.said(verify(v1(), Path::new(&scratch.0), Mode::Check));
    assert!(text.contains("cannot be read or written: "), "{text}");
}

#[test]
fn the_values_of_the_variable() {
    let modes = ["", "0", "1", "exact", "yes"].map(Mode::of);
    let check = Some(Mode::Check);
    assert_eq!(
        modes,
        [check, check, Some(Mode::Update), Some(Mode::Exact), None]
    );
}

#[test]
#[should_panic(expected = "no/such/settings.lock")]
fn the_assertion_panics() {
    // Missing, or not to be written: whatever the variable says.
    kvs::lock::assert_unchanged(v1(), Path::new("no/such/settings.lock"));
}

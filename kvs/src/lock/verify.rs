//! A lock file and a settings struct: compared, and the file brought up to date.

use core::fmt;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::ffi::OsString;
use std::format;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::string::{String, ToString};
use std::vec::Vec;
use std::{env, fs, process};

use super::faults::faults;
use super::file::ParseError;
use super::known::Known;
use super::model::Lock;
use super::problem::Problem;
use crate::settings::Schema;

/// What is done with differences that are no problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// They are told.
    Check,
    /// They are an error: for a release, whose lock file has to be that of its settings.
    Exact,
    /// They are written to the file, which is made if there is none.
    Update,
    /// The same, and what only a person can know is taken for no loss, and noted: see
    /// [`Lock::accept`].
    Accept,
}

/// What came of it, if nothing is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The file says what the struct says.
    Same,
    /// The struct has changed as it may, in these ways.
    Behind(Vec<String>),
    /// The file has been written.
    Written,
    /// The file has been written, and this was taken for no loss.
    Accepted(Vec<String>),
}

/// What is wrong. Its text is for the person who has changed the struct.
#[derive(Debug)]
pub struct Failure {
    path: PathBuf,
    name: &'static str,
    /// What is wrong.
    pub why: Why,
}

/// What is wrong with a lock file or with the struct.
#[derive(Debug)]
#[non_exhaustive]
pub enum Why {
    /// There is no file.
    Missing,
    /// The file can't be read or written.
    Io(io::Error),
    /// The file is no lock file.
    Malformed(ParseError),
    /// The struct is wrong in itself, as [`faults`] says.
    Faulty(Vec<Problem>),
    /// The struct has changed as it must not.
    Changed(Vec<Problem>),
    /// The file is that of a struct of this name, and this struct is no successor of it.
    OtherStruct(String, Vec<Problem>),
    /// The struct has changed as it may, and [`Mode::Exact`] does not let it.
    Behind(Vec<String>),
    /// `UPDATE_LOCK` has a value that means nothing.
    BadMode(String),
}

impl Mode {
    /// The environment variable that says the mode: `UPDATE_LOCK=1`, `UPDATE_LOCK=accept`,
    /// `UPDATE_LOCK=exact`.
    pub const VARIABLE: &str = "UPDATE_LOCK";

    /// The mode that a value of [`UPDATE_LOCK`](Self::VARIABLE) asks for.
    #[must_use]
    pub fn of(value: &str) -> Option<Self> {
        match value {
            "" | "0" => Some(Self::Check),
            "1" => Some(Self::Update),
            "accept" => Some(Self::Accept),
            "exact" => Some(Self::Exact),
            _ => None,
        }
    }

    /// The mode for these values of `UPDATE_LOCK` and of `CI`, empty where a variable is not set.
    fn of_environment(update: &str, ci: &str) -> Option<Self> {
        match (update, ci) {
            ("", "" | "0" | "false") => Some(Self::Check),
            // What is never written to the file can't be compared with what comes next.
            ("", _) => Some(Self::Exact),
            (update, _) => Self::of(update),
        }
    }
}

/// What [`assert_schema_unchanged!`](crate::assert_schema_unchanged) calls: [`verify`] in the mode
/// that `UPDATE_LOCK` says. Where that is not set, and the variable `CI` is, as continuous
/// integration does, it is [`Mode::Exact`].
///
/// # Panics
///
/// With the text of the [`Failure`].
#[track_caller]
#[allow(clippy::panic, reason = "an assertion")]
pub fn assert_unchanged(schema: &'static Schema, path: &Path) {
    let variable = |name| env::var_os(name).unwrap_or_default();
    let value = variable(Mode::VARIABLE);
    let value = value.to_string_lossy();
    let verdict = match Mode::of_environment(&value, &variable("CI").to_string_lossy()) {
        Some(mode) => verify(schema, path, mode),
        None => Err(Failure {
            path: path.into(),
            name: schema.name,
            why: Why::BadMode(value.to_string()),
        }),
    };
    let (name, file) = (schema.name, path.display());
    let note = match verdict {
        Ok(Verdict::Same) => return,
        Ok(Verdict::Written) => format!("{file} of `{name}` is written; commit it"),
        Ok(Verdict::Accepted(notes)) => format!("{file} of `{name}`: {}", notes.join("; ")),
        Ok(Verdict::Behind(changes)) => behind(name, path, &changes),
        Err(failure) => panic!("{failure}"),
    };
    // Not by `eprintln`, which is not seen of a test that passes.
    let _ = writeln!(io::stderr(), "note: {note}");
}

/// What [`assert_wire_matches_schema!`](crate::assert_wire_matches_schema) calls.
///
/// # Panics
///
/// With what [`faults`] finds.
#[track_caller]
#[allow(clippy::panic, reason = "an assertion")]
pub fn assert_no_faults(schema: &'static Schema) {
    let faults = faults(schema);
    if !faults.is_empty() {
        let failure = Failure {
            path: PathBuf::new(),
            name: schema.name,
            why: Why::Faulty(faults),
        };
        panic!("{failure}")
    }
}

/// Compares the lock file at `path` with a settings struct.
///
/// # Errors
///
/// What is wrong with the file, or with the struct's changes. Then nothing is written.
pub fn verify(schema: &'static Schema, path: &Path, mode: Mode) -> Result<Verdict, Failure> {
    let fail = |why| Failure {
        path: path.into(),
        name: schema.name,
        why,
    };
    let known = Known::of(schema);
    if !known.faults.is_empty() {
        return Err(fail(Why::Faulty(known.faults)));
    }
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return match mode {
                Mode::Update | Mode::Accept => {
                    write(path, &known.lock).map_err(|why| fail(Why::Io(why)))
                }
                Mode::Check | Mode::Exact => Err(fail(Why::Missing)),
            };
        }
        Err(error) => return Err(fail(Why::Io(error))),
    };
    let lock: Lock = text.parse().map_err(|why| fail(Why::Malformed(why)))?;
    let new = lock.next(known, mode == Mode::Accept);
    let new = new.map_err(|problems| match lock.name == schema.name {
        true => fail(Why::Changed(problems)),
        false => fail(Why::OtherStruct(lock.name.clone(), problems)),
    })?;
    if new == lock {
        return Ok(Verdict::Same);
    }
    match mode {
        Mode::Check => Ok(Verdict::Behind(lock.changes(&new))),
        Mode::Exact => Err(fail(Why::Behind(lock.changes(&new)))),
        Mode::Update | Mode::Accept => {
            let written = write(path, &new).map_err(|why| fail(Why::Io(why)))?;
            let notes = lock.accepted_in(&new);
            Ok(if notes.is_empty() {
                written
            } else {
                Verdict::Accepted(notes)
            })
        }
    }
}

/// Through another file, so that there is never half a lock.
fn write(path: &Path, lock: &Lock) -> io::Result<Verdict> {
    // Tests run at the same time.
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let mut name = OsString::from(path);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    name.push(format!(".{}.{count}.tmp", process::id()));
    let temporary = PathBuf::from(name);
    let written = fs::write(&temporary, lock.to_string());
    let result = written.and_then(|()| fs::rename(&temporary, path));
    if result.is_err() {
        // The error that counts is the one above.
        let _ = fs::remove_file(&temporary);
    }
    result.map(|()| Verdict::Written)
}

fn behind(name: &str, path: &Path, changes: &[String]) -> String {
    format!(
        "{} is behind `{name}` ({}); `UPDATE_LOCK=1 cargo test` brings it up to date",
        path.display(),
        changes.join("; ")
    )
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, name, why } = self;
        let file = path.display();
        match why {
            Why::Missing => write!(
                f,
                "there is no {file}: `UPDATE_LOCK=1 cargo test` writes it for `{name}`; commit it"
            ),
            Why::Io(error) => write!(f, "{file} cannot be read or written: {error}"),
            Why::Malformed(error) => write!(
                f,
                "{file} is no lock file of settings: {error}\n\
                 Take it from version control again; it is written by `UPDATE_LOCK=1 cargo test` only. \
                 After a merge with conflicts, take\none of its two versions, and run that."
            ),
            Why::Faulty(problems) => {
                writeln!(f, "`{name}` can't be stored as it is:")?;
                for problem in problems {
                    write!(f, "\n{problem}\n")?;
                }
                Ok(())
            }
            Why::OtherStruct(other, problems) => {
                writeln!(
                    f,
                    "{file} is that of `{other}`: each struct that is loaded by itself needs a file of its own.\n"
                )?;
                let why = Why::Changed(problems.clone());
                let (path, name) = (path.clone(), *name);
                write!(
                    f,
                    "If `{name}` is another name for `{other}`: {}",
                    Self { path, name, why }
                )
            }
            Why::Changed(problems) => {
                writeln!(
                    f,
                    "`{name}` has changed in a way that devices with {file} do not survive:\n"
                )?;
                for problem in problems {
                    writeln!(f, "{problem}\n")?;
                }
                f.write_str(
                    "Correct this; then `UPDATE_LOCK=1 cargo test` brings the file up to date. Only before the first release, \
                     when no device has\nsuch values, delete the file, and with it its history, and have it written anew.",
                )
            }
            Why::Behind(changes) => f.write_str(&behind(name, path, changes)),
            Why::BadMode(value) => write!(
                f,
                "{}={value} means nothing: it is `1` to write {file}, `accept` to write it and to take new names, narrower \
                 ranges and shorter texts for no loss, or `exact` to refuse one that is behind",
                Mode::VARIABLE
            ),
        }
    }
}

impl core::error::Error for Failure {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match &self.why {
            Why::Io(error) => Some(error),
            Why::Malformed(error) => Some(error),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Mode;

    #[test]
    fn continuous_integration_is_exact() {
        let mode = Mode::of_environment;
        assert_eq!(mode("", ""), Some(Mode::Check));
        assert_eq!(mode("", "false"), Some(Mode::Check));
        assert_eq!(mode("", "true"), Some(Mode::Exact));
        assert_eq!(mode("0", "true"), Some(Mode::Check));
        assert_eq!(mode("1", "true"), Some(Mode::Update));
        assert_eq!(mode("yes", ""), None);
    }
}

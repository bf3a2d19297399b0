//! `kvs migrate`: what a firmware update does to each setting.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use kvs::lock::{Fate, Lock, Setting};
use owo_colors::{OwoColorize, Style};

use crate::contents::{self, Contents};
use crate::image::GeometryArgs;
use crate::listing;
use crate::problem::Result;
use crate::schema::{Schema, SchemaArgs};
use crate::terminal::say;

/// Says what a firmware update would do to each setting
///
/// Compares the lock file of the firmware in the field with that of the new one. With an image, also what is stored there.
///
/// Exit code 0: every value is kept, migrated, or retired on purpose. 1: some would be lost or misread. 2: a file could not be
/// read.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  kvs migrate --from v1.lock --to v2.lock
  kvs migrate --from v1.lock --to v2.lock dump.bin    with the values of a device")]
pub(crate) struct Migrate {
    /// The lock file of the firmware in the field
    #[arg(long, value_name = "LOCK")]
    from: PathBuf,
    /// The lock file of the new firmware
    #[arg(long, value_name = "LOCK")]
    to: PathBuf,
    /// A dump of a device with the firmware in the field
    #[arg(value_name = "IMAGE")]
    image: Option<PathBuf>,
    #[command(flatten)]
    geometry: GeometryArgs,
}

/// What becomes of a setting.
struct Line {
    what: What,
    path: String,
    text: String,
    /// The keys that its value may be under now.
    keys: Vec<u32>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    Kept,
    Migrated,
    New,
    Retired,
    Lost,
}

impl What {
    fn word(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Migrated => "migrated",
            Self::New => "new",
            Self::Retired => "retired",
            Self::Lost => "LOST",
        }
    }

    fn style(self) -> Style {
        match self {
            Self::Kept => Style::new(),
            Self::Migrated => Style::new().green(),
            Self::New => Style::new().cyan(),
            Self::Retired => Style::new().yellow(),
            Self::Lost => Style::new().red().bold(),
        }
    }
}

impl Migrate {
    pub(crate) fn run(&self) -> Result<ExitCode> {
        let from = Schema::load(&self.from)?;
        let to = Schema::load(&self.to)?;
        let contents = match &self.image {
            Some(path) => Some(contents::open(path, &self.geometry, Some(&from))?.1),
            None => None,
        };
        let lines = lines(&from.lock, &to.lock);
        let width = lines.iter().map(|line| line.path.chars().count()).max();
        let width = width.unwrap_or(0);
        for line in &lines {
            let mut text = line.text.clone();
            if let Some(contents) = &contents
                && let Some(stored) = stored(line, contents, &from, &to)
            {
                text.push_str(&format!("  [{stored}]"));
            }
            let word = format!("{:<8}", line.what.word());
            let line = format!(
                "{}  {:<width$}  {text}",
                word.style(line.what.style()),
                line.path
            );
            say!("{}", line.trim_end());
        }
        let lost = lines.iter().any(|line| line.what == What::Lost);
        Ok(ExitCode::from(u8::from(lost)))
    }
}

/// The new firmware's settings, then what is gone.
fn lines(from: &Lock, to: &Lock) -> Vec<Line> {
    let mut out: Vec<_> = to.settings.iter().map(|is| becomes(is, from)).collect();
    let is_used = |key: &str| {
        let mut settings = to.settings.iter();
        settings.any(|is| is.key == key || is.old.iter().any(|old| old == key))
    };
    for was in &from.settings {
        if !is_used(&was.key) {
            out.push(gone(was, to));
        }
    }
    out
}

/// What becomes of a setting that there will be.
fn becomes(is: &Setting, from: &Lock) -> Line {
    let line = |what, text: String, keys| Line {
        what,
        path: is.path.clone(),
        text,
        keys,
    };
    if let Some(was) = from.settings.iter().find(|was| was.key == is.key) {
        let differences = was.ty.differences(&is.ty);
        if !differences.is_empty() {
            let text = format!("its values would be misread: {}", differences.join("; "));
            return line(What::Lost, text, vec![is.hash]);
        }
        if was.unit != is.unit {
            let unit = |unit: &str| {
                if unit.is_empty() {
                    "no unit".to_owned()
                } else {
                    format!("`{unit}`")
                }
            };
            let text = format!(
                "its values would be misread: {} became {}",
                unit(&was.unit),
                unit(&is.unit)
            );
            return line(What::Lost, text, vec![is.hash]);
        }
        let mut notes = Vec::new();
        let mut changed = |what: &str, was: &str, is: &str| {
            if was != is {
                let text = |text: &str| {
                    if text.is_empty() {
                        "none".to_owned()
                    } else {
                        text.to_owned()
                    }
                };
                notes.push(format!("{what} {} -> {}", text(was), text(is)));
            }
        };
        changed("default", &was.default, &is.default);
        changed("range", &was.range, &is.range);
        return line(What::Kept, notes.join(", "), vec![is.hash]);
    }
    let known = |key: &&String| {
        let is_setting = from.settings.iter().any(|was| was.key == **key);
        is_setting || from.old_key(key).is_some()
    };
    let sources: Vec<_> = is.old.iter().filter(known).collect();
    if !sources.is_empty() {
        let names: Vec<_> = sources.iter().map(|key| key.as_str()).collect();
        let keys = sources.iter().map(|key| kvs::key_hash(key)).collect();
        return line(What::Migrated, format!("from {}", names.join(", ")), keys);
    }
    let default = match is.default.as_str() {
        "" => "its default".into(),
        default => format!("default {default}"),
    };
    line(What::New, default, Vec::new())
}

/// What becomes of a setting that there will not be.
fn gone(was: &Setting, to: &Lock) -> Line {
    let fate = to.old_key(&was.key).map(|old| &old.fate);
    let bare = || {
        to.old
            .iter()
            .any(|old| old.key.is_none() && old.path == was.path)
    };
    let (what, text) = match fate {
        Some(Fate::Retired) => (What::Retired, "`confirm` removes it".to_owned()),
        Some(Fate::Taken) => (What::Migrated, "by the struct's own function".into()),
        Some(Fate::Became(paths)) => (What::Migrated, format!("to {}", paths.join(", "))),
        None if bare() => (What::Retired, "it stays in flash, unused".into()),
        None => match to.setting(&was.path) {
            Some(is) => (
                What::Lost,
                format!("{} became {}, without `migrate`", was.ty, is.ty),
            ),
            None => (What::Lost, "nothing takes over its value".into()),
        },
    };
    Line {
        what,
        path: was.path.clone(),
        text,
        keys: vec![was.hash],
    }
}

/// What a device has stored of it, and whether the new firmware takes that.
fn stored(line: &Line, contents: &Contents, from: &Schema, to: &Schema) -> Option<String> {
    let secrets = SchemaArgs::default();
    let mut found = contents
        .live()
        .filter(|entry| line.keys.contains(&entry.hash));
    let entry = found.next()?;
    let text = listing::row(entry, Some(from), &secrets).shown.text(60);
    if line.what == What::Kept
        && let Some(why) = listing::row(entry, Some(to), &secrets).rejected
    {
        return Some(format!("stored: {text}, {why}"));
    }
    Some(format!("stored: {text}"))
}

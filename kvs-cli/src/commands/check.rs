//! `kvs check`: whether an image is as it should be, byte for byte.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use owo_colors::{OwoColorize, Style};
use serde_json::json;

use crate::args::ImageArgs;
use crate::contents::{Contents, Entry, Sector, State, reason};
use crate::image::Image;
use crate::listing::{self, Group};
use crate::missing;
use crate::problem::Result;
use crate::schema::{Schema, SchemaArgs};
use crate::terminal::{count, say, thousands};

/// Verifies every byte of an image
///
/// Exit code 0: it is sound. 1: something in it is damaged, or would be turned down by the firmware. 2: it could not be
/// checked. What a power cut leaves behind is no damage: a torn last commit, a sector in mid-erase. Without --length, that
/// sectors are missing is noticed as far as those that are there show it.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  kvs check dump.bin
  kvs check dump.bin --schema settings.lock             also types, ranges and unknown keys
  kvs check unit.bin --schema settings.lock --strict --offset 0 --length 32k    at the end of a production line")]
pub(crate) struct Check {
    #[command(flatten)]
    image: ImageArgs,
    /// The firmware's lock file: names and types of its settings
    #[arg(long, value_name = "LOCK")]
    schema: Option<PathBuf>,
    /// Exit code 1 for warnings, too
    #[arg(long)]
    strict: bool,
    /// As JSON
    #[arg(long)]
    json: bool,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    /// Something that was stored is lost or not usable.
    Error,
    /// Nothing is lost, but it is not as a writer leaves it; or a power cut was here.
    Warning,
    Note,
}

struct Finding {
    level: Level,
    text: String,
}

impl Check {
    pub(crate) fn run(&self) -> Result<ExitCode> {
        let schema = self.schema.as_deref().map(Schema::load).transpose()?;
        let mut image = Image::open(&self.image.image, &self.image.geometry)?;
        let contents = Contents::read(&mut image)?;
        let mut findings = Findings(Vec::new());
        findings.whole(&image, &contents);
        for sector in &contents.sectors {
            findings.sector(sector, schema.as_ref());
        }
        for entry in &contents.entries {
            findings.entry(entry);
        }
        findings.keys(&contents, schema.as_ref());
        let mut findings = findings.0;
        findings.sort_by_key(|finding| finding.level);
        let errors = number(&findings, Level::Error);
        let warnings = number(&findings, Level::Warning);
        let bad = errors != 0 || self.strict && warnings != 0;
        if self.json {
            let list: Vec<_> = findings
                .iter()
                .map(|finding| json!({ "level": finding.level.word(), "text": finding.text }))
                .collect();
            let json =
                json!({ "sound": !bad, "errors": errors, "warnings": warnings, "findings": list });
            say!("{json:#}");
        } else {
            for finding in &findings {
                let word = finding.level.word();
                say!("{}: {}", word.style(finding.level.style()), finding.text);
            }
            let what = match (errors, warnings) {
                (0, 0) => "sound".into(),
                (0, more) => format!("sound, with {}", count(more, "warning", "warnings")),
                (more, 0) => count(more, "error", "errors"),
                (some, more) => format!(
                    "{}, {}",
                    count(some, "error", "errors"),
                    count(more, "warning", "warnings")
                ),
            };
            say!(
                "{}: {what}; {}, {} in {} bytes",
                image.path.display(),
                image.geometry,
                count(contents.stats.keys, "key", "keys"),
                thousands(contents.stats.live)
            );
        }
        Ok(ExitCode::from(u8::from(bad)))
    }
}

fn number(findings: &[Finding], level: Level) -> usize {
    let of_level = findings.iter().filter(|finding| finding.level == level);
    of_level.count()
}

impl Level {
    fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }

    fn style(self) -> Style {
        match self {
            Self::Error => Style::new().red().bold(),
            Self::Warning => Style::new().yellow().bold(),
            Self::Note => Style::new().cyan().bold(),
        }
    }
}

struct Findings(Vec<Finding>);

impl Findings {
    fn add(&mut self, level: Level, text: String) {
        self.0.push(Finding { level, text });
    }

    /// Whether it is one partition, and all of it.
    fn whole(&mut self, image: &Image, contents: &Contents) {
        for doubt in &image.doubts {
            self.add(Level::Error, doubt.clone());
        }
        if image.geometry.is_part {
            self.add(
                Level::Warning,
                "where the partition begins and ends is a guess: --offset and --length say it"
                    .into(),
            );
        }
        for sign in missing::signs(contents) {
            self.add(Level::Error, sign);
        }
    }

    fn sector(&mut self, sector: &Sector, schema: Option<&Schema>) {
        let index = sector.info.index;
        if sector.header.is_none() {
            if !matches!(sector.erased, Some((0, _))) {
                self.add(
                    Level::Warning,
                    format!("sector {index} has no good header: its erase was cut, or it has rotted; what is in it does not count"),
                );
            }
            return;
        }
        for (copy, good) in ["first", "second"].iter().zip(sector.good_copies) {
            if !good {
                self.add(
                    Level::Warning,
                    format!("sector {index}: the {copy} copy of its header is damaged"),
                );
            }
        }
        for damaged in &sector.damaged {
            let place = format!("sector {index} at {:#06x}", damaged.offset);
            let bytes = count(damaged.size as usize, "byte", "bytes");
            let why = reason(damaged.why, schema);
            if damaged.is_tail {
                self.add(
                    Level::Warning,
                    format!("{place}: {bytes} torn, as by a power cut: {why}"),
                );
            } else {
                self.add(Level::Error, format!("{place}: {bytes} have rotted: {why}"));
            }
        }
    }

    fn entry(&mut self, entry: &Entry) {
        let place = format!("sector {} at {:#06x}", entry.sector, entry.offset);
        if entry.state == State::Unfinished {
            self.add(
                Level::Warning,
                format!("{place}: an entry of a commit that was not finished: it does not count"),
            );
        }
        if !entry.is_padded_well {
            self.add(
                Level::Warning,
                format!("{place}: the padding behind the entry is not erased"),
            );
        }
    }

    fn keys(&mut self, contents: &Contents, schema: Option<&Schema>) {
        if let Some(schema) = schema {
            let fit = contents.fit(schema);
            let level = match fit.known {
                0 => Level::Error,
                _ => Level::Warning,
            };
            if let Some(doubt) = fit.doubt(schema) {
                self.add(level, doubt);
            }
        }
        for hash in &contents.corrupt {
            let typed = schema.and_then(|schema| schema.typed(*hash));
            let name =
                typed.map_or_else(|| format!("{hash:#010x}"), |typed| typed.name().to_owned());
            self.add(Level::Error, format!("{name}: its entry is damaged"));
        }
        for (row, _) in listing::stored(contents, schema, &SchemaArgs::default()) {
            if let Some(why) = &row.rejected {
                self.add(Level::Error, format!("{}: {why}", row.name));
            }
            if row.group == Group::Hashed && schema.is_some() {
                self.add(
                    Level::Note,
                    format!("{}: a key that the schema does not know", row.name),
                );
            }
        }
    }
}

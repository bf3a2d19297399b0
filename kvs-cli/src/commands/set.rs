//! `kvs set` and `kvs unset`: values changed in an image, by the commit that a device makes.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use kvs::Change;
use kvs::lock::Fate;

use crate::args::ImageArgs;
use crate::commit::store;
use crate::contents::Contents;
use crate::document::{Put, PutKey, check_setting, unknown};
use crate::file::Target;
use crate::image::{Image, OutputArgs, mount};
use crate::problem::{Problem, Result};
use crate::schema::Schema;
use crate::terminal::{count, say};
use crate::value::{from_hex, parse};

/// An image that is changed, and where it goes
#[derive(Args, Debug)]
struct EditArgs {
    #[command(flatten)]
    image: ImageArgs,
    /// The firmware's lock file: names and types of its settings
    #[arg(long, value_name = "LOCK")]
    schema: Option<PathBuf>,
    /// The image to write; the one that is read if left out
    #[arg(short, long, value_name = "IMAGE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    files: OutputArgs,
}

/// Changes settings in an image, all of them in one commit
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  kvs set dump.bin --schema settings.lock wifi.ssid=attic wifi.channel=6
  kvs set dump.bin --schema settings.lock 'schedule=[{ hour = 6, minute = 0, target = 210 }]' -o new.bin
  kvs set dump.bin @serial=A-1234 @calibration=hex:00ff    raw keys need no schema

A value is written as in TOML; text needs no quotes.")]
pub(crate) struct Set {
    #[command(flatten)]
    edit: EditArgs,
    /// A setting by its path, or @NAME of a raw key, and its value
    #[arg(value_name = "PATH=VALUE", required = true)]
    changes: Vec<String>,
}

/// Removes settings from an image, so that they have their defaults
///
/// Removes also what is stored under the setting's older keys, as a device does.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  kvs unset dump.bin --schema settings.lock wifi.ssid wifi.password
  kvs unset dump.bin @serial")]
pub(crate) struct Unset {
    #[command(flatten)]
    edit: EditArgs,
    /// A setting by its path, or @NAME of a raw key
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<String>,
}

impl EditArgs {
    fn schema(&self) -> Result<Option<Schema>> {
        self.schema.as_deref().map(Schema::load).transpose()
    }

    /// Where the image is to go, locked, and the image. If it goes back, nobody else changes it in between.
    fn open(&self, schema: Option<&Schema>) -> Result<(Target, Image)> {
        let ImageArgs {
            image: path,
            geometry,
        } = &self.image;
        let target = Target::open(self.output.as_ref().unwrap_or(path))?;
        let source = self.output.is_none().then_some(&target);
        let mut image = Image::open_to_change(path, source, geometry)?;
        Contents::read(&mut image)?.warn_of(path, schema);
        Ok((target, image))
    }

    /// Writes the image, in the format that it came in if it goes back.
    fn save(&self, target: Target, mut image: Image) -> Result<()> {
        let mut files = self.files.clone();
        files.address = files.address.or(Some(image.address));
        files.uf2_family = files.uf2_family.or(image.uf2_family);
        if self.output.is_none() {
            files.format = files.format.or(Some(image.format));
        }
        let path = self.output.as_ref().unwrap_or(&image.path).clone();
        let bytes = image.source.load();
        let bytes = bytes.map_err(|error| crate::file::unreadable(&path, &error))?;
        files.write_to(target, &path, bytes)
    }
}

impl Set {
    pub(crate) fn run(&self) -> Result<ExitCode> {
        let schema = self.edit.schema()?;
        let mut puts = Vec::new();
        for change in &self.changes {
            puts.push(put(change, schema.as_ref())?);
        }
        let (target, mut image) = self.edit.open(schema.as_ref())?;
        store(&mut image, &puts, schema.as_ref(), None)?;
        self.edit.save(target, image)?;
        say!("{} stored", count(puts.len(), "key", "keys"));
        Ok(ExitCode::SUCCESS)
    }
}

impl Unset {
    pub(crate) fn run(&self) -> Result<ExitCode> {
        let schema = self.edit.schema()?;
        let mut keys = Vec::new();
        for path in &self.paths {
            keys.extend(removed(path, schema.as_ref())?);
        }
        let (target, mut image) = self.edit.open(schema.as_ref())?;
        let changes: Vec<_> = keys.iter().map(|key| Change::delete(key.raw())).collect();
        let mut before = 0;
        let mut after = 0;
        let mut result = Ok(());
        mount(&mut image, false, |store| {
            before = store.stats().keys;
            result = store.commit(&changes);
            after = store.stats().keys;
        })?;
        result.map_err(|error| Problem::new(error.to_string()))?;
        self.edit.save(target, image)?;
        say!("{} removed", count(before - after, "key", "keys"));
        Ok(ExitCode::SUCCESS)
    }
}

/// `path=value`
fn put(change: &str, schema: Option<&Schema>) -> Result<Put> {
    let Some((path, text)) = change.split_once('=') else {
        return Err(Problem::new(format!("`{change}` is not of the form PATH=VALUE")).into());
    };
    // Blanks behind the `=` are the value's.
    let path = path.trim();
    let new = |key, bytes| Put {
        key,
        name: path.to_owned(),
        bytes,
        span: 0..0,
    };
    if let Some(name) = path.strip_prefix('@') {
        let bytes = match text.strip_prefix("hex:") {
            Some(digits) => from_hex(digits).ok_or_else(|| {
                Problem::new(format!("`{path}`: what is behind hex: are no hex digits"))
                    .help("allowed: text, or hex: and pairs of hex digits")
            })?,
            None => text.as_bytes().to_vec(),
        };
        return Ok(new(PutKey::Name(name.to_owned()), bytes));
    }
    let setting = find(path, schema)?;
    let value = parse(setting.ty.schema(), text);
    match check_setting(setting, &value) {
        Ok(bytes) => Ok(new(PutKey::Hash(setting.hash), bytes)),
        Err(wrong) => Err(Problem::new(format!("`{path}`: {}", wrong.text()))
            .help(format!("allowed: {}", wrong.allowed))
            .into()),
    }
}

/// The keys of a setting: its own, and those that only it is migrated from.
fn removed(path: &str, schema: Option<&Schema>) -> Result<Vec<PutKey>> {
    if let Some(name) = path.strip_prefix('@') {
        return Ok(vec![PutKey::Name(name.to_owned())]);
    }
    let setting = find(path, schema)?;
    let mut keys = vec![PutKey::Hash(setting.hash)];
    for old in schema.iter().flat_map(|schema| &schema.lock.old) {
        let is_its = matches!(&old.fate, Fate::Became(paths) if paths.iter().all(|it| it == path));
        if let Some(hash) = old.hash.filter(|_| is_its) {
            keys.push(PutKey::Hash(hash));
        }
    }
    Ok(keys)
}

fn find<'a>(path: &str, schema: Option<&'a Schema>) -> Result<&'a kvs::lock::Setting> {
    let Some(schema) = schema else {
        return Err(Problem::new(format!("`{path}`: which settings are there?"))
            .help(
                "--schema settings.lock, the lock file of the firmware; a raw key is written @name",
            )
            .into());
    };
    let setting = schema.lock.setting(path);
    setting.ok_or_else(|| unknown(schema, path).into())
}

#[cfg(test)]
mod tests {
    use super::put;
    use crate::document::PutKey;

    #[test]
    fn raw_keys_are_text_or_hex() {
        let parsed = put("@serial=A=1", None).map(|put| (put.key, put.bytes));
        assert_eq!(
            parsed.ok(),
            Some((PutKey::Name("serial".into()), b"A=1".to_vec()))
        );
        let parsed = put("@cal=hex:00fF", None).map(|put| put.bytes);
        assert_eq!(parsed.ok(), Some(vec![0, 255]));
        let parsed = put("@note=  two ", None).map(|put| put.bytes);
        assert_eq!(parsed.ok(), Some(b"  two ".to_vec()));
        assert!(put("@cal=hex:0", None).is_err());
        assert!(put("serial", None).is_err());
        assert!(put("wifi.ssid=x", None).is_err());
    }
}

//! `kvs build`: an image from a settings file, as a device would have written it.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::layout::LayoutArgs;
use crate::commit::store;
use crate::document::{self, Put};
use crate::file;
use crate::image::{Geometry, Image, OutputArgs};
use crate::problem::{Problem, Result, Text};
use crate::schema::Schema;
use crate::terminal::{count, note, say};

/// Makes a provisioning image from a settings file
///
/// Byte for byte what a device with that firmware has in flash when it has saved these settings: all of them in one commit,
/// by the code that runs on the device. A value that is the default is stored, too. Types, ranges
/// and capacities are checked as the lock file has them; a setting's `validate` function runs in the firmware only.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  kvs build --schema settings.lock settings.toml -o unit.bin --sector-size 4096 --write-size 4 --length 32k
  kvs build --schema settings.lock settings.toml -o unit.hex --like dump.bin --address 0xf8000
  kvs build --schema settings.lock common.toml --batch devices.csv -o images/ --like dump.bin

A row of devices.csv is a device: its first column names the image, the others are settings by path.
  name,wifi.ssid,boot_count
  unit-001,attic,0")]
pub(crate) struct Build {
    /// The firmware's lock file
    #[arg(long, value_name = "LOCK")]
    schema: PathBuf,
    /// The settings, as `kvs inspect --toml` prints them
    #[arg(value_name = "SETTINGS.TOML", required_unless_present = "batch")]
    settings: Option<PathBuf>,
    /// The image to write; with --batch, the directory
    #[arg(short, long, value_name = "IMAGE")]
    output: PathBuf,
    /// A table of devices: an image for each row, with the settings of SETTINGS.TOML and its own
    #[arg(long, value_name = "DEVICES.CSV")]
    batch: Option<PathBuf>,
    #[command(flatten)]
    layout: LayoutArgs,
    #[command(flatten)]
    files: OutputArgs,
}

impl Build {
    pub(crate) fn run(&self) -> Result<ExitCode> {
        let schema = Schema::load(&self.schema)?;
        let geometry = self.layout.geometry()?;
        let (file, puts) = match &self.settings {
            Some(path) => {
                let (file, puts) = document::read(&read_text(path)?, Some(&schema))?;
                (Some(file), puts)
            }
            None => (None, Vec::new()),
        };
        note_of_ranges(&schema, &puts);
        if let Some(batch) = &self.batch {
            let devices = super::batch::read(batch, &schema, &puts)?;
            super::batch::write(&devices, &schema, geometry, &self.output, &self.files)?;
            return Ok(ExitCode::SUCCESS);
        }
        let image = build(geometry, &puts, &schema, file.as_ref())?;
        self.files.write(&self.output, &image)?;
        say!(
            "{}: {}, {geometry}",
            self.output.display(),
            count(puts.len(), "key", "keys")
        );
        Ok(ExitCode::SUCCESS)
    }
}

/// The bytes of an image with these values.
pub(super) fn build(
    geometry: Geometry,
    puts: &[Put],
    schema: &Schema,
    file: Option<&Text>,
) -> Result<Vec<u8>> {
    let mut image = Image::erased(geometry);
    store(&mut image, puts, Some(schema), file)?;
    let bytes = image.source.load();
    let bytes = bytes.map_err(|error| Problem::new(error.to_string()))?;
    Ok(std::mem::take(bytes))
}

fn read_text(path: &Path) -> Result<Text> {
    let text = String::from_utf8(file::read(path)?)
        .map_err(|_| Problem::new(format!("{} is no text", path.display())))?;
    Ok(Text {
        name: path.display().to_string(),
        text: text.into(),
    })
}

/// Says which ranges can't be checked here.
fn note_of_ranges(schema: &Schema, puts: &[Put]) {
    let is_put = |hash: u32| {
        puts.iter()
            .any(|put| put.key.raw() == kvs::RawKey::Hash(hash))
    };
    for setting in &schema.lock.settings {
        let is_unknown =
            !setting.range.is_empty() && kvs::lock::Bounds::parse(&setting.range).is_none();
        if is_unknown && is_put(setting.hash) {
            note(&format!(
                "`{}`: its range is not one of numbers, and was not checked: {}",
                setting.path, setting.range
            ));
        }
    }
}

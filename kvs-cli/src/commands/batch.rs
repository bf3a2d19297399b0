//! `kvs build --batch`: an image for each row of a table.

use std::collections::BTreeSet;
use std::fs;
use std::ops::Range;
use std::path::Path;

use indicatif::{ProgressBar, ProgressStyle};
use kvs::lock::Setting;

use super::build::{build, read_text};
use crate::document::{Put, PutKey, check_setting, unknown};
use crate::file::unwritable;
use crate::image::{Format, Geometry, OutputArgs};
use crate::problem::{Problem, Problems, Result, Text};
use crate::schema::Schema;
use crate::terminal::{count, say};
use crate::value::parse;

/// A row.
pub(super) struct Device {
    name: String,
    puts: Vec<Put>,
}

/// Reads the table. All that is wrong in it is told before anything is written.
pub(super) fn read(path: &Path, schema: &Schema, common: &[Put]) -> Result<Vec<Device>> {
    let file = read_text(path)?;
    let text: &str = &file.text;
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let mut records = Vec::new();
    for record in reader.records() {
        records.push(record.map_err(|error| {
            let place = error.position().map_or(0, csv::Position::byte);
            let start = usize::try_from(place).unwrap_or(0).min(text.len());
            Problem::new(format!("{} is no table: {error}", file.name)).at(
                &file,
                line_at(text, start),
                "here",
            )
        })?);
    }
    let Some((head, rows)) = records.split_first() else {
        return Err(Problem::new(format!("{} is empty", file.name))
            .help("its first line has the columns: name, and settings by path")
            .into());
    };
    let mut problems = Vec::new();
    let columns = columns(head, schema, &file, &mut problems);
    let mut names = BTreeSet::new();
    let mut devices = Vec::new();
    for row in rows {
        let span = span_of(row, text);
        let name = row.get(0).unwrap_or_default();
        if let Err(what) = check_name(name, &mut names) {
            problems.push(Problem::new(what).at(&file, span.clone(), "here"));
        }
        let mut puts = common.to_vec();
        for (setting, cell) in columns.iter().zip(row.iter().skip(1)) {
            let Some(setting) = setting else { continue };
            // An empty cell leaves the setting as it is.
            if cell.is_empty() {
                continue;
            }
            match check_setting(setting, &parse(setting.ty.schema(), cell)) {
                Ok(bytes) => replace(
                    &mut puts,
                    Put {
                        key: PutKey::Hash(setting.hash),
                        name: setting.path.clone(),
                        bytes,
                        span: span.clone(),
                    },
                ),
                Err(wrong) => problems.push(
                    Problem::new(format!("`{}`: {}", setting.path, wrong.what))
                        .help(format!("allowed: {}", wrong.allowed))
                        .at(&file, find(text, &span, cell), "here"),
                ),
            }
        }
        let order = |put: &Put| {
            let is_it = |setting: &Setting| put.key == PutKey::Hash(setting.hash);
            let place = schema.lock.settings.iter().position(is_it);
            place.unwrap_or(usize::MAX)
        };
        puts.sort_by_key(order);
        devices.push(Device {
            name: name.to_owned(),
            puts,
        });
    }
    match problems.is_empty() {
        true => Ok(devices),
        false => Err(Problems(problems)),
    }
}

/// The settings of the columns but the first.
fn columns<'a>(
    head: &csv::StringRecord,
    schema: &'a Schema,
    file: &Text,
    problems: &mut Vec<Problem>,
) -> Vec<Option<&'a Setting>> {
    let span = span_of(head, &file.text);
    let mut out = Vec::new();
    for path in head.iter().skip(1) {
        let setting = schema.lock.setting(path);
        if setting.is_none() {
            let place = find(&file.text, &span, path);
            problems.push(unknown(schema, path).at(file, place, "this column"));
        }
        out.push(setting);
    }
    out
}

/// A name is that of a file.
fn check_name(name: &str, names: &mut BTreeSet<String>) -> Result<(), String> {
    let is_file = Path::new(name).file_name().is_some_and(|file| file == name);
    if !is_file || name.starts_with('.') {
        return Err(format!("`{name}` is no name for an image file"));
    }
    match names.insert(name.to_owned()) {
        true => Ok(()),
        false => Err(format!("there are two devices `{name}`")),
    }
}

fn replace(puts: &mut Vec<Put>, new: Put) {
    puts.retain(|put| put.key != new.key);
    puts.push(new);
}

/// The line of a record.
fn span_of(record: &csv::StringRecord, text: &str) -> Range<usize> {
    let start = record.position().map_or(0, csv::Position::byte);
    line_at(text, usize::try_from(start).unwrap_or(0))
}

fn line_at(text: &str, start: usize) -> Range<usize> {
    let rest = text.get(start..).unwrap_or_default();
    let blank = rest.len() - rest.trim_start_matches(['\r', '\n']).len();
    let rest = rest.get(blank..).unwrap_or_default();
    let len = rest.find(['\r', '\n']).unwrap_or(rest.len());
    start + blank..start + blank + len
}

/// Where a cell is in its line.
fn find(text: &str, line: &Range<usize>, cell: &str) -> Range<usize> {
    let found = text.get(line.clone()).and_then(|line| line.find(cell));
    found.map_or_else(
        || line.clone(),
        |at| line.start + at..line.start + at + cell.len(),
    )
}

/// Writes the images.
pub(super) fn write(
    devices: &[Device],
    schema: &Schema,
    geometry: Geometry,
    directory: &Path,
    files: &OutputArgs,
) -> Result<()> {
    fs::create_dir_all(directory).map_err(|error| unwritable(directory, &error))?;
    let extension = match files.format.unwrap_or(Format::Bin) {
        Format::Bin => "bin",
        Format::Hex => "hex",
        Format::Uf2 => "uf2",
    };
    // Shown on a terminal only.
    let bar = ProgressBar::new(devices.len() as u64);
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} {msg}") {
        bar.set_style(style);
    }
    for device in devices {
        bar.set_message(device.name.clone());
        let image = build(geometry, &device.puts, schema, None)?;
        files.write(
            &directory.join(format!("{}.{extension}", device.name)),
            &image,
        )?;
        bar.inc(1);
    }
    bar.finish_and_clear();
    say!(
        "{}: {}, {geometry}",
        directory.display(),
        count(devices.len(), "image", "images")
    );
    Ok(())
}

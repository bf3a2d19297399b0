//! `kvs build --batch`: an image for each row of a table.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use indicatif::{ProgressBar, ProgressStyle};
use kvs::lock::Setting;

use super::build::build;
use crate::document::{Put, PutKey, check_setting, unknown};
use crate::file::{self, unwritable};
use crate::image::{Format, Geometry, OutputArgs};
use crate::problem::{Problem, Problems, Result};
use crate::schema::Schema;
use crate::terminal::{count, say};
use crate::value::parse;

/// A row.
pub(super) struct Device {
    name: String,
    puts: Vec<Put>,
}

/// Reads the table. All that is wrong in it is told before anything is written; and as secrets may be in any line, none is shown.
pub(super) fn read(path: &Path, schema: &Schema, common: &[Put]) -> Result<Vec<Device>> {
    let bytes = file::read(path)?;
    let file = path.display().to_string();
    // A cell is taken as it is, with the blanks at its ends.
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(bytes.as_slice());
    let mut records = Vec::new();
    for record in reader.records() {
        records.push(record.map_err(|error| no_table(&file, &error))?);
    }
    let Some((head, rows)) = records.split_first() else {
        return Err(Problem::new(format!("{file} is empty"))
            .help("its first line has the columns: name, and settings by path")
            .into());
    };
    let mut problems = Vec::new();
    let columns = columns(&file, head, schema, &mut problems)?;
    let mut names = BTreeSet::new();
    let mut devices = Vec::new();
    for row in rows {
        let line = format!("{file}, line {}", line_of(row));
        let name = row.get(0).unwrap_or_default();
        if let Err(what) = check_name(name, &mut names) {
            problems.push(Problem::new(format!("{line}: {what}")));
        }
        let mut puts = common.to_vec();
        for (setting, cell) in columns.iter().zip(row.iter().skip(1)) {
            let Some(setting) = setting else { continue };
            // An empty cell leaves the setting as it is.
            if cell.is_empty() {
                continue;
            }
            if cell.contains(['\r', '\n']) {
                problems.push(
                    Problem::new(format!("{line}: `{}` has a line break in it", setting.path))
                        .help("is a quote not closed?"),
                );
                continue;
            }
            match check_setting(setting, &parse(setting.ty.schema(), cell)) {
                Ok(bytes) => replace(
                    &mut puts,
                    Put {
                        key: PutKey::Hash(setting.hash),
                        name: setting.path.clone(),
                        bytes,
                        span: 0..0,
                    },
                ),
                Err(wrong) => problems.push(
                    Problem::new(format!("{line}: `{}`: {}", setting.path, wrong.text()))
                        .help(format!("allowed: {}", wrong.allowed)),
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

fn no_table(file: &str, error: &csv::Error) -> Problem {
    let line = error.position().map_or(0, csv::Position::line);
    match error.kind() {
        csv::ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => Problem::new(format!(
            "{file}, line {line}: {}, where the first line has {expected_len}",
            count(len, "cell", "cells")
        ))
        .help("cells are separated by commas; one with a comma in it stands in quotes"),
        csv::ErrorKind::Utf8 { .. } => {
            Problem::new(format!("{file}, line {line}: this is no UTF-8"))
        }
        _ => Problem::new(format!("{file} is no table: {error}")),
    }
}

/// The settings of the columns but the first.
fn columns<'a>(
    file: &str,
    head: &csv::StringRecord,
    schema: &'a Schema,
    problems: &mut Vec<Problem>,
) -> Result<Vec<Option<&'a Setting>>> {
    let line = format!("{file}, line {}", line_of(head));
    if let Some(wrong) = [';', '\t', '|']
        .into_iter()
        .find(|char| head.iter().any(|cell| cell.contains(*char)))
    {
        return Err(
            Problem::new(format!("{line}: there is a {wrong:?} between columns"))
                .help("allowed: commas, as `name,wifi.ssid,boot_count`")
                .into(),
        );
    }
    // No path has blanks at its ends.
    let mut paths = head.iter().map(str::trim);
    let first = paths.next().unwrap_or_default();
    let paths: Vec<_> = paths.collect();
    let known = paths
        .iter()
        .filter(|path| schema.lock.setting(path).is_some());
    // A line without a known path may be a device's, with its secrets.
    if known.count() == 0 && !paths.is_empty() {
        return Err(Problem::new(format!(
            "{line}: none of the columns is a setting of `{}`",
            schema.lock.name
        ))
        .help("the first line has the columns: name, and settings by path")
        .into());
    }
    if schema.lock.setting(first).is_some() {
        return Err(
            Problem::new(format!("{line}: the first column is the setting `{first}`"))
                .help("the first column names the image of each device")
                .into(),
        );
    }
    let mut out: Vec<Option<&Setting>> = Vec::new();
    for path in paths {
        let setting = schema.lock.setting(path);
        match setting {
            None => problems.push(unknown(schema, path).of(&line)),
            Some(setting) if out.iter().flatten().any(|it| it.path == setting.path) => {
                problems.push(Problem::new(format!("{line}: `{path}` is there twice")));
            }
            Some(_) => {}
        }
        out.push(setting);
    }
    Ok(out)
}

/// A name is that of a file. One that will not do may be anything: it is not shown.
fn check_name(name: &str, names: &mut BTreeSet<String>) -> Result<(), String> {
    let is_file = Path::new(name).file_name().is_some_and(|file| file == name);
    let is_strange = |char: char| char.is_control() || matches!(char, '\\' | ';' | '|');
    if !is_file || name.starts_with('.') || name.trim() != name || name.contains(is_strange) {
        return Err(
            "the first cell is no name for an image file: there is none, or it has separators or blanks at its ends"
                .into(),
        );
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

fn line_of(record: &csv::StringRecord) -> u64 {
    record.position().map_or(0, csv::Position::line)
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
        let image = build(geometry, &device.puts, schema, None).map_err(|Problems(problems)| {
            let of_device = |problem: Problem| problem.of(&device.name);
            Problems(problems.into_iter().map(of_device).collect())
        })?;
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

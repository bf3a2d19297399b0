//! `kvs inspect`: what is stored.

use std::process::ExitCode;

use clap::Args;
use kvs::lock::Setting;
use owo_colors::Style;
use serde_json::{Value as Json, json};

use crate::args::ImageArgs;
use crate::contents::{Contents, Entry};
use crate::document;
use crate::image::Image;
use crate::listing::{self, Group, Row, Shown};
use crate::problem::Result;
use crate::schema::{Schema, SchemaArgs};
use crate::terminal::{Table, count, note, say, say_text, thousands, warn};
use crate::value::hex;

/// Lists every key with its value, age, size and place
///
/// The age of a value is how many entries were written after it, as far as they are still in flash. Its place is the sector,
/// and the offset in it.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  kvs inspect dump.bin                                  names, hashes and sizes
  kvs inspect dump.bin --schema settings.lock           typed values by path
  kvs inspect chip.bin --offset 0xf8000 --length 32k    the partition in a dump of the whole chip
  kvs inspect dump.bin --schema settings.lock --toml    a file that `kvs build` takes")]
pub(crate) struct Inspect {
    #[command(flatten)]
    image: ImageArgs,
    #[command(flatten)]
    schema: SchemaArgs,
    /// As JSON
    #[arg(long, conflicts_with = "toml")]
    json: bool,
    /// As TOML, for `kvs build`; only what is stored
    #[arg(long)]
    toml: bool,
}

impl Inspect {
    pub(crate) fn run(&self) -> Result<ExitCode> {
        let schema = self.schema.load()?;
        let (image, contents) = self.image.read(schema.as_ref())?;
        let rows = listing::stored(&contents, schema.as_ref(), &self.schema);
        if self.json {
            let json = to_json(&image, &contents, schema.as_ref(), &rows);
            say!("{json:#}");
        } else if self.toml {
            say_text(&document::print(&rows));
            if rows.iter().any(|(row, _)| row.shown == Shown::Masked) {
                note("masked values are left out; --show-secrets puts them in");
            }
            if rows
                .iter()
                .any(|(row, _)| matches!(row.shown, Shown::Untyped(_)))
            {
                note("values of unknown type are left out; --show-secrets puts them in");
            }
        } else {
            print(&image, &contents, schema.as_ref(), &rows);
            listing::hint(rows.iter().map(|(row, _)| row));
        }
        Ok(ExitCode::SUCCESS)
    }
}

type Rows<'a, 'c> = [(Row<'a>, &'c Entry)];

fn print(image: &Image, contents: &Contents, schema: Option<&Schema>, rows: &Rows<'_, '_>) {
    let stats = &contents.stats;
    say!("{}: {}", image.path.display(), image.geometry);
    say!(
        "{}, {} bytes live, {} stale, {} free; {} to {} erases a sector",
        count(stats.keys, "key", "keys"),
        thousands(stats.live),
        thousands(stats.stale),
        thousands(stats.free),
        stats.least_erases,
        stats.most_erases
    );
    if stats.corrupt != 0 {
        say!("{} damaged or unfinished: see `kvs check`", stats.corrupt);
    }
    let mut group = None;
    let mut table: Option<Table> = None;
    for line in lines(schema, rows) {
        if group != Some(line.group) {
            group = Some(line.group);
            if let Some(table) = table.replace(new_table(line.group, schema)) {
                table.print();
            }
            say!("");
        }
        if let Some(table) = &mut table {
            table.row(line.cells, line.style);
        }
    }
    if let Some(table) = table {
        table.print();
    }
    for hash in &contents.corrupt {
        warn(&format!("{}: its entry is damaged", name_of(*hash, schema)));
    }
}

fn name_of(hash: u32, schema: Option<&Schema>) -> String {
    let typed = schema.and_then(|schema| schema.typed(hash));
    typed.map_or_else(|| format!("{hash:#010x}"), |typed| typed.name().to_owned())
}

fn new_table(group: Group, schema: Option<&Schema>) -> Table {
    let title = match (group, schema) {
        (Group::Setting, Some(schema)) => schema.lock.name.clone(),
        (Group::Setting, None) => "setting".into(),
        (Group::Old, _) => "of older firmware".into(),
        (Group::Named, _) => "named key".into(),
        (Group::Hashed, Some(_)) => "unknown key".into(),
        (Group::Hashed, None) => "hashed key".into(),
    };
    Table::new(&[&title, "size", "age", "place", "value"], &[1, 2, 3])
}

struct Line {
    group: Group,
    cells: Vec<String>,
    style: Style,
}

/// What is stored, and the settings that are not, in the schema's order.
fn lines(schema: Option<&Schema>, rows: &Rows<'_, '_>) -> Vec<Line> {
    let mut out = Vec::new();
    let stored = |(row, entry): &(Row<'_>, &Entry)| {
        let mut value = row.text(usize::MAX);
        let mut style = Style::new();
        if row.rejected.is_some() {
            value.push_str(": the default counts");
            style = style.red();
        }
        Line {
            group: row.group,
            cells: vec![
                row.name.clone(),
                entry.size.to_string(),
                entry.age.to_string(),
                format!("{}:{:#06x}", entry.sector, entry.offset),
                value,
            ],
            style,
        }
    };
    for setting in schema.map_or(&[][..], |schema| &schema.lock.settings) {
        let found = rows
            .iter()
            .find(|(row, entry)| row.group == Group::Setting && entry.hash == setting.hash);
        out.push(found.map_or_else(
            || Line {
                group: Group::Setting,
                cells: vec![
                    setting.path.clone(),
                    String::new(),
                    String::new(),
                    String::new(),
                    instead(setting, rows),
                ],
                style: Style::new().dimmed(),
            },
            stored,
        ));
    }
    let others = rows.iter().filter(|(row, _)| row.group != Group::Setting);
    out.extend(others.map(stored));
    out
}

/// What the firmware has in place of a setting that is not stored. The default is in the lock file as it is in the source.
fn instead(setting: &Setting, rows: &Rows<'_, '_>) -> String {
    let is_stored = |key: &&String| {
        let mut old = rows.iter().filter(|(row, _)| row.group == Group::Old);
        old.any(|(row, _)| row.name == **key)
    };
    if let Some(key) = setting.old.iter().find(is_stored) {
        return format!("migrated from {key}");
    }
    match setting.default.as_str() {
        "" => "default".into(),
        text => format!("default: {text}"),
    }
}

fn to_json(
    image: &Image,
    contents: &Contents,
    schema: Option<&Schema>,
    rows: &Rows<'_, '_>,
) -> Json {
    let geometry = &image.geometry;
    let stats = &contents.stats;
    let keys: Vec<_> = rows.iter().map(|(row, entry)| one(row, entry)).collect();
    let is_stored = |hash: u32| rows.iter().any(|(_, entry)| entry.hash == hash);
    let settings = schema.map_or(&[][..], |schema| &schema.lock.settings);
    let defaults: Vec<_> = settings
        .iter()
        .filter(|setting| !is_stored(setting.hash))
        .map(|setting| json!({ "path": setting.path, "default": setting.default }))
        .collect();
    let corrupt = contents.corrupt.iter().map(|hash| name_of(*hash, schema));
    json!({
        "image": image.path.display().to_string(),
        "geometry": {
            "offset": geometry.offset,
            "length": geometry.len(),
            "sector_size": geometry.sector_size,
            "sectors": geometry.sectors,
            "write_size": geometry.write_size,
        },
        "stats": {
            "keys": stats.keys,
            "live": stats.live,
            "stale": stats.stale,
            "free": stats.free,
            "available": stats.available,
            "least_erases": stats.least_erases,
            "most_erases": stats.most_erases,
            "damaged": stats.corrupt,
        },
        "struct": schema.map(|schema| schema.lock.name.clone()),
        "keys": keys,
        "not_stored": defaults,
        "corrupt": corrupt.collect::<Vec<_>>(),
    })
}

fn one(row: &Row<'_>, entry: &Entry) -> Json {
    let mut out = json!({
        "kind": match row.group {
            Group::Setting => "setting",
            Group::Old => "old",
            Group::Named => "named",
            Group::Hashed => "hashed",
        },
        "name": row.name,
        "hash": format!("{:#010x}", entry.hash),
        "size": entry.size,
        "age": entry.age,
        "sector": entry.sector,
        "offset": entry.offset,
    });
    let mut put = |key: &str, value: Json| {
        if let Some(object) = out.as_object_mut() {
            object.insert(key.into(), value);
        }
    };
    if let Some(typed) = row.typed {
        put("type", typed.ty().as_str().into());
    }
    match &row.shown {
        Shown::Typed(value) => put("value", value.to_json()),
        Shown::Raw(bytes) => {
            put("bytes", hex(bytes).into());
            if let Some(text) = listing::as_text(bytes) {
                put("text", text.into());
            }
        }
        Shown::Untyped(len) => {
            put("masked", true.into());
            put("len", (*len).into());
        }
        Shown::Masked => put("masked", true.into()),
    }
    if let Some(why) = &row.rejected {
        put("rejected", why.as_str().into());
    }
    out
}

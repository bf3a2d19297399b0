//! `kvs diff`: what two images have different.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use owo_colors::{OwoColorize, Style};
use serde_json::{Value as Json, json};

use crate::contents::{self, Contents};
use crate::image::GeometryArgs;
use crate::listing::{self, Group, Row};
use crate::problem::Result;
use crate::schema::{Schema, SchemaArgs};
use crate::terminal::say;

/// Compares the values of two images
///
/// Exit code 0: they have the same keys and values. 1: they differ. 2: one of them could not be read.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  kvs diff before.bin after.bin --schema settings.lock
  kvs diff golden.bin unit.bin --schema settings.lock --json")]
pub(crate) struct Diff {
    /// The one image
    #[arg(value_name = "A")]
    a: PathBuf,
    /// The other one
    #[arg(value_name = "B")]
    b: PathBuf,
    #[command(flatten)]
    geometry: GeometryArgs,
    #[command(flatten)]
    schema: SchemaArgs,
    /// As JSON
    #[arg(long)]
    json: bool,
}

/// A value in the one, in the other, or in both.
struct Pair<'a> {
    name: String,
    values: [Option<Row<'a>>; 2],
}

impl Diff {
    pub(crate) fn run(&self) -> Result<ExitCode> {
        let schema = self.schema.load()?;
        let (_, a) = contents::open(&self.a, &self.geometry, schema.as_ref())?;
        let (_, b) = contents::open(&self.b, &self.geometry, schema.as_ref())?;
        let pairs = self.different([&a, &b], schema.as_ref());
        if self.json {
            let list: Vec<_> = pairs.iter().map(to_json).collect();
            say!("{:#}", json!(list));
        } else {
            for pair in &pairs {
                print(pair);
            }
            listing::hint(pairs.iter().flat_map(|pair| pair.values.iter().flatten()));
        }
        Ok(ExitCode::from(u8::from(!pairs.is_empty())))
    }

    fn different<'a>(&self, contents: [&Contents; 2], schema: Option<&'a Schema>) -> Vec<Pair<'a>> {
        type Place = (Group, usize, String);
        type Side<'a> = Option<(Row<'a>, Vec<u8>)>;
        // The bytes are compared, not what is shown: a masked value differs, too.
        let mut found: BTreeMap<Place, [Side<'a>; 2]> = BTreeMap::new();
        for (side, contents) in contents.into_iter().enumerate() {
            for (row, entry) in listing::stored(contents, schema, &self.schema) {
                let settings = schema.map_or(&[][..], |schema| &schema.lock.settings);
                let is_it = |setting: &kvs::lock::Setting| setting.hash == entry.hash;
                let order = settings.iter().position(is_it).unwrap_or(usize::MAX);
                let place = (row.group, order, row.name.clone());
                let pair = found.entry(place).or_default();
                if let Some(value) = pair.get_mut(side) {
                    *value = Some((row, entry.value.clone()));
                }
            }
        }
        let pairs = found.into_iter().filter_map(|((.., name), [a, b])| {
            let bytes =
                |one: &Option<(Row<'_>, Vec<u8>)>| one.as_ref().map(|(_, bytes)| bytes.clone());
            (bytes(&a) != bytes(&b)).then(|| Pair {
                name,
                values: [a, b].map(|one| one.map(|(row, _)| row)),
            })
        });
        pairs.collect()
    }
}

fn to_json(pair: &Pair<'_>) -> Json {
    let value = |row: &Option<Row<'_>>| row.as_ref().map(|row| row.shown.to_json());
    let [a, b] = &pair.values;
    let mut out = json!({ "name": pair.name, "a": value(a), "b": value(b) });
    for (side, row) in [("a_rejected", a), ("b_rejected", b)] {
        let why = row.as_ref().and_then(|row| row.rejected.clone());
        if let (Some(why), Some(object)) = (why, out.as_object_mut()) {
            object.insert(side.into(), why.into());
        }
    }
    out
}

fn print(pair: &Pair<'_>) {
    let name = &pair.name;
    let (removed, added) = (Style::new().red(), Style::new().green());
    let text = |row: &Row<'_>| row.text(usize::MAX);
    match &pair.values {
        [Some(a), None] => {
            say!("{}", format!("- {name} = {}", text(a)).style(removed));
        }
        [None, Some(b)] => {
            say!("{}", format!("+ {name} = {}", text(b)).style(added));
        }
        [Some(a), Some(b)] if a.shown.is_hidden() && a.shown == b.shown => {
            say!("~ {name}: {}, and different", text(a));
        }
        [Some(a), Some(b)] => {
            say!(
                "~ {name}: {} -> {}",
                text(a).style(removed),
                text(b).style(added)
            );
        }
        [None, None] => {}
    }
}

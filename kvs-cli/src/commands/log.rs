//! `kvs log`: what was before.

use std::process::ExitCode;

use clap::Args;
use owo_colors::Style;
use serde_json::{Value as Json, json};

use crate::args::ImageArgs;
use crate::contents::{Contents, Event, State, reason};
use crate::listing;
use crate::problem::Result;
use crate::schema::{Schema, SchemaArgs};
use crate::terminal::{Table, say};

/// Shows the history of every key that is still in flash, newest first
///
/// What is torn or damaged stands where it was met, with the reason. A collection writes what it moves anew: such an entry is
/// as young as the collection. Entries of one commit are tied together.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  kvs log dump.bin --schema settings.lock                    what changed before it failed?
  kvs log dump.bin --schema settings.lock --key wifi.ssid
  kvs log dump.bin --limit 20")]
pub(crate) struct Log {
    #[command(flatten)]
    image: ImageArgs,
    #[command(flatten)]
    schema: SchemaArgs,
    /// Only this setting or key
    #[arg(long, value_name = "NAME")]
    key: Option<String>,
    /// So many lines at most
    #[arg(long, value_name = "LINES")]
    limit: Option<usize>,
    /// As JSON
    #[arg(long)]
    json: bool,
}

impl Log {
    pub(crate) fn run(&self) -> Result<ExitCode> {
        let schema = self.schema.load()?;
        let (_, contents) = self.image.read(schema.as_ref())?;
        let events = self.events(&contents, schema.as_ref());
        if self.json {
            let list: Vec<_> = events
                .iter()
                .map(|event| self.json(event, schema.as_ref()))
                .collect();
            say!("{:#}", Json::from(list));
        } else {
            let mut table = Table::new(
                &["age", "state", "place", "size", "key", "value"],
                &[0, 2, 3],
            );
            for event in &events {
                self.line(event, schema.as_ref(), &mut table);
            }
            table.print();
            let entries = events.iter().filter_map(|event| match event {
                Event::Entry(entry) => Some(listing::row(entry, schema.as_ref(), &self.schema)),
                Event::Damaged(..) => None,
            });
            listing::hint(&entries.collect::<Vec<_>>());
        }
        Ok(ExitCode::SUCCESS)
    }

    fn events<'a>(&self, contents: &'a Contents, schema: Option<&Schema>) -> Vec<Event<'a>> {
        let is_asked = |event: &Event<'_>| match (&self.key, event) {
            (None, _) => true,
            (Some(_), Event::Damaged(..)) => false,
            (Some(name), Event::Entry(entry)) => {
                let row = listing::row(entry, schema, &self.schema);
                let path = row.typed.map(crate::schema::Typed::path);
                *name == row.name || path == Some(name.as_str())
            }
        };
        let events = contents.events().into_iter().filter(is_asked);
        events.take(self.limit.unwrap_or(usize::MAX)).collect()
    }

    fn line(&self, event: &Event<'_>, schema: Option<&Schema>, table: &mut Table) {
        match event {
            Event::Entry(entry) => {
                let row = listing::row(entry, schema, &self.schema);
                let value = match entry.is_tombstone {
                    true => "(deleted)".into(),
                    false => row.text(usize::MAX),
                };
                // Newest first: the last entry of a commit is its top.
                let tie = match (entry.continues, entry.more) {
                    _ if self.key.is_some() => "",
                    (false, false) => "  ",
                    (true, false) => "┌ ",
                    (true, true) => "│ ",
                    (false, true) => "└ ",
                };
                let style = match entry.state {
                    State::Live => Style::new().green(),
                    State::Deleted => Style::new().magenta(),
                    State::Stale => Style::new(),
                    State::Unfinished => Style::new().red(),
                };
                table.row(
                    vec![
                        entry.age.to_string(),
                        entry.state.word().into(),
                        format!("{}:{:#06x}", entry.sector, entry.offset),
                        entry.size.to_string(),
                        format!("{tie}{}", row.name),
                        value,
                    ],
                    style,
                );
            }
            Event::Damaged(sector, damaged) => table.row(
                vec![
                    String::new(),
                    damaged.word().into(),
                    format!("{sector}:{:#06x}", damaged.offset),
                    damaged.size.to_string(),
                    String::new(),
                    reason(damaged.why, schema),
                ],
                Style::new().red(),
            ),
        }
    }

    fn json(&self, event: &Event<'_>, schema: Option<&Schema>) -> Json {
        match event {
            Event::Entry(entry) => {
                let row = listing::row(entry, schema, &self.schema);
                let mut out = json!({
                    "age": entry.age,
                    "state": entry.state.word(),
                    "sector": entry.sector,
                    "offset": entry.offset,
                    "size": entry.size,
                    "key": row.name,
                    "value": if entry.is_tombstone { Json::Null } else { row.shown.to_json() },
                    "deletes": entry.is_tombstone,
                    "copy": entry.is_copy,
                    "continues": entry.continues,
                    "more": entry.more,
                });
                if let (Some(why), Some(object)) = (row.rejected, out.as_object_mut()) {
                    object.insert("rejected".into(), why.into());
                }
                out
            }
            Event::Damaged(sector, damaged) => json!({
                "state": damaged.word(),
                "sector": sector,
                "offset": damaged.offset,
                "size": damaged.size,
                "reason": reason(damaged.why, schema),
            }),
        }
    }
}

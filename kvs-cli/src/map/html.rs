//! The picture as a page: the SVG, and below it every entry, newest first.

use std::fmt::Write as _;

use super::Map;
use super::svg::{escape, svg};
use crate::contents::{Contents, Event, reason};
use crate::listing;
use crate::schema::{Schema, SchemaArgs};

const STYLE: &str = "\
:root{color-scheme:light dark}body{font:14px system-ui,sans-serif;margin:1.5rem auto;max-width:78rem;padding:0 1rem}
svg{width:100%;height:auto}table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.2rem .6rem;border-bottom:1px solid #8884;vertical-align:top}
th.number,td.number{text-align:right;font-variant-numeric:tabular-nums}td.value{font-family:ui-monospace,monospace;overflow-wrap:anywhere}tr.stale,tr.unfinished{opacity:.6}tr.torn,tr.damaged{color:#e5484d}";

/// A page that needs nothing else.
pub(crate) fn html(
    map: &Map,
    contents: &Contents,
    schema: Option<&Schema>,
    secrets: &SchemaArgs,
) -> String {
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><title>{}</title>\n\
         <style>{STYLE}</style></head>\n<body>\n{}<h2>Entries, newest first</h2>\n\
         <table><thead><tr><th class=\"number\">age<th>state<th>key<th>value<th class=\"number\">sector<th class=\"number\">offset<th class=\"number\">size</tr></thead><tbody>\n",
        escape(&map.title),
        svg(map)
    );
    for event in contents.events() {
        let (age, state, name, value, (sector, offset, size)) = match event {
            Event::Entry(entry) => {
                let row = listing::row(entry, schema, secrets);
                let value = match entry.is_tombstone {
                    true => "(deleted)".into(),
                    false => row.text(2000),
                };
                let place = (entry.sector, entry.offset, entry.size);
                (
                    entry.age.to_string(),
                    entry.state.word(),
                    row.name,
                    value,
                    place,
                )
            }
            Event::Damaged(sector, damaged) => {
                let place = (sector, damaged.offset, damaged.size);
                let why = reason(damaged.why, schema);
                (String::new(), damaged.word(), String::new(), why, place)
            }
        };
        // Writing to a string does not fail.
        let _ = writeln!(
            out,
            "<tr class=\"{state}\"><td class=\"number\">{age}<td>{state}<td>{}<td class=\"value\">{}<td class=\"number\">{sector}<td class=\"number\">{offset:#06x}<td class=\"number\">{size}</tr>",
            escape(&name),
            escape(&value),
        );
    }
    out.push_str("</tbody></table>\n</body></html>\n");
    out
}

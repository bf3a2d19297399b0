//! The picture as SVG, self-contained: colours for light and dark, and what each stretch is when it is pointed at.

use std::fmt::Write as _;

use super::{Kind, Map, Row};

const LEFT: f64 = 200.0;
const WIDTH: f64 = 900.0;
const RIGHT: f64 = 140.0;
const TOP: f64 = 62.0;
const ROW: f64 = 22.0;
const BAR: f64 = 16.0;

/// The classes' colours, for pages of light and of dark background.
const STYLE: &str = "\
svg.kvs{font:12px system-ui,sans-serif;--bg:#fff;--fg:#1c2024;--dim:#687076;--free:#eceef0;--header:#3e63dd;--live:#30a46c;--stale:#f5d90a;--deleted:#8e4ec6;--torn:#f76b15;--damaged:#e5484d}
@media(prefers-color-scheme:dark){svg.kvs{--bg:#151718;--fg:#ecedee;--dim:#9ba1a6;--free:#26292b;--stale:#b3a300}}
svg.kvs .bg{fill:var(--bg)}svg.kvs text{fill:var(--fg)}svg.kvs text.dim{fill:var(--dim)}svg.kvs .title{font-size:15px;font-weight:600}
svg.kvs .free{fill:var(--free)}svg.kvs .header{fill:var(--header)}svg.kvs .live{fill:var(--live)}svg.kvs .stale{fill:var(--stale)}svg.kvs .deleted{fill:var(--deleted)}svg.kvs .torn{fill:var(--torn)}svg.kvs .damaged{fill:var(--damaged)}svg.kvs .wear{fill:var(--dim)}
svg.kvs rect.entry{stroke:var(--bg);stroke-width:.5}svg.kvs rect.entry:hover{stroke:var(--fg);stroke-width:1.5}";

/// The picture.
pub(crate) fn svg(map: &Map) -> String {
    let mut out = String::new();
    let height = TOP + ROW * map.rows.len() as f64 + 44.0;
    let width = LEFT + WIDTH + RIGHT;
    // Writing to a string does not fail.
    let _ = write!(
        out,
        "<svg class=\"kvs\" xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{title}\">\n\
         <style>{STYLE}</style>\n\
         <rect class=\"bg\" width=\"{width}\" height=\"{height}\"/>\n\
         <text class=\"title\" x=\"12\" y=\"24\">{title}</text>\n\
         <text class=\"dim\" x=\"12\" y=\"44\">{subtitle}</text>\n",
        title = escape(&map.title),
        subtitle = escape(&map.subtitle),
    );
    for (index, row) in map.rows.iter().enumerate() {
        sector(&mut out, map, row, TOP + ROW * index as f64);
    }
    let y = TOP + ROW * map.rows.len() as f64 + 14.0;
    for (index, kind) in Kind::ALL.iter().enumerate() {
        let x = LEFT + 90.0 * index as f64;
        let _ = write!(
            out,
            "<rect class=\"{word}\" x=\"{x}\" y=\"{y}\" width=\"12\" height=\"12\"/><text x=\"{}\" y=\"{}\">{word}</text>",
            x + 17.0,
            y + 10.5,
            word = kind.word()
        );
    }
    out.push_str("\n</svg>\n");
    out
}

/// One sector's line: what it is, its bytes, its wear.
fn sector(out: &mut String, map: &Map, row: &Row, y: f64) {
    let base = y + BAR - 4.0;
    let _ = write!(
        out,
        "<g><text x=\"12\" y=\"{base}\">{}</text><text class=\"dim\" x=\"48\" y=\"{base}\">{}</text>",
        row.index,
        escape(&row.state),
    );
    let scale = WIDTH / f64::from(map.sector_size.max(1));
    for span in &row.spans {
        let len = span.to.saturating_sub(span.from);
        let _ = write!(
            out,
            "<rect class=\"entry {}\" x=\"{:.2}\" y=\"{y}\" width=\"{:.2}\" height=\"{BAR}\"><title>{}\n{:#06x}..{:#06x}, {len} bytes</title></rect>",
            span.kind.word(),
            LEFT + f64::from(span.from) * scale,
            f64::from(len) * scale,
            escape(&span.text),
            span.from,
            span.to,
        );
    }
    if let Some((sequence, erases)) = row.header {
        let wear = f64::from(erases) / f64::from(map.most_erases.max(1));
        let _ = write!(
            out,
            "<text class=\"dim\" x=\"104\" y=\"{base}\">sequence {sequence}</text><rect class=\"wear\" x=\"{}\" y=\"{}\" width=\"{:.2}\" height=\"6\"/><text class=\"dim\" x=\"{}\" y=\"{base}\">{erases} {}</text>",
            LEFT + WIDTH + 8.0,
            y + 5.0,
            40.0 * wear,
            LEFT + WIDTH + 54.0,
            if erases == 1 { "erase" } else { "erases" },
        );
    }
    out.push_str("</g>\n");
}

/// Text in XML; characters that XML does not know are replaced.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::new();
    for char in text.chars() {
        match char {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(' '),
            char if char.is_control() || matches!(char, '\u{FFFE}' | '\u{FFFF}') => {
                out.push('\u{FFFD}');
            }
            char => out.push(char),
        }
    }
    out
}

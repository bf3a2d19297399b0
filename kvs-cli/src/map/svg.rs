//! The picture as SVG, self-contained: colours for light and dark, and what each stretch is when it is pointed at.

use std::fmt::Write as _;

use super::{Kind, Map, Row};

const LEFT: f64 = 200.0;
const WIDTH: f64 = 900.0;
const RIGHT: f64 = 140.0;
const TOP: f64 = 62.0;
const ROW: f64 = 22.0;
const BAR: f64 = 16.0;

/// Colours for a light background, which each shape has as an attribute: there are viewers that know no style sheets.
const BACKGROUND: &str = "#ffffff";
const TEXT: &str = "#1c2024";
const DIM: &str = "#687076";

/// For viewers that do: what is another colour on a dark background, and what is pointed at.
const STYLE: &str = "\
@media(prefers-color-scheme:dark){svg.kvs .bg{fill:#151718}svg.kvs text{fill:#ecedee}svg.kvs text.dim,svg.kvs .wear{fill:#9ba1a6}svg.kvs .free{fill:#26292b}svg.kvs .stale{fill:#b3a300}svg.kvs rect.entry{stroke:#151718}}
svg.kvs rect.entry:hover{stroke:#687076;stroke-width:1.5}";

impl Kind {
    fn colour(self) -> &'static str {
        match self {
            Self::Free => "#eceef0",
            Self::Header => "#3e63dd",
            Self::Live => "#30a46c",
            Self::Stale => "#f5d90a",
            Self::Deleted => "#8e4ec6",
            Self::Torn => "#f76b15",
            Self::Damaged => "#e5484d",
        }
    }
}

/// The picture.
pub(crate) fn svg(map: &Map) -> String {
    let mut out = String::new();
    let height = TOP + ROW * map.rows.len() as f64 + 44.0;
    let width = LEFT + WIDTH + RIGHT;
    // Writing to a string does not fail.
    let _ = write!(
        out,
        "<svg class=\"kvs\" xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" font-family=\"system-ui,sans-serif\" font-size=\"12\" fill=\"{TEXT}\" role=\"img\" aria-label=\"{title}\">\n\
         <style>{STYLE}</style>\n\
         <rect class=\"bg\" fill=\"{BACKGROUND}\" width=\"{width}\" height=\"{height}\"/>\n\
         <text x=\"12\" y=\"24\" font-size=\"15\" font-weight=\"600\">{title}</text>\n\
         <text class=\"dim\" fill=\"{DIM}\" x=\"12\" y=\"44\">{subtitle}</text>\n",
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
            "<rect class=\"{word}\" fill=\"{}\" x=\"{x}\" y=\"{y}\" width=\"12\" height=\"12\"/><text x=\"{}\" y=\"{}\">{word}</text>",
            kind.colour(),
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
        "<g><text x=\"12\" y=\"{base}\">{}</text><text class=\"dim\" fill=\"{DIM}\" x=\"48\" y=\"{base}\">{}</text>",
        row.index,
        escape(&row.state),
    );
    let scale = WIDTH / f64::from(map.sector_size.max(1));
    for span in &row.spans {
        let len = span.to.saturating_sub(span.from);
        let _ = write!(
            out,
            "<rect class=\"entry {}\" fill=\"{}\" stroke=\"{BACKGROUND}\" stroke-width=\"0.5\" x=\"{:.2}\" y=\"{y}\" width=\"{:.2}\" height=\"{BAR}\"><title>{}\n{:#06x}..{:#06x}, {len} bytes</title></rect>",
            span.kind.word(),
            span.kind.colour(),
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
            "<text class=\"dim\" fill=\"{DIM}\" x=\"104\" y=\"{base}\">sequence {sequence}</text><rect class=\"wear\" fill=\"{DIM}\" x=\"{}\" y=\"{}\" width=\"{:.2}\" height=\"6\"/><text class=\"dim\" fill=\"{DIM}\" x=\"{}\" y=\"{base}\">{erases} {}</text>",
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

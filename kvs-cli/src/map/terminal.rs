//! The picture in a terminal: a line for each sector, a block for each few bytes.

use owo_colors::{OwoColorize, Style};

use super::{Kind, Map, Row};
use crate::terminal::say;

impl Kind {
    /// Told apart without colours, too.
    fn block(self) -> char {
        match self {
            Self::Free => '·',
            Self::Header => '▌',
            Self::Stale => '░',
            Self::Deleted => 'x',
            Self::Live => '█',
            Self::Torn => '~',
            Self::Damaged => '!',
        }
    }

    fn style(self) -> Style {
        match self {
            Self::Free => Style::new().dimmed(),
            Self::Header => Style::new().blue(),
            Self::Stale => Style::new().yellow(),
            Self::Deleted => Style::new().magenta(),
            Self::Live => Style::new().green(),
            Self::Torn => Style::new().red(),
            Self::Damaged => Style::new().white().on_red(),
        }
    }
}

/// Prints the picture, so many columns wide.
pub(crate) fn print(map: &Map, width: usize) {
    say!("{}", map.title.bold());
    say!("{}\n", map.subtitle);
    let left = |row: &Row| {
        let numbers = match row.header {
            Some((sequence, erases)) => format!("seq {sequence:<4} erases {erases:<4}"),
            None => String::new(),
        };
        format!("{:>3} {:<7} {numbers:<20} ", row.index, row.state)
    };
    let widest = map.rows.iter().map(|row| left(row).chars().count()).max();
    let widest = widest.unwrap_or(0);
    let cells = width.saturating_sub(widest).max(16);
    for row in &map.rows {
        let head = left(row);
        let mut line = format!("{head:<widest$}");
        let kinds: Vec<_> = (0..cells)
            .map(|cell| kind_of(row, map.sector_size, cell, cells))
            .collect();
        for run in kinds.chunk_by(|one, next| one == next) {
            let Some(&kind) = run.first() else { continue };
            let blocks = kind.block().to_string().repeat(run.len());
            line.push_str(&blocks.style(kind.style()).to_string());
        }
        say!("{line}");
    }
    let legend =
        Kind::ALL.map(|kind| format!("{} {}", kind.block().style(kind.style()), kind.word()));
    let bytes = f64::from(map.sector_size) / cells as f64;
    say!("\n{}   (a block: {bytes:.0} bytes)", legend.join("  "));
}

/// What a cell shows of its bytes: what is worst or most worth seeing.
fn kind_of(row: &Row, sector_size: u32, cell: usize, cells: usize) -> Kind {
    let at = |cell: usize| (cell as u64 * u64::from(sector_size) / cells as u64) as u32;
    let (from, to) = (at(cell), at(cell + 1).max(at(cell) + 1));
    let mut bytes = Kind::ALL.map(|kind| (kind, 0u32));
    for span in &row.spans {
        let inside = span.to.min(to).saturating_sub(span.from.max(from));
        for (kind, count) in &mut bytes {
            if *kind == span.kind {
                *count += inside;
            }
        }
    }
    let there = |kind: Kind| bytes.iter().any(|(it, count)| *it == kind && *count != 0);
    let bad = [Kind::Damaged, Kind::Torn]
        .into_iter()
        .find(|kind| there(*kind));
    if let Some(bad) = bad {
        return bad;
    }
    let used = bytes.iter().filter(|(kind, _)| *kind != Kind::Free);
    match used.max_by_key(|(kind, count)| (*count, *kind)) {
        Some((kind, count)) if *count != 0 => *kind,
        _ => Kind::Free,
    }
}

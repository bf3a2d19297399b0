//! The flash as a picture: what each byte of each sector is. Drawn in the terminal, as SVG, as a page.

mod html;
mod svg;
mod terminal;

pub(crate) use html::html;
pub(crate) use svg::svg;
pub(crate) use terminal::print;

use kvs::host::Piece;

use crate::contents::{Contents, Sector, State, reason};
use crate::image::Image;
use crate::listing;
use crate::schema::{Schema, SchemaArgs};
use crate::terminal::count;

/// What bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Free,
    Header,
    Stale,
    Deleted,
    Live,
    Torn,
    Damaged,
}

impl Kind {
    pub(crate) const ALL: [Self; 7] = [
        Self::Header,
        Self::Live,
        Self::Deleted,
        Self::Stale,
        Self::Free,
        Self::Torn,
        Self::Damaged,
    ];

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Header => "header",
            Self::Stale => "stale",
            Self::Deleted => "deleted",
            Self::Live => "live",
            Self::Torn => "torn",
            Self::Damaged => "damaged",
        }
    }
}

/// A stretch of a sector.
pub(crate) struct Span {
    pub(crate) from: u32,
    pub(crate) to: u32,
    pub(crate) kind: Kind,
    /// What it is, for a person.
    pub(crate) text: String,
}

/// A sector.
pub(crate) struct Row {
    pub(crate) index: usize,
    /// `head`, `live`, `dead`, `blank` ..
    pub(crate) state: String,
    /// Sequence and erases, if its header says.
    pub(crate) header: Option<(u32, u32)>,
    pub(crate) spans: Vec<Span>,
}

/// All that a picture shows.
pub(crate) struct Map {
    pub(crate) title: String,
    pub(crate) subtitle: String,
    pub(crate) sector_size: u32,
    pub(crate) most_erases: u32,
    pub(crate) rows: Vec<Row>,
}

impl Map {
    pub(crate) fn of(
        image: &Image,
        contents: &Contents,
        schema: Option<&Schema>,
        secrets: &SchemaArgs,
    ) -> Self {
        let size = image.geometry.sector_size;
        let rows = contents.sectors.iter().map(|sector| Row {
            index: sector.info.index,
            state: state(sector),
            header: sector.header.map(|header| (header.sequence, header.erases)),
            spans: frame(sector, schema),
        });
        let mut rows: Vec<Row> = rows.collect();
        for entry in &contents.entries {
            let row = listing::row(entry, schema, secrets);
            let value = match entry.is_tombstone {
                true => "deleted".into(),
                false => row.text(60),
            };
            let kind = match entry.state {
                State::Live => Kind::Live,
                State::Deleted => Kind::Deleted,
                State::Stale => Kind::Stale,
                State::Unfinished => Kind::Torn,
            };
            let text = format!("{} = {value} ({})", row.name, entry.state.word());
            if let Some(row) = rows.get_mut(entry.sector as usize) {
                row.spans.push(Span {
                    from: entry.offset,
                    to: entry.offset + entry.size,
                    kind,
                    text,
                });
            }
        }
        for row in &mut rows {
            row.spans.sort_by_key(|span| span.from);
        }
        let stats = &contents.stats;
        Self {
            title: image.path.display().to_string(),
            subtitle: format!(
                "{}; {} keys, {} bytes live, {} stale, {} free",
                image.geometry, stats.keys, stats.live, stats.stale, stats.free
            ),
            sector_size: size,
            most_erases: stats.most_erases,
            rows,
        }
    }
}

/// What a sector is used for. One without a header is free to be erased, as a dead one is; but nothing was deleted in it.
fn state(sector: &Sector) -> String {
    match (sector.header, sector.erased) {
        (None, Some((0, _))) => "blank".into(),
        (None, _) => "damaged".into(),
        (Some(_), _) => format!("{:?}", sector.info.state).to_lowercase(),
    }
}

/// A sector's spans but for its entries.
fn frame(sector: &Sector, schema: Option<&Schema>) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut add = |from, to, kind, text: String| {
        spans.push(Span {
            from,
            to,
            kind,
            text,
        });
    };
    for piece in &sector.own {
        let (from, to) = (piece.offset(), piece.offset() + piece.size());
        let (kind, text) = match piece {
            Piece::Header { .. } if sector.good_copies != [true, true] => (
                Kind::Damaged,
                "header, of which only one copy is good".into(),
            ),
            Piece::Header { .. } => (Kind::Header, "header".into()),
            piece => (Kind::Header, own(piece)),
        };
        add(from, to, kind, text);
    }
    for damaged in &sector.damaged {
        let kind = match damaged.is_tail && sector.header.is_some() {
            true => Kind::Torn,
            false => Kind::Damaged,
        };
        let text = match sector.header {
            Some(_) => format!("{}: {}", kind.word(), reason(damaged.why, schema)),
            None => "no good header: nothing in it counts".into(),
        };
        add(damaged.offset, damaged.offset + damaged.size, kind, text);
    }
    if let Some((from, len)) = sector.erased {
        add(from, from + len, Kind::Free, "erased".into());
    }
    spans
}

/// What the store has written for itself behind a header, in words.
fn own(piece: &Piece) -> String {
    match piece {
        Piece::Opening {
            before: Some(end), ..
        } => format!(
            "opening: sector {} ended at {:#06x}{}",
            end.sector,
            end.offset,
            match end.is_unclean {
                true => ", and something may be behind that",
                false => "",
            }
        ),
        Piece::Opening { .. } => "opening".into(),
        Piece::Table { keys, .. } => format!("table of {}", count(*keys, "key", "keys")),
        _ => "mark: no copies from here on".into(),
    }
}

//! Where in a file the partition is: as the flags say, and for the rest as the headers of its sectors say.
//!
//! A header says how large sectors and words are, and the order in which sectors were opened; it does not say how many there
//! are. So the end of a partition in a larger file is a guess, and so is its beginning. What can't be one partition is not
//! guessed at: two sectors with the same sequence, a first sector behind others, sectors far from each other.

use std::collections::BTreeMap;
use std::io;
use std::ops::Range;
use std::path::Path;

use kvs::host::Header;

use super::headers::{self, Hit, Layout, MOST_HITS};
use super::span::{Look, Span, span};
use super::{Geometry, GeometryArgs, Source};
use crate::file::{MOST, unreadable};
use crate::problem::{Problem, Result};
use crate::terminal::{count, thousands};

/// A partition, and what is strange about it.
pub(super) struct Found {
    pub(super) geometry: Geometry,
    pub(super) doubts: Vec<String>,
}

/// Both copies of a header are in so many bytes, whatever the word.
const HEADERS: u64 = 256;

/// Finds out how the partition in `source` is laid out.
pub(super) fn find(path: &Path, source: &mut Source, args: &GeometryArgs) -> Result<Found> {
    let end = source.len();
    let from = args.offset.unwrap_or(0);
    let length = args.length;
    let to = match (args.offset, length) {
        (Some(_), Some(length)) => from.saturating_add(length),
        _ => end,
    };
    if to > end || from > to || from == to && end != 0 {
        return Err(beyond(path, end, from..to).into());
    }
    // Whoever says where a partition begins and ends may have any.
    let is_given = args.offset.is_some() && length.is_some();
    if to - from > MOST && !is_given {
        return Err(Problem::new(format!(
            "{} has {} bytes: where in it is the partition?",
            path.display(),
            thousands(end)
        ))
        .help("--offset and --length say so; only files of up to 256 MiB are searched, as no NOR flash is larger")
        .into());
    }
    let io = |error: io::Error| unreadable(path, &error);
    // A header that `from` cuts in two is found, too.
    let hits = headers::scan(source, from.saturating_sub(HEADERS)..to).map_err(io)?;
    if hits.len() == MOST_HITS {
        return Err(Problem::new(format!(
            "{} has more sector headers in it than any partition",
            path.display()
        ))
        .into());
    }
    let given_size = args.sector_size.and_then(|size| u32::try_from(size).ok());
    let layout = Layout::of(&hits, given_size, from);
    let sizes = Sizes::of(path, args, layout.as_ref(), from..to)?;
    let finder = Finder {
        path,
        end,
        sizes,
        layout,
    };
    if let Some(offset) = args.offset {
        // With no header behind it, those before it say where sectors begin.
        let all = match finder.layout {
            None if end <= MOST => Layout::of(
                &headers::scan(source, 0..from).map_err(io)?,
                given_size,
                from,
            ),
            _ => None,
        };
        finder.check_offset(offset, finder.layout.as_ref().or(all.as_ref()))?;
    }
    match (args.offset, length) {
        (Some(offset), Some(length)) => finder.given(offset, length),
        (None, Some(length)) if length == end => finder.given(0, length),
        (None, Some(length)) => finder.first(length),
        (offset, None) => finder.guess(source, offset),
    }
}

/// Bytes in a sector and in a word.
#[derive(Clone, Copy)]
struct Sizes {
    sector: u32,
    word: u32,
}

impl Sizes {
    fn of(
        path: &Path,
        args: &GeometryArgs,
        layout: Option<&Layout>,
        searched: Range<u64>,
    ) -> Result<Self, Problem> {
        let number = |given: Option<u64>, found: Option<u32>| {
            let Some(number) = given.or(found.map(u64::from)) else {
                return Err(none(path, &searched));
            };
            let fits = u32::try_from(number).ok().filter(|number| *number != 0);
            fits.ok_or_else(|| {
                Problem::new(format!("{number} bytes is no size of a sector or a word"))
            })
        };
        Ok(Self {
            sector: number(args.sector_size, layout.map(|layout| layout.sector_size))?,
            word: number(args.write_size, layout.map(|layout| layout.write_size))?,
        })
    }
}

fn none(path: &Path, searched: &Range<u64>) -> Problem {
    let bytes = count(searched.end - searched.start, "byte", "bytes");
    let what = match (searched.start, searched.end) {
        (0, 0) => "is empty".into(),
        (0, _) => format!("has no kvs sector header in its {bytes}"),
        (from, _) => format!("has no kvs sector header in the {bytes} from {from:#x} on"),
    };
    Problem::new(format!("{} {what}", path.display())).help(
        "is it the right file? A partition that was never written has none: then say --sector-size and --write-size",
    )
}

fn beyond(path: &Path, len: u64, range: Range<u64>) -> Problem {
    Problem::new(format!(
        "{} has {len} bytes, and the partition would be at {:#x}..{:#x}",
        path.display(),
        range.start,
        range.end
    ))
    .help("is it cut off? Then it is not all there; --offset and --length say where a partition is")
}

struct Finder<'a> {
    path: &'a Path,
    /// Bytes in the file.
    end: u64,
    sizes: Sizes,
    layout: Option<Layout>,
}

impl Finder<'_> {
    fn size(&self) -> u64 {
        self.sizes.sector.into()
    }

    /// The sectors of a range that have a header.
    fn sectors(&self, range: Range<u64>) -> Vec<Hit> {
        let sectors = self.layout.iter().flat_map(|layout| &layout.sectors);
        let sectors = sectors.map(|(at, header)| (*at, *header));
        sectors.filter(|(at, _)| range.contains(at)).collect()
    }

    /// At `--offset`, a sector has to begin, or a number of whole sectors before or behind one.
    fn check_offset(&self, offset: u64, layout: Option<&Layout>) -> Result<(), Problem> {
        let Some(layout) = layout else { return Ok(()) };
        if offset % self.size() == layout.residue {
            return Ok(());
        }
        let places: Vec<_> = layout.sectors.keys().map(|at| format!("{at:#x}")).collect();
        Err(Problem::new(format!(
            "no sector of {} begins at --offset {offset:#x}",
            self.path.display()
        ))
        .help(format!(
            "sectors of {} bytes begin at {}",
            self.size(),
            listed(&places)
        )))
    }

    /// The partition is said to be here.
    fn given(self, offset: u64, length: u64) -> Result<Found> {
        if !length.is_multiple_of(self.size()) {
            return Err(Problem::new(format!(
                "--length {length} is not a number of whole sectors of {} bytes",
                self.size()
            ))
            .into());
        }
        let doubt = repeated(&self.sectors(offset..offset.saturating_add(length)));
        let doubts = doubt.map(|what| format!("{what}: these are two partitions, or one twice"));
        Ok(Found {
            geometry: self.geometry(offset, length, false)?,
            doubts: doubts.into_iter().collect(),
        })
    }

    /// Of a partition, only the length is known: it begins with the first sector that has a header.
    fn first(self, length: u64) -> Result<Found> {
        let first = self.sectors(0..u64::MAX).first().map_or(0, |(at, _)| *at);
        let to = first.saturating_add(length);
        if to > self.end {
            return Err(beyond(self.path, self.end, first..to).into());
        }
        if !length.is_multiple_of(self.size()) {
            return self.given(first, length);
        }
        self.check_one(first..to, first..self.end)?;
        Ok(Found {
            geometry: self.geometry(first, length, true)?,
            doubts: Vec::new(),
        })
    }

    /// Nothing is said of its end, and perhaps nothing of its beginning.
    fn guess(self, source: &mut Source, offset: Option<u64>) -> Result<Found> {
        let residue = self.layout.as_ref().map_or(0, |layout| layout.residue);
        let base = offset.unwrap_or(residue);
        let size = self.size();
        let rest = self.end.saturating_sub(base) % size;
        let whole = self.end - rest;
        let looks = self
            .looks(source, base..whole)
            .map_err(|error| unreadable(self.path, &error))?;
        let place = |index: usize| base + index as u64 * size;
        let first = self.sectors(base..whole).into_iter().next();
        let is_fresh = first.is_some_and(|(_, header)| header.sequence == 1);
        let (range, is_part) = match span(&looks, is_fresh) {
            Span::All => (base..whole, base != 0),
            Span::Part(sectors) => (place(sectors.start)..place(sectors.end), true),
            Span::Several(runs) if offset.is_none() => {
                let runs = runs
                    .iter()
                    .map(|run| format!("{:#x}..{:#x}", place(run.start), place(run.end)));
                let runs = listed(&runs.collect::<Vec<_>>());
                return Err(self.several(&format!("there are sectors at {runs}")).into());
            }
            Span::Several(runs) => (base..place(runs.first().map_or(0, |run| run.end)), true),
        };
        // From where it is said to begin.
        let range = offset.unwrap_or(range.start)..range.end;
        if self.layout.is_some() {
            self.check_one(range.clone(), base..self.end)?;
        }
        let mut doubts = Vec::new();
        if rest != 0 && range.end == whole {
            doubts.push(format!(
                "it seems to be cut off: {} bytes are {} of {size} bytes and {} more",
                thousands(self.end - range.start),
                count((range.end - range.start) / size, "sector", "sectors"),
                count(rest, "byte", "bytes"),
            ));
        }
        if range.end - range.start < 2 * size && !doubts.is_empty() {
            return Err(beyond(self.path, self.end, range.start..range.start + 2 * size).into());
        }
        Ok(Found {
            geometry: self.geometry(range.start, range.end - range.start, is_part)?,
            doubts,
        })
    }

    /// What is guessed at must be one partition, and all that there is of one.
    fn check_one(&self, range: Range<u64>, searched: Range<u64>) -> Result<(), Problem> {
        let sectors = self.sectors(range.clone());
        if let Some(what) = repeated(&sectors) {
            return Err(self.several(&what));
        }
        let is_first = |(at, header): &&Hit| header.sequence == 1 && *at != range.start;
        if let Some((at, _)) = sectors.iter().find(is_first) {
            let what = format!(
                "the sector at {at:#x} is the first that was used of its partition, and not the first here"
            );
            return Err(self.several(&what));
        }
        let others = self.layout.iter().flat_map(|layout| &layout.others);
        let others = others.filter(|at| searched.contains::<u64>(at));
        let others: Vec<_> = others.map(|at| format!("{at:#x}")).collect();
        if !others.is_empty() {
            let what = format!("sectors of another layout begin at {}", listed(&others));
            return Err(self.several(&what));
        }
        Ok(())
    }

    fn several(&self, what: &str) -> Problem {
        Problem::new(format!(
            "{} seems to hold more than one partition: {what}",
            self.path.display()
        ))
        .help("--offset and --length say which one is meant: --offset 0xf8000 --length 32k, for instance")
    }

    /// What the sectors of a range seem to be.
    fn looks(&self, source: &mut Source, range: Range<u64>) -> io::Result<Vec<Look>> {
        const BLOCK: u64 = 1 << 20;
        let size = self.size();
        let headers: BTreeMap<u64, Header> = self.sectors(range.clone()).into_iter().collect();
        let per_block = (BLOCK / size).max(1);
        let mut looks = Vec::new();
        let mut at = range.start;
        while at < range.end {
            let want = (range.end - at).min(per_block * size);
            let mut bytes = vec![0; usize::try_from(want).unwrap_or(0)];
            source.read_at(at, &mut bytes)?;
            for (index, sector) in bytes.chunks(self.sizes.sector as usize).enumerate() {
                looks.push(if headers.contains_key(&(at + index as u64 * size)) {
                    Look::Header
                } else if sector.iter().all(|byte| *byte == 0xFF) {
                    Look::Blank
                } else {
                    Look::Other
                });
            }
            at += want;
        }
        Ok(looks)
    }

    fn geometry(&self, offset: u64, length: u64, is_part: bool) -> Result<Geometry, Problem> {
        let Sizes { sector, word } = self.sizes;
        let sectors = u32::try_from(length / self.size()).unwrap_or(u32::MAX);
        if sectors < 2 || u64::from(sectors) * self.size() > u64::from(u32::MAX) {
            return Err(Problem::new(format!(
                "{} would have {} of {sector} bytes",
                self.path.display(),
                count(sectors, "sector", "sectors"),
            ))
            .help("a partition has at least two sectors, and less than 4 GiB"));
        }
        Ok(Geometry {
            offset,
            sector_size: sector,
            sectors,
            write_size: word,
            is_part,
        })
    }
}

/// Which two sectors have the same sequence. No writer gives it twice in a partition.
fn repeated(sectors: &[Hit]) -> Option<String> {
    let mut seen = BTreeMap::new();
    for (at, header) in sectors {
        if let Some(before) = seen.insert(header.sequence, at) {
            return Some(format!(
                "the sectors at {before:#x} and {at:#x} both have the sequence {}",
                header.sequence
            ));
        }
    }
    None
}

/// The first few of many.
fn listed(items: &[String]) -> String {
    const MOST: usize = 6;
    let mut text = items
        .iter()
        .take(MOST)
        .cloned()
        .collect::<Vec<_>>()
        .join(", ");
    if items.len() > MOST {
        text.push_str(&format!(" and {} more", items.len() - MOST));
    }
    text
}

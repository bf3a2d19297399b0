//! How a partition is laid out: as the flags say, and for the rest as the headers in the image say.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::ops::Range;
use std::path::Path;

use clap::Args;
use kvs::host::Header;

use super::{Source, unreadable};
use crate::problem::{Problem, Result};

/// How the partition is laid out; what is left out is guessed from the image
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct GeometryArgs {
    /// Bytes in a sector
    #[arg(help_heading = "Layout (guessed from the image if left out)", long, value_name = "BYTES", value_parser = size)]
    pub(crate) sector_size: Option<u64>,
    /// Bytes in a word, the least that is programmed
    #[arg(help_heading = "Layout (guessed from the image if left out)", long, value_name = "BYTES", value_parser = size)]
    pub(crate) write_size: Option<u64>,
    /// Where in the file the partition begins
    #[arg(help_heading = "Layout (guessed from the image if left out)", long, value_name = "BYTES", value_parser = size)]
    pub(crate) offset: Option<u64>,
    /// Bytes in the partition
    #[arg(help_heading = "Layout (guessed from the image if left out)", long, value_name = "BYTES", value_parser = size)]
    pub(crate) length: Option<u64>,
}

/// How a partition is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Geometry {
    pub(crate) offset: u64,
    pub(crate) sector_size: u32,
    pub(crate) sectors: u32,
    pub(crate) write_size: u32,
    /// Where it begins and ends is a guess, in a file that holds something else, too.
    pub(crate) is_part: bool,
}

impl Geometry {
    pub(crate) fn len(&self) -> u64 {
        u64::from(self.sector_size) * u64::from(self.sectors)
    }
}

impl fmt::Display for Geometry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            sectors,
            sector_size,
            write_size,
            ..
        } = self;
        write!(
            f,
            "{sectors} sectors of {sector_size} bytes, words of {write_size}"
        )?;
        if self.offset != 0 || self.is_part {
            write!(
                f,
                ", at {:#x}..{:#x}",
                self.offset,
                self.offset + self.len()
            )?;
        }
        Ok(())
    }
}

/// `4096`, `4k`, `0x1000`, `1M`.
pub(crate) fn size(text: &str) -> Result<u64, String> {
    let lower = text.replace('_', "").to_ascii_lowercase();
    let (digits, factor) = match lower.strip_suffix(['k', 'm']) {
        Some(digits) if lower.ends_with('k') => (digits, 1 << 10),
        Some(digits) => (digits, 1 << 20),
        None => (lower.as_str(), 1),
    };
    let number = match digits.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16),
        None => digits.parse(),
    };
    let number = number.ok().and_then(|number| number.checked_mul(factor));
    number.ok_or_else(|| "a number of bytes is written 4096, 0x1000 or 4k".into())
}

/// What a sector seems to be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Look {
    Header,
    Blank,
    Other,
}

/// Finds out how the partition in `source` is laid out.
pub(super) fn find(path: &Path, source: &mut Source, args: &GeometryArgs) -> Result<Geometry> {
    let io = |error: io::Error| unreadable(path, &error);
    let is_given = args.sector_size.is_some() && args.write_size.is_some();
    let found = match is_given {
        true => None,
        false => {
            let from = args.offset.unwrap_or(0).min(source.len());
            let to = args
                .length
                .map_or(u64::MAX, |length| from.saturating_add(length));
            let hits = headers(source, from..to.min(source.len())).map_err(io)?;
            Some(guess(&hits).ok_or_else(|| none(path, source))?)
        }
    };
    let number = |given: Option<u64>, guessed: Option<u32>| {
        let number = given.or(guessed.map(u64::from)).unwrap_or(0);
        u32::try_from(number)
            .ok()
            .filter(|number| *number != 0)
            .ok_or_else(|| Problem::new(format!("{number} bytes is no size of a sector or a word")))
    };
    let sector_size = number(
        args.sector_size,
        found.as_ref().map(|found| found.sector_size),
    )?;
    let write_size = number(
        args.write_size,
        found.as_ref().map(|found| found.write_size),
    )?;
    let residue = found.map_or(0, |found| found.residue);
    let mut range = (args.offset.unwrap_or(residue), source.len());
    let mut is_part = false;
    if args.length.is_none() && args.offset.is_none() && !is_given {
        (range, is_part) = span(source, residue, sector_size).map_err(io)?;
    }
    if let Some(length) = args.length {
        range.1 = range.0.saturating_add(length);
    }
    let len = range
        .1
        .checked_sub(range.0)
        .filter(|_| range.1 <= source.len());
    let Some(len) = len else {
        return Err(Problem::new(format!(
            "{} has {} bytes, and the partition would be at {:#x}..{:#x}",
            path.display(),
            source.len(),
            range.0,
            range.1
        ))
        .into());
    };
    let sectors = u32::try_from(len / u64::from(sector_size)).unwrap_or(u32::MAX);
    let rest = len % u64::from(sector_size);
    if rest != 0 && args.length.is_some() {
        return Err(Problem::new(format!(
            "--length {len} is not a number of whole sectors of {sector_size} bytes"
        ))
        .into());
    }
    if sectors < 2 || u64::from(sectors) * u64::from(sector_size) > u64::from(u32::MAX) {
        return Err(Problem::new(format!(
            "{} would have {sectors} sectors of {sector_size} bytes",
            path.display()
        ))
        .help("a partition has at least two sectors, and less than 4 GiB")
        .into());
    }
    Ok(Geometry {
        offset: range.0,
        sector_size,
        sectors,
        write_size,
        is_part,
    })
}

fn none(path: &Path, source: &Source) -> Problem {
    let what = match source.len() {
        0 => "is empty".into(),
        len => format!("has no kvs sector header in its {len} bytes"),
    };
    Problem::new(format!("{} {what}", path.display())).help(
        "is it the right file? A partition that was never written has none: then say --sector-size and --write-size",
    )
}

/// Where a header is, and what it says.
type Hit = (u64, Header);

/// All good copies of headers in a range, at any place.
fn headers(source: &mut Source, range: Range<u64>) -> io::Result<Vec<Hit>> {
    const BLOCK: usize = 1 << 20;
    let mut hits = Vec::new();
    let mut at = range.start;
    while at < range.end {
        // The blocks overlap, so that a header between two of them is seen in one.
        let want = (range.end - at).min((BLOCK + Header::LEN - 1) as u64);
        let mut bytes = vec![0; usize::try_from(want).unwrap_or(0)];
        source.read_at(at, &mut bytes)?;
        let mut from = 0;
        while let Some(next) = bytes
            .get(from..)
            .and_then(|rest| rest.iter().position(|it| *it == b'K'))
        {
            let offset = from + next;
            if let Some(header) = bytes.get(offset..).and_then(Header::decode) {
                hits.push((at + offset as u64, header));
            }
            from = offset + 1;
        }
        at += BLOCK as u64;
    }
    Ok(hits)
}

struct Guess {
    sector_size: u32,
    write_size: u32,
    /// Where sectors begin, from any multiple of the sector size.
    residue: u64,
}

/// What most headers say.
fn guess(hits: &[Hit]) -> Option<Guess> {
    let mut votes = BTreeMap::new();
    for (_, header) in hits {
        *votes.entry(header.geometry).or_insert(0) += 1;
    }
    let (&geometry, _) = votes.iter().max_by_key(|(_, votes)| **votes)?;
    let hits: Vec<_> = hits
        .iter()
        .filter(|(_, header)| header.geometry == geometry)
        .collect();
    let (_, header) = hits.first()?;
    let write_size = header.write_size();
    let stride = Header::places(write_size).0 as u64;
    let is_second = |(at, header): &Hit| {
        let first = at.checked_sub(stride);
        first.is_some_and(|first| hits.contains(&&(first, *header)))
    };
    let starts: Vec<u64> = hits
        .iter()
        .filter(|hit| !is_second(hit))
        .map(|(at, _)| *at)
        .collect();
    let sector_size = sector_size(header.sector_size(), &starts);
    let mut residues = BTreeMap::new();
    for start in &starts {
        *residues.entry(start % u64::from(sector_size)).or_insert(0) += 1;
    }
    // Of equally many the first: a sector of which only the second copy is good seems to begin there.
    let most = residues.values().max()?;
    let (&residue, _) = residues.iter().find(|(_, votes)| *votes == most)?;
    Some(Guess {
        sector_size,
        write_size,
        residue,
    })
}

/// The header has only the power of two below the sector size. If the sectors are not that far apart, it is what divides
/// all distances.
fn sector_size(power: u32, starts: &[u64]) -> u32 {
    let gcd = starts
        .windows(2)
        .filter_map(|pair| pair[1].checked_sub(pair[0]))
        .fold(0, gcd);
    if gcd % u64::from(power) == 0 {
        return power;
    }
    let fits = |size: &u64| size.ilog2() == power.ilog2();
    let sizes = (1..=gcd).take_while(|part| gcd / part >= u64::from(power));
    let mut sizes = sizes.filter(|part| gcd % part == 0).map(|part| gcd / part);
    let size = sizes.find(fits).unwrap_or(u64::from(power));
    u32::try_from(size).unwrap_or(power)
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// From where to where the partition is, in a file that may hold something else, too; whether it does.
fn span(source: &mut Source, residue: u64, sector_size: u32) -> io::Result<((u64, u64), bool)> {
    let size = u64::from(sector_size);
    let count = (source.len() - residue) / size;
    let mut looks = Vec::new();
    let mut bytes = vec![0; sector_size as usize];
    for index in 0..count {
        source.read_at(residue + index * size, &mut bytes)?;
        // Both copies may be anywhere in the first bytes, whatever the word.
        let front = bytes.get(..144).unwrap_or(&bytes);
        let header = front
            .windows(Header::LEN)
            .any(|it| Header::decode(it).is_some());
        looks.push(if header {
            Look::Header
        } else if bytes.iter().all(|byte| *byte == 0xFF) {
            Look::Blank
        } else {
            Look::Other
        });
    }
    let others = looks.iter().filter(|look| **look == Look::Other).count();
    let is_whole = residue == 0 && source.len().is_multiple_of(size);
    // One sector may be in mid-erase.
    if is_whole && others <= 1 {
        return Ok(((0, source.len()), false));
    }
    let is_header = |look: &Look| *look == Look::Header;
    let first = looks.iter().position(is_header).unwrap_or(0);
    let last = looks.iter().rposition(is_header).unwrap_or(0);
    let before = looks.get(..first).unwrap_or(&[]).iter().rev();
    let behind = looks.get(last + 1..).unwrap_or(&[]).iter();
    let blank = |look: &&Look| **look == Look::Blank;
    let from = first - before.take_while(blank).count();
    let to = last + 1 + behind.take_while(blank).count();
    let (from, to) = match to - from {
        0 | 1 if to < looks.len() => (from, to + 1),
        0 | 1 => (from.saturating_sub(1), to),
        _ => (from, to),
    };
    let place = |index: usize| residue + index as u64 * size;
    Ok(((place(from), place(to)), true))
}

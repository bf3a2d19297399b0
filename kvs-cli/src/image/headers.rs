//! Sector headers in a file, and what they say together: how large sectors are and where they begin.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::ops::Range;

use kvs::host::Header;
use memchr::memmem;

use super::Source;

/// Where a good copy of a header is, and what it says.
pub(super) type Hit = (u64, Header);

/// The first two bytes of a header.
const MAGIC: &[u8] = b"KV";
/// No flash has smaller sectors: what says so is no header, but bytes that happen to look like one.
const LEAST_SECTOR: u32 = 64;
/// Twice as many as the largest partition has.
pub(super) const MOST_HITS: usize = 1 << 18;

/// All good copies of headers in a range, at any place, in order; at most [`MOST_HITS`].
pub(super) fn scan(source: &mut Source, range: Range<u64>) -> io::Result<Vec<Hit>> {
    const BLOCK: u64 = 1 << 20;
    let magic = memmem::Finder::new(MAGIC);
    let mut hits = Vec::new();
    let mut at = range.start;
    while at < range.end && hits.len() < MOST_HITS {
        // The blocks overlap, so that a header between two of them is seen in one.
        let want = (range.end - at).min(BLOCK + Header::LEN as u64 - 1);
        let mut bytes = vec![0; usize::try_from(want).unwrap_or(0)];
        source.read_at(at, &mut bytes)?;
        for offset in magic.find_iter(&bytes) {
            let header = bytes.get(offset..).and_then(Header::decode);
            if let Some(header) = header.filter(|it| it.sector_size() >= LEAST_SECTOR) {
                hits.push((at + offset as u64, header));
            }
        }
        at += BLOCK;
    }
    hits.truncate(MOST_HITS);
    Ok(hits)
}

/// What the headers of a partition say together.
pub(super) struct Layout {
    pub(super) sector_size: u32,
    pub(super) write_size: u32,
    /// Where sectors begin, from any multiple of the sector size.
    pub(super) residue: u64,
    /// The sectors that have a header, by their address.
    pub(super) sectors: BTreeMap<u64, Header>,
    /// Where other sectors begin: of another size, or in between. Both copies of their headers are good.
    pub(super) others: Vec<u64>,
}

/// A sector may begin here: surely, where both copies of its header are good.
struct Start {
    at: u64,
    header: Header,
    is_sure: bool,
}

impl Layout {
    /// What most headers say. Of equally many places where sectors may begin, the one that fits `origin` is taken.
    pub(super) fn of(hits: &[Hit], sector_size: Option<u32>, origin: u64) -> Option<Self> {
        let mut groups: BTreeMap<_, Vec<Hit>> = BTreeMap::new();
        for hit in hits {
            groups.entry(hit.1.geometry).or_default().push(*hit);
        }
        let (&geometry, _) = groups.iter().max_by_key(|(_, hits)| hits.len())?;
        let group = groups.remove(&geometry)?;
        let (_, header) = group.first()?;
        let write_size = header.write_size();
        let stride = Header::places(write_size).0 as u64;
        let starts = starts(&group);
        let size = sector_size.unwrap_or_else(|| infer_size(header.sector_size(), &starts));
        let size_wide = u64::from(size.max(1));
        let residue = residue(&starts, size_wide, stride, origin % size_wide)?;
        let mut sectors = BTreeMap::new();
        let mut others = Vec::new();
        for start in &starts {
            let here = start.at % size_wide == residue;
            let before = start.at.checked_sub(stride);
            let before = before.filter(|at| !start.is_sure && at % size_wide == residue);
            match (here, before) {
                (true, _) => {
                    sectors.insert(start.at, start.header);
                }
                (false, Some(at)) => {
                    sectors.insert(at, start.header);
                }
                (false, None) if start.is_sure => others.push(start.at),
                (false, None) => {}
            }
        }
        for group in groups.values() {
            let starts = self::starts(group);
            let sure = starts.iter().filter(|start| start.is_sure);
            others.extend(sure.map(|start| start.at));
        }
        others.sort_unstable();
        Some(Self {
            sector_size: size,
            write_size,
            residue,
            sectors,
            others,
        })
    }
}

/// The first copies of headers; and the second ones whose first is damaged, which nobody can tell from these.
fn starts(hits: &[Hit]) -> Vec<Start> {
    let mut seconds = BTreeSet::new();
    let mut out = Vec::new();
    for &(at, header) in hits {
        if seconds.remove(&at) {
            continue;
        }
        let second = at + Header::places(header.write_size()).0 as u64;
        let found = hits.binary_search_by_key(&second, |(at, _)| *at);
        let twin = found.ok().and_then(|index| hits.get(index));
        let is_sure = twin.is_some_and(|(_, twin)| *twin == header);
        if is_sure {
            seconds.insert(second);
        }
        out.push(Start {
            at,
            header,
            is_sure,
        });
    }
    out
}

/// Where most sectors begin.
fn residue(starts: &[Start], size: u64, stride: u64, preferred: u64) -> Option<u64> {
    let mut votes: BTreeMap<u64, usize> = BTreeMap::new();
    for start in starts {
        if start.is_sure {
            *votes.entry(start.at % size).or_default() += 2;
            continue;
        }
        *votes.entry(start.at % size).or_default() += 1;
        if let Some(before) = start.at.checked_sub(stride) {
            *votes.entry(before % size).or_default() += 1;
        }
    }
    let most = *votes.values().max()?;
    if votes.get(&preferred) == Some(&most) {
        return Some(preferred);
    }
    let mut best = votes.iter().filter(|(_, votes)| **votes == most);
    best.next().map(|(residue, _)| *residue)
}

/// The header has only the power of two below the sector size. If the sectors are not that far apart, it is what divides
/// all distances.
fn infer_size(power: u32, starts: &[Start]) -> u32 {
    let sure = starts.iter().filter(|start| start.is_sure).count();
    let places: Vec<u64> = starts
        .iter()
        .filter(|start| start.is_sure || sure < 2)
        .map(|start| start.at)
        .collect();
    let gcd = places
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

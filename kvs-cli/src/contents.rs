//! What an image holds: every entry that is still in flash, which of them count, and what is damaged.
//!
//! Which entries count, the mounted store says; what else is there, the sectors' pieces do.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use kvs::host::{self, Damage, EntryKey, Header, Piece};
use kvs::{Error, SectorInfo, Stats};

use crate::image::{GeometryArgs, Image, Key, mount};
use crate::problem::Result;
use crate::schema::Schema;
use crate::terminal::warn;

/// All that there is to see of an image.
pub(crate) struct Contents {
    /// The entries, newest first.
    pub(crate) entries: Vec<Entry>,
    pub(crate) sectors: Vec<Sector>,
    pub(crate) stats: Stats,
    /// The hashes of keys that can't be read.
    pub(crate) corrupt: Vec<u32>,
}

/// What an entry is to its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum State {
    /// The key's value.
    Live,
    /// The key is deleted, and this says so.
    Deleted,
    /// A newer entry counts.
    Stale,
    /// Of a commit that was not finished.
    Unfinished,
}

impl State {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Deleted => "deleted",
            Self::Stale => "stale",
            Self::Unfinished => "unfinished",
        }
    }
}

/// An entry.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) state: State,
    pub(crate) key: EntryKey,
    pub(crate) hash: u32,
    pub(crate) is_tombstone: bool,
    pub(crate) value: Vec<u8>,
    pub(crate) sector: u32,
    pub(crate) offset: u32,
    pub(crate) size: u32,
    pub(crate) sequence: u32,
    /// How many entries are newer.
    pub(crate) age: usize,
    /// A collection wrote it, of an entry that stood elsewhere.
    pub(crate) is_copy: bool,
    /// It was written together with the one before.
    pub(crate) continues: bool,
    pub(crate) more: bool,
    /// Its padding is all erased, as it is written.
    pub(crate) is_padded_well: bool,
}

/// Something that was written, or torn or rotten where that should be.
pub(crate) enum Event<'a> {
    Entry(&'a Entry),
    /// With its sector.
    Damaged(u32, &'a Damaged),
}

/// A stretch of a sector that is no entry.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Damaged {
    pub(crate) offset: u32,
    pub(crate) size: u32,
    pub(crate) why: Damage,
    pub(crate) is_tail: bool,
}

impl Damaged {
    /// Torn by a power cut, most likely, or rotten.
    pub(crate) fn word(&self) -> &'static str {
        if self.is_tail { "torn" } else { "damaged" }
    }
}

/// A sector.
pub(crate) struct Sector {
    pub(crate) info: SectorInfo,
    pub(crate) header: Option<Header>,
    pub(crate) good_copies: [bool; 2],
    pub(crate) damaged: Vec<Damaged>,
    /// Erased flash: offset and bytes.
    pub(crate) erased: Option<(u32, u32)>,
    /// What the store has written for itself: the header, the opening, tables and marks.
    pub(crate) own: Vec<Piece>,
}

/// Opens an image, reads all of it, and tells of what may be another than it seems.
pub(crate) fn open(
    path: &Path,
    geometry: &GeometryArgs,
    schema: Option<&Schema>,
) -> Result<(Image, Contents)> {
    let mut image = Image::open(path, geometry)?;
    for doubt in &image.doubts {
        warn(&format!("{}: {doubt}", path.display()));
    }
    let contents = Contents::read(&mut image)?;
    contents.warn_of(path, schema);
    Ok((image, contents))
}

/// How many typed keys are stored, and how many of them a schema has.
pub(crate) struct Fit {
    stored: usize,
    pub(crate) known: usize,
}

impl Fit {
    /// What is said where few of them are known.
    pub(crate) fn doubt(&self, schema: &Schema) -> Option<String> {
        (self.known * 2 < self.stored).then(|| {
            format!(
                "of {} typed keys, {} are in the lock file of `{}`: is it another firmware's? Then names and values are wrong",
                self.stored, self.known, schema.lock.name
            )
        })
    }
}

impl Contents {
    /// Doubts a schema aloud that has few of the keys.
    pub(crate) fn warn_of(&self, path: &Path, schema: Option<&Schema>) {
        let Some(schema) = schema else { return };
        if let Some(doubt) = self.fit(schema).doubt(schema) {
            warn(&format!("{}: {doubt}", path.display()));
        }
    }

    pub(crate) fn fit(&self, schema: &Schema) -> Fit {
        let is_typed = |entry: &&Entry| matches!(entry.key, EntryKey::Hash(_));
        let typed = || self.live().filter(is_typed);
        Fit {
            stored: typed().count(),
            known: typed()
                .filter(|entry| schema.typed(entry.hash).is_some())
                .count(),
        }
    }

    /// Reads all of an image.
    pub(crate) fn read(image: &mut Image) -> Result<Self> {
        let mut keys: Vec<Key> = Vec::new();
        let mut corrupt = Vec::new();
        let mut infos = Vec::new();
        let mut stats = None;
        mount(image, true, |store| {
            for key in store.keys() {
                match key {
                    Ok(key) => keys.push(key),
                    Err(Error::Corrupt { key }) => corrupt.push(key),
                    Err(_) => {}
                }
            }
            infos = store.sectors();
            stats = Some(store.stats());
        })?;
        let live: BTreeSet<_> = keys.iter().map(|key| (key.sector, key.offset)).collect();
        let mut entries = Vec::new();
        let mut sectors = Vec::new();
        let geometry = image.geometry;
        let (size, word) = (geometry.sector_size, geometry.write_size);
        let bytes = image.bytes(0, usize::try_from(geometry.len()).unwrap_or(usize::MAX))?;
        let cut = host::sectors(&bytes, size, word);
        for ((info, cut), bytes) in infos.into_iter().zip(cut).zip(bytes.chunks(size as usize)) {
            let (sector, found) = split(info, cut, bytes);
            sectors.push(sector);
            entries.extend(found);
        }
        for entry in &mut entries {
            if live.contains(&(entry.sector as usize, entry.offset)) {
                entry.state = State::Live;
            }
        }
        entries.sort_by_key(|entry| (entry.sequence, entry.sector, entry.offset));
        entries.reverse();
        name_tombstones(&mut entries);
        let mut seen = BTreeSet::new();
        for (age, entry) in entries.iter_mut().enumerate() {
            entry.age = age;
            if entry.state == State::Unfinished {
                continue;
            }
            let is_newest = seen.insert(entry.hash);
            if is_newest && entry.is_tombstone {
                entry.state = State::Deleted;
            }
        }
        let Some(stats) = stats else {
            return Err(crate::problem::Problem::new("the store was not mounted").into());
        };
        Ok(Self {
            entries,
            sectors,
            stats,
            corrupt,
        })
    }

    /// All that happened, newest first.
    pub(crate) fn events(&self) -> Vec<Event<'_>> {
        let mut out = Vec::new();
        for entry in &self.entries {
            let key = (entry.sequence, entry.sector, entry.offset);
            out.push((key, Event::Entry(entry)));
        }
        for sector in &self.sectors {
            let index = u32::try_from(sector.info.index).unwrap_or(u32::MAX);
            for damaged in &sector.damaged {
                let key = (sector.info.sequence, index, damaged.offset);
                out.push((key, Event::Damaged(index, damaged)));
            }
        }
        out.sort_by_key(|(key, _)| std::cmp::Reverse(*key));
        out.into_iter().map(|(_, event)| event).collect()
    }

    /// The entries that are their keys' values.
    pub(crate) fn live(&self) -> impl Iterator<Item = &Entry> {
        let is_live = |entry: &&Entry| entry.state == State::Live;
        self.entries.iter().filter(is_live)
    }
}

/// A tombstone has a hash only; of a named key an older entry may still have the name.
fn name_tombstones(entries: &mut [Entry]) {
    let mut names = BTreeMap::new();
    for entry in entries.iter() {
        if let EntryKey::Name(_) = entry.key {
            names.insert(entry.hash, entry.key.clone());
        }
    }
    for entry in entries.iter_mut().filter(|entry| entry.is_tombstone) {
        if let Some(name) = names.get(&entry.hash) {
            entry.key = name.clone();
        }
    }
}

/// A sector that has been cut into pieces, and the entries among them.
fn split(info: SectorInfo, found: host::Sector, bytes: &[u8]) -> (Sector, Vec<Entry>) {
    let index = u32::try_from(info.index).unwrap_or(u32::MAX);
    let sequence = found.header.map_or(0, |header| header.sequence);
    let mut sector = Sector {
        info,
        header: found.header,
        good_copies: found.good_copies,
        damaged: Vec::new(),
        erased: None,
        own: Vec::new(),
    };
    let mut entries = Vec::new();
    for piece in found.pieces {
        match piece {
            Piece::Entry(entry) => {
                let end = (entry.offset + entry.size) as usize;
                // Behind the value are the checksum's four bytes, and then padding.
                let padding = bytes.get(entry.value.end + 4..end).unwrap_or(&[]);
                entries.push(Entry {
                    state: match entry.committed {
                        true => State::Stale,
                        false => State::Unfinished,
                    },
                    is_tombstone: entry.is_tombstone,
                    value: bytes.get(entry.value).unwrap_or(&[]).to_vec(),
                    sector: index,
                    offset: entry.offset,
                    size: entry.size,
                    sequence,
                    age: 0,
                    is_copy: entry.is_copy,
                    continues: entry.continues,
                    more: entry.more,
                    is_padded_well: padding.iter().all(|byte| *byte == 0xFF),
                    hash: entry.hash,
                    key: entry.key,
                });
            }
            Piece::Damaged {
                offset,
                size,
                why,
                is_tail,
            } => sector.damaged.push(Damaged {
                offset,
                size,
                why,
                is_tail,
            }),
            Piece::Erased { offset, size } => sector.erased = Some((offset, size)),
            own => sector.own.push(own),
        }
    }
    (sector, entries)
}

/// Why a stretch is no entry, in words.
pub(crate) fn reason(why: Damage, schema: Option<&Schema>) -> String {
    match why {
        Damage::NoEntry => "no entry begins like this".into(),
        Damage::TooLong(len) => format!("an entry of {len} bytes would not fit the sector"),
        Damage::Checksum { len, hash } => {
            let typed = hash.and_then(|hash| schema?.typed(hash));
            let whose = match (typed, hash) {
                (Some(typed), _) => format!(" that says it is {}", typed.name()),
                (None, Some(hash)) => format!(" that says it is {hash:#010x}"),
                (None, None) => String::new(),
            };
            format!("the checksum of an entry of {len} bytes{whose} is wrong")
        }
        Damage::Hole => "erased words where an entry should be".into(),
        _ => "no entry".into(),
    }
}

//! Keys without a slot: where there are more keys than slots, the others are looked for in flash.
//!
//! They are as good as others, and slow: each look reads the sectors from the newest back to where
//! the key's latest entry is.

use super::mount::Except;
use super::place::Place;
use super::read::Found;
use super::scan::{Scan, Visit};
use super::{Device, Engine, Fault, Job, PARTIAL, UNREAD};
use crate::checksum::Checksum;

/// Of how many tombstones a commit asks whether they hide something.
const TOMBSTONES: u8 = 1;

/// A search that is under way.
pub(super) struct Search {
    step: Step,
    /// Sectors from this sequence on have been searched.
    before: u32,
    /// The lowest hash that was met.
    lowest: u32,
    /// The latest entry of the key, which may be a tombstone that hides nothing.
    tombstone: Place,
    /// The key that was searched for last, and where its latest entry is.
    known: Option<(u32, Place)>,
    /// Where an entry is looked for that is to be moved, and how long the one there is.
    victim_at: u32,
    len: u32,
}

#[derive(Clone, Copy)]
enum Step {
    Start,
    Next,
    /// Where this sector ends.
    End(usize),
    Scan,
}

impl Search {
    pub(super) const START: Self = Self {
        step: Step::Start,
        before: 0,
        lowest: 0,
        tombstone: Place::NONE,
        known: None,
        victim_at: 0,
        len: 0,
    };
}

impl<D: Device, C: Checksum> Engine<'_, D, C> {
    /// Where the latest entry of a key is, be it listed or not.
    pub(super) fn locate(&mut self, hash: u32, job: &mut Job) -> Result<Place, Fault> {
        let place = self.index.get(hash);
        if !self.is(PARTIAL) || !place.is_none() || place.is_replaced() {
            return Ok(place);
        }
        match job.search.known {
            Some((known, place)) if known == hash => Ok(place),
            _ => {
                let (_, place) = self.search(Visit::Find(hash), job)?;
                job.search.known = Some((hash, place));
                Ok(place)
            }
        }
    }

    /// Whether it is certain that a tombstone that is to be moved hides nothing any more. All that is
    /// older is read for that, so it is asked a few times in a commit, and where room is scarce.
    pub(super) fn hides_nothing(&mut self, hash: u32, job: &mut Job) -> Result<bool, Fault> {
        let is_known = job.search.known.is_some_and(|(known, _)| known == hash);
        if !is_known {
            // What can't be read, or has no header, may be what it hides.
            let may_be_hidden = self.is(UNREAD | PARTIAL) || self.index.has_unknown();
            if may_be_hidden || job.tombstones == TOMBSTONES || self.is_live_below(3) {
                return Ok(false);
            }
            let place = match self.search(Visit::Find(hash), job) {
                Err(Fault::Flash) => Place::UNKNOWN,
                found => found?.1,
            };
            job.tombstones = job.tombstones.wrapping_add(1);
            job.search.known = Some((hash, place));
        }
        Ok(job.search.known.is_some_and(|(_, place)| place.is_none()))
    }

    /// The lowest hash from `from` on that has an entry, perhaps a tombstone.
    pub(super) fn lowest_from(&mut self, from: u32, job: &mut Job) -> Result<Option<u32>, Fault> {
        let (hash, place) = self.search(Visit::Lowest(from), job)?;
        Ok((!place.is_none()).then_some(hash))
    }

    /// Whether something could not be read that the mount could read: it may be what is looked for.
    fn has_missed(&self) -> bool {
        self.flash.unread() != 0 && !self.is(UNREAD)
    }

    /// Goes through the sectors, the newest first.
    #[inline(never)]
    fn search(&mut self, visit: Visit, job: &mut Job) -> Result<(u32, Place), Fault> {
        loop {
            match job.search.step {
                Step::Start => {
                    job.search.before = u32::MAX;
                    job.search.lowest = u32::MAX;
                    job.search.tombstone = Place::NONE;
                    job.scan = Scan::new(0, 0, 0);
                    self.flash.forget_unread();
                    job.search.step = Step::Next;
                }
                Step::Next => {
                    if self.has_missed() {
                        job.search.step = Step::Start;
                        return Err(Fault::Flash);
                    }
                    let Some(number) = self.newest_opened(job.search.before) else {
                        job.search.step = Step::Start;
                        return Ok((job.search.lowest, job.scan.place));
                    };
                    job.search.before = self.index.sector(number).sequence;
                    job.search.step = Step::End(number);
                }
                Step::End(number) => {
                    let place = job.scan.place;
                    self.begin_scan(number, job)?;
                    job.scan.visit = visit;
                    if let Visit::Lowest(_) = visit {
                        job.scan.place = place;
                    }
                    job.search.step = Step::Scan;
                }
                Step::Scan => {
                    self.scan(job)?;
                    job.search.lowest = job.search.lowest.min(job.scan.hash);
                    job.search.step = Step::Next;
                    let found = job.scan.place;
                    let is_unread = self.has_missed();
                    if !matches!(visit, Visit::Find(_)) || found.is_none() || is_unread {
                        continue;
                    }
                    if job.search.tombstone.is_none() {
                        job.search.tombstone = found;
                    }
                    // A tombstone counts if there is a value that it hides.
                    if found.is_value() || found.hides_near() {
                        job.search.step = Step::Start;
                        return Ok((0, job.search.tombstone));
                    }
                    job.scan.place = Place::NONE;
                }
            }
        }
    }

    /// Gives a key a slot that a commit is about to change, or a collection to move: another, not of
    /// `sector`, may lose its own. `false` if it needs none, as it is a new key.
    pub(super) fn list(
        &mut self,
        hash: u32,
        place: Place,
        sector: usize,
        job: &mut Job,
    ) -> Result<bool, Fault> {
        let was_listed = !self.index.get(hash).is_none();
        if self.index.is_full() && !was_listed && !self.is(PARTIAL) {
            // What is live has to be counted anew: tombstones, too, that hide nothing.
            self.set(PARTIAL, true);
            return Err(self.remount(Except::Nothing, job));
        }
        let is_new = place.is_none();
        let Some(lost) = self.index.list(hash, place, sector, is_new) else {
            return match is_new {
                true => Ok(false),
                false => Err(Fault::TooManyKeys),
            };
        };
        if let Some(is_value) = lost {
            self.unlisted = self.unlisted.saturating_add(is_value.into());
            self.set(PARTIAL, true);
        }
        if place.is_value() && !was_listed {
            self.unlisted = self.unlisted.saturating_sub(1);
        }
        Ok(true)
    }

    /// Counts an entry that was appended, and has no slot.
    pub(super) fn count_unlisted(&mut self, place: Place) {
        self.index.count(place, true);
        self.unlisted = self.unlisted.saturating_add(1);
    }

    /// Whether a key that no slot tells of is new. Those that are not have not been changed.
    pub(super) fn is_new(&mut self, hash: u32, job: &mut Job) -> Result<bool, Fault> {
        let is_listed = !self.is(PARTIAL) || !self.index.get(hash).is_none();
        Ok(!is_listed && !self.locate(hash, job)?.is_value())
    }

    /// Gives a key a slot whose latest entry is in a sector that is to be emptied. `false` if there is
    /// none.
    pub(super) fn list_live_in(&mut self, sector: usize, job: &mut Job) -> Result<bool, Fault> {
        let base = self.flash.base(sector);
        let end = base.wrapping_add(self.flash.sector_size());
        let first = base.wrapping_add(Self::FIRST);
        if !(first..end).contains(&job.search.victim_at) {
            job.search.victim_at = first;
            job.search.known = None;
            job.probe.forget_vain();
        }
        while job.search.victim_at < end {
            let at = job.search.victim_at;
            if job.search.known.is_none() {
                let found = self.probe(at, &mut job.probe)?;
                let header = job.probe.header;
                let is_unlisted = found == Found::Entry
                    && !header.is_of_sector()
                    && self.index.get(header.hash).is_none();
                if !is_unlisted {
                    let len = match found {
                        Found::Entry => header.entry_len(Self::WORD),
                        _ => Self::WORD,
                    };
                    job.search.victim_at = at.wrapping_add(len);
                    continue;
                }
                job.search.known = Some((header.hash, self.place_of(at, &header)));
                job.search.len = header.entry_len(Self::WORD);
            }
            let Some((hash, place)) = job.search.known else {
                break;
            };
            let (_, latest) = self.search(Visit::Find(hash), job)?;
            job.search.known = None;
            job.search.victim_at = at.wrapping_add(job.search.len);
            if self.address_of(latest) == self.address_of(place) {
                self.list(hash, latest, sector, job)?;
                return Ok(true);
            }
        }
        job.search.victim_at = 0;
        Ok(false)
    }
}

//! From entries to winners: what of all that is in flash a mount takes into the tables.
//!
//! Takes in summaries from the newest on, as far as they tell of all keys; else sector by sector,
//! oldest first, so that the last entry seen of a key is its winner (invariant 1). A partition that
//! was cut in mid-collection reads its newest sector twice, and the collection goes on where it
//! was.

use core::ops::Range;

use super::flash::{CHUNK, FlashResult};
use super::newest::Newest;
use super::scan::Tail;
use super::summary::{Items, Summary};
use super::window::{Entry, Window, note_hole};
use super::{NorFlash, Store, bisync};
use crate::checksum::Checksum;
use crate::events;
use crate::format::Keys;
use crate::map::Place;
use crate::options::Summaries;
use crate::sectors::State;

/// How much is read, and what it is good for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Reading {
    /// Where a sector has a summary, that instead of its entries.
    Summaries,
    /// All there is.
    Everything,
    /// All there is, once for as many keys as there are slots, in order of their hashes: the tables
    /// of the sectors are whole then, and the map has the last of the keys.
    InParts,
}

impl Reading {
    pub(crate) const ALL: [Self; 3] = [Self::Summaries, Self::Everything, Self::InParts];
}

/// The hashes that are taken into the map: all of them, or a part.
pub(crate) struct HashRange(Range<u64>);

impl HashRange {
    const END: u64 = 1 << 32;

    fn all() -> Self {
        Self(0..Self::END)
    }

    pub(crate) fn has(&self, hash: u32) -> bool {
        self.0.contains(&u64::from(hash))
    }

    pub(crate) fn is_all(&self) -> bool {
        self.0 == (0..Self::END)
    }

    /// Whether nothing comes behind it.
    fn is_last(&self) -> bool {
        self.0.end == Self::END
    }

    /// What comes behind it.
    fn next(&self) -> Self {
        Self(self.0.end..Self::END)
    }

    /// Leaves out this hash and those behind it.
    fn end_at(&mut self, hash: u32) {
        self.0.end = hash.into();
    }
}

/// What the newest sector holds, as far as that has been told, part by part.
pub(crate) struct CopyCheck {
    /// Nothing but copies.
    pub(crate) only: bool,
    /// The size of the longest live entry.
    pub(crate) longest: u32,
}

#[bisync]
impl<F: NorFlash, C: Checksum> Store<'_, F, C> {
    /// Reads the entries of all sectors, oldest first. False: a summary does not add up.
    pub(crate) async fn read_entries(&mut self, way: Reading) -> FlashResult<F, bool> {
        let sector_size = self.flash.sector_size;
        // A sector with something where its header should be may have been newer than the head, and
        // its erase cut: were it to read well next time, it would win over what is appended now. So
        // nothing is; it is erased first. What else is in a sector without a header does not
        // matter: it is erased before it is used. A look at its first bytes tells whether there was
        // anything, for the count of what is damaged.
        let mut suspect = false;
        let looked_at = self
            .header_len()
            .wrapping_add(CHUNK as u32)
            .min(sector_size);
        for index in 0..self.sectors.len() {
            if self.sectors.get(index).sequence == 0 {
                let mut window = Window::new(&mut self.flash, self.buffer, index, looked_at);
                if !window.is_blank(0).await {
                    suspect |= !self.sectors.get(index).is_half_erased();
                    self.corrupt = self.corrupt.saturating_add(1);
                }
            }
        }
        self.sectors.set(State::Partial, way == Reading::InParts);
        let counted = self.corrupt;
        let mut part = HashRange::all();
        let mut copies = CopyCheck {
            only: true,
            longest: 0,
        };
        while !self.read_part(way, &mut part, &mut copies, suspect).await? {
            if part.is_last() {
                return Ok(false);
            }
            self.unlisted = self.unlisted.saturating_add(self.listed());
            self.map.clear();
            self.corrupt = counted;
            part = part.next();
        }
        // Left without a spare sector, only what is older than the head can make one.
        self.set_epoch(self.head_sequence());
        Ok(true)
    }

    /// Reads the entries of all sectors whose keys are of a part. False: there are keys behind it,
    /// or a summary does not add up.
    async fn read_part(
        &mut self,
        way: Reading,
        part: &mut HashRange,
        copies: &mut CopyCheck,
        suspect: bool,
    ) -> FlashResult<F, bool> {
        let sector_size = self.flash.sector_size;
        let mut last = match way {
            Reading::Summaries => self.read_newest_first().await?,
            _ => None,
        };
        self.sectors.set_head(last.map(|(_, index)| index));
        let mut tail = Tail::Closed;
        while let Some(index) = self.sectors.after(last) {
            last = Some((self.sectors.get(index).sequence, index));
            let summary = self.find_summary(index).await;
            let kind = match self.sectors.after(last) {
                Some(_) => Newest::Usual,
                None => self.newest(index, part, copies).await?,
            };
            let Some(sector_tail) = self.take_in(index, summary, way, part).await? else {
                return Ok(false);
            };
            let sector_tail = match kind {
                Newest::Usual => sector_tail,
                Newest::Empty => Tail::Open(self.header_len()),
                Newest::Copies(tail) | Newest::Filled(tail) => {
                    if part.is_last() {
                        events::cut_collection(index);
                        if let Some(sector) = self.sectors.edit(index) {
                            sector.set_only_copies(matches!(kind, Newest::Copies(_)));
                        }
                    }
                    let mut others = self.sectors.iter().filter(|(other, _)| *other != index);
                    match tail {
                        // All was copied: what is torn is the commit behind, of any length.
                        Tail::Torn(_) if others.any(|(_, sector)| sector.is_dead()) => Tail::Closed,
                        Tail::Torn(end) => Tail::Open(end),
                        other => other,
                    }
                }
            };
            if sector_tail == Tail::Open(self.header_len()) {
                // Erased ahead, if it is newer than the head.
                if let Some(sector) = self.sectors.edit(index) {
                    sector.set_ready(true);
                }
                continue;
            }
            // Known only where this is no mount, but a look again after a dropped call.
            let has_failed = self.sectors.get(index).has_failed();
            self.sectors.clear_ready();
            self.sectors.set_head(Some(index));
            tail = if has_failed {
                Tail::Closed
            } else {
                sector_tail
            };
        }
        self.end = match tail {
            Tail::Open(end) if !suspect => end,
            _ => sector_size,
        };
        Ok(part.is_last())
    }

    /// Takes in summaries from the newest on, until they have told of all keys that were in the map
    /// when that one was written. So what a boot reads does not grow with the partition. Returns
    /// that newest one's sector, by time; `None`: nothing was taken in.
    ///
    /// Deleted keys are of it: were their tombstones missing, an old value could outlive them.
    async fn read_newest_first(&mut self) -> FlashResult<F, Option<(u32, usize)>> {
        let (mut newest, mut seen) = (None, Keys::default());
        let mut next = None;
        while let Some(index) = self.sectors.before(next) {
            let time = (self.sectors.get(index).sequence, index);
            next = Some(time);
            let Some(summary) = self.find_summary(index).await else {
                if newest.is_none() {
                    // The head, or erased ahead: that is read as ever.
                    continue;
                }
                break;
            };
            let (first, all) = *newest.get_or_insert((time, summary.keys));
            let items = Items::Older(&mut seen);
            if !self.read_summary(index, summary, items).await? {
                break;
            }
            if seen == all {
                self.sectors.set_summaries(Summaries::Used);
                return Ok(Some(first));
            }
        }
        self.map.clear();
        self.sectors.clear_live();
        Ok(None)
    }

    /// Takes in the entries of one sector: by its summary, if it has one, else one by one. `None`:
    /// a summary does not add up.
    async fn take_in(
        &mut self,
        index: usize,
        summary: Option<Summary>,
        way: Reading,
        part: &mut HashRange,
    ) -> FlashResult<F, Option<Tail>> {
        if let (Reading::Summaries, Some(summary)) = (way, summary) {
            self.sectors.set_summaries(Summaries::Used);
            let adds_up = self.read_summary(index, summary, Items::Newer).await?;
            return Ok(adds_up.then_some(Tail::Closed));
        }
        let part = (way == Reading::InParts).then_some(part);
        let tail = self.read_sector(index, summary, part).await?;
        Ok(Some(tail))
    }

    /// Takes in the entries of one sector, one by one.
    async fn read_sector(
        &mut self,
        index: usize,
        summary: Option<Summary>,
        mut part: Option<&mut HashRange>,
    ) -> FlashResult<F, Tail> {
        let size = self.flash.sector_size;
        let mut walker = self.walk_to(index, summary).await;
        let mut view = None;
        loop {
            let mut window = Window::new(&mut self.flash, self.buffer, index, size);
            if let Some(view) = view {
                window = window.loaded(view);
            }
            let entry = walker.next(&mut window, &mut self.checksum).await;
            view = Some(window.view);
            match entry {
                Some(entry) => {
                    if let Some(part) = &mut part
                        && !self.has_slot_for(entry.hash, part).await?
                    {
                        continue;
                    }
                    self.settle(index, &entry).await?;
                }
                None => break,
            }
        }
        self.corrupt = self.corrupt.saturating_add(walker.damaged);
        if walker.stopped_early {
            self.sectors.set(State::Unseen, true);
        }
        let holes = view.map_or(0, |view| view.holes);
        let unread = holes != 0;
        if unread {
            self.map.unread = note_hole(self.map.unread, holes.into());
            self.sectors.set(State::Unreadable, true);
        }
        if let Some(sector) = self.sectors.edit(index) {
            if unread {
                sector.set_unread();
            }
            if unread || walker.damaged != 0 {
                sector.set_damaged();
            }
        }
        Ok(walker.tail)
    }

    /// Whether a key is of this part, and has a slot or can have one. Where there is none left, the
    /// part ends before the key, or before the last that has a slot, and that one's is free.
    async fn has_slot_for(&mut self, hash: u32, part: &mut HashRange) -> FlashResult<F, bool> {
        if !part.has(hash) {
            return Ok(false);
        }
        let slots = self.map.slots();
        let Some(last) = slots.last().copied() else {
            return Ok(self.map.capacity() != 0);
        };
        if slots.len() < self.map.capacity() || self.map.find(hash).is_some() {
            return Ok(true);
        }
        if last.hash < hash {
            part.end_at(hash);
            return Ok(false);
        }
        part.end_at(last.hash);
        let place = self.map.packing.unpack(last);
        self.map.remove(last.hash);
        self.release(place).await;
        Ok(true)
    }

    /// The entry at `place` does not count any more.
    async fn release(&mut self, place: Place) {
        let size = self.size_at(place).await;
        let (sector, _) = self.flash.split(place.address);
        if let Some(sector) = self.sectors.edit(sector) {
            match size {
                Ok(size) => sector.sub_live(size),
                // How much of it is still live is not known.
                Err(_) => sector.retire(),
            }
        }
    }

    /// Makes `entry`, in sector `index`, its key's winner.
    pub(crate) fn set_winner(&mut self, index: usize, entry: &Entry) -> FlashResult<F> {
        let place = entry.place(self.flash.base(index));
        self.list(entry.hash, place)?;
        if let Some(sector) = self.sectors.edit(index) {
            sector.add_live(entry.size);
        }
        Ok(())
    }

    /// Makes `entry`, in sector `index`, its key's winner instead of what that was.
    pub(crate) async fn settle(&mut self, index: usize, entry: &Entry) -> FlashResult<F> {
        let old = self.map.place(entry.hash);
        // Without anything older to shadow, a tombstone says nothing (invariant 2). What can't be
        // read may be older, and may be readable another time. Where a key may have no slot, what
        // it had before is not known.
        let knows_all = !self.sectors.is(State::Unreadable) && !self.is_partial();
        let shadows_nothing = old.is_none() && knows_all;
        if entry.is_tombstone() && (shadows_nothing || self.sectors.oldest() == Some(index)) {
            self.map.remove(entry.hash);
        } else {
            self.set_winner(index, entry)?;
        }
        if let Some(old) = old {
            self.release(old).await;
        }
        Ok(())
    }
}

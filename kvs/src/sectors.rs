//! The sector table: what RAM knows of each sector. 12 bytes a sector.
//!
//! Knows numbers only: no flash, no bytes.

use crate::options::{Summaries, Switches};

/// What is known of one sector.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sector {
    /// From its header; 0: no readable header, so it may hold anything and nothing is believed.
    pub(crate) sequence: u32,
    pub(crate) erases: u32,
    /// Bytes of winning entries, and seven flags.
    live: u32,
}

const RETIRED: u32 = 1 << 31;
const READY: u32 = 1 << 30;
const FAILED: u32 = 1 << 29;
const COPIES: u32 = 1 << 28;
const DAMAGED: u32 = 1 << 27;
const UNREAD: u32 = 1 << 26;
const HALF_ERASED: u32 = 1 << 25;
const LIVE: u32 = HALF_ERASED - 1;

/// The largest sector: so many bytes can be counted beside the flags.
pub(crate) const MAX_SECTOR: u32 = 1 << 24;

impl Sector {
    pub(crate) const UNKNOWN: Self = Self {
        sequence: 0,
        erases: 0,
        live: 0,
    };

    /// Bytes of entries that are a key's winner.
    pub(crate) fn live(&self) -> u32 {
        self.live & LIVE
    }

    /// Has failed: not written again until no other sector is left.
    pub(crate) fn is_retired(&self) -> bool {
        self.live & RETIRED != 0
    }

    /// Erased, with a header, and empty: opening it costs nothing.
    pub(crate) fn is_ready(&self) -> bool {
        self.live & READY != 0
    }

    pub(crate) fn retire(&mut self) {
        self.live = (self.live | RETIRED) & !READY;
    }

    /// The sector is to be tried again, with so many bytes of winners in it. If it was erased
    /// ahead, it is older than the head by now, and has to be erased again.
    pub(crate) fn revive(&mut self, live: u32) {
        self.live = self.live & !(RETIRED | READY | LIVE) | live.min(LIVE);
    }

    /// A commit has gone through in it: what failed before was not the sector.
    pub(crate) fn clear_failure(&mut self) {
        self.live &= !FAILED;
    }

    /// Whether its header, or something in it, could not be read: it may hold what is newer than
    /// what is known.
    pub(crate) fn is_unread(&self) -> bool {
        self.live & UNREAD != 0 && !self.is_half_erased()
    }

    pub(crate) fn set_unread(&mut self) {
        self.live |= UNREAD;
    }

    /// Whether it was to be erased, and has no new header: nothing in it counts, and some of what
    /// was there may be left.
    pub(crate) fn is_half_erased(&self) -> bool {
        self.live & HALF_ERASED != 0
    }

    pub(crate) fn set_half_erased(&mut self) {
        self.live |= HALF_ERASED;
    }

    /// A program failed. Perhaps a word was torn that looks erased, and an erase mends it; the
    /// second time it is the flash.
    pub(crate) fn fail(&mut self) {
        if self.live & FAILED != 0 {
            self.retire();
        }
        self.live = (self.live | FAILED) & !READY;
    }

    /// Whether it has nothing in it yet but copies.
    pub(crate) fn has_only_copies(&self) -> bool {
        self.live & COPIES != 0
    }

    pub(crate) fn set_only_copies(&mut self, only: bool) {
        if only {
            self.live |= COPIES;
        } else {
            self.live &= !COPIES;
        }
    }

    /// Something in it does not count that may have been committed, or is readable another time: a
    /// summary would hide that.
    pub(crate) fn is_damaged(&self) -> bool {
        self.live & DAMAGED != 0
    }

    pub(crate) fn set_damaged(&mut self) {
        self.live |= DAMAGED;
    }

    /// Erased, and with a new header.
    pub(crate) fn renew(&mut self, sequence: u32) {
        self.sequence = sequence;
        self.live &= !(DAMAGED | UNREAD | HALF_ERASED);
    }

    /// Whether a program has failed in it, or it is retired: the last to be used.
    pub(crate) fn has_failed(&self) -> bool {
        self.live & (FAILED | RETIRED) != 0
    }

    pub(crate) fn set_ready(&mut self, ready: bool) {
        if ready {
            self.live |= READY;
        } else {
            self.live &= !READY;
        }
    }

    pub(crate) fn add_live(&mut self, bytes: u32) {
        let live = self.live().wrapping_add(bytes).min(LIVE);
        self.live = self.live & !LIVE | live;
    }

    pub(crate) fn sub_live(&mut self, bytes: u32) {
        let live = self.live().saturating_sub(bytes);
        self.live = self.live & !LIVE | live;
    }

    /// Nothing in it is a winner, and it may be written.
    pub(crate) fn is_dead(&self) -> bool {
        self.live() == 0 && !self.is_retired()
    }
}

/// The sectors of a partition, and which of them is being appended to.
pub(crate) struct SectorTable<'a> {
    sectors: &'a mut [Sector],
    /// The sector that entries are appended to, or [`NO_HEAD`].
    head: u16,
    /// Of [`State`].
    state: u8,
    pub(crate) switches: Switches,
}

/// What can be the matter with the tables as a whole: a bit each.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum State {
    /// Something that writes has begun and not ended: its future was dropped, and the tables may
    /// say other than the flash.
    Interrupted = 1,
    /// The mount could not read all there is.
    Unreadable = 2,
    /// The mount did not look whether all is erased where something is to be written.
    Unseen = 4,
    /// The tables say other than the flash, or may: all is to be read anew before they are looked
    /// at.
    Stale = 8,
    /// What could not be read was read again, with the same result.
    Reread = 16,
    /// There are more keys than slots: a key that has none may still be there.
    Partial = 32,
    /// The last load could not read some key, and that could not be noted at the key's slot.
    LoadFailed = 64,
    /// What could not be read has been read again in this call, before the first move or erase.
    Rechecked = 128,
}

/// No sector's index: there are at most 65,535.
const NO_HEAD: u16 = u16::MAX;

impl<'a> SectorTable<'a> {
    pub(crate) fn new(sectors: &'a mut [Sector], switches: Switches) -> Self {
        sectors.fill(Sector::UNKNOWN);
        Self {
            sectors,
            head: NO_HEAD,
            state: 0,
            switches,
        }
    }

    /// Forgets all but which sectors have failed.
    pub(crate) fn clear(&mut self) {
        for sector in self.sectors.iter_mut() {
            let failures = sector.live & (FAILED | RETIRED | HALF_ERASED);
            *sector = Sector::UNKNOWN;
            sector.live = failures;
        }
        self.head = NO_HEAD;
        self.set(State::Unreadable, false);
        self.set(State::Unseen, false);
        self.set_summaries(Summaries::Unused);
    }

    /// What is thought of the summaries that the tables were filled from.
    pub(crate) fn summaries(&self) -> Summaries {
        self.switches.summaries()
    }

    pub(crate) fn set_summaries(&mut self, summaries: Summaries) {
        self.switches.set_summaries(summaries);
    }

    /// Forgets which sectors have failed.
    pub(crate) fn forgive(&mut self) {
        for sector in self.sectors.iter_mut() {
            sector.live &= !(FAILED | RETIRED | HALF_ERASED);
        }
    }

    /// Whether a sector could not be read to its end.
    pub(crate) fn has_unread(&self) -> bool {
        self.sectors.iter().any(Sector::is_unread)
    }

    pub(crate) fn is(&self, state: State) -> bool {
        self.state & state as u8 != 0
    }

    pub(crate) fn set(&mut self, state: State, on: bool) {
        if on {
            self.state |= state as u8;
        } else {
            self.state &= !(state as u8);
        }
    }

    /// Forgets what is live where.
    pub(crate) fn clear_live(&mut self) {
        for sector in self.sectors.iter_mut() {
            sector.live &= !LIVE;
        }
    }

    /// The sector that entries are appended to.
    pub(crate) fn head(&self) -> Option<usize> {
        (self.head != NO_HEAD).then_some(usize::from(self.head))
    }

    pub(crate) fn set_head(&mut self, head: Option<usize>) {
        let head = head.and_then(|head| u16::try_from(head).ok());
        self.head = head.unwrap_or(NO_HEAD);
    }

    /// How often sectors have failed since mounting.
    pub(crate) fn failures(&self) -> usize {
        self.iter()
            .map(|(_, sector)| {
                u8::from(sector.has_failed()).wrapping_add(u8::from(sector.is_retired()))
            })
            .fold(0, |sum, failures| sum.wrapping_add(usize::from(failures)))
    }

    pub(crate) fn len(&self) -> usize {
        self.sectors.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (usize, &Sector)> {
        self.sectors.iter().enumerate()
    }

    pub(crate) fn get(&self, index: usize) -> Sector {
        self.sectors.get(index).copied().unwrap_or(Sector::UNKNOWN)
    }

    pub(crate) fn edit(&mut self, index: usize) -> Option<&mut Sector> {
        self.sectors.get_mut(index)
    }

    /// Nothing erased ahead so far can be opened any more: it is older than the head.
    pub(crate) fn clear_ready(&mut self) {
        for sector in self.sectors.iter_mut() {
            sector.set_ready(false);
        }
    }

    /// The sector of the lowest rank; of equal ones, the first. `None`: all are [`UNFIT`]. One loop
    /// for all that is asked of the table, because each would take its own place in the image.
    #[inline(never)]
    fn lowest(&self, rank: &dyn Fn(usize, &Sector) -> u64) -> Option<usize> {
        let (mut lowest, mut found) = (UNFIT, None);
        for (index, sector) in self.iter() {
            let rank = rank(index, sector);
            if rank < lowest {
                (lowest, found) = (rank, Some(index));
            }
        }
        found
    }

    /// Whether a sector can be opened: no winner in it, writable, and not the head.
    pub(crate) fn can_be_opened(&self, index: usize) -> bool {
        self.get(index).is_dead() && Some(index) != self.head()
    }

    /// How many sectors can be opened.
    pub(crate) fn dead(&self) -> usize {
        (0..self.len())
            .filter(|index| self.can_be_opened(*index))
            .count()
    }

    /// Which dead sector to open: one that was erased ahead, before anything newer is; else one
    /// without a header, because its erase may have been cut and what it holds is not known; else
    /// the one with the fewest erases.
    pub(crate) fn next_to_open(&self) -> Option<usize> {
        let ready = self.lowest(&|index, sector| {
            let takes = sector.is_ready() && self.can_be_opened(index);
            rank_if(takes, sector.sequence, 0)
        });
        ready.or_else(|| self.next_to_erase())
    }

    /// The next dead sector to erase: one that has failed last, one without a header first.
    pub(crate) fn next_to_erase(&self) -> Option<usize> {
        self.lowest(&|index, sector| {
            let takes = !sector.is_ready() && self.can_be_opened(index);
            let order = if sector.has_failed() { 1 << 31 } else { 0 }
                | if sector.sequence == 0 { 0 } else { 1 << 30 };
            rank_if(takes, order | sector.erases, sector.sequence)
        })
    }

    /// The newest sector that holds anything of use.
    pub(crate) fn newest_in_use(&self) -> Option<usize> {
        self.lowest(&|index, sector| {
            let takes = sector.live() != 0 || Some(index) == self.head();
            rank_if(takes, !sector.sequence, 0)
        })
    }

    /// The sector that comes before `(sequence, index)` in time; the newest.
    pub(crate) fn before(&self, next: Option<(u32, usize)>) -> Option<usize> {
        self.lowest(&|index, sector| {
            let is_earlier = next.is_none_or(|next| (sector.sequence, index) < next);
            let takes = sector.sequence != 0 && is_earlier;
            rank_if(takes, !sector.sequence, !(index as u32))
        })
    }

    /// The oldest sector that may hold entries. Tombstones in it have nothing left to shadow.
    pub(crate) fn oldest(&self) -> Option<usize> {
        self.after(None)
    }

    /// The sector that comes after `(sequence, index)` in time; orders sectors of equal sequence
    /// too.
    pub(crate) fn after(&self, last: Option<(u32, usize)>) -> Option<usize> {
        self.lowest(&|index, sector| {
            let is_later = last.is_none_or(|last| (sector.sequence, index) > last);
            let takes = sector.sequence != 0 && is_later;
            rank_if(takes, sector.sequence, index as u32)
        })
    }

    /// Of the sectors with winners that are older than `epoch` and come after `last`, the one with
    /// the fewest bytes of them: the cheapest to collect. Ordered by (live bytes, index), so that a
    /// walk meets each once.
    pub(crate) fn victim(&self, epoch: u32, last: Option<(u32, usize)>) -> Option<usize> {
        self.lowest(&|index, sector| {
            let is_later = last.is_none_or(|last| (sector.live(), index) > last);
            let takes =
                sector.live() != 0 && !sector.is_retired() && sector.sequence < epoch && is_later;
            rank_if(takes, sector.live(), index as u32)
        })
    }

    /// The sector with winners, head aside, that was erased least.
    pub(crate) fn coldest(&self) -> Option<usize> {
        self.lowest(&|index, sector| {
            let takes = sector.live() != 0 && !sector.is_retired() && Some(index) != self.head();
            rank_if(takes, sector.erases, 0)
        })
    }
}

/// The rank of a sector that is not asked for.
const UNFIT: u64 = u64::MAX;

/// What sectors are ordered by: one number, and where that is equal, another.
fn rank_if(fit: bool, first: u32, second: u32) -> u64 {
    if fit {
        u64::from(first) << 32 | u64::from(second)
    } else {
        UNFIT
    }
}

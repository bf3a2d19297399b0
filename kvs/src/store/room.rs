//! Room: how much there is, and what is done to have more. Keeps a dead sector at hand (invariant
//! 3).
//!
//! Decides which sector is collected or erased when; the moving is `collect.rs`, the erasing
//! `open.rs`.

use super::flash::FlashResult;
use super::unlisted::LiveCursor;
use super::unread::RESTARTS;
use super::{NorFlash, Store, bisync};
use crate::checksum::Checksum;
use crate::error::Error;
use crate::events;
use crate::sectors::State;
use crate::stats::Maintenance;

/// What a refused commit's need is remembered in, so that two bytes will do.
const REFUSED_UNIT: u32 = 16;

#[bisync]
impl<F: NorFlash, C: Checksum> Store<'_, F, C> {
    /// Does one bounded step of housekeeping: moves one entry, or erases one sector. Call it in
    /// idle time until it returns [`Idle`](Maintenance::Idle); a commit after that erases nothing,
    /// as long as no more is live than three quarters of all sectors but two. In a fuller store a
    /// commit may have to make room yet, and erase.
    ///
    /// # Errors
    ///
    /// [`ReadOnly`](Error::ReadOnly), or what the flash says of one sector, which is left alone
    /// from then on: call it again.
    pub async fn maintain(&mut self) -> FlashResult<F, Maintenance> {
        if self.sectors.switches.read_only() {
            return Err(Error::ReadOnly);
        }
        self.sectors.set(State::Rechecked, false);
        self.begin().await?;
        let mut step = self.maintenance_step().await;
        for _ in 0..RESTARTS {
            if !self.is_stale() {
                break;
            }
            self.begin().await?;
            step = self.maintenance_step().await;
        }
        self.finish();
        step
    }

    async fn maintenance_step(&mut self) -> FlashResult<F, Maintenance> {
        if self.may_erase()
            && let Some(sector) = self.sectors.next_to_erase()
        {
            self.prepare(sector).await?;
            return Ok(Maintenance::Erased);
        }
        if !self.is_worth_moving().await?
            || !self.collect_step().await? && !self.undo_collection().await?
        {
            return Ok(Maintenance::Idle);
        }
        Ok(Maintenance::Moved)
    }

    /// Whether [`maintain`](Self::maintain) is to move an entry: to finish a collection, or to
    /// begin one.
    async fn is_worth_moving(&mut self) -> FlashResult<F, bool> {
        match self.dead() {
            0 => return Ok(true),
            1 => {}
            _ => return Ok(false),
        }
        if !self.sectors.switches.collect_on_write() {
            // Commits have to do with what is free here.
            let need = u32::from(self.refused).wrapping_mul(REFUSED_UNIT);
            let need = need.max(self.payload() / 4);
            if self.has_room(need) {
                return Ok(false);
            }
            self.set_epoch_behind_all();
            return self.can_make(need).await;
        }
        if self.epoch() == 0 {
            self.set_epoch(self.head_sequence());
        }
        // A second dead sector is room for any commit. It is worth moving entries for as long as
        // the others stay comfortably below full: nearer to that, each commit would set off a
        // collection.
        Ok(self.is_live_below(3) && self.can_make(self.payload()).await?)
    }

    /// Whether no more is live than so many quarters of all sectors but two.
    pub(crate) fn is_live_below(&self, quarters: u32) -> bool {
        let sectors = (self.usable_sectors() as u32).saturating_sub(2);
        let bytes = (self.payload() / 4).wrapping_mul(sectors);
        self.live_bytes() <= bytes.wrapping_mul(quarters)
    }

    /// Makes sure that the head takes `need` more bytes of `keys` keys, and that a dead sector is
    /// left behind it, or will be when the commit under way is made. False: a collection was
    /// undone, and the commit is to be measured again.
    #[inline(never)]
    pub(crate) async fn make_room(&mut self, need: u32, keys: usize) -> FlashResult<F, bool> {
        if self.dead() == 0 && self.head_is_stale() && self.end >= self.flash.sector_size {
            // Nothing in it counts, and nothing more is appended to it: it is the spare one.
            self.sectors.set_head(None);
        }
        self.ready_a_spare().await?;
        if self.has_room_to_close(need, keys) {
            return Ok(true);
        }
        if self.dead() != 0 {
            self.level_wear().await?;
        }
        let mut collecting = false;
        while !self.has_room_to_close(need, keys) {
            if self.dead().wrapping_add(usize::from(self.head_is_stale())) >= 2 {
                self.open_next().await?;
                continue;
            }
            if !collecting {
                if self.dead() != 0 {
                    // All there is so far, the head included.
                    self.set_epoch_behind_all();
                } else if self.epoch() == 0 {
                    // The spare sector has failed: what is older than the head can make one, as
                    // after a mount.
                    self.set_epoch(self.head_sequence());
                }
                let may_collect = self.sectors.switches.collect_on_write() || self.dead() == 0;
                let helps = may_collect && self.can_make(need).await?;
                if !helps && self.has_room(need) {
                    // Rather no summary than no commit.
                    return Ok(true);
                }
                if !may_collect {
                    let units = need.div_ceil(REFUSED_UNIT);
                    self.refused = u16::try_from(units).unwrap_or(u16::MAX);
                    return Err(self.full(need));
                }
                if !helps {
                    if self.replace(need).await? {
                        return Ok(true);
                    }
                    if self.undo_collection().await? {
                        return Ok(false);
                    }
                    // Perhaps deleted keys take what is missing.
                    if self.forget_shadowless().await? {
                        continue;
                    }
                    return Err(self.full(need));
                }
                collecting = true;
                self.note_collection();
            }
            if !self.collect_step().await? {
                return if self.has_room(need) {
                    Ok(true)
                } else {
                    Err(self.full(need))
                };
            }
        }
        Ok(true)
    }

    /// Has the last dead sector erased when the head is half full, rather than when it is needed:
    /// should the erase fail, there is still room to make another.
    async fn ready_a_spare(&mut self) -> FlashResult<F> {
        let half = self.flash.sector_size.saturating_sub(self.payload() / 2);
        match self.sectors.next_to_erase() {
            Some(last) if self.end > half && self.dead() == 1 && self.may_erase() => {
                self.prepare(last).await
            }
            _ => Ok(()),
        }
    }

    /// Whether a dead sector may be erased. Not the one that the newest was collected from, while
    /// all that is in that are its copies: after a power cut, the collection may have to be undone,
    /// and go by the originals, half erased as they may be.
    fn may_erase(&self) -> bool {
        self.dead() >= 2 || self.dead() == 1 && self.newest_copies().is_none()
    }

    fn note_collection(&mut self) {
        self.collections = self.collections.saturating_add(1);
        events::collecting(self.live_bytes());
    }

    /// The newest sector in use, where all that is in it is copies.
    pub(crate) fn newest_copies(&self) -> Option<usize> {
        let newest = self.sectors.newest_in_use()?;
        let has_only_copies = self.sectors.get(newest).has_only_copies();
        has_only_copies.then_some(newest)
    }

    /// Makes room for a commit in a store so full that what it replaces must make way for it: the
    /// live entries of one sector are moved to a new one, but for those that the commit supersedes.
    /// Their sector is dead when the commit is made, and not before. So deletes, and updates that
    /// are no longer than what they replace, always fit.
    #[inline(never)]
    async fn replace(&mut self, need: u32) -> FlashResult<F, bool> {
        let spare = self.dead() != 0;
        let free = if spare {
            self.payload()
        } else {
            self.flash.sector_size.saturating_sub(self.end)
        };
        let mut best = None;
        for index in 0..self.sectors.len() {
            let sector = self.sectors.get(index);
            let is_target = !spare && self.sectors.head() == Some(index);
            if sector.live() == 0 || sector.is_retired() || is_target {
                continue;
            }
            let kept = self.kept_bytes(index).await?;
            if kept < sector.live() && best.is_none_or(|(least, _)| kept < least) {
                best = Some((kept, index));
            }
        }
        match best {
            Some((kept, victim)) if kept.wrapping_add(need) <= free => {
                if spare {
                    self.open_next().await?;
                }
                self.note_collection();
                self.move_kept(victim).await
            }
            _ => Ok(false),
        }
    }

    fn has_room(&self, need: u32) -> bool {
        self.dead() != 0 && self.end.wrapping_add(need) <= self.flash.sector_size
    }

    /// The same, with room left for the summary of the head where one is wanted.
    fn has_room_to_close(&self, need: u32, keys: usize) -> bool {
        self.has_room(need) && self.has_room(need.wrapping_add(self.summary_reserve(need, keys)))
    }

    /// Nothing in the head is a winner: when the next sector is opened, it is dead.
    fn head_is_stale(&self) -> bool {
        self.sectors
            .head()
            .is_some_and(|head| self.sectors.get(head).is_dead())
    }

    pub(crate) fn full(&self, needed: u32) -> Error<F::Error> {
        Error::Full {
            needed,
            available: self.available(),
        }
    }

    /// Bytes that could be made available by collecting everything.
    pub(crate) fn available(&self) -> u32 {
        let sectors = (self.usable_sectors() as u32).saturating_sub(1);
        self.payload()
            .wrapping_mul(sectors)
            .saturating_sub(self.live_bytes())
    }

    pub(crate) fn dead(&self) -> usize {
        self.sectors.dead()
    }

    pub(crate) fn usable_sectors(&self) -> usize {
        self.sectors
            .iter()
            .filter(|(_, sector)| !sector.is_retired())
            .count()
    }

    pub(crate) fn live_bytes(&self) -> u32 {
        self.sectors
            .iter()
            .fold(0u32, |sum, (_, sector)| sum.wrapping_add(sector.live()))
    }

    pub(crate) fn head_sequence(&self) -> u32 {
        self.sequence_of(self.sectors.head())
    }

    /// The sequence of a sector; 0 of none.
    fn sequence_of(&self, sector: Option<usize>) -> u32 {
        sector.map_or(0, |index| self.sectors.get(index).sequence)
    }

    /// Sectors older than this may be collected by the collection under way; 0: none is.
    pub(crate) fn epoch(&self) -> u32 {
        match self.epoch_age {
            0 => 0,
            age => self
                .next_sequence
                .wrapping_add(1)
                .saturating_sub(u32::from(age)),
        }
    }

    /// Sets [`epoch`](Self::epoch), which is no later than the next sequence.
    #[inline(never)]
    pub(crate) fn set_epoch(&mut self, epoch: u32) {
        let age = self.next_sequence.wrapping_add(1).saturating_sub(epoch);
        // Over 65,533 sectors that were opened since, by writes that failed, the collection would
        // have to be taken for one that began later.
        self.epoch_age = match epoch {
            0 => 0,
            _ => u16::try_from(age).unwrap_or(u16::MAX),
        };
    }

    /// Lets all sectors be collected that there are so far, the head included.
    fn set_epoch_behind_all(&mut self) {
        let newest = self.sequence_of(self.sectors.newest_in_use());
        self.set_epoch(newest.wrapping_add(1));
    }

    /// Whether collecting step by step would make `need` bytes of room.
    async fn can_make(&mut self, need: u32) -> FlashResult<F, bool> {
        let free = if self.head_sequence() >= self.epoch() {
            self.flash.sector_size.saturating_sub(self.end)
        } else {
            0
        };
        self.would_make(need, free, None).await
    }

    /// Whether collecting would make `need` bytes of room, with `free` bytes in the head to begin
    /// with and the sector `except` left out: a dry run of [`collect_step`](Self::collect_step), so
    /// that a full store is told without wearing it.
    #[inline(never)]
    pub(crate) async fn would_make(
        &mut self,
        need: u32,
        mut free: u32,
        except: Option<usize>,
    ) -> FlashResult<F, bool> {
        let payload = self.payload();
        let mut dead = self.dead();
        let mut last = None;
        while let Some(victim) = self.sectors.victim(self.epoch(), last) {
            last = Some((self.sectors.get(victim).live(), victim));
            if Some(victim) == except {
                continue;
            }
            let mut cursor = LiveCursor::default();
            while let Some((_, place)) = self.next_live(victim, &mut cursor).await? {
                let size = self.size_at(place).await?;
                if size > free {
                    if dead == 0 {
                        return Ok(false);
                    }
                    dead = dead.saturating_sub(1);
                    free = payload;
                }
                free = free.saturating_sub(size);
            }
            dead = dead.wrapping_add(1);
            if dead >= 2 || free >= need {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Moves the coldest entries, if their sector has been spared so long that the wear has become
    /// uneven.
    #[inline(never)]
    async fn level_wear(&mut self) -> FlashResult<F> {
        let (Some(coldest), Some(next)) = (self.sectors.coldest(), self.sectors.next_to_open())
        else {
            return Ok(());
        };
        let erases = |sector| self.sectors.get(sector).erases;
        let spared = erases(next).saturating_sub(erases(coldest));
        if spared <= u32::from(self.wear_spread) || !self.sectors.switches.collect_on_write() {
            return Ok(());
        }
        self.note_collection();
        self.empty(coldest).await
    }
}

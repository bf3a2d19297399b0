//! Keys without a slot in the map: an older firmware, of fewer keys, is a guest in a newer one's
//! flash.
//!
//! While there are more keys than slots the store is *partial*: the map has the last entry of some
//! keys, and a key that is not in it has to be looked for in flash, from the newest sector back.
//! What is found takes the slot of the key that was written longest ago. How much is live in each
//! sector is known as ever, so nothing is lost: a collection looks through the sector that it
//! empties for entries that count, and so does the erase. A tombstone counts here wherever it is,
//! but in the oldest sector.

use super::flash::FlashResult;
use super::scan::Walker;
use super::window::{Entry, Window};
use super::{NorFlash, Store, bisync};
use crate::checksum::Checksum;
use crate::error::Error;
use crate::map::{Place, Slot};
use crate::sectors::State;

/// Where a walk over the live entries of a sector is.
#[derive(Default)]
pub(crate) struct LiveCursor {
    slot: usize,
    walker: Option<Walker>,
}

/// Keys in the map.
#[bisync]
impl<F: NorFlash, C: Checksum> Store<'_, F, C> {
    /// Whether a key may be there that has no slot.
    pub(crate) fn is_partial(&self) -> bool {
        self.sectors.is(State::Partial)
    }

    /// How many keys with a value have a slot.
    pub(crate) fn listed(&self) -> u16 {
        let slots = self.map.slots().iter();
        slots.filter(|slot| !slot.is_tombstone()).count() as u16
    }

    /// Gives a key a slot, that of another key if there is none left.
    pub(crate) fn list(&mut self, hash: u32, place: Place) -> FlashResult<F> {
        if self.map.set(hash, place) {
            return Ok(());
        }
        let capacity = self.map.capacity();
        let oldest = self.oldest_slot().filter(|_| self.is_partial());
        let Some(oldest) = oldest else {
            return Err(Error::TooManyKeys { capacity });
        };
        self.map.remove(oldest.hash);
        if !oldest.is_tombstone() {
            self.unlisted = self.unlisted.saturating_add(1);
        }
        if oldest.is_unread() {
            self.sectors.set(State::LoadFailed, true);
        }
        if self.map.set(hash, place) {
            Ok(())
        } else {
            Err(Error::TooManyKeys { capacity })
        }
    }

    /// Gives a key a slot that had none, if there is one to be had.
    fn list_found(&mut self, hash: u32, place: Place) {
        if self.list(hash, place).is_ok() && !place.tombstone {
            self.unlisted = self.unlisted.saturating_sub(1);
        }
    }

    /// The slot whose entry was written first, of those that the commit under way does not write.
    fn oldest_slot(&self) -> Option<Slot> {
        let slots = self.map.slots().iter();
        let free = slots.filter(|slot| !slot.is_dirty());
        free.copied().min_by_key(|slot| {
            let place = self.map.packing.unpack(*slot);
            let (sector, offset) = self.flash.split(place.address);
            (self.sectors.get(sector).sequence, offset)
        })
    }
}

/// Keys in flash.
#[bisync]
impl<F: NorFlash, C: Checksum> Store<'_, F, C> {
    /// Where the last entry of a key is, tombstones included. Where the key has no slot and may be
    /// there, it is looked for in flash, and gets one, unless the commit under way writes all that
    /// have one; that takes the buffer.
    pub(crate) async fn locate(&mut self, hash: u32) -> FlashResult<F, Option<Place>> {
        let listed = self.map.place(hash);
        if listed.is_some() || !self.is_partial() {
            return Ok(listed);
        }
        let mut next = None;
        while let Some(index) = self.sectors.before(next) {
            next = Some((self.sectors.get(index).sequence, index));
            if let Some(place) = self.last_in(index, hash).await? {
                let counts = !place.tombstone || self.sectors.oldest() != Some(index);
                if counts {
                    self.list_found(hash, place);
                }
                return Ok(Some(place).filter(|_| counts));
            }
        }
        Ok(None)
    }

    /// Where the last entry of a key in sector `index` is.
    async fn last_in(&mut self, index: usize, hash: u32) -> FlashResult<F, Option<Place>> {
        let base = self.flash.base(index);
        let mut found = None;
        let walker = self.walk(index).await;
        let all_read = self
            .look_through(index, walker, &mut |entry| {
                if entry.hash == hash {
                    found = Some(entry.place(base));
                }
                true
            })
            .await?;
        if all_read && self.sectors.get(index).is_unread() {
            // What the tables were filled without can be read now.
            self.sectors.set(State::Stale, true);
            return Err(Error::Unreadable { address: base });
        }
        Ok(found)
    }

    /// Shows the entries of a sector to `visit`, from where `walker` is, until it returns `false`.
    /// Returns whether all that was looked at could be read. An error where it could be when the
    /// tables were filled, and can't be now.
    async fn look_through(
        &mut self,
        sector: usize,
        mut walker: Walker,
        visit: &mut (dyn FnMut(&Entry) -> bool + Send),
    ) -> FlashResult<F, bool> {
        let size = self.flash.sector_size;
        let mut window = Window::new(&mut self.flash, self.buffer, sector, size);
        while let Some(entry) = walker.next(&mut window, &mut self.checksum).await {
            if !visit(&entry) {
                break;
            }
        }
        let failed = window.failed.take();
        let all_read = failed.is_none();
        self.check_whole(sector, failed)?;
        Ok(all_read)
    }

    /// The next live entry of `sector`, with its key's hash.
    pub(crate) async fn next_live(
        &mut self,
        sector: usize,
        cursor: &mut LiveCursor,
    ) -> FlashResult<F, Option<(u32, Place)>> {
        if !self.is_partial() {
            let slots = self.map.slots().iter().skip(cursor.slot);
            for slot in slots {
                cursor.slot = cursor.slot.wrapping_add(1);
                let place = self.map.packing.unpack(*slot);
                if self.flash.split(place.address).0 == sector {
                    return Ok(Some((slot.hash, place)));
                }
            }
            return Ok(None);
        }
        let mut walker = match cursor.walker.take() {
            Some(walker) => walker,
            None => self.walk(sector).await,
        };
        let size = self.flash.sector_size;
        let base = self.flash.base(sector);
        let mut found = None;
        while found.is_none() {
            let mut window = Window::new(&mut self.flash, self.buffer, sector, size);
            let entry = walker.next(&mut window, &mut self.checksum).await;
            let failed = window.failed.take();
            self.check_whole(sector, failed)?;
            let Some(entry) = entry else {
                break;
            };
            let place = entry.place(base);
            let listed = self.map.place(entry.hash);
            let is_live = match listed {
                Some(listed) => listed.address == place.address,
                None if place.tombstone && self.sectors.oldest() == Some(sector) => false,
                None => self.is_last(sector, &walker, entry.hash).await?,
            };
            if is_live {
                if listed.is_none() {
                    self.list_found(entry.hash, place);
                }
                found = Some((entry.hash, place));
            }
        }
        cursor.walker = Some(walker);
        Ok(found)
    }

    /// Whether no entry of a key comes behind where `walker` is in `sector`.
    async fn is_last(&mut self, sector: usize, walker: &Walker, hash: u32) -> FlashResult<F, bool> {
        let mut is_last = true;
        self.look_through(sector, walker.clone(), &mut |entry| {
            is_last = entry.hash != hash;
            is_last
        })
        .await?;
        let mut last = (self.sectors.get(sector).sequence, sector);
        while is_last && let Some(index) = self.sectors.after(Some(last)) {
            last = (self.sectors.get(index).sequence, index);
            is_last = self.last_in(index, hash).await?.is_none();
        }
        Ok(is_last)
    }

    /// Must be called before a sector is erased: an error where one of its entries counts, against
    /// what the tables say. They are stale then.
    pub(crate) async fn check_dead(&mut self, sector: usize) -> FlashResult<F> {
        if !self.is_partial() || self.sectors.get(sector).sequence == 0 {
            return Ok(());
        }
        match self.next_live(sector, &mut LiveCursor::default()).await? {
            Some((key, _)) => {
                self.sectors.set(State::Stale, true);
                Err(Error::Corrupt { key })
            }
            None => Ok(()),
        }
    }

    /// Stops counting the tombstones without a slot of the sector that has become the oldest.
    pub(crate) async fn uncount_tombstones(&mut self, oldest: usize) -> FlashResult<F> {
        let size = self.flash.sector_size;
        let mut walker = self.walk(oldest).await;
        loop {
            let mut window = Window::new(&mut self.flash, self.buffer, oldest, size);
            let entry = walker.next(&mut window, &mut self.checksum).await;
            let failed = window.failed.take();
            self.check_whole(oldest, failed)?;
            let Some(entry) = entry else {
                return Ok(());
            };
            let has_none = entry.is_tombstone() && self.map.place(entry.hash).is_none();
            if has_none
                && self.is_last(oldest, &walker, entry.hash).await?
                && let Some(sector) = self.sectors.edit(oldest)
            {
                sector.sub_live(entry.size);
            }
        }
    }

    /// The lowest hash from `from` on of which there is an entry in flash.
    pub(crate) async fn lowest_from(&mut self, from: u64) -> FlashResult<F, Option<u32>> {
        let mut lowest = None;
        let mut last = None;
        while let Some(index) = self.sectors.after(last) {
            last = Some((self.sectors.get(index).sequence, index));
            let walker = self.walk(index).await;
            self.look_through(index, walker, &mut |entry| {
                let is_lower = lowest.is_none_or(|lowest| entry.hash < lowest);
                if is_lower && u64::from(entry.hash) >= from {
                    lowest = Some(entry.hash);
                }
                true
            })
            .await?;
        }
        Ok(lowest)
    }

    /// An error where a sector could be read when the tables were filled, and can't be read now.
    fn check_whole(&self, sector: usize, failed: Option<Error<F::Error>>) -> FlashResult<F> {
        match failed.filter(|_| !self.sectors.get(sector).is_unread()) {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }
}

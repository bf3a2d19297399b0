//! Undoing a collection that was cut: what it has copied so far is also where it was copied from.
//!
//! Mostly a collection just goes on after a mount. It can't where the sector it copies to is
//! closed, or where it was begun for another commit, and fills what this one needs.

use super::flash::FlashResult;
use super::newest::same_entry;
use super::window::Window;
use super::{NorFlash, Store, bisync};
use crate::checksum::Checksum;
use crate::events;
use crate::map::Place;

#[bisync]
impl<F: NorFlash, C: Checksum> Store<'_, F, C> {
    /// Lets the originals of the newest sector's copies win again, so that it is dead. False: it
    /// has other than copies, or not each original can be read.
    #[inline(never)]
    pub(crate) async fn undo_collection(&mut self) -> FlashResult<F, bool> {
        let Some(copies) = self.newest_copies().filter(|_| self.dead() == 0) else {
            return Ok(false);
        };
        if self.is_partial() {
            return self.read_without(copies).await;
        }
        self.map.clear_shadows();
        // Newest first: where a key is met first, its winner was before it was copied.
        let mut sequence = self.sectors.get(copies).sequence;
        while let Some(index) = self.sectors.before(Some((sequence, 0))) {
            sequence = self.sectors.get(index).sequence;
            // An erase that failed may have left it half there.
            if self.sectors.get(index).is_half_erased() || !self.restore(index, copies).await? {
                return Ok(false);
            }
        }
        if self.sectors.get(copies).live() != 0 {
            return Ok(false);
        }
        if self.sectors.head() == Some(copies) {
            self.sectors.set_head(None);
            self.end = self.flash.sector_size;
        }
        events::undone(copies);
        Ok(self.dead() != 0)
    }

    /// Whether the shadowed keys, of which sector `index` has another entry than the copy, have the
    /// copy's original somewhere, and the other entry is of a commit that failed in this sector.
    async fn are_superseded(&mut self, index: usize, copies: usize) -> FlashResult<F, bool> {
        while let Some(slot) = self.map.slots().iter().find(|slot| slot.has_shadow()) {
            let (hash, copy) = (slot.hash, self.map.packing.unpack(*slot));
            if !self.sectors.get(index).has_failed() {
                return Ok(false);
            }
            let mut has_original = false;
            for other in 0..self.sectors.len() {
                if other != copies && self.sectors.get(other).sequence != 0 && !has_original {
                    has_original = self.has_original(other, hash, copy).await?;
                }
            }
            if !has_original {
                return Ok(false);
            }
            self.map.set_shadow(hash, false);
        }
        Ok(true)
    }

    /// Whether sector `index` has the entry of a key that `copy` is a copy of.
    async fn has_original(&mut self, index: usize, hash: u32, copy: Place) -> FlashResult<F, bool> {
        let base = self.flash.base(index);
        let size = self.flash.sector_size;
        let mut walker = self.walk(index).await;
        let mut window = Window::new(&mut self.flash, self.buffer, index, size);
        while let Some(entry) = walker.next(&mut window, &mut self.checksum).await {
            let places = (base.wrapping_add(entry.offset), copy.address);
            if entry.hash == hash && same_entry(window.flash, places, entry.size).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Lets the entries of sector `index` win that have a copy in `copies`. False, and nothing
    /// done: the last entry of a key is another than the copy, so that it can't be where that is
    /// from.
    async fn restore(&mut self, index: usize, copies: usize) -> FlashResult<F, bool> {
        for is_proven in [false, true] {
            let size = self.flash.sector_size;
            let base = self.flash.base(index);
            let mut walker = self.walk(index).await;
            let mut window = Window::new(&mut self.flash, self.buffer, index, size);
            while let Some(entry) = walker.next(&mut window, &mut self.checksum).await {
                let Some(copy) = self.map.place(entry.hash) else {
                    continue;
                };
                let original = entry.place(base);
                if window.flash.split(copy.address).0 != copies {
                    continue;
                }
                let places = (original.address, copy.address);
                let is_same = same_entry(window.flash, places, entry.size)
                    .await
                    .unwrap_or(false);
                if !is_proven {
                    self.map.set_shadow(entry.hash, !is_same);
                } else if is_same && self.map.set(entry.hash, original) {
                    if let Some(sector) = self.sectors.edit(copies) {
                        sector.sub_live(entry.size);
                    }
                    if let Some(sector) = self.sectors.edit(index) {
                        sector.add_live(entry.size);
                    }
                }
            }
            if window.view.holes != 0 || !self.are_superseded(index, copies).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

//! Undoing a collection that was cut: what it has copied so far is also where it was copied from.
//!
//! Mostly a collection just goes on after a mount. It can't where the sector it copies to has failed, or where it was begun
//! for another commit, and fills what this one needs.

use super::flash::FlashResult;
use super::newest::same_entry;
use super::scan::Walker;
use super::window::Window;
use super::{NorFlash, Store, bisync};
use crate::checksum::Checksum;
use crate::events;
use crate::map::Place;

#[bisync]
impl<F: NorFlash, C: Checksum> Store<'_, F, C> {
    /// Lets the originals of the newest sector's copies win again, so that it is dead. False: it has other than copies, or
    /// not each original can be read.
    #[inline(never)]
    pub(crate) async fn undo_collection(&mut self) -> FlashResult<F, bool> {
        let Some(copies) = self.sectors.newest_in_use() else {
            return Ok(false);
        };
        if self.dead() != 0 || !self.sectors.get(copies).has_only_copies() {
            return Ok(false);
        }
        // Newest first: the last entry of a key in the first sector that has one was its winner.
        self.map.clear_shadows();
        let mut sequence = self.sectors.get(copies).sequence;
        while let Some(index) = self.sectors.before(sequence) {
            sequence = self.sectors.get(index).sequence;
            if !self.restore_originals(index, copies).await? {
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

    /// Lets the entries of sector `index` win that have a copy in `copies`. False: a key has something else there, because its
    /// original can't be read.
    async fn restore_originals(&mut self, index: usize, copies: usize) -> FlashResult<F, bool> {
        let size = self.flash.sector_size;
        let base = self.flash.base(index);
        let sequence = self.sectors.get(index).sequence;
        let mut walker = Walker::new(sequence, self.header_len(), size);
        let mut window = Window::new(&mut self.flash, self.buffer, index, size);
        while let Some(entry) = walker.next(&mut window, &mut self.checksum).await {
            let Some(copy) = self.map.place(entry.hash) else {
                continue;
            };
            let original = Place {
                address: base.wrapping_add(entry.offset),
                size: Some(entry.size),
                tombstone: entry.is_tombstone(),
            };
            let (sector, _) = window.flash.split(copy.address);
            let places = (original.address, copy.address);
            if sector != copies {
                continue;
            }
            if !same_entry(window.flash, places, entry.size)
                .await
                .unwrap_or(false)
            {
                self.map.set_shadow(entry.hash);
            } else if self.map.set(entry.hash, original) {
                if let Some(sector) = self.sectors.edit(copies) {
                    sector.sub_live(entry.size);
                }
                if let Some(sector) = self.sectors.edit(index) {
                    sector.add_live(entry.size);
                }
            }
        }
        Ok(!self.map.slots().iter().any(|slot| slot.has_shadow()))
    }
}

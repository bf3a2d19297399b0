//! Tombstones, and when they can go: a deleted key takes a slot and a few bytes for as long as an
//! old entry of its is in flash, because a mount would bring that one back.

use super::flash::{FlashResult, Partition};
use super::window::Window;
use super::{NorFlash, Store, bisync};
use crate::checksum::Checksum;
use crate::format::{TOMBSTONE_LEN, pad};

#[bisync]
impl<F: NorFlash, C: Checksum> Store<'_, F, C> {
    /// Drops the tombstones of the oldest sector: nothing is left that they could shadow (invariant
    /// 2).
    pub(crate) fn forget_tombstones(&mut self) {
        let Some(oldest) = self.sectors.oldest() else {
            return;
        };
        let base = self.flash.base(oldest);
        let range = base..base.wrapping_add(self.flash.sector_size);
        let size = pad(TOMBSTONE_LEN, Partition::<F>::WRITE_SIZE);
        let dropped = self.map.drop_tombstones(&range) as u32;
        if let Some(sector) = self.sectors.edit(oldest) {
            sector.sub_live(size.wrapping_mul(dropped));
        }
    }

    /// Looks through the flash for what tombstones still shadow, and drops those that shadow
    /// nothing; whether there were any. Costs the reads of a mount.
    pub(crate) async fn forget_shadowless(&mut self) -> FlashResult<F, bool> {
        if self.is_partial() || self.map.slots().iter().all(|slot| !slot.is_tombstone()) {
            return Ok(false);
        }
        self.map.clear_shadows();
        for index in 0..self.sectors.len() {
            // What can't be read may be what a tombstone is there for, and may be readable another
            // time.
            if self.sectors.get(index).sequence != 0 && !self.note_shadows(index).await {
                return Ok(false);
            }
        }
        let size = pad(TOMBSTONE_LEN, Partition::<F>::WRITE_SIZE);
        let mut dropped = false;
        while let Some(slot) = self
            .map
            .slots()
            .iter()
            .find(|slot| slot.is_tombstone() && !slot.has_shadow())
            .copied()
        {
            let (sector, _) = self.flash.split(self.map.packing.unpack(slot).address);
            if let Some(sector) = self.sectors.edit(sector) {
                sector.sub_live(size);
            }
            self.map.remove(slot.hash);
            dropped = true;
        }
        Ok(dropped)
    }

    /// Notes the tombstones whose key has a value in this sector. False: not all of it can be read.
    async fn note_shadows(&mut self, index: usize) -> bool {
        let size = self.flash.sector_size;
        let mut walker = self.walk(index).await;
        let mut window = Window::new(&mut self.flash, self.buffer, index, size);
        while let Some(entry) = walker.next(&mut window, &mut self.checksum).await {
            let slot = self.map.find(entry.hash);
            if !entry.is_tombstone() && slot.is_some_and(|slot| slot.is_tombstone()) {
                self.map.set_shadow(entry.hash, true);
            }
        }
        window.view.holes == 0
    }

    /// Sees to it that the map has `new` slots to spare, by erasing what tombstones still shadow.
    /// Where there are more keys than slots, the store is partial from then on. False: the tables
    /// have been read anew for that.
    #[inline(never)]
    pub(crate) async fn make_slots(&mut self, new: usize) -> FlashResult<F, bool> {
        if self.is_partial() {
            return Ok(true);
        }
        if self.map.len().wrapping_add(new) > self.map.capacity() {
            self.forget_shadowless().await?;
        }
        let fits = |store: &Self| store.map.len().wrapping_add(new) <= store.map.capacity();
        for _ in 0..self.sectors.len().wrapping_mul(2) {
            if fits(self) || self.map.slots().iter().all(|slot| !slot.is_tombstone()) {
                break;
            }
            let Some(oldest) = self.sectors.oldest() else {
                break;
            };
            if self.sectors.can_be_opened(oldest) {
                self.prepare(oldest).await?;
            } else if self.dead() != 0 {
                self.empty(oldest).await?;
            }
        }
        if fits(self) {
            return Ok(true);
        }
        self.read_in_parts().await?;
        Ok(false)
    }
}

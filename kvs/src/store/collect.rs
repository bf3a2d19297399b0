//! Collecting: moving live entries out of a sector, so that it becomes dead.
//!
//! Knows one sector and one entry at a time; which and when, `room.rs` decides.

use super::flash::{CHUNK, FlashResult, Partition};
use super::lookup::Found;
use super::run::Run;
use super::unlisted::LiveCursor;
use super::{NorFlash, Store, bisync};
use crate::bytes::{Aligned, copy};
use crate::checksum::Checksum;
use crate::error::Error;
use crate::events;
use crate::format::pad;
use crate::map::Place;
use crate::sectors::State;

#[bisync]
impl<F: NorFlash, C: Checksum> Store<'_, F, C> {
    /// Moves one entry out of the sector with the fewest live bytes. False: there is none to move, or no place.
    pub(crate) async fn collect_step(&mut self) -> FlashResult<F, bool> {
        let Some(victim) = self.sectors.victim(self.epoch(), None) else {
            return Ok(false);
        };
        let into_head = self.head_sequence() >= self.epoch();
        self.move_entry(victim, into_head).await
    }

    /// Moves one live entry out of `victim`: into the head if it is `into_head` and has the room, else into the next
    /// sector.
    async fn move_entry(&mut self, victim: usize, into_head: bool) -> FlashResult<F, bool> {
        let is_partial = self.is_partial();
        let Some((hash, place)) = self.next_live(victim, &mut LiveCursor::default()).await? else {
            // What is live in it can't be read just now.
            if let Some(sector) = self.sectors.edit(victim).filter(|_| is_partial) {
                sector.retire();
            }
            return Ok(is_partial);
        };
        let size = self.size_at(place).await?;
        let reserve = if self.dead() == 0 {
            0
        } else {
            self.summary_reserve(size, 1)
        };
        let end = self.end.wrapping_add(size).wrapping_add(reserve);
        if !into_head || end > self.flash.sector_size {
            if self.dead() == 0 {
                return Ok(false);
            }
            self.open_next().await?;
            // Opening may have made tombstones needless, this one among them.
            if self.map.place(hash) != Some(place) {
                return Ok(true);
            }
        }
        self.copy(place, size).await?;
        Ok(true)
    }

    /// Bytes of the live entries of `sector` that the commit under way does not supersede.
    pub(crate) async fn kept_bytes(&mut self, sector: usize) -> FlashResult<F, u32> {
        let mut bytes = 0u32;
        let mut cursor = LiveCursor::default();
        while let Some((hash, place)) = self.next_live(sector, &mut cursor).await? {
            if !self.is_superseded(hash) {
                bytes = bytes.wrapping_add(self.size_at(place).await?);
            }
        }
        Ok(bytes)
    }

    /// Moves the live entries of `sector` to the head, but for those that the commit under way supersedes. False: one
    /// of them can't be read.
    pub(crate) async fn move_kept(&mut self, sector: usize) -> FlashResult<F, bool> {
        let mut cursor = LiveCursor::default();
        while let Some((hash, place)) = self.next_live(sector, &mut cursor).await? {
            if self.is_superseded(hash) {
                continue;
            }
            let size = self.size_at(place).await?;
            self.copy(place, size).await?;
            if self.sectors.get(sector).is_retired() {
                return Ok(false);
            }
            // A rotten one took its slot along.
            cursor = LiveCursor::default();
        }
        Ok(true)
    }

    /// Whether the commit under way writes this key.
    fn is_superseded(&self, hash: u32) -> bool {
        self.map.find(hash).is_some_and(|slot| slot.is_dirty())
    }

    /// Copies the entry at `place` to the head, as a commit of its own, and lets the copy win.
    ///
    /// An entry that fails its checksum is forgotten; one that can't be read at all keeps its sector from being
    /// erased: it may be readable another time.
    async fn copy(&mut self, place: Place, size: u32) -> FlashResult<F> {
        self.recheck().await?;
        let (sector, _) = self.flash.split(place.address);
        let mut reader = self.reader(usize::MAX);
        reader.verify = true;
        let found = match reader.entry_at(place).await {
            Ok(Some(found)) => found,
            Ok(None) if self.doubt_summaries() => {
                return Err(Error::Corrupt {
                    key: self.hash_at(place).unwrap_or(0),
                });
            }
            Ok(None) => {
                self.drop_corrupt(sector, place, size);
                return Ok(());
            }
            Err(_) => {
                if let Some(sector) = self.sectors.edit(sector) {
                    sector.retire();
                }
                return Ok(());
            }
        };
        let copied = self.append_copy(&found, place.address).await;
        if copied.is_err() {
            self.fail_head();
        }
        copied
    }

    /// Appends a copy of the entry just found at `address` to the head.
    async fn append_copy(&mut self, found: &Found, address: u32) -> FlashResult<F> {
        let head = found.entry.head.alone();
        let mut run = self.new_run();
        let at = self.head_position(&run);
        let (bytes, len) = head.encode();
        let bytes = bytes.get(..len).unwrap_or(&[]);
        self.checksum.reset();
        if found.is_held(self.stage_len()) {
            // The buffer holds all of it.
            copy(self.buffer, bytes);
            self.stage(&mut run, head.checked_len());
        } else {
            self.push(&mut run, bytes).await?;
            self.push_from(&mut run, address, (len as u32, head.checked_len()))
                .await?;
        }
        self.seal(&mut run, at, head.entry_len()).await?;
        self.flush(&mut run).await?;
        self.apply(&run).await
    }

    /// Pushes the bytes from `range` of the entry at `address`.
    #[inline(never)]
    async fn push_from(
        &mut self,
        run: &mut Run,
        address: u32,
        range: (u32, u32),
    ) -> FlashResult<F> {
        let (from, to) = range;
        let mut done = 0u32;
        while done < to {
            let mut scratch = Aligned([0; CHUNK]);
            // Up to the word that the last byte is in: that is still within the entry.
            let len = pad(to.saturating_sub(done), Partition::<F>::WRITE_SIZE).min(CHUNK as u32);
            let Some(chunk) = scratch.0.get_mut(..len as usize) else {
                break;
            };
            self.flash.read(address.wrapping_add(done), chunk).await?;
            let first = from.saturating_sub(done) as usize;
            let end = to.saturating_sub(done).min(len) as usize;
            self.push(run, chunk.get(first..end).unwrap_or(&[])).await?;
            done = done.wrapping_add(len);
        }
        Ok(())
    }

    /// The hash of the key whose winner is at `place`.
    fn hash_at(&self, place: Place) -> Option<u32> {
        let mut slots = self.map.slots().iter();
        let slot = slots.find(|slot| self.map.packing.unpack(**slot) == place);
        slot.map(|slot| slot.hash)
    }

    /// Forgets an entry that has rotted since it was mounted: its key is gone.
    fn drop_corrupt(&mut self, sector: usize, place: Place, size: u32) {
        let hash = self.hash_at(place);
        if let Some(hash) = hash {
            events::corrupt(hash);
            self.map.remove(hash);
        }
        if let Some(sector) = self.sectors.edit(sector) {
            sector.sub_live(size);
            sector.set_damaged();
        }
        self.corrupt = self.corrupt.saturating_add(1);
        if self.is_partial() {
            // Something older of the key would be found in flash, and is not counted.
            self.sectors.set(State::Stale, true);
        }
    }

    /// Moves everything that is live out of `sector`, if it can be read.
    pub(crate) async fn empty(&mut self, sector: usize) -> FlashResult<F> {
        loop {
            let state = self.sectors.get(sector);
            let into_head = self.sectors.head() != Some(sector);
            let done = state.live() == 0 || state.is_retired();
            if done || !self.move_entry(sector, into_head).await? {
                return Ok(());
            }
        }
    }
}

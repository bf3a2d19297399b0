//! What could not be read, and sectors that have failed: neither is given up at once, as both may
//! work again.
//!
//! Unreadable is not absent. A word that a mount could not read may hold a value that is newer than
//! the one the tables have. So before a sector is erased, and before an entry is moved in front of
//! it in time, the mount is done again.

use super::flash::{CHUNK, FlashResult};
use super::unlisted::LiveCursor;
use super::{NorFlash, Store, bisync};
use crate::bytes::Aligned;
use crate::checksum::Checksum;
use crate::error::{Error, Geometry};
use crate::events;
use crate::sectors::State;

/// How often a call begins again because what it went by has turned out stale.
pub(crate) const RESTARTS: usize = 4;

#[bisync]
impl<F: NorFlash, C: Checksum> Store<'_, F, C> {
    /// Must be called before what the tables don't have is taken for absent. Where something could
    /// not be read, this is an error, and the tables are stale: they have to be read anew, and the
    /// caller has to begin again. What reads badly twice, at the same words, is damage; then this is
    /// `Ok`.
    pub(crate) async fn reread(&mut self) -> FlashResult<F> {
        if !self.sectors.has_unread() || self.sectors.is(State::Reread) {
            return Ok(());
        }
        let mut error = Error::Unreadable { address: 0 };
        for index in 0..self.sectors.len() {
            if !self.sectors.get(index).is_unread() {
                continue;
            }
            events::unread(index);
            let address = self.flash.base(index);
            error = Error::Unreadable { address };
            if let Err(unreadable) = self.read_through(index).await {
                // Where nothing can be read just now, nothing can be told of this either.
                self.check_readable().await?;
                error = unreadable;
                break;
            }
        }
        self.sectors.set(State::Stale, true);
        self.sectors.set(State::Reread, true);
        Err(error)
    }

    /// An error where no sector's header can be read.
    async fn check_readable(&mut self) -> FlashResult<F> {
        let mut result = Ok(());
        for index in 0..self.sectors.len() {
            result = self.read_header(index).await.map(|_| ());
            if result.is_ok() {
                break;
            }
        }
        result
    }

    /// Must be called before an entry is moved or a sector is erased: as [`reread`](Self::reread), and
    /// what was taken for damage in an earlier call is read again, once in each call.
    pub(crate) async fn recheck(&mut self) -> FlashResult<F> {
        if self.map.unread != 0 && !self.sectors.is(State::Rechecked) {
            self.sectors.set(State::Rechecked, true);
            self.sectors.set(State::Reread, false);
        }
        self.reread().await
    }

    /// Reads all of a sector: the error of its first word that can't be read.
    async fn read_through(&mut self, index: usize) -> FlashResult<F> {
        let base = self.flash.base(index);
        let mut at = 0u32;
        while at < self.flash.sector_size {
            let mut bytes = Aligned([0; CHUNK]);
            let len = (self.flash.sector_size.saturating_sub(at) as usize).min(CHUNK);
            let bytes = bytes.0.get_mut(..len).unwrap_or(&mut []);
            self.flash.read(base.wrapping_add(at), bytes).await?;
            at = at.wrapping_add(CHUNK as u32);
        }
        Ok(())
    }

    /// Takes the sectors into use again that have failed, but for those of which it can't be read
    /// how much is live. Returns whether there were any.
    pub(crate) async fn revive(&mut self) -> bool {
        let mut any = false;
        for index in 0..self.sectors.len() {
            if !self.sectors.get(index).is_retired() {
                continue;
            }
            let live = self.count_live(index).await;
            if let (Ok(live), Some(sector)) = (live, self.sectors.edit(index)) {
                sector.revive(live);
                any = true;
            }
        }
        any
    }

    /// Adds up the live entries of a sector.
    async fn count_live(&mut self, index: usize) -> FlashResult<F, u32> {
        let mut live = 0u32;
        let mut cursor = LiveCursor::default();
        while let Some((_, place)) = self.next_live(index, &mut cursor).await? {
            live = live.wrapping_add(self.size_at(place).await?);
        }
        Ok(live)
    }

    /// An error where no sector has a header and all begin with 00: that is how a part looks that
    /// erases to 00, where no store works. A partition that was filled with 00 on another part
    /// looks the same, and has to be erased first.
    pub(crate) async fn check_erased_value(&mut self) -> FlashResult<F> {
        for index in 0..self.sectors.len() {
            let has_header = self.sectors.get(index).sequence != 0;
            if has_header || !self.begins_with_zero(index).await.unwrap_or(false) {
                return Ok(());
            }
        }
        Err(Error::Geometry(Geometry::ErasedValue))
    }

    /// Whether the first bytes of a sector are 00.
    pub(crate) async fn begins_with_zero(&mut self, index: usize) -> FlashResult<F, bool> {
        let mut bytes = Aligned([0xFF; CHUNK]);
        let len = (self.flash.sector_size as usize).min(CHUNK);
        let bytes = bytes.0.get_mut(..len).unwrap_or(&mut []);
        self.flash.read(self.flash.base(index), bytes).await?;
        Ok(bytes.iter().all(|byte| *byte == 0))
    }
}

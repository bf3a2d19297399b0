//! Looking a key up: from the map to the entry in flash, checked.

use super::flash::{FlashResult, Partition};
use super::window::{Entry, Probe, View, Window};
use super::{NorFlash, Store, bisync};
use crate::bytes::copy;
use crate::change::RawKey;
use crate::checksum::Checksum;
use crate::error::Error;
use crate::events;
use crate::format::Kind;
use crate::map::Place;
use crate::options::Summaries;
use crate::sectors::SectorTable;

/// An entry that was found, and left at the front of the buffer where it fits.
pub(crate) struct Found {
    pub(crate) entry: Entry,
    pub(crate) sector: usize,
}

impl Found {
    pub(crate) fn value_len(&self) -> usize {
        usize::from(self.entry.head.value_len)
    }

    /// Whether all of the entry is at the front of a buffer of `len` bytes.
    pub(crate) fn is_held(&self, len: usize) -> bool {
        self.entry.size as usize <= len
    }

    /// A window over the entry, through the buffer that it was found with.
    pub(crate) fn window<'w, F: NorFlash>(
        &self,
        flash: &'w mut Partition<F>,
        buffer: &'w mut [u8],
    ) -> Window<'w, F> {
        let held = self.is_held(buffer.len());
        let view = View::new(self.entry.offset, if held { self.entry.size } else { 0 });
        Window::new(flash, buffer, self.sector, self.entry.end()).loaded(view)
    }
}

/// What of a store is needed to look at entries, through one buffer or another.
pub(crate) struct Reader<'r, F, C> {
    pub(crate) flash: &'r mut Partition<F>,
    pub(crate) checksum: &'r mut C,
    pub(crate) buffer: &'r mut [u8],
    pub(crate) sectors: &'r SectorTable<'r>,
    /// Whether checksums are computed.
    pub(crate) verify: bool,
}

#[bisync]
impl<F: NorFlash, C: Checksum> Reader<'_, F, C> {
    /// The entry at `place`; `None` where there is no whole entry. Where its size is known, it alone is read. What reads
    /// badly is read once more: a glitch on the bus is no rot.
    pub(crate) async fn entry_at(&mut self, place: Place) -> FlashResult<F, Option<Found>> {
        let (sector, offset) = self.flash.split(place.address);
        let limit = match place.size {
            Some(size) => offset.wrapping_add(size),
            None => self.flash.sector_size,
        };
        let sequence = self.sectors.get(sector).sequence;
        let mut again = false;
        loop {
            let mut window = Window::new(self.flash, self.buffer, sector, limit);
            let probe = window
                .probe(self.checksum, sequence, offset, !self.verify, u32::MAX)
                .await;
            match (probe, window.failed.take()) {
                (Probe::Whole(entry), None) => return Ok(Some(Found { entry, sector })),
                (_, Some(error)) if again => return Err(error),
                (_, None) if again => return Ok(None),
                _ => again = true,
            }
        }
    }

    /// The entry of `key`, which the map has at `place`. [`NameCollision`](Error::NameCollision): another key's.
    pub(crate) async fn entry_of(
        &mut self,
        key: &RawKey<'_>,
        place: Place,
    ) -> FlashResult<F, Found> {
        let hash = key.hash();
        let found = match self.entry_at(place).await? {
            Some(found) if found.entry.hash == hash => found,
            _ => {
                events::corrupt(hash);
                return Err(Error::Corrupt { key: hash });
            }
        };
        let head = &found.entry.head;
        let is_same = match key {
            RawKey::Hash(_) => head.kind == Kind::Hashed,
            RawKey::Name(name) => {
                let at = found.entry.offset.wrapping_add(4);
                let mut window = found.window(self.flash, self.buffer);
                let stored = window.at(at, name.len()).await;
                head.kind == Kind::Named
                    && usize::from(head.name_len) == name.len()
                    && stored.get(..name.len()) == Some(name.as_bytes())
            }
        };
        if is_same {
            Ok(found)
        } else {
            Err(Error::NameCollision {
                key: hash,
                setting: None,
            })
        }
    }
}

#[bisync]
impl<F: NorFlash, C: Checksum> Store<'_, F, C> {
    /// The entry of `key`, if it is there.
    pub(crate) async fn find(&mut self, key: RawKey<'_>) -> FlashResult<F, Option<Found>> {
        Self::check_key(&key)?;
        loop {
            self.resume().await?;
            let place = match self.live_place(key.hash()).await {
                Err(_) if self.is_stale() => continue,
                place => place?,
            };
            let Some(place) = place else {
                return Ok(None);
            };
            match self.reader(usize::MAX).entry_of(&key, place).await {
                Ok(found) => return Ok(Some(found)),
                Err(Error::NameCollision { .. }) => return Ok(None),
                Err(Error::Corrupt { .. }) if self.doubt_summaries() => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Where the value of a key is, if it has one.
    pub(crate) async fn live_place(&mut self, hash: u32) -> FlashResult<F, Option<Place>> {
        let place = self.locate(hash).await?;
        Ok(place.filter(|place| !place.tombstone))
    }

    /// What is needed to look at entries, through the first `free` bytes of the buffer.
    pub(crate) fn reader(&mut self, free: usize) -> Reader<'_, F, C> {
        let free = free.min(self.buffer.len());
        Reader {
            flash: &mut self.flash,
            checksum: &mut self.checksum,
            buffer: self.buffer.get_mut(..free).unwrap_or(&mut []),
            sectors: &self.sectors,
            // What a mount has not read is checked now.
            verify: self.sectors.switches.verify_on_read()
                || self.sectors.summaries() != Summaries::Unused,
        }
    }

    /// Copies the value from byte `offset` on to `out`, as much as there is and fits; returns how much.
    pub(crate) async fn copy_out(
        &mut self,
        found: &Found,
        offset: usize,
        out: &mut [u8],
    ) -> FlashResult<F, usize> {
        let entry = found.entry;
        let mut window = found.window(&mut self.flash, self.buffer);
        let len = found.value_len().saturating_sub(offset).min(out.len());
        let mut copied = 0usize;
        while let Some(target) = out.get_mut(copied..len).filter(|rest| !rest.is_empty()) {
            let from = offset.wrapping_add(copied) as u32;
            let bytes = window
                .at(entry.value_offset().wrapping_add(from), target.len())
                .await;
            let count = bytes.len().min(target.len());
            copy(target, bytes);
            if let Some(error) = window.failed.take() {
                return Err(error);
            }
            if count == 0 {
                return Err(Error::Corrupt { key: entry.hash });
            }
            copied = copied.wrapping_add(count);
        }
        Ok(len)
    }
}

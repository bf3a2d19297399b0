//! Looking a key up: from the map to the entry in flash, checked.

use super::flash::{FlashResult, Partition};
use super::window::{Entry, Probe, View, Window};
use super::{NorFlash, Store, bisync};
use crate::change::RawKey;
use crate::checksum::Checksum;
use crate::error::Error;
use crate::events;
use crate::format::Kind;
use crate::map::Place;
use crate::sectors::SectorTable;

/// What is stored under a key.
pub(crate) enum Lookup {
    Absent,
    /// A live entry of another key with the same hash.
    Other,
    Found(Found),
}

/// An entry, and what of it the buffer holds that it was looked at through.
pub(crate) struct Found {
    pub(crate) entry: Entry,
    pub(crate) sector: usize,
    pub(crate) view: View,
}

#[bisync]
impl Found {
    pub(crate) fn value_len(&self) -> usize {
        usize::from(self.entry.head.value_len)
    }

    /// The entry at `place`, through `buffer`; `None` where there is no whole entry. Where its size is known, it alone
    /// is read. What reads badly is read once more: a glitch on the bus is no rot.
    pub(crate) async fn at<F: NorFlash, C: Checksum>(
        (flash, checksum, buffer): (&mut Partition<F>, &mut C, &mut [u8]),
        (sectors, verify): (&SectorTable<'_>, bool),
        place: Place,
    ) -> FlashResult<F, Option<Self>> {
        let (sector, offset) = flash.split(place.address);
        let limit = match place.size {
            Some(size) => offset.wrapping_add(size),
            None => flash.sector_size,
        };
        let sequence = sectors.get(sector).sequence;
        let mut again = false;
        loop {
            let mut window = Window::new(flash, buffer, sector, limit);
            let probe = window
                .probe(checksum, sequence, offset, !verify, u32::MAX)
                .await;
            let (view, failed) = (window.view, window.failed.take());
            match (probe, failed) {
                (Probe::Whole(entry), None) => {
                    return Ok(Some(Self {
                        entry,
                        sector,
                        view,
                    }));
                }
                (_, Some(error)) if again => return Err(error),
                (_, None) if again => return Ok(None),
                _ => again = true,
            }
        }
    }
}

#[bisync]
impl Lookup {
    /// Looks, through `buffer`, at the entry that the map has for a key.
    pub(crate) async fn at<F: NorFlash, C: Checksum>(
        (flash, checksum, buffer): (&mut Partition<F>, &mut C, &mut [u8]),
        (sectors, verify): (&SectorTable<'_>, bool),
        (key, place): (RawKey<'_>, Option<Place>),
    ) -> FlashResult<F, Self> {
        let Some(place) = place.filter(|place| !place.tombstone) else {
            return Ok(Self::Absent);
        };
        let found = Found::at((flash, checksum, buffer), (sectors, verify), place).await?;
        let mut found = match found {
            Some(found) if found.entry.hash == key.hash() => found,
            _ => {
                events::corrupt(key.hash());
                return Err(Error::Corrupt { key: key.hash() });
            }
        };
        let entry = found.entry;
        let same = match key {
            RawKey::Hash(_) => entry.head.kind == Kind::Hashed,
            RawKey::Name(name) => {
                let mut window =
                    Window::new(flash, buffer, found.sector, entry.end()).loaded(found.view);
                let stored = window.at(entry.offset.wrapping_add(4), name.len()).await;
                let same = stored.get(..name.len()) == Some(name.as_bytes());
                found.view = window.view;
                entry.head.kind == Kind::Named
                    && usize::from(entry.head.name_len) == name.len()
                    && same
            }
        };
        Ok(if same {
            Self::Found(found)
        } else {
            Self::Other
        })
    }
}

#[bisync]
impl<F: NorFlash, C: Checksum> Store<'_, F, C> {
    /// The entry of `key`, if it is there.
    pub(crate) async fn find(&mut self, key: RawKey<'_>) -> FlashResult<F, Option<Found>> {
        self.resume().await?;
        Self::check_key(&key)?;
        let place = self.map.place(key.hash());
        let verify = self.behaviour.verify_on_read;
        let found = Lookup::at(
            (&mut self.flash, &mut self.checksum, self.buffer),
            (&self.sectors, verify),
            (key, place),
        )
        .await?;
        Ok(match found {
            Lookup::Found(found) => Some(found),
            Lookup::Absent | Lookup::Other => None,
        })
    }

    /// Copies the value from byte `offset` on to `out`, as much as there is and fits; returns how much.
    pub(crate) async fn copy_out(
        &mut self,
        found: &Found,
        offset: usize,
        out: &mut [u8],
    ) -> FlashResult<F, usize> {
        let entry = found.entry;
        let mut window =
            Window::new(&mut self.flash, self.buffer, found.sector, entry.end()).loaded(found.view);
        let len = found.value_len().saturating_sub(offset).min(out.len());
        let mut copied = 0usize;
        while let Some(target) = out.get_mut(copied..len).filter(|rest| !rest.is_empty()) {
            let from = offset.wrapping_add(copied) as u32;
            let bytes = window
                .at(entry.value_offset().wrapping_add(from), target.len())
                .await;
            let count = bytes.len().min(target.len());
            for (to, from) in target.iter_mut().zip(bytes) {
                *to = *from;
            }
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

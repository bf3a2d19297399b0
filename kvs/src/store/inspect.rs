//! What there is to see of a store: totals, sectors, keys.

use core::fmt;

use super::flash::FlashResult;
use super::{NorFlash, Store, bisync};
use crate::checksum::Checksum;
use crate::error::Error;
use crate::format::Kind;
use crate::stats::{KeyInfo, SectorInfo, SectorState, Stats};

#[bisync]
impl<'a, F: NorFlash, C: Checksum> Store<'a, F, C> {
    /// The state of the store in numbers. Costs no flash read.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let count = self.sectors.len() as u32;
        let erases = || self.sectors.iter().map(|(_, sector)| sector.erases);
        let total: u64 = erases().map(u64::from).sum();
        let capacity = self.payload().wrapping_mul(count);
        let live = self.live_bytes();
        let free = self.sectors().fold(0u32, |sum, sector| {
            let free = match sector.state {
                SectorState::Head => sector.free,
                SectorState::Dead | SectorState::Ready => self.payload(),
                SectorState::Live | SectorState::Retired => 0,
            };
            sum.wrapping_add(free)
        });
        Stats {
            keys: self.len(),
            live_entries: self.map.len().saturating_add(self.unlisted.into()),
            without_slot: self.unlisted.into(),
            live,
            stale: capacity.saturating_sub(live).saturating_sub(free),
            free,
            capacity,
            sectors: self.sectors.len(),
            available: self.available(),
            least_erases: erases().min().unwrap_or(0),
            most_erases: erases().max().unwrap_or(0),
            mean_erases: total.checked_div(u64::from(count)).unwrap_or(0) as u32,
            corrupt: u32::from(self.corrupt),
            collections: u32::from(self.collections),
            retired_sectors: self
                .sectors
                .iter()
                .filter(|(_, sector)| sector.is_retired())
                .count(),
        }
    }

    /// The sectors, in order of address. Costs no flash read.
    pub fn sectors(&self) -> impl Iterator<Item = SectorInfo> + '_ {
        self.sectors.iter().map(|(index, sector)| {
            let is_head = self.sectors.head() == Some(index);
            SectorInfo {
                index,
                state: if sector.is_retired() {
                    SectorState::Retired
                } else if is_head {
                    SectorState::Head
                } else if sector.is_ready() {
                    SectorState::Ready
                } else if sector.is_dead() {
                    SectorState::Dead
                } else {
                    SectorState::Live
                },
                sequence: sector.sequence,
                erases: sector.erases,
                live: sector.live(),
                free: if is_head {
                    self.flash.sector_size.saturating_sub(self.end)
                } else if sector.is_ready() {
                    self.payload()
                } else {
                    0
                },
            }
        })
    }

    /// The stored keys, in order of hash. A cursor rather than an `Iterator`, because a name is read from flash into
    /// the store's buffer: one read a key.
    ///
    /// ```
    /// # use kvs::{Options, Resources, Store, sim::presets};
    /// # let mut resources = Resources::<32, 8, 256>::new();
    /// # let mut store = Store::mount(presets::nrf52840(), 0..8 * 4096, &mut resources, Options::DEFAULT)?;
    /// store.put_bytes("serial", b"A-1234")?;
    /// let mut keys = store.keys();
    /// while let Some(key) = keys.next()? {
    ///     assert_eq!((key.name, key.value_len), (Some("serial"), 6));
    /// }
    /// # Ok::<(), kvs::Error<kvs::sim::SimError>>(())
    /// ```
    pub fn keys<'s>(&'s mut self) -> Keys<'s, 'a, F, C> {
        Keys {
            store: self,
            from: 0,
        }
    }
}

impl<F: NorFlash, C: Checksum> fmt::Debug for Store<'_, F, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Store").field(&self.stats()).finish()
    }
}

/// A cursor over the stored keys; see [`Store::keys`].
pub struct Keys<'s, 'a, F, C> {
    store: &'s mut Store<'a, F, C>,
    /// The lowest hash that comes next.
    from: u64,
}

#[bisync]
impl<F: NorFlash, C: Checksum> Keys<'_, '_, F, C> {
    /// The next key; `None` behind the last.
    ///
    /// # Errors
    ///
    /// [`Corrupt`](Error::Corrupt), [`Flash`](Error::Flash): of this key. The call after it goes on with the next.
    #[allow(
        clippy::should_implement_trait,
        reason = "what it returns borrows the cursor, which an Iterator can't say"
    )]
    pub async fn next(&mut self) -> FlashResult<F, Option<KeyInfo<'_>>> {
        let (hash, found) = loop {
            self.store.resume().await?;
            let Some(hash) = self.next_hash().await? else {
                return Ok(None);
            };
            let behind = u64::from(hash).wrapping_add(1);
            let found = match self.store.live_place(hash).await {
                Ok(Some(place)) => self.store.reader(usize::MAX).entry_at(place).await,
                // A deleted key.
                Ok(None) => {
                    self.from = behind;
                    continue;
                }
                Err(error) => Err(error),
            };
            if let Ok(None) = found {
                self.store.doubt_summaries();
            }
            if self.store.is_stale() {
                continue;
            }
            // Not before: a future that is dropped takes no key along.
            self.from = behind;
            let Some(found) = found? else {
                return Err(Error::Corrupt { key: hash });
            };
            break (hash, found);
        };
        let store = &mut *self.store;
        let entry = found.entry;
        let name = if entry.head.kind == Kind::Named {
            let len = usize::from(entry.head.name_len);
            let name = found
                .window(&mut store.flash, store.buffer)
                .into_bytes(entry.offset.wrapping_add(4), len)
                .await;
            Some(core::str::from_utf8(name).map_err(|_| Error::Corrupt { key: hash })?)
        } else {
            None
        };
        Ok(Some(KeyInfo {
            hash,
            name,
            value_len: usize::from(entry.head.value_len),
            size: entry.size,
            sector: found.sector,
            offset: entry.offset,
        }))
    }

    /// The lowest hash from where the cursor is on, of a deleted key perhaps.
    async fn next_hash(&mut self) -> FlashResult<F, Option<u32>> {
        if self.store.is_partial() {
            return self.store.lowest_from(self.from).await;
        }
        let slots = self.store.map.slots();
        let next = slots.partition_point(|slot| u64::from(slot.hash) < self.from);
        Ok(slots.get(next).map(|slot| slot.hash))
    }
}

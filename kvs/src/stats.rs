//! What there is to see: totals, sectors, keys. For logs, tools and tests.

use core::fmt;

use embedded_storage::nor_flash::NorFlash;

use crate::checksum::Checksum;
use crate::error::Error;
use crate::flash::FlashResult;
use crate::format::Kind;
use crate::lookup::Found;
use crate::store::Store;
use crate::window::Window;

/// The state of a store, in numbers. `live + stale + free` bytes are the [`capacity`](Self::capacity).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stats {
    /// Stored keys.
    pub keys: usize,
    /// Entries that count: stored keys, and deleted ones that still shadow an old value.
    pub live_entries: usize,
    /// Bytes of those entries, heads and padding included.
    pub live: u32,
    /// Bytes of what is superseded or damaged: collecting makes them available, but for those in retired sectors.
    pub stale: u32,
    /// Bytes that can be written without collecting anything, and the spare sector.
    pub free: u32,
    /// Bytes of all sectors, retired ones too, headers aside.
    pub capacity: u32,
    /// The partition's sectors.
    pub sectors: usize,
    /// Bytes that can still be stored: without what is live, without the spare sector, and without retired ones.
    pub available: u32,
    /// Erases of the sector that has the fewest.
    pub least_erases: u32,
    /// Erases of the sector that has the most.
    pub most_erases: u32,
    /// Erases of a sector, on average, rounded down.
    pub mean_erases: u32,
    /// Damaged or unfinished commits, and sectors without a readable header, met since, and while, mounting; 65,535 are
    /// many. A torn last commit is normal after a power cut.
    pub corrupt: u32,
    /// Collections and levellings since mounting, up to 65,535.
    pub collections: u32,
    /// Sectors that failed to erase, or to program twice, since mounting: left alone until the next mount.
    pub retired_sectors: usize,
}

impl Stats {
    /// How many more commits of `commit_bytes` the flash will take, if a sector stands `endurance` erases.
    ///
    /// `commit_bytes` are bytes in flash: [`KeyInfo::size`], summed over a commit's keys. An estimate: each erase makes
    /// room for a sector, less what is live in it on average. Commits that are skewed to few keys get more out of it.
    ///
    /// ```
    /// # use kvs::{Options, RawKey, Resources, Store, sim::presets};
    /// # let mut resources = Resources::<32, 8, 256>::new();
    /// # let store = Store::mount(presets::nrf52840(), 0..8 * 4096, &mut resources, Options::DEFAULT)?;
    /// // A counter saved once a minute, on a part of 10,000 erases:
    /// let years = store.stats().expected_commits_left(10_000, 16) / (60 * 24 * 365);
    /// assert_eq!(years, 38);
    /// # Ok::<(), kvs::Error<kvs::sim::SimError>>(())
    /// ```
    #[must_use]
    pub fn expected_commits_left(&self, endurance: u32, commit_bytes: u32) -> u64 {
        let sectors = self.sectors as u64;
        let erases_left =
            u64::from(endurance.saturating_sub(self.mean_erases)).saturating_mul(sectors);
        let payload = u64::from(self.capacity).checked_div(sectors).unwrap_or(0);
        let spared = payload.saturating_mul(sectors.saturating_sub(1));
        let live = u64::from(self.live)
            .saturating_mul(payload)
            .checked_div(spared)
            .unwrap_or(0);
        erases_left
            .saturating_mul(payload.saturating_sub(live))
            .checked_div(u64::from(commit_bytes))
            .unwrap_or(0)
    }
}

/// What a sector is being used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SectorState {
    /// Entries are appended here.
    Head,
    /// It has live entries, and perhaps stale ones.
    Live,
    /// It has stale entries only, or nothing readable; erased when it is needed.
    Dead,
    /// Erased ahead of time.
    Ready,
    /// It failed, and is left alone until the next mount.
    Retired,
}

/// One sector, for a tool to print.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SectorInfo {
    /// Counted from the start of the partition.
    pub index: usize,
    /// What it is being used for.
    pub state: SectorState,
    /// Counts up with each sector opened; 0: no readable header.
    pub sequence: u32,
    /// How often it has been erased.
    pub erases: u32,
    /// Bytes of live entries.
    pub live: u32,
    /// Bytes that can be appended.
    pub free: u32,
}

/// One stored key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyInfo<'a> {
    /// The key's hash.
    pub hash: u32,
    /// The name, where the key has one.
    pub name: Option<&'a str>,
    /// Bytes of the value.
    pub value_len: usize,
    /// Bytes in flash: head, value, checksum and padding.
    pub size: u32,
    /// The sector it is in.
    pub sector: usize,
    /// Where it begins in that sector.
    pub offset: u32,
}

impl<'a, F: NorFlash, C: Checksum> Store<'a, F, C> {
    /// The state of the store in numbers. Costs no flash read.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let count = self.sectors.len() as u32;
        let erases = || self.sectors.iter().map(|(_, sector)| sector.erases);
        let total: u64 = erases().map(u64::from).sum();
        let capacity = self.payload().saturating_mul(count);
        let live = self.live_bytes();
        let free = self.sectors().fold(0u32, |sum, sector| {
            let free = match sector.state {
                SectorState::Head => sector.free,
                SectorState::Dead | SectorState::Ready => self.payload(),
                SectorState::Live | SectorState::Retired => 0,
            };
            sum.saturating_add(free)
        });
        Stats {
            keys: self.len(),
            live_entries: self.map.len(),
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
            next: 0,
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
    next: usize,
}

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
    pub fn next(&mut self) -> FlashResult<F, Option<KeyInfo<'_>>> {
        let slot = loop {
            let Some(slot) = self.store.map.slots().get(self.next).copied() else {
                return Ok(None);
            };
            self.next = self.next.saturating_add(1);
            if !slot.is_tombstone() {
                break slot;
            }
        };
        let store = &mut *self.store;
        let place = store.map.packing.unpack(slot);
        let verify = store.behaviour.verify_on_read;
        let found = Found::at(
            (&mut store.flash, &mut store.checksum, store.buffer),
            (&store.sectors, verify),
            place,
        )?;
        let Some(Found {
            entry,
            sector,
            view,
        }) = found
        else {
            return Err(Error::Corrupt { key: slot.hash });
        };
        let name = if entry.head.kind == Kind::Named {
            let len = usize::from(entry.head.name_len);
            let window = Window::new(&mut store.flash, store.buffer, sector, entry.end());
            let name = window
                .loaded(view)
                .into_bytes(entry.offset.saturating_add(4), len);
            Some(core::str::from_utf8(name).map_err(|_| Error::Corrupt { key: slot.hash })?)
        } else {
            None
        };
        Ok(Some(KeyInfo {
            hash: slot.hash,
            name,
            value_len: usize::from(entry.head.value_len),
            size: entry.size,
            sector,
            offset: entry.offset,
        }))
    }
}

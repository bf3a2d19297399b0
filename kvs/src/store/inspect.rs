//! What there is to see of a store: totals, sectors, keys.

use core::fmt;

use embedded_storage::nor_flash::ErrorType;

use super::{Driver, FlashResult, NorFlash, Store, bisync};
use crate::change::RawKey;
use crate::checksum::Checksum;
use crate::engine::{Engine, Job};
use crate::error::Error;
use crate::stats::{KeyInfo, Maintenance, SectorInfo, Stats};

#[bisync]
impl<'a, F: NorFlash, C: Checksum> Store<'a, F, C> {
    /// The state of the store in numbers. Costs no flash read.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.engine.stats()
    }

    /// The sectors, in order of address. Costs no flash read.
    pub fn sectors(&self) -> impl Iterator<Item = SectorInfo> + '_ {
        self.engine.sector_infos()
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
pub struct Keys<'s, 'a, F: ErrorType, C> {
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
        let mut job;
        let hash = loop {
            let from = self.from;
            let mut next = Job::new();
            let mut lowest = None;
            let mut look = |engine: &mut Engine<'_, Driver<'_, F>, C>, job: &mut Job| {
                lowest = engine.next_hash(from, job)?;
                Ok(0)
            };
            if let Err(fault) = self.store.run(&mut next, &mut look).await {
                return Err(self.store.error(fault, &next));
            }
            let Some(hash) = lowest else {
                return Ok(None);
            };
            job = Job::new();
            let found = self.store.find(hash, 0, &mut job).await;
            // Not before: a future that is dropped takes no key along.
            self.from = u64::from(hash).wrapping_add(1);
            match found {
                Ok(true) => break hash,
                Ok(false) => {}
                Err(fault) => return Err(self.store.error(fault, &job)),
            }
        };
        let (sector, offset, size) = self.store.engine.place_of_found(&job);
        let mut value_len = job.value_len() as usize;
        let is_named = job.is_named();
        let held = self.store.held_bytes(&job);
        let mut name = None;
        if is_named {
            // No writer of ours makes another one.
            let corrupt = Error::Corrupt { key: hash };
            let (len, rest) = held.split_first().unwrap_or((&0, &[]));
            let text = rest.get(..usize::from(*len)).unwrap_or_default();
            let text = core::str::from_utf8(text).ok();
            let is_right = |text: &&str| !text.is_empty() && RawKey::Name(text).hash() == hash;
            let text = text.filter(is_right).ok_or(corrupt)?;
            value_len = value_len.saturating_sub(text.len().saturating_add(1));
            name = Some(text);
        }
        Ok(Some(KeyInfo {
            hash,
            name,
            value_len,
            size,
            sector,
            offset,
        }))
    }
}

#[bisync]
impl<F: NorFlash, C: Checksum> Store<'_, F, C> {
    /// Does one bounded step of housekeeping: moves one entry, or erases one sector. Call it in
    /// idle time until it returns [`Idle`](Maintenance::Idle); a commit after that erases nothing,
    /// as long as no more is live than three quarters of all sectors but two. In a fuller store a
    /// commit may have to make room yet, and erase.
    ///
    /// # Errors
    ///
    /// [`ReadOnly`](Error::ReadOnly), or what the flash says of one sector, which is left alone
    /// from then on: call it again.
    pub async fn maintain(&mut self) -> FlashResult<F, Maintenance> {
        let mut job = Job::new();
        let mut step = |engine: &mut Engine<'_, Driver<'_, F>, C>, job: &mut Job| {
            engine.maintain(job).map(|done| done as usize)
        };
        match self.run(&mut job, &mut step).await {
            Ok(0) => Ok(Maintenance::Idle),
            Ok(1) => Ok(Maintenance::Moved),
            Ok(_) => Ok(Maintenance::Erased),
            Err(fault) => Err(self.error(fault, &job)),
        }
    }
}
